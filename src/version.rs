//! Which HAProxy this program answers for, and what this build can do (`-v`, `-vv`, `-cc`).

use crate::cli::VersionForm;
use std::fmt::Write;

/// The version of HAProxy whose behaviour lb follows; `version_atleast()` compares with it.
pub(crate) const COMPATIBLE: &str = "3.5.0";

/// The branch of [`COMPATIBLE`].
pub(crate) const BRANCH: &str = "3.5";

/// The whole version: programs read the part before the first dash, people the rest.
pub(crate) const VERSION: &str = concat!("3.5.0-lb-", env!("CARGO_PKG_VERSION"));

/// When this version was released.
pub(crate) const DATE: &str = "2026/11/23";

/// A build feature of HAProxy (`feature()`, manual 2.4), and whether lb does what it stands for.
struct Feature {
    name: &'static str,
    on: bool,
}

const fn yes(name: &'static str) -> Feature {
    Feature { name, on: true }
}

const fn no(name: &'static str) -> Feature {
    Feature { name, on: false }
}

/// In the order in which `-vv` lists them. A feature is on only if everything it promises works.
const FEATURES: &[Feature] = &[
    no("51DEGREES"),
    yes("ACCEPT4"),
    no("BACKTRACE"),
    yes("CLUSTER"),
    yes("CPU_AFFINITY"),
    no("CRYPT_H"),
    no("DEVICEATLAS"),
    no("DL"),
    no("ENGINE"),
    yes("EPOLL"),
    no("EVPORTS"),
    yes("GETADDRINFO"),
    no("KQUEUE"),
    no("LIBCRYPT"),
    no("LINUX_SPLICE"),
    no("LINUX_TPROXY"),
    no("LUA"),
    no("NETFILTER"),
    no("NS"),
    no("OPENSSL"),
    no("OT"),
    no("PCRE"),
    no("PCRE2"),
    no("PCRE2_JIT"),
    no("PCRE_JIT"),
    no("POLL"),
    yes("PRCTL"),
    no("PROCCTL"),
    yes("PROMEX"),
    no("QUIC"),
    no("RT"),
    no("SLZ"),
    yes("SYSTEMD"),
    no("TFO"),
    yes("THREAD"),
    no("TPROXY"),
    no("WURFL"),
    no("ZLIB"),
];

/// The names that `feature()` answers true for.
pub(crate) fn features() -> impl Iterator<Item = &'static str> {
    FEATURES.iter().filter(|feature| feature.on).map(|feature| feature.name)
}

/// What `-v`, `-vv`, `-vq`, `-vqs` or `-vqb` print.
pub(crate) fn text(form: VersionForm) -> String {
    match form {
        VersionForm::Quiet => format!("{VERSION}\n"),
        VersionForm::Short => format!("{COMPATIBLE}\n"),
        VersionForm::Branch => format!("{BRANCH}\n"),
        VersionForm::Plain => head(),
        VersionForm::Build => head() + &build(),
    }
}

fn head() -> String {
    let mut text = format!(
        "HAProxy version {VERSION} {DATE} - this is lb, a HAProxy-compatible load balancer\n\
         Status: development, not an HAProxy Technologies or HAProxy community build\n"
    );
    if let Ok(system) = nix::sys::utsname::uname() {
        let parts = [system.sysname(), system.release(), system.version(), system.machine()];
        let parts: Vec<_> = parts.iter().map(|part| part.to_string_lossy()).collect();
        let _ = writeln!(text, "Running on: {}", parts.join(" ")); // writing to a String cannot fail
    }
    text
}

fn build() -> String {
    let target = if cfg!(target_env = "musl") { "linux-musl" } else { "linux-glibc" };
    let options: Vec<String> = features().map(|name| format!("USE_{name}=1")).collect();
    let list: Vec<String> = FEATURES
        .iter()
        .map(|feature| format!("{}{}", if feature.on { '+' } else { '-' }, feature.name))
        .collect();
    format!(
        "Build options :\n  TARGET  = {target}\n  CPU     = {arch}\n  CC      = rustc\n  OPTIONS = {options}\n\n\
         Feature list : {list}\n\n\
         Built with multi-threading support (MAX_THREADS={threads}, default={default}).\n\n\
         Available polling systems :\n      epoll : pref=300,  test result OK\n\
         Total: 1 (1 usable), will use epoll.\n\n\
         Available services : prometheus-exporter\nAvailable filters : none\n\n",
        arch = std::env::consts::ARCH,
        options = options.join(" "),
        list = list.join(" "),
        threads = lb_core::thread::MAX_THREADS,
        default = crate::process::affinity::usable_cpus(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tools_find_version_target_and_features() {
        let text = text(VersionForm::Build);
        assert!(text.starts_with("HAProxy version 3.5.0-lb-"));
        let field = |start: &str| {
            let line = text.lines().find(|line| line.contains(start)).unwrap_or_default();
            line.split_once([':', '=']).map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
        };
        assert!(field("TARGET").starts_with("linux-"));
        assert!(field("Feature list").split(' ').any(|word| word == "+THREAD"));
        assert_eq!(field("Available services"), "prometheus-exporter");
    }

    #[test]
    fn features_are_sorted_and_unique() {
        assert!(FEATURES.windows(2).all(|pair| pair[0].name < pair[1].name));
    }
}
