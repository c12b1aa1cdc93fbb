//! What haproxy and the parser say about a file.

use crate::case::Case;
use haproxy_cfg_parser::{Severity, Source, SystemWorld, World, parse, raw};
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

/// Whether a file is accepted, and the alerts.
pub(crate) struct Verdict {
    pub(crate) accepted: bool,
    pub(crate) alerts: Vec<String>,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.alerts.first() {
            Some(alert) => write!(f, "rejects: {alert}"),
            None => write!(f, "{}", if self.accepted { "accepts" } else { "rejects" }),
        }
    }
}

/// Debian's haproxy, or what `HAPROXY_PROGRAM` names; none if it isn't there.
pub(crate) fn oracle() -> Option<PathBuf> {
    let path: PathBuf = env::var_os("HAPROXY_PROGRAM").unwrap_or_else(|| "/usr/sbin/haproxy".into()).into();
    path.exists().then_some(path)
}

/// What haproxy says. A file without listeners (status 2) is a good file.
pub(crate) fn by_oracle(program: &Path, case: &Case, text: &str) -> Verdict {
    fs::write(case.folder.join("haproxy.cfg"), text).unwrap();
    let done = Command::new(program)
        .args(["-c", "-f", "haproxy.cfg"])
        .current_dir(&case.folder)
        .env_clear()
        .envs(case.environment.iter().cloned())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    let alerts = said.lines().filter(|line| line.starts_with("[ALERT]"));
    let alerts = alerts.map(|line| line.split_once(" : ").map_or(line, |parts| parts.1).to_owned()).collect();
    Verdict { accepted: matches!(done.status.code(), Some(0 | 2)), alerts }
}

/// What the parser says.
pub(crate) fn by_parser(case: &Case, text: &str) -> Verdict {
    let world = CaseWorld { case, system: SystemWorld { resolve: true, ..SystemWorld::default() } };
    let (_, diagnostics) = parse(&[Source::new("haproxy.cfg", text)], &world);
    let alerts = diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Alert);
    let alerts: Vec<String> = alerts.map(|alert| raw::shown(&alert.message).into_owned()).collect();
    Verdict { accepted: alerts.is_empty(), alerts }
}

/// The case's folder and environment.
struct CaseWorld<'a> {
    case: &'a Case,
    system: SystemWorld,
}

impl World for CaseWorld<'_> {
    fn env(&self) -> Vec<(String, String)> {
        self.case.environment.clone()
    }

    fn feature(&self, name: &str) -> bool {
        ["OPENSSL", "THREAD", "PROMEX", "LUA"].contains(&name)
    }

    fn version(&self) -> String {
        self.system.version()
    }

    fn resolves(&self, host: &str) -> bool {
        self.system.resolves(host)
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.system.read(&self.case.folder.join(path))
    }

    fn list_dir(&self, path: &Path) -> io::Result<Vec<String>> {
        self.system.list_dir(&self.case.folder.join(path))
    }

    fn is_dir(&self, path: &Path) -> bool {
        self.system.is_dir(&self.case.folder.join(path))
    }
}
