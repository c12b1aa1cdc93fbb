//! Makes the checks when they are due: one task for each server and kind, all on the control thread.

use super::agent::{self, Administrative};
use super::script::{self, Subject};
use super::{Method, Probe, ProbePolicy, Report, Settings, Status, Watch, pace};
use crate::compile::Plan;
use crate::exchange::{Exchange, Session, Times};
use crate::proxy::Backend;
use crate::sample::Vars;
use crate::server::{Operational, Server, admin};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant, SystemTime};

/// Starts the tasks of all checks of a plan on the calling thread's `LocalSet`.
pub(crate) fn drive(plan: &Arc<Plan>, policy: &Arc<dyn ProbePolicy>) {
    let mut watches = Vec::new();
    for backend in &plan.backends {
        watches.extend((0..backend.watches.len()).map(|index| (Arc::clone(backend), index)));
    }
    let interval = |(backend, index): &(Arc<Backend>, usize)| {
        let watch = backend.watches.get(*index);
        let probe = watch.and_then(Watch::probe);
        probe.map_or(Duration::ZERO, |probe| probe.interval(false))
    };
    let intervals: Vec<Duration> = watches.iter().map(interval).collect();
    let delays = pace::first(&intervals, plan.checks.max_spread);
    for ((backend, index), delay) in watches.into_iter().zip(delays) {
        let (plan, policy) = (Arc::clone(plan), Arc::clone(policy));
        tokio::task::spawn_local(async move {
            if let Some(watch) = backend.watches.get(index)
                && let Some(probe) = watch.probe()
            {
                Driver { plan: &plan, backend: &backend, watch, probe }.run(delay, &*policy).await;
            }
        });
    }
}

struct Driver<'a> {
    plan: &'a Plan,
    backend: &'a Arc<Backend>,
    watch: &'a Watch,
    probe: &'a Probe,
}

impl Driver<'_> {
    /// Checks for as long as the thread lives.
    async fn run(&self, delay: Duration, policy: &dyn ProbePolicy) {
        let (server, probe) = (&self.watch.server, self.probe);
        let mut due = Instant::now() + delay;
        loop {
            self.wait(due).await;
            if !probe.is_active() || !policy.wants(server, probe) {
                due += probe.pace.inter;
                due = due.max(Instant::now());
                continue;
            }
            probe.running.store(true, Relaxed);
            let report = self.check().await;
            probe.running.store(false, Relaxed);
            // Maintenance that began meanwhile makes the result void.
            if probe.is_active() {
                let report = if self.watch.agent { self.heed(report) } else { report };
                policy.found(server, probe, &report);
            }
            let interval = probe.interval(server.state() == Operational::Stopped);
            due = Instant::now() + pace::spread(interval, self.plan.checks.spread, fastrand::f64());
        }
    }

    /// Waits for the time, or for less when traffic asks for it.
    async fn wait(&self, mut due: Instant) {
        loop {
            tokio::select! {
                () = tokio::time::sleep_until(due.into()) => return,
                () = self.probe.hurry.notified() => {
                    let soon = self.watch.server.config.check.fastinter.unwrap_or(self.probe.pace.inter);
                    due = due.min(Instant::now() + soon);
                }
            }
        }
    }

    async fn check(&self) -> Report {
        let watch = self.watch;
        let script = match &watch.method {
            Method::Script(script) => script,
            Method::External(program) => {
                return program.run(&watch.server, self.backend, self.probe.pace.inter).await;
            }
        };
        let subject = Subject {
            server: &watch.server,
            address: watch.address.as_ref(),
            port: watch.port,
            timeouts: &self.backend.timeouts,
            inter: self.probe.pace.inter,
            bufsize: self.plan.bufsize,
            max_headers: self.plan.max_headers,
            exchange: script.evaluates().then(|| self.exchange(&self.plan.checks)),
        };
        script::run(script, subject).await
    }

    /// What expressions see: the server, the backend, and the answer to come.
    fn exchange(&self, settings: &Settings) -> Box<Exchange> {
        let (frontend, listener) = &settings.side;
        let (now, wall) = (Instant::now(), SystemTime::now());
        let session = Session {
            src: None,
            dst: None,
            listener: Arc::clone(listener),
            accepted_at: wall,
            accepted: now,
            vars: Vars::default(),
            requests: 1,
            expects_proxy: false,
            proxied: None,
        };
        let mut exchange = Exchange::new(Box::new(session), Arc::clone(frontend), Times::begin(now, wall));
        exchange.backend = Some(Arc::clone(self.backend));
        exchange.server = Some(Arc::clone(&self.watch.server));
        Box::new(exchange)
    }

    /// Does what an agent's line says, and gives the result that the log shows.
    fn heed(&self, report: Report) -> Report {
        let (server, probe) = (&self.watch.server, self.probe);
        let line = match report.status {
            Status::Checked => String::from_utf8_lossy(&report.info).into_owned(),
            // Half a line changes nothing but the text.
            Status::Unknown => return Report { status: probe.last().report.status, ..report },
            _ => return report,
        };
        let words = agent::read(&line);
        if let Some((_, up)) = words.health {
            probe.set_health(|health| health.set(if up { health.top() } else { 0 }));
        }
        administer(server, words.admin);
        let mut warning = None;
        if let Some(word) = words.weight {
            match agent::weight(word, server.config.weight, self.backend.balance.is_dynamic()) {
                Ok(weight) => server.set_weight(weight),
                Err(text) => warning = Some(text),
            }
        }
        if let Some(word) = words.maxconn {
            match word.parse() {
                Ok(maxconn) => server.set_maxconn(maxconn),
                Err(_) => {
                    warning.get_or_insert("maxconn string empty or preceded by garbage");
                }
            }
        }
        let duration = report.duration;
        let new = |status, info: String| Report { duration, ..Report::new(status, info) };
        match (words.health, words.unknown, warning) {
            (Some((word, up)), unknown, warning) => {
                // A reason is kept for those that are down; one that is up leaves room for what was wrong.
                let odd = unknown.or(warning).filter(|_| up || words.comment.is_empty());
                let text = odd.unwrap_or(words.comment);
                let text = if text.is_empty() { String::new() } else { format!(" ({text})") };
                new(if up { Status::L7Ok } else { Status::L7Status }, format!("via agent : {word}{text}"))
            }
            (None, Some(word), _) => new(Status::Checked, format!("agent reports an error : {word}")),
            (None, None, Some(text)) => new(Status::Checked, format!("agent warns : {text}")),
            (None, None, None) => new(Status::Checked, String::new()),
        }
    }
}

fn administer(server: &Arc<Server>, word: Option<Administrative>) {
    const MAINT: u8 = admin::FORCED_MAINT | admin::CONFIG_MAINT;
    match word {
        Some(Administrative::Ready) => server.set_admin(0, MAINT | admin::FORCED_DRAIN),
        Some(Administrative::Drain) => server.set_admin(admin::FORCED_DRAIN, MAINT),
        Some(Administrative::Maint) => server.set_admin(admin::FORCED_MAINT, admin::FORCED_DRAIN),
        None => false,
    };
}
