//! What is said about servers that change: log lines, messages of the process, mails. The texts are HAProxy's.

use super::health::Health;
use super::status::Report;
use crate::clock;
use crate::log::{LEVEL_ALERT, LEVEL_EMERG, LEVEL_INFO, LEVEL_NOTICE, Logger};
use crate::mail::Mailbox;
use crate::process;
use crate::proxy::ProxyStats;
use crate::server::{Cause, Lineup, Operational, Server};
use haproxy_cfg_parser::Severity;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Weak};

/// Tells about the servers of one backend.
#[derive(Debug)]
pub struct Announcer {
    /// `backend`, or `proxy` for one that listens as well.
    pub kind: &'static str,
    /// The backend's name.
    pub name: String,
    /// Its logs.
    pub logger: Option<Arc<Logger>>,
    /// `option log-health-checks`.
    pub log_checks: bool,
    /// `email-alert`.
    pub mailbox: Option<Mailbox>,
    /// Its numbers.
    pub stats: Arc<ProxyStats>,
    /// Its servers, which hold it.
    pub servers: Weak<Lineup>,
}

/// How a change of state ended: where the requests went, and how many servers there were before.
#[derive(Clone, Copy, Debug)]
pub struct Moved {
    /// Waiting requests that were given to another server, or to this one.
    pub requests: u32,
    /// Active and backup servers in use before.
    pub before: (u32, u32),
}

impl Announcer {
    /// Every check is told, so that a change of state needs no reason.
    pub fn tells_checks(&self) -> bool {
        self.log_checks
    }

    /// Active and backup servers in use.
    pub fn in_use(&self) -> (u32, u32) {
        let (mut active, mut backup) = (0, 0);
        if let Some(servers) = self.servers.upgrade() {
            for server in servers.load().iter().filter(|server| server.usable()) {
                *(if server.config.backup { &mut backup } else { &mut active }) += 1;
            }
        }
        (active, backup)
    }

    /// The weight of all servers in use, active ones before backups.
    pub fn weight(&self) -> u32 {
        let Some(servers) = self.servers.upgrade() else { return 0 };
        let servers = servers.load();
        let of = |backup: bool| -> u32 {
            let used = servers.iter().filter(|server| server.usable() && server.config.backup == backup);
            used.map(|server| server.weight.load(Relaxed)).sum()
        };
        match of(false) {
            0 => of(true),
            weight => weight,
        }
    }

    fn say(&self, level: u8, mail: Option<u8>, text: &str) {
        process::tell(Severity::Warning, text);
        if let Some(logger) = &self.logger {
            logger.send(level, text.as_bytes());
        }
        if let (Some(mailbox), Some(level)) = (&self.mailbox, mail) {
            mailbox.post(level, text.strip_suffix('.').unwrap_or(text));
        }
    }

    /// The line of a check (`option log-health-checks`).
    pub(super) fn check(&self, server: &Server, agent: bool, report: &Report, health: &Health) {
        if !self.log_checks {
            return;
        }
        let kind = if agent { "Agent" } else { "Health" };
        let backup = if server.config.backup { "backup " } else { "" };
        let outcome = report.status.outcome();
        let conditionally = if outcome == super::Outcome::Conditional { "conditionally " } else { "" };
        let how = if outcome >= super::Outcome::Passed { "succeeded" } else { "failed" };
        let (count, of) = health.progress();
        let state = match (health.is_up(), server.weight.load(Relaxed)) {
            (false, _) => "DOWN",
            (true, 0) => "DRAIN",
            (true, _) => "UP",
        };
        let text = format!(
            "{kind} check for {backup}server {}/{} {conditionally}{how}{}, status: {count}/{of} {state}.",
            server.backend,
            server.name,
            report.describe()
        );
        self.say(LEVEL_NOTICE, Some(LEVEL_INFO), &text);
    }

    /// The line of a change of the operational state.
    pub(crate) fn turned(
        &self,
        server: &Server,
        was_stopping: bool,
        to: Operational,
        cause: &Cause<'_>,
        moved: Moved,
    ) {
        let verb = match to {
            Operational::Stopped => "is DOWN",
            Operational::Stopping => "is stopping",
            Operational::Starting | Operational::Running => "is UP",
        };
        let text =
            format!("{} {verb}{}{}.", title(server), cause.describe(server), self.balance(server, to, moved));
        let (level, mail) = match to {
            Operational::Stopped if !was_stopping => (LEVEL_ALERT, Some(LEVEL_ALERT)),
            Operational::Stopping => (LEVEL_NOTICE, None),
            _ => (LEVEL_NOTICE, Some(LEVEL_NOTICE)),
        };
        self.say(level, mail, &text);
        self.look(moved.before);
    }

    /// How many servers are left, and what became of the requests that waited.
    fn balance(&self, server: &Server, to: Operational, moved: Moved) -> String {
        let (active, backup) = self.in_use();
        let on_backup = if active == 0 && backup > 0 { " Running on backup." } else { "" };
        let (requests, queued) = (moved.requests, server.queued.load(Relaxed));
        if to == Operational::Stopped {
            let sessions = server.served.load(Relaxed);
            format!(
                ". {active} active and {backup} backup servers left.{on_backup} {sessions} sessions active, {requests} requeued, {queued} remaining in queue"
            )
        } else {
            format!(
                ". {active} active and {backup} backup servers online.{on_backup} {requests} sessions requeued, {queued} total in queue"
            )
        }
    }

    /// Notes, and tells, that the backend has lost its last server or has one again.
    pub(crate) fn look(&self, before: (u32, u32)) {
        let (had, has) = (before != (0, 0), self.in_use() != (0, 0));
        if had && !has {
            self.stats.changed.store(clock::millis(), Relaxed);
            self.stats.downs.fetch_add(1, Relaxed);
            process::tell(
                Severity::Alert,
                &format!("{} '{}' has no server available!", self.kind, self.name),
            );
            if let Some(logger) = &self.logger {
                logger.send(
                    LEVEL_EMERG,
                    format!("{} {} has no server available!", self.kind, self.name).as_bytes(),
                );
            }
        } else if !had && has {
            self.stats.downtime.fetch_add(clock::since(&self.stats.changed), Relaxed);
            self.stats.changed.store(clock::millis(), Relaxed);
        }
    }

    /// A line about the administrative state, which is no alert unless `alert` says so.
    pub(crate) fn administrative(
        &self,
        server: &Server,
        words: &str,
        alert: bool,
        moved: Option<(Operational, Moved)>,
    ) {
        let balance = moved.map_or_else(String::new, |(to, moved)| self.balance(server, to, moved));
        let level = if alert { LEVEL_ALERT } else { LEVEL_NOTICE };
        self.say(level, None, &format!("{} {words}{balance}.", title(server)));
    }
}

/// `Server b/s`, `Backup Server b/s`.
fn title(server: &Server) -> String {
    let backup = if server.config.backup { "Backup " } else { "" };
    format!("{backup}Server {}/{}", server.backend, server.name)
}

impl Cause<'_> {
    /// What follows the verb.
    fn describe(&self, server: &Server) -> String {
        match self {
            Self::Check(report) => report.describe(),
            Self::Reason(text) => format!(", {text}"),
            Self::Unsaid => match server.tracked() {
                Some(tracked) => format!(" via {}/{}", tracked.backend, tracked.name),
                None => String::new(),
            },
        }
    }
}
