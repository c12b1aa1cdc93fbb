//! How many descriptors the process needs, and how many connections fit (manual 3.2 "maxconn", 3.1 "ulimit-n").

use haproxy_cfg_parser::model::{Config, Proxy};
use nix::sys::resource::{Resource, getrlimit, rlim_t, setrlimit};
use std::fmt;

/// `fd-hard-limit` of a file that sets none: a system without a limit must not make for endless tables.
const DEFAULT_HARD_LIMIT: u64 = 1_048_576;

/// Automatic `maxconn` is never lower.
const LEAST_MAXCONN: u64 = 100;

/// Descriptors besides connections: standard streams, logs, resolver, files being read.
const FIXED: u64 = 16;

/// Descriptors of a traffic thread: its poller, its waker, and the like.
const PER_THREAD: u64 = 4;

/// What the process needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Most connections of the process.
    pub(crate) maxconn: u64,
    /// Descriptors that this takes.
    pub(crate) descriptors: u64,
    /// What the limit shall be, at least.
    pub(crate) wanted: u64,
    /// The limit may not become higher than this (`fd-hard-limit`).
    pub(crate) ceiling: u64,
}

/// The limit is too low.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum TooLow {
    /// The system, or `fd-hard-limit`, does not allow what is wanted.
    CannotRaise {
        /// What was wanted.
        wanted: u64,
        /// What is allowed.
        limit: u64,
    },
    /// `ulimit-n` allows less than `maxconn` needs.
    TooFew {
        /// The limit.
        limit: u64,
        /// Connections.
        maxconn: u64,
        /// Descriptors that they need.
        descriptors: u64,
    },
}

impl fmt::Display for TooLow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CannotRaise { wanted, limit } => {
                write!(f, "Cannot raise FD limit to {wanted}, limit is {limit}.")
            }
            Self::TooFew { limit, maxconn, descriptors } => write!(
                f,
                "FD limit ({limit}) too low for maxconn={maxconn}/maxsock={descriptors}. \
                 Please raise 'ulimit-n' to {descriptors} or more to avoid any trouble."
            ),
        }
    }
}

/// Descriptors that a configuration needs besides those of its connections.
pub(crate) fn reserved(config: &Config, threads: u64) -> u64 {
    let addresses: u64 = config.proxies.iter().map(listening).sum();
    let stats: u64 =
        config.global.stats_sockets.iter().map(|socket| socket.bind.addresses.len() as u64).sum();
    let checks = config.proxies.iter().flat_map(|proxy| &proxy.servers).filter(|server| server.check.enabled);
    FIXED + PER_THREAD * threads + addresses * threads + stats + checks.count() as u64
}

fn listening(proxy: &Proxy) -> u64 {
    use haproxy_cfg_parser::model::Address;
    let addresses = proxy.binds.iter().flat_map(|bind| &bind.addresses);
    addresses
        .map(|(address, _)| match address {
            Address::Inet { ports: (first, last), .. } => 1 + u64::from(last.saturating_sub(*first)),
            _ => 1,
        })
        .sum()
}

/// Plans the limits. `maxconn`: from the command line or the file; none: as many as fit the present hard limit.
pub(crate) fn plan(config: &Config, maxconn: Option<u64>, threads: u64, present: (u64, u64)) -> Limits {
    let reserved = reserved(config, threads);
    let ceiling = config.global.fd_hard_limit.unwrap_or(DEFAULT_HARD_LIMIT);
    let available = present.0.max(present.1).min(ceiling);
    let maxconn = maxconn.unwrap_or_else(|| (available.saturating_sub(reserved) / 2).max(LEAST_MAXCONN));
    let descriptors = maxconn.saturating_mul(2).saturating_add(reserved);
    Limits { maxconn, descriptors, wanted: config.global.ulimit_n.unwrap_or(descriptors), ceiling }
}

/// The present soft and hard limit of descriptors.
pub(crate) fn present() -> nix::Result<(u64, u64)> {
    getrlimit(Resource::RLIMIT_NOFILE)
}

impl Limits {
    /// Raises the soft limit, and the hard one where that is allowed. It is never lowered.
    ///
    /// # Errors
    /// What was wanted is not allowed; the limit is as high as it can be then.
    pub(crate) fn raise(&self, (soft, hard): (u64, u64)) -> Result<(), TooLow> {
        if soft >= self.wanted {
            return Ok(());
        }
        if self.wanted <= self.ceiling && set_descriptors(self.wanted, hard.max(self.wanted)).is_ok() {
            return Ok(());
        }
        let limit = hard.min(self.ceiling);
        let _ = set_descriptors(limit.max(soft), hard); // the best that can be had; what is missing is reported
        Err(TooLow::CannotRaise { wanted: self.wanted, limit })
    }

    /// Compares the soft limit with what `maxconn` needs.
    ///
    /// # Errors
    /// It is too low.
    pub(crate) fn suffice(&self, soft: u64) -> Result<(), TooLow> {
        if soft >= self.descriptors {
            return Ok(());
        }
        Err(TooLow::TooFew { limit: soft, maxconn: self.maxconn, descriptors: self.descriptors })
    }
}

fn set_descriptors(soft: rlim_t, hard: rlim_t) -> nix::Result<()> {
    setrlimit(Resource::RLIMIT_NOFILE, soft, hard)
}

/// Limits the process's data to this many MiB (`-m`).
///
/// # Errors
/// The system's.
pub(crate) fn limit_memory(mib: u64) -> nix::Result<()> {
    let bytes = mib.saturating_mul(1024 * 1024);
    setrlimit(Resource::RLIMIT_DATA, bytes, bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(set: impl FnOnce(&mut Config)) -> Config {
        let mut config = Config::default();
        set(&mut config);
        config
    }

    #[test]
    fn without_maxconn_as_many_as_fit() {
        let limits = plan(&config(|_| {}), None, 2, (1024, 20_000));
        assert_eq!(limits.descriptors, 20_000);
        assert_eq!(limits.maxconn, (20_000 - FIXED - 2 * PER_THREAD) / 2);
        assert_eq!(
            plan(&config(|c| c.global.fd_hard_limit = Some(1000)), None, 2, (1024, 20_000)).descriptors,
            1000
        );
        assert_eq!(plan(&config(|_| {}), None, 2, (10, 10)).maxconn, LEAST_MAXCONN);
    }

    #[test]
    fn maxconn_decides_how_many_descriptors() {
        let limits = plan(&config(|_| {}), Some(5000), 1, (1024, 1024));
        assert_eq!(limits.descriptors, 10_000 + FIXED + PER_THREAD);
        assert_eq!(limits.wanted, limits.descriptors);
        assert_eq!(plan(&config(|c| c.global.ulimit_n = Some(99)), Some(5000), 1, (1024, 1024)).wanted, 99);
    }

    #[test]
    fn the_hard_limit_of_the_file_is_kept() {
        let limits = plan(&config(|c| c.global.fd_hard_limit = Some(1000)), Some(5000), 1, (500, 1_000_000));
        assert_eq!(
            limits.raise((500, 1_000_000)),
            Err(TooLow::CannotRaise { wanted: limits.descriptors, limit: 1000 })
        );
    }

    #[test]
    fn a_low_ulimit_is_told() {
        let limits = Limits { maxconn: 5000, descriptors: 10_028, wanted: 500, ceiling: 1_000_000 };
        let error = limits.suffice(1024).map_err(|error| error.to_string());
        assert_eq!(
            error,
            Err("FD limit (1024) too low for maxconn=5000/maxsock=10028. \
                 Please raise 'ulimit-n' to 10028 or more to avoid any trouble."
                .to_owned())
        );
    }
}
