//! Makes the checks when they are due: one task for each server and kind, all on the control thread.

use super::agent::{self, Administrative};
use super::script::{self, Subject};
use super::{Asked, Method, Probe, ProbePolicy, Report, Status, Wake, Watch, pace};
use crate::compile::Plan;
use crate::proxy::Backend;
use crate::server::{Operational, Server, admin};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};
use tokio::task::{AbortHandle, JoinSet};

/// The tasks of all checks, on the calling thread's `LocalSet`. Dropping it ends them.
pub(crate) struct Drivers {
    policy: Arc<dyn ProbePolicy>,
    /// What the times of checks are counted from.
    started: Instant,
    tasks: JoinSet<()>,
    /// By the servers' uid; true for agents.
    running: HashMap<(usize, bool), Running>,
}

struct Running {
    server: Arc<Server>,
    task: AbortHandle,
    orders: Rc<RefCell<Orders>>,
}

/// What a task is to do: a reload may change it between two checks.
#[derive(Clone)]
struct Orders {
    plan: Arc<Plan>,
    backend: Arc<Backend>,
    watch: Arc<Watch>,
}

impl Drivers {
    pub(crate) fn new(policy: Arc<dyn ProbePolicy>) -> Self {
        Self { policy, started: Instant::now(), tasks: JoinSet::new(), running: HashMap::new() }
    }

    /// Makes the checks of this plan: tasks of servers that it has go on, others end, new ones begin.
    pub(crate) fn serve(&mut self, plan: &Arc<Plan>) {
        let mut before = std::mem::take(&mut self.running);
        let mut new = Vec::new();
        for backend in plan.backends.load().iter() {
            for watch in backend.watches.load().iter() {
                let key = (watch.server.uid, watch.agent);
                let (plan, backend, watch) = (Arc::clone(plan), Arc::clone(backend), Arc::clone(watch));
                let orders = Orders { plan, backend, watch };
                match before.remove(&key) {
                    Some(running) => {
                        running.orders.replace(orders);
                        self.running.insert(key, running);
                    }
                    None => new.push(orders),
                }
            }
        }
        for ((_, agent), gone) in before {
            gone.task.abort();
            self.policy.rests(&gone.server, agent);
        }
        while self.tasks.try_join_next().is_some() {}
        let interval =
            |orders: &Orders| orders.watch.probe().map_or(Duration::ZERO, |probe| probe.interval(false));
        let intervals: Vec<Duration> = new.iter().map(interval).collect();
        let delays = pace::first(&intervals, plan.checks.max_spread);
        for (orders, delay) in new.into_iter().zip(delays) {
            self.begin(orders, delay);
        }
    }

    fn begin(&mut self, orders: Orders, delay: Duration) {
        let (server, agent) = (Arc::clone(&orders.watch.server), orders.watch.agent);
        let key = (server.uid, agent);
        if let Some(probe) = orders.watch.probe().filter(|_| !agent) {
            probe.share(self.policy.is_shared());
        }
        let orders = Rc::new(RefCell::new(orders));
        let (own, policy, started) = (Rc::clone(&orders), Arc::clone(&self.policy), self.started);
        let held = Arc::clone(&server);
        let task = self.tasks.spawn_local(async move {
            if let Some(probe) = if agent { &server.agent } else { &server.check } {
                Driver { server: &server, probe, orders: own, started }.run(delay, &*policy).await;
            }
        });
        self.running.insert(key, Running { server: held, task, orders });
    }
}

impl Drop for Drivers {
    fn drop(&mut self) {
        for ((_, agent), running) in self.running.drain() {
            self.policy.rests(&running.server, agent);
        }
    }
}

struct Driver<'a> {
    server: &'a Arc<Server>,
    probe: &'a Probe,
    orders: Rc<RefCell<Orders>>,
    started: Instant,
}

/// Shows that a check is being made, until it ends in whatever way.
struct Busy<'a>(&'a Probe);

impl<'a> Busy<'a> {
    fn new(probe: &'a Probe) -> Self {
        probe.running.store(true, Relaxed);
        Self(probe)
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.running.store(false, Relaxed);
    }
}

impl Driver<'_> {
    /// Checks until the task is ended.
    async fn run(&self, delay: Duration, policy: &dyn ProbePolicy) {
        let (server, probe) = (self.server, self.probe);
        let mut due = probe.due().unwrap_or_else(|| Instant::now() + delay);
        // From when on a check counts, whatever the one before it found.
        let mut counts = due;
        loop {
            probe.set_due(due);
            due = self.wait(due, policy).await;
            counts = counts.min(due);
            let orders = self.orders.borrow().clone();
            let watch = &orders.watch;
            let asked = Asked { server, probe, watch };
            if !probe.is_active() {
                policy.rests(server, probe.agent);
            }
            if !probe.is_active() || !policy.wants(asked) {
                due = later(due, probe.pace.inter);
                continue;
            }
            let busy = Busy::new(probe);
            // Boxed: tasks that wait are small, and thousands of checks in turn use the same memory.
            let mut report = Box::pin(self.check(&orders, watch)).await;
            drop(busy);
            // One that ends when the next is due stands for it.
            report.early = Instant::now() < counts && probe.last().outcome == report.status.outcome();
            let early = report.early;
            // Maintenance that began meanwhile makes the result void.
            if probe.is_active() {
                let report = if watch.agent { self.heed(&orders.backend, report) } else { report };
                policy.found(asked, &report);
            }
            if server.state() == Operational::Starting {
                // Its limit grows, with or without anyone leaving.
                server.farm.dispatch(server);
            }
            if early {
                continue;
            }
            let interval = probe.interval(server.state() == Operational::Stopped);
            let next = pace::spread(interval, orders.plan.checks.spread, fastrand::f64());
            due = self.started + pace::together(self.started.elapsed() + next, interval);
            counts = due;
        }
    }

    /// Waits for the time, or for less when traffic or the policy asks for it. Gives the time, which traffic may bring forward.
    async fn wait(&self, mut due: Instant, policy: &dyn ProbePolicy) -> Instant {
        let probe = self.probe;
        loop {
            tokio::select! {
                () = tokio::time::sleep_until(due.into()) => return due,
                () = probe.hurry.notified() => {}
            }
            if let Some(report) = probe.take_observed().filter(|_| probe.is_active()) {
                let watch = Arc::clone(&self.orders.borrow().watch);
                policy.found(Asked { server: self.server, probe, watch: &watch }, &report);
            }
            if probe.is_asked(Wake::Look) && probe.is_active() {
                let watch = Arc::clone(&self.orders.borrow().watch);
                policy.look(Asked { server: self.server, probe, watch: &watch });
            }
            if probe.is_asked(Wake::Soon) {
                let soon = self.server.config.check.fastinter.unwrap_or(probe.pace.inter);
                due = due.min(Instant::now() + soon);
            }
            if probe.is_asked(Wake::Now) {
                return due;
            }
        }
    }

    async fn check(&self, orders: &Orders, watch: &Watch) -> Report {
        let Orders { plan, backend, .. } = orders;
        let script = match &watch.method {
            Method::Script(script) => script,
            Method::External(program) => {
                return program.run(self.server, backend, self.probe.pace.inter).await;
            }
        };
        let exchange = script.evaluates().then(|| {
            let mut exchange = plan.checks.exchange();
            exchange.backend = Some(Arc::clone(backend));
            exchange.server = Some(Arc::clone(self.server));
            exchange
        });
        let subject = Subject {
            server: self.server,
            address: watch.address.as_ref(),
            port: watch.port,
            introduces: watch.introduces,
            health: !watch.agent,
            timeouts: &backend.timeouts,
            inter: self.probe.pace.inter,
            bufsize: plan.bufsize,
            max_headers: plan.max_headers,
            exchange,
        };
        script::run(script, subject).await
    }

    /// Does what an agent's line says, and gives the result that the log shows.
    fn heed(&self, backend: &Backend, report: Report) -> Report {
        let (server, probe) = (self.server, self.probe);
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
            match agent::weight(word, server.config.weight, backend.balance.is_dynamic()) {
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

/// The next time of a check that is not made now: its place between the others stays.
fn later(due: Instant, inter: Duration) -> Instant {
    let now = Instant::now();
    if due > now { due } else { (due + inter).max(now) }
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
