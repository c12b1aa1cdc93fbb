//! The checks of one server: what they are to do, and what they found last. It outlives plans, as the server does.

use super::health::Health;
use super::observe::{Event, Reaction};
use super::pace::Pace;
use super::status::{Outcome, Report, Status};
use crate::server::{Cause, Operational, Server};
use haproxy_cfg_parser::model::CheckOptions;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// `rise` and `fall` where the file has none.
const RISE: u32 = 2;
const FALL: u32 = 3;
/// Errors in a row until `on-error` acts, where the file has no `error-limit`.
const ERROR_LIMIT: u32 = 10;

/// Health checks, or agent checks, of one server.
#[derive(Debug)]
pub struct Probe {
    /// Asks an agent.
    pub agent: bool,
    /// The times between checks.
    pub pace: Pace,
    /// Made at all (`enable health`, `disable agent`).
    pub enabled: AtomicBool,
    /// Not made for now: the server is in maintenance.
    pub paused: AtomicBool,
    /// One is being made.
    pub running: AtomicBool,
    /// Failed checks that lowered the counter.
    pub failures: AtomicU64,
    /// Wakes its task: the next check is due sooner.
    pub(crate) hurry: Notify,
    /// When the next one is due, once that is known.
    due: Mutex<Option<Instant>>,
    last: Mutex<Last>,
}

/// What is known from the last check.
#[derive(Clone, Debug)]
pub struct Last {
    /// The counter.
    pub health: Health,
    /// What it found.
    pub report: Report,
    /// What that says of the server.
    pub outcome: Outcome,
}

impl Probe {
    /// The health checks of a server, if it has any.
    pub fn of_health(options: &CheckOptions) -> Option<Self> {
        let health = Health::new(options.rise.unwrap_or(RISE), options.fall.unwrap_or(FALL));
        options.enabled.then(|| Self::new(false, Pace::of_health(options), health))
    }

    /// The agent checks of a server, if it has any.
    pub fn of_agent(options: &CheckOptions) -> Option<Self> {
        options.agent.enabled.then(|| Self::new(true, Pace::of_agent(options), Health::new(1, 1)))
    }

    fn new(agent: bool, pace: Pace, health: Health) -> Self {
        Self {
            agent,
            pace,
            enabled: AtomicBool::new(true),
            paused: AtomicBool::new(false),
            running: AtomicBool::new(false),
            failures: AtomicU64::new(0),
            hurry: Notify::new(),
            due: Mutex::default(),
            last: Mutex::new(Last { health, report: Report::default(), outcome: Outcome::Unknown }),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Last> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known now.
    pub fn last(&self) -> Last {
        self.lock().clone()
    }

    /// It is enabled and not paused.
    pub fn is_active(&self) -> bool {
        self.enabled.load(Relaxed) && !self.paused.load(Relaxed)
    }

    /// Not enabled, or counting as up.
    pub fn allows_up(&self) -> bool {
        !self.enabled.load(Relaxed) || self.lock().health.is_up()
    }

    /// Sets the counter: by an agent, by command, by leaving maintenance.
    pub fn set_health(&self, set: impl FnOnce(&mut Health)) {
        set(&mut self.lock().health);
    }

    /// Time to the next check of a server that is `down` or not.
    pub fn interval(&self, down: bool) -> Duration {
        self.pace.interval(&self.lock().health, down)
    }

    /// When the next check is due.
    pub(crate) fn due(&self) -> Option<Instant> {
        *self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_due(&self, due: Instant) {
        *self.due.lock().unwrap_or_else(PoisonError::into_inner) = Some(due);
    }

    /// Goes on where the checks of the same server under another plan were; with what they found, if they asked the same.
    pub(crate) fn inherit(&self, known: &Self, healthy: bool) {
        self.enabled.store(known.enabled.load(Relaxed), Relaxed);
        self.failures.store(known.failures.load(Relaxed), Relaxed);
        if healthy {
            self.paused.store(known.paused.load(Relaxed), Relaxed);
            *self.lock() = known.last();
            if let Some(due) = known.due() {
                self.set_due(due);
            }
        }
    }

    /// Takes over a result; gives the counter after it, and true when it is worth a log line.
    fn take(&self, report: &Report) -> (Health, bool) {
        let mut last = self.lock();
        let before = last.report.status;
        last.report = report.clone();
        last.outcome = report.status.outcome();
        let counted = match last.outcome {
            // An agent that cannot be asked says nothing about the server.
            Outcome::Failed if self.agent && !report.status.has_code() => false,
            Outcome::Failed => {
                let counted = last.health.fail();
                self.failures.fetch_add(u64::from(counted), Relaxed);
                counted
            }
            Outcome::Passed | Outcome::Conditional => last.health.pass(),
            Outcome::Unknown | Outcome::Neutral => false,
        };
        (last.health, counted || report.status != before)
    }
}

/// Errors in a row that traffic showed.
#[derive(Debug, Default)]
pub struct Observed {
    errors: AtomicU32,
    /// How often they led to a reaction (`hanafail`).
    pub reactions: AtomicU64,
}

impl Server {
    /// Takes over the result of a check of this server: the counter, the log line, and what follows for its state.
    pub fn checked(self: &Arc<Self>, probe: &Probe, report: &Report) {
        self.note(probe, report);
        self.conclude(probe, report);
    }

    fn note(&self, probe: &Probe, report: &Report) {
        if report.status.outcome() == Outcome::Neutral {
            probe.lock().report = report.clone();
            return;
        }
        let (health, worth_a_line) = probe.take(report);
        if report.status.outcome() >= Outcome::Passed {
            self.observed.errors.store(0, Relaxed);
        }
        if worth_a_line && let Some(farm) = self.farm.announcer() {
            farm.check(self, probe.agent, report, &health);
        }
    }

    fn conclude(self: &Arc<Self>, probe: &Probe, report: &Report) {
        // What the log line of the check has said already is not said again.
        let told = self.farm.announcer().is_some_and(|announcer| announcer.tells_checks());
        let cause = if told { Cause::Unsaid } else { Cause::Check(report) };
        let other_probe_allows =
            || [&self.check, &self.agent].into_iter().flatten().all(|probe| probe.allows_up());
        match report.status.outcome() {
            Outcome::Failed if probe.agent && report.status != Status::L7Status => {}
            Outcome::Failed if probe.lock().health.value() == 0 => {
                self.turn(Operational::Stopped, cause);
            }
            // An agent does not undo what the health check asks for.
            Outcome::Passed if probe.agent && self.state() == Operational::Stopping => {}
            Outcome::Passed if other_probe_allows() => {
                self.turn(Operational::Running, cause);
            }
            Outcome::Conditional if !probe.agent && other_probe_allows() => {
                self.turn(Operational::Stopping, cause);
            }
            _ => {}
        }
    }

    /// Takes note of what traffic showed (`observe`). Costs one load where the server is not observed.
    #[inline]
    pub fn observe(self: &Arc<Self>, event: Event) {
        if let Some(layer) = self.config.check.observe {
            match event.is_error(layer) {
                Some(true) => self.observe_error(event),
                Some(false) if self.observed.errors.load(Relaxed) != 0 => {
                    self.observed.errors.store(0, Relaxed)
                }
                _ => {}
            }
        }
    }

    #[cold]
    fn observe_error(self: &Arc<Self>, event: Event) {
        let Some(probe) = &self.check else { return };
        let errors = self.observed.errors.fetch_add(1, Relaxed) + 1;
        if errors < self.config.check.error_limit.unwrap_or(ERROR_LIMIT) {
            return;
        }
        let reaction = Reaction::from(self.config.check.on_error.unwrap_or_default());
        let fails = reaction.prepare(&mut probe.lock().health);
        if fails {
            let text = format!("Detected {errors} consecutive errors, last one was: {}", event.text());
            self.checked(probe, &Report::new(Status::Observed, text));
        }
        self.observed.errors.store(0, Relaxed);
        self.observed.reactions.fetch_add(1, Relaxed);
        if self.config.check.fastinter.is_some() {
            probe.hurry.notify_one();
        }
    }
}
