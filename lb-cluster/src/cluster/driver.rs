//! What the thread does: looks often, lets the holder decide, and carries out what it says.

mod succession;
mod told;

use super::expiry::Expiry;
use super::{Answer, Order, View};
use crate::authority::{self, Questions};
use crate::counts::Counts;
use crate::events::Events;
use crate::health::{self, Health};
use crate::notify::{Notice, Sender};
use crate::raft::{Error, Node, Role, Settings, Status};
use crate::runtime::{self, Tasks, now, since};
use crate::state::{Decision, NodeId, Tenure};
use crate::transport::Identity;
use crate::vip::{Action, Hands, Holder, Lease, Preference, Reason, Sense, Sight};
use lb_core::process::Severity;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, watch};
use told::Told;

/// How often the holder looks, if nothing wakes it before.
const TICK: Duration = Duration::from_millis(4);
/// A leader whose disk takes longer than this hands over.
const STALLED: Duration = Duration::from_secs(1);
/// A node that stops gives the others so long to take over from it.
const FAREWELL: Duration = Duration::from_millis(500);
/// How often it is looked when the certificate ends.
const HOUR: Duration = Duration::from_secs(3600);
/// What goes on is told again after this.
const REMINDER: Duration = Duration::from_secs(60);

/// What a driver begins with.
pub(crate) struct Beginning {
    /// It never holds.
    pub(crate) witness: bool,
    /// The longest election timeout.
    election: Duration,
    /// How long a new leader waits before it holds.
    succession: Duration,
    identity: Identity,
    hands: Box<dyn Hands>,
    notify: Option<Sender>,
    /// Names of nodes that should rather hold.
    preferred: Vec<String>,
    shown: watch::Sender<Option<View>>,
    events: Events,
    counts: Arc<Counts>,
    /// What sessions ask.
    questions: Option<Questions>,
    health: Health,
}

impl Beginning {
    /// What the settings say, and what they do not.
    pub(crate) fn new(
        settings: &Settings,
        hands: Box<dyn Hands>,
        notify: Option<Sender>,
        shown: watch::Sender<Option<View>>,
    ) -> Self {
        Self {
            witness: settings.me.witness,
            election: settings.election.1,
            succession: settings.succession,
            identity: settings.identity.clone(),
            hands,
            notify,
            preferred: settings.preferred.clone(),
            shown,
            events: settings.events.clone(),
            counts: Arc::clone(&settings.counts),
            questions: None,
            health: settings.health.clone(),
        }
    }

    /// Sessions of the runtime API have changes made by way of this node.
    pub(super) fn with(self, questions: Questions) -> Self {
        Self { questions: Some(questions), ..self }
    }

    /// What an earlier life may have left behind goes first.
    pub(super) fn clean_up(&mut self) {
        self.hands.rebuild();
        self.hands.close();
        self.hands.remove();
    }

    /// Where it tells what happens.
    pub(super) fn events(&self) -> Events {
        self.events.clone()
    }
}

/// A node, and the holder on it.
pub(super) struct Driver {
    node: Arc<Node>,
    holder: Holder,
    hands: Box<dyn Hands>,
    notify: Option<Sender>,
    preference: Preference,
    /// It never holds: a witness, or retired.
    abstains: bool,
    /// Since when it is to retire, once what runs on the addresses has ended.
    retires: Option<Instant>,
    /// The longest election timeout.
    election: Duration,
    /// The holder's clock begins here.
    origin: Instant,
    /// What the hands have told of fences and claims.
    felt: (u64, u64),
    /// When it was last told that another claims an address.
    claimed: Option<Instant>,
    /// Other nodes that were heard lately, while this one leads.
    company: usize,
    /// The term in which this node was asked to step down.
    leaving: Option<u64>,
    /// Whom it was asked to give the addresses to.
    chosen: Option<NodeId>,
    /// In this term they are to go to another, once all that was ordered has been done. Nobody holds them before another
    /// leads, so it is tried until that is so: a transfer may be lost, and a successor be silent just now.
    transfers: Option<u64>,
    /// When it was tried last.
    tried: Option<Instant>,
    stopping: Option<Instant>,
    shown: watch::Sender<Option<View>>,
    /// What is told to the cluster, and to who shall lead.
    words: Tasks,
    events: Events,
    counts: Arc<Counts>,
    told: Told,
    identity: Identity,
    expiry: Expiry,
}

impl Driver {
    pub(super) fn new(node: Arc<Node>, beginning: Beginning) -> Self {
        let Beginning {
            witness,
            election,
            succession,
            hands,
            notify,
            preferred,
            identity,
            shown,
            events,
            counts,
            questions,
            health,
        } = beginning;
        let mut words = Tasks::new();
        if let Some(questions) = questions {
            words.spawn(authority::serve(Arc::clone(&node), questions));
        }
        words.spawn(health::run(Arc::clone(&node), health, Arc::clone(&counts), shown.subscribe()));
        Self {
            node,
            holder: Holder::new(Lease::new(election), succession),
            hands,
            notify,
            preference: Preference::new(preferred),
            abstains: witness,
            retires: None,
            election,
            origin: now(),
            felt: (0, 0),
            claimed: None,
            company: 0,
            leaving: None,
            chosen: None,
            transfers: None,
            tried: None,
            stopping: None,
            shown,
            words,
            events,
            counts,
            told: Told { leader: None, quorum: true, lost: None },
            identity,
            expiry: Expiry::default(),
        }
    }

    pub(super) async fn run(mut self, mut orders: mpsc::Receiver<Order>) {
        let mut changes = self.node.changes();
        let mut tick = runtime::interval(TICK);
        let mut hours = runtime::interval(HOUR);
        loop {
            // In this order: what comes seldom first, so that nothing starves.
            tokio::select! {
                biased;
                order = orders.recv(), if self.stopping.is_none() => match order {
                    Some(Order::StepDown) => self.step_down(),
                    Some(Order::Retire) => self.retire(),
                    Some(Order::Admit(member, answer)) => {
                        let node = Arc::clone(&self.node);
                        self.change(answer, async move { node.admit(member).await.map(drop) });
                    }
                    Some(Order::Remove(id, answer)) => {
                        let node = Arc::clone(&self.node);
                        self.change(answer, async move { node.remove(id).await });
                    }
                    Some(Order::Stop) | None => self.stopping = Some(now()),
                },
                () = hours.tick() => {
                    if let Some(text) = self.expiry.look(self.identity.days_left()) {
                        self.events.tell(Severity::Warning, text);
                    }
                }
                () = tick.tick() => {}
                Some(_) = self.words.join_next() => {}
                true = changes.next() => {}
            }
            let status = self.node.status();
            self.step(&status);
            if self.may_end(&status) {
                break;
            }
        }
        self.words.shutdown().await;
        if let Some(node) = Arc::into_inner(self.node) {
            node.stop().await;
        }
    }

    /// A node that stops waits until another leads, but not for long.
    fn may_end(&self, status: &Status) -> bool {
        self.stopping.is_some_and(|begun| status.role != Role::Leader || since(begun) > FAREWELL)
    }

    fn step(&mut self, status: &Status) {
        let sight = self.sight(status);
        let before = self.holder.held_until();
        for action in self.holder.step(&sight) {
            if let (Action::Guard(_), Some(before)) = (action, before) {
                let margin = before.saturating_sub(sight.now);
                self.counts.margin.observe(margin);
                if margin * 2 < Lease::new(self.election).length() {
                    self.counts.narrow.inc();
                }
            }
            self.act(action, status);
        }
        let quorum = self.has_quorum(status);
        self.report(status, quorum);
        let holder = self.node.holder();
        let until = self.holder.held_until().map(|until| self.origin + until);
        let (leader_heard, counted) = (self.node.leader_heard(), self.node.counters().read());
        let view = Some(View { status: status.clone(), holder, until, quorum, leader_heard, counted });
        self.shown.send_if_modified(|last| {
            let changed = *last != view;
            *last = view;
            changed
        });
    }

    /// Gives the addresses away for good, but not before what runs on them had time to end.
    fn retire(&mut self) {
        if self.retires.is_none() {
            self.retires = Some(now());
            self.abstains |= self.holder.held_until().is_none() || self.hands.may_leave(Duration::ZERO);
        }
    }

    fn sight(&mut self, status: &Status) -> Sight {
        // With one voter nobody is heard, and nothing keeps another from leading.
        let others = status.seats.iter().any(|seat| seat.voter && seat.node != status.node);
        let leads = (status.role == Role::Leader && status.settled && others).then_some(status.term);
        self.prefer(status);
        let stalled = self.node.disk_stalled() > STALLED;
        let asked = self.stopping.is_some() || self.leaving == leads && leads.is_some();
        let sense = self.feel();
        // A transfer bypasses leases: not before the guard is closed.
        let due = self.tried.is_none_or(|at| since(at) > self.election);
        if sense.settled && due && self.transfers == leads && leads.is_some() {
            self.tried = Some(now());
            self.hand_over(status);
        }
        if let Some(begun) = self.retires.filter(|_| !self.abstains) {
            self.abstains = self.holder.held_until().is_none() || self.hands.may_leave(since(begun));
        }
        let fit = !self.abstains && sense.fit;
        self.node.set_fit(fit && self.stopping.is_none());
        let company = status.acked.values().filter(|acked| since(**acked) < self.election).count();
        let returned = company > std::mem::replace(&mut self.company, company);
        Sight {
            leads,
            acked: status.quorum_acked.and_then(|acked| acked.checked_duration_since(self.origin)),
            fit,
            other_fit: leads.is_some() && self.able(status).any(|seat| self.node.is_fit(seat.node)),
            guarded: sense.guarded,
            leaving: self.abstains || stalled || asked,
            stirred: sense.stirred || returned,
            now: since(self.origin),
        }
    }

    /// What the hands feel; what of it is new is counted and told.
    fn feel(&mut self) -> Sense {
        let sense = self.hands.sense();
        let (fenced, claims) = std::mem::replace(&mut self.felt, (sense.fenced, sense.claims));
        (fenced..sense.fenced).for_each(|_| self.counts.fenced.inc());
        if sense.claims > claims && self.claimed.is_none_or(|at| since(at) > REMINDER) {
            self.claimed = Some(now());
            let text = "another machine claims a virtual address that this node holds; it is announced anew.";
            self.events.tell(Severity::Warning, text.to_owned());
        }
        sense
    }

    fn act(&mut self, action: Action, status: &Status) {
        let tenure = |term| Tenure { node: status.node, term };
        match action {
            Action::Rebuild => self.hands.rebuild(),
            Action::Guard(until) => self.hands.guard(self.origin + until),
            Action::Close => self.hands.close(),
            Action::Address => self.hands.address(),
            Action::Remove => self.hands.remove(),
            Action::Announce => self.hands.announce(),
            Action::Acquired(term) => {
                self.counts.acquired.inc();
                let text = format!("this node holds the virtual addresses, term {term}.");
                self.events.tell(Severity::Notice, text);
                self.notify(true, term);
                self.tell(Decision::Acquired(tenure(term)));
            }
            Action::Released(term, reason) => {
                self.counts.released.inc();
                let why = match reason {
                    Reason::Lapsed => "its lease is over",
                    Reason::Unguarded => "the guard was lost",
                    Reason::Unfit => "it cannot serve them",
                    Reason::Leaving => "it hands over",
                };
                let text = format!("this node let go of the virtual addresses of term {term}: {why}.");
                let asked = reason == Reason::Leaving;
                self.events.tell(if asked { Severity::Notice } else { Severity::Warning }, text);
                self.notify(false, term);
                self.tell(Decision::Released(tenure(term)));
            }
            Action::Transfer => (self.transfers, self.tried) = (Some(status.term), None),
        }
    }

    fn notify(&self, acquired: bool, term: u64) {
        if let Some(sender) = &self.notify {
            sender.tell(Notice { acquired, term });
        }
    }

    /// What the cluster hears is a record of what happened, not a permission for it.
    fn tell(&mut self, decision: Decision) {
        let node = Arc::clone(&self.node);
        self.words.spawn(async move {
            if let Err(error) = node.propose(decision).await {
                tracing::debug!("cluster: {error}");
            }
        });
    }

    /// Has the membership changed, and tells how it went.
    fn change(&mut self, answer: Answer, change: impl Future<Output = Result<(), Error>> + Send + 'static) {
        self.words.spawn(async move {
            // Who asked may have gone.
            let _ = answer.send(change.await.map_err(|error| error.to_string()));
        });
    }
}
