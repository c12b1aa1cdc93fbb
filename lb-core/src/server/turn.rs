//! Changes of a server's state, and what follows from them: where requests go, what is told, who follows.

use super::{Operational, Server, admin};
use crate::check::{Announcer, Moved, Report};
use crate::clock;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, MutexGuard, PoisonError, Weak};

/// Why the operational state changes.
#[derive(Clone, Copy, Debug)]
pub enum Cause<'a> {
    /// A check found it.
    Check(&'a Report),
    /// These words say it: `changed from CLI`.
    Reason(&'a str),
    /// It has been told already, or another server is followed.
    Unsaid,
}

impl Server {
    /// Sets the operational state by command; true when it changed.
    pub fn set_operational(self: &Arc<Self>, state: Operational) -> bool {
        if let Some(probe) = self.check.as_deref().filter(|probe| probe.enabled.load(Relaxed)) {
            probe.set_health(|health| match state {
                Operational::Stopped => health.set(0),
                _ => health.set(health.top()),
            });
        }
        self.turn(state, Cause::Reason("changed from CLI"))
    }

    /// Sets the operational state; true when it changed. A server in maintenance stays as it is.
    pub fn turn(self: &Arc<Self>, to: Operational, cause: Cause<'_>) -> bool {
        let turning = self.turning();
        let from = self.state();
        let same = match to {
            Operational::Starting | Operational::Running => {
                matches!(from, Operational::Starting | Operational::Running)
            }
            other => from == other,
        };
        if same || self.in_maintenance() {
            return false;
        }
        let to = self.started(to);
        let was_stopping = from == Operational::Stopping || self.admin.load(Relaxed) & admin::DRAIN != 0;
        let announcer = self.farm.announcer();
        let before = announcer.as_deref().map_or((0, 0), Announcer::in_use);
        let requests = self.become_state(from, to);
        if to == Operational::Stopped {
            self.downs.fetch_add(1, Relaxed);
        }
        if let Some(announcer) = &announcer {
            announcer.turned(self, was_stopping, to, &cause, Moved { requests, before });
        }
        drop(turning);
        for follower in self.followers() {
            follower.turn(to, Cause::Unsaid);
        }
        true
    }

    /// Sets and clears bits of [`admin`]; true when that changed anything. Leaving the last maintenance makes a server
    /// run again unless its checks forbid it.
    pub fn set_admin(self: &Arc<Self>, set: u8, clear: u8) -> bool {
        let turning = self.turning();
        let from = self.admin.load(Relaxed);
        let to = from & !clear | set;
        if from == to {
            return false;
        }
        self.change_admin(from, to);
        drop(turning);
        // Those who follow inherit maintenance and drain.
        let inherit = |bits: u8, inherited: u8| if to & bits != 0 { (inherited, 0) } else { (0, inherited) };
        let (set_maint, clear_maint) = inherit(admin::MAINT, admin::INHERITED_MAINT);
        let (set_drain, clear_drain) = inherit(admin::DRAIN, admin::INHERITED_DRAIN);
        for follower in self.followers() {
            follower.set_admin(set_maint | set_drain, clear_maint | clear_drain);
        }
        true
    }

    fn change_admin(self: &Arc<Self>, from: u8, to: u8) {
        let announcer = self.farm.announcer();
        let announcer = announcer.as_deref();
        let before = announcer.map_or((0, 0), Announcer::in_use);
        let state = self.state();
        let was_stopping = state == Operational::Stopping || from & admin::DRAIN != 0;
        let maint = |bits: u8| bits & admin::MAINT != 0;
        let drain = |bits: u8| bits & admin::DRAIN != 0;
        let via = match self.tracked() {
            Some(tracked) if to & (admin::FORCED_MAINT | admin::FORCED_DRAIN) == 0 => {
                format!(" via {}/{}", tracked.backend, tracked.name)
            }
            _ => String::new(),
        };
        let say = |words: &str, alert: bool, moved: Option<(Operational, Moved)>| {
            if let Some(announcer) = announcer {
                announcer.administrative(self, words, alert, moved);
            }
        };
        self.admin.store(to, Relaxed);
        match (maint(from), maint(to)) {
            (false, true) => {
                self.pause_checks();
                if state == Operational::Stopped {
                    self.farm.changed();
                    say(&format!("was DOWN and now enters maintenance{via}"), false, None);
                } else {
                    let requests = self.become_state(state, Operational::Stopped);
                    self.downs.fetch_add(1, Relaxed);
                    let moved = Some((Operational::Stopped, Moved { requests, before }));
                    say(&format!("is going DOWN for maintenance{via}"), !was_stopping, moved);
                }
            }
            (true, false) => {
                self.resume_checks();
                let allowed = [&self.check, &self.agent].into_iter().flatten().all(|probe| probe.allows_up());
                match self.tracked().map(|tracked| tracked.state()) {
                    Some(Operational::Stopped) => self.farm.changed(),
                    _ if !allowed => self.farm.changed(),
                    Some(Operational::Stopping) => drop(self.become_state(state, Operational::Stopping)),
                    _ => drop(self.become_state(state, self.started(Operational::Running))),
                }
                let up = if self.state() == Operational::Stopped { "DOWN" } else { "UP" };
                let ready = if drain(to) { "DRAIN" } else { "READY" };
                let how = if from & !to & (admin::FORCED_MAINT | admin::CONFIG_MAINT) != 0 {
                    "leaving forced maintenance"
                } else {
                    "leaving maintenance"
                };
                say(&format!("is {up}/{ready} ({how})"), false, None);
            }
            (true, true) if from & !to & admin::FORCED_MAINT != 0 => {
                say(&format!("is leaving forced maintenance but remains in maintenance{via}"), false, None);
            }
            (true, true) if from & !to & admin::INHERITED_MAINT != 0 => {
                say("remains in forced maintenance", false, None);
            }
            _ => {}
        }
        if !maint(to) {
            let forced = from & !to & admin::FORCED_DRAIN != 0;
            match (drain(from), drain(to)) {
                (false, true) => {
                    let requests = self.moved();
                    let moved = Some((self.state(), Moved { requests, before }));
                    say(&format!("enters drain state{via}"), false, moved);
                }
                (true, false) => {
                    self.moved();
                    let up = if self.state() == Operational::Stopped { "DOWN" } else { "UP" };
                    let how = if forced {
                        "leaving forced drain".to_owned()
                    } else {
                        format!("leaving drain){via}")
                    };
                    let close = if forced { ")" } else { "" };
                    say(&format!("is {up} ({how}{close}"), false, None);
                }
                (true, true) if forced => {
                    say(&format!("is leaving forced drain but remains in drain mode{via}"), false, None);
                }
                (true, true) if from & !to & admin::INHERITED_DRAIN != 0 => {
                    say("remains in forced drain mode", false, None);
                }
                _ => {}
            }
        }
        if let Some(announcer) = announcer {
            announcer.look(before);
        }
    }

    /// The state that a server comes up with.
    fn started(&self, to: Operational) -> Operational {
        match to {
            Operational::Running if self.config.slowstart.is_some() => Operational::Starting,
            other => other,
        }
    }

    /// Takes the state and lets waiting requests follow; gives how many did.
    fn become_state(self: &Arc<Self>, from: Operational, to: Operational) -> u32 {
        if from == Operational::Stopped && to != Operational::Stopped {
            self.downtime.fetch_add(clock::since(&self.changed), Relaxed);
        }
        self.operational.store(to as u8, Relaxed);
        let requests = self.moved();
        match (from, to) {
            (_, Operational::Stopped) => self.end_sessions(),
            (Operational::Stopped, Operational::Starting | Operational::Running) => {
                self.end_backup_sessions()
            }
            _ => {}
        }
        requests
    }

    /// The state has changed: requests that wait choose anew, or come. Gives how many.
    fn moved(self: &Arc<Self>) -> u32 {
        self.changed.store(clock::millis(), Relaxed);
        self.farm.changed();
        if self.up() && !self.draining() { self.farm.dispatch(self) } else { self.farm.redistribute(self) }
    }

    pub(super) fn pause_checks(&self) {
        if let Some(probe) = &self.check {
            probe.paused.store(true, Relaxed);
            probe.set_health(|health| health.set(0));
        }
    }

    /// Its checks start from where they do at the start of the process.
    fn resume_checks(&self) {
        if let Some(probe) = &self.check {
            probe.paused.store(false, Relaxed);
        }
        self.assume();
    }

    /// The server whose state it follows (`track`).
    pub fn tracked(&self) -> Option<Arc<Self>> {
        self.tracked.load_full()
    }

    /// Says whose state it follows.
    pub(crate) fn set_tracked(&self, tracked: Option<Arc<Self>>) {
        self.tracked.store(tracked);
    }

    /// Says who follows it.
    pub(crate) fn set_trackers(&self, trackers: Vec<Weak<Self>>) {
        self.trackers.store(Arc::new(trackers));
    }

    /// One more follows it.
    pub(crate) fn add_tracker(&self, tracker: &Arc<Self>) {
        self.trackers.rcu(|known| {
            let mut all = Vec::clone(known);
            all.push(Arc::downgrade(tracker));
            all
        });
    }

    /// One follows it no longer.
    pub(crate) fn remove_tracker(&self, tracker: &Self) {
        self.trackers.rcu(|known| {
            let mut all = Vec::clone(known);
            all.retain(|one| one.upgrade().is_some_and(|one| one.uid != tracker.uid));
            all
        });
    }

    fn followers(&self) -> Vec<Arc<Self>> {
        self.trackers.load().iter().filter_map(Weak::upgrade).collect()
    }

    /// One change at a time.
    fn turning(&self) -> MutexGuard<'_, ()> {
        self.turning.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
