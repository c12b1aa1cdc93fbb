//! Server states that an earlier process left in a file (manual 5.2 "init-addr", 4.2 "load-server-state-from-file";
//! the management guide's "show servers state" has the format), and its counters.

use super::{Options, Plan};
use crate::server::{Operational, Server, admin};
use crate::stats::file;
use haproxy_cfg_parser::model::{Config, Proxy};
use haproxy_cfg_parser::{Diagnostic, Severity, World};
use std::collections::HashMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a line says of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// Its address.
    pub ip: Option<IpAddr>,
    /// Its port.
    pub port: u16,
    operational: u8,
    admin: u8,
    /// The weight then, and that of the configuration then.
    weights: (u32, u32),
    hostname: Option<String>,
}

/// What a file says of the servers of a backend, by their names.
pub type States = HashMap<String, Saved>;

/// What a file says, by backend.
pub(super) type File = HashMap<String, States>;

/// Why a file is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Version,
    Line(usize),
}

/// Reads a file's text, up to the first line that is wrong.
fn read(text: &str) -> (File, Option<Fault>) {
    let mut states = File::new();
    let mut lines = text.lines().enumerate();
    if lines.next().is_none_or(|(_, first)| first.trim() != "1") {
        return (states, Some(Fault::Version));
    }
    for (number, line) in lines {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match saved(line) {
            Some((backend, server, saved)) => states.entry(backend).or_default().insert(server, saved),
            None => return (states, Some(Fault::Line(number + 1))),
        };
    }
    (states, None)
}

fn saved(line: &str) -> Option<(String, String, Saved)> {
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    let [_, backend, _, server, ip, operational, admin, weight, initial, ..] = words[..] else { return None };
    let text = |index: usize| words.get(index).copied().filter(|word| *word != "-");
    let saved = Saved {
        ip: ip.parse().ok(),
        port: text(18)?.parse().ok()?,
        operational: operational.parse().ok().filter(|state| *state <= 3)?,
        admin: admin.parse().ok()?,
        weights: (weight.parse().ok().filter(|weight| *weight <= 256)?, initial.parse().ok()?),
        hostname: text(17).map(str::to_owned),
    };
    Some((backend.to_owned(), server.to_owned(), saved))
}

/// The states for the servers of a proxy, and what is wrong with the file. Files are read once.
pub(super) fn load<'a>(
    config: &Config,
    proxy: &Proxy,
    files: &'a mut HashMap<PathBuf, File>,
    world: &dyn World,
) -> (Option<&'a States>, Option<String>) {
    let base = config.global.server_state_base.as_deref().unwrap_or_default();
    let own = proxy.others.iter().find(|(name, ..)| *name == "server-state-file-name");
    let (name, scope) = match proxy.load_server_state.as_deref() {
        Some("global") => (config.global.server_state_file.as_deref(), "global server state file"),
        Some("local") => {
            let own = own.and_then(|(_, words, _)| words.first()).map(String::as_str);
            (Some(own.filter(|name| *name != "use-backend-name").unwrap_or(&proxy.name)), "server state file")
        }
        _ => (None, ""),
    };
    let Some(name) = name else { return (None, None) };
    let path = if name.starts_with('/') { PathBuf::from(name) } else { Path::new(base).join(name) };
    let shown = path.display().to_string();
    let mut wrong = None;
    let states = files.entry(path).or_insert_with_key(|path| match world.read(path) {
        Err(error) => {
            let reason = std::io::Error::from_raw_os_error(error.raw_os_error().unwrap_or(libc::EIO));
            let reason = reason.to_string();
            let reason = reason.split(" (os error").next().unwrap_or_default();
            wrong = Some(format!("config: Can't open {scope} '{shown}': {reason}"));
            File::new()
        }
        Ok(bytes) => {
            let (states, fault) = read(&String::from_utf8_lossy(&bytes));
            wrong = fault.map(|fault| match fault {
                Fault::Version => format!("config: Can't get version of the {scope} '{shown}'."),
                Fault::Line(line) => format!("config: corrupted {scope} '{shown}' at line {line}."),
            });
            states
        }
    });
    (states.get(&proxy.name), wrong)
}

/// Sets counters of what is new as the file that an earlier process left says (manual 3.1 "stats-file"); what is wrong with it.
pub(super) fn counters(plan: &Plan, options: &Options<'_>) -> Vec<Diagnostic> {
    let Some(path) = plan.config.global.stats_file.as_deref() else { return Vec::new() };
    let wrong = match options.world.read(Path::new(path)) {
        Ok(text) => file::preload(plan, options.previous, path, &String::from_utf8_lossy(&text)),
        Err(_) => vec![format!("config: Can't load stats-file '{path}': cannot open file.")],
    };
    let (severity, place) = (Severity::Warning, None);
    wrong
        .into_iter()
        .map(|message| Diagnostic { severity, place: place.clone(), span: None, message, help: None })
        .collect()
}

impl Saved {
    /// Puts a server back into its state, as far as the configuration says nothing newer.
    pub(super) fn restore(&self, server: &Arc<Server>) {
        let (weight, initial) = self.weights;
        if initial == server.config.weight {
            server.set_weight(weight);
        }
        // What the configuration of then disabled is for the configuration of now to say.
        if self.admin & admin::FORCED_MAINT != 0 && self.admin & admin::CONFIG_MAINT == 0 {
            server.set_admin(admin::FORCED_MAINT, 0);
        }
        server.set_admin(self.admin & admin::FORCED_DRAIN, 0);
        if self.admin & admin::HOSTNAME != 0 && server.service().is_none() && server.hostname().is_some() {
            server.set_hostname(self.hostname.clone());
            server.set_admin(admin::HOSTNAME, 0);
        }
        if !server.in_maintenance() && self.admin & admin::MAINT == 0 {
            server.set_operational(Operational::of(self.operational));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_up_to_what_is_wrong() {
        let line =
            |name: &str| format!("3 b 1 {name} 127.0.0.7 2 8 5 10 1 1 0 2 0 0 0 0 a.test 90 - 0 0 - - 0\n");
        let (states, fault) = read(&format!("1\n# be_id\n{}{}3 b 1 zz\n{}", line("s"), line("t"), line("u")));
        assert_eq!((states["b"].len(), fault), (2, Some(Fault::Line(5))));
        let saved = &states["b"]["s"];
        assert_eq!((saved.ip, saved.port, saved.weights), ("127.0.0.7".parse().ok(), 90, (5, 10)));
        assert_eq!(read("2\n").1, Some(Fault::Version));
        assert_eq!(read("").1, Some(Fault::Version));
    }
}
