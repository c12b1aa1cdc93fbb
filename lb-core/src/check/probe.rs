//! The checks of one server: what they are to do, and what they found last. It outlives plans, as the server does.

use super::health::Health;
use super::observe::{Event, Reaction};
use super::pace::Pace;
use super::status::{Outcome, Report, Status};
use crate::clock;
use crate::server::{Cause, Operational, Server};
use haproxy_cfg_parser::model::CheckOptions;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering::Relaxed};
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
    /// Results are shared with others: what traffic shows goes the same way.
    shared: AtomicBool,
    /// What its task is asked for, bits of [`Wake`].
    asked: AtomicU8,
    /// What traffic has shown, until the task takes it.
    observed: Mutex<Option<Report>>,
    /// Wakes its task.
    pub(crate) hurry: Notify,
    /// When the next one is due, once that is known.
    due: Mutex<Option<Instant>>,
    last: Mutex<Last>,
}

/// What the task of checks may be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Wake {
    /// The next check is due after `fastinter`.
    Soon = 1,
    /// The next check is due.
    Now = 2,
    /// Its policy is to look at the server.
    Look = 4,
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
            shared: AtomicBool::new(false),
            asked: AtomicU8::new(0),
            observed: Mutex::default(),
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

    /// Asks its task for something.
    pub fn ask(&self, wake: Wake) {
        self.asked.fetch_or(wake as u8, Relaxed);
        self.hurry.notify_one();
    }

    /// It was asked for this since the last look.
    pub(crate) fn is_asked(&self, wake: Wake) -> bool {
        self.asked.fetch_and(!(wake as u8), Relaxed) & wake as u8 != 0
    }

    /// Says whether results are shared.
    pub(crate) fn share(&self, shared: bool) {
        self.shared.store(shared, Relaxed);
    }

    /// What traffic has shown since the last look.
    pub(crate) fn take_observed(&self) -> Option<Report> {
        self.observed.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Takes over what another found: the counter as it is after many results of that kind, and its words.
    fn assume(&self, up: bool, report: &Report) {
        let mut last = self.lock();
        let value = if up { last.health.top() } else { 0 };
        last.health.set(value);
        if report.status.is_result() {
            last.report = report.clone();
            last.outcome = report.status.outcome();
        }
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
            _ if report.early => false,
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
    /// Milliseconds since the start of the process of the last good response, where results of checks are shared.
    answered: AtomicU64,
    /// Of the last connection that could not be made, or broke.
    unreached: AtomicU64,
}

impl Server {
    /// Takes over the result of a check of this server: the counter, the log line, and what follows for its state.
    pub fn checked(self: &Arc<Self>, probe: &Probe, report: &Report) {
        self.note(probe, report);
        self.conclude(probe, report);
    }

    /// Takes note of a result: the counter and the log line. Nothing follows for its state.
    pub fn note(&self, probe: &Probe, report: &Report) {
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

    /// The state that a result leads to, which [`Self::note`] has taken; none: to no other.
    pub fn conclusion(&self, probe: &Probe, report: &Report) -> Option<Operational> {
        let other_probe_allows =
            || [&self.check, &self.agent].into_iter().flatten().all(|probe| probe.allows_up());
        match report.status.outcome() {
            Outcome::Failed if probe.agent && report.status != Status::L7Status => None,
            Outcome::Failed if probe.lock().health.value() == 0 => Some(Operational::Stopped),
            // An agent does not undo what the health check asks for.
            Outcome::Passed if probe.agent && self.state() == Operational::Stopping => None,
            Outcome::Passed if other_probe_allows() => Some(Operational::Running),
            Outcome::Conditional if !probe.agent && other_probe_allows() => Some(Operational::Stopping),
            _ => None,
        }
    }

    /// Takes a state that others have agreed upon, with what one of them found; true when it changed.
    pub fn adopt(self: &Arc<Self>, probe: &Probe, to: Operational, report: &Report) -> bool {
        let up = to != Operational::Stopped;
        if probe.lock().health.is_up() != up {
            probe.assume(up, report);
        }
        let agent_allows = self.agent.as_ref().is_none_or(|agent| agent.allows_up());
        (!up || agent_allows) && self.turn(to, self.cause(report))
    }

    fn conclude(self: &Arc<Self>, probe: &Probe, report: &Report) {
        if let Some(state) = self.conclusion(probe, report) {
            self.turn(state, self.cause(report));
        }
    }

    /// Why the state changes.
    fn cause<'a>(&self, report: &'a Report) -> Cause<'a> {
        // What the log line of the check has said already is not said again.
        let told = self.farm.announcer().is_some_and(|announcer| announcer.tells_checks());
        if told { Cause::Unsaid } else { Cause::Check(report) }
    }

    /// Takes note of what traffic showed (`observe`). Costs two loads where the server is not observed.
    #[inline]
    pub fn observe(self: &Arc<Self>, event: Event) {
        if let Some(probe) = self.check.as_deref().filter(|probe| probe.shared.load(Relaxed)) {
            self.experience(probe, event);
        }
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

    /// What this node sees of the server by itself, for those who decide together with others.
    fn experience(&self, probe: &Probe, event: Event) {
        let at = match event {
            Event::GoodResponse => &self.observed.answered,
            Event::NotConnected | Event::BrokenPipe => &self.observed.unreached,
            _ => return,
        };
        let now = clock::millis();
        // A line that all threads write is not written more often than it has to be.
        if at.load(Relaxed) != now && at.swap(now, Relaxed) != now && event != Event::GoodResponse {
            probe.ask(Wake::Look);
        }
    }

    /// How long ago traffic had a good response from it, if no connection to it has failed since. Kept where results of
    /// checks are shared.
    pub fn answered(&self) -> Option<Duration> {
        let (answered, unreached) =
            (self.observed.answered.load(Relaxed), self.observed.unreached.load(Relaxed));
        let age = clock::millis().saturating_sub(answered);
        (answered > unreached).then(|| Duration::from_millis(age))
    }

    /// How long ago a connection to it failed, if there was no good response since. Kept as [`Self::answered`] is.
    pub fn unreached(&self) -> Option<Duration> {
        let (answered, unreached) =
            (self.observed.answered.load(Relaxed), self.observed.unreached.load(Relaxed));
        let age = clock::millis().saturating_sub(unreached);
        (unreached != 0 && unreached >= answered).then(|| Duration::from_millis(age))
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
            let report = Report::new(Status::Observed, text);
            if probe.shared.load(Relaxed) {
                *probe.observed.lock().unwrap_or_else(PoisonError::into_inner) = Some(report);
                probe.hurry.notify_one();
            } else {
                self.checked(probe, &report);
            }
        }
        self.observed.errors.store(0, Relaxed);
        self.observed.reactions.fetch_add(1, Relaxed);
        if self.config.check.fastinter.is_some() {
            probe.ask(Wake::Soon);
        }
    }
}
