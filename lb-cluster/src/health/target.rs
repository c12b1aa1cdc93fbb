//! One server, as one node sees it together with the others. Pure: results, notes of others and what the cluster decided go in;
//! what traffic goes by, whom to ask, and what to propose come out.

mod jury;

use super::duty::Circle;
use super::flips::Flips;
use super::view::{Note, Standing, View};
use crate::state::{Found, NodeId, Ruling, TargetId};
use lb_core::check::Wake;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Nodes that are asked whether they see the same.
const CONFIRMERS: usize = 2;
/// What is waited for beyond some intervals: checks take their time.
const GRACE: Duration = Duration::from_secs(2);

/// What follows from what a node has heard: for others, and for its own checks.
#[derive(Debug, Default)]
pub struct Out {
    /// To one node, or to all.
    pub notes: Vec<(Option<NodeId>, Note)>,
    /// What the tasks of checks are asked for.
    pub wakes: Vec<(TargetId, Wake)>,
}

/// What this node has found by itself, as long as it checks the server.
#[derive(Clone, Debug)]
struct Own {
    view: View,
    round: u32,
}

/// What another node has said.
#[derive(Clone, Debug)]
struct Heard {
    view: View,
    round: u32,
    at: Duration,
}

/// A server that fails here and is up for all.
#[derive(Clone, Debug)]
struct Case {
    /// When it failed first.
    since: Duration,
    /// The round in which others were asked when it did.
    doubt: u32,
    /// The round in which they were asked for their word, and when.
    raised: Option<(u32, Duration)>,
    /// Who was asked in the latest round.
    asked: BTreeSet<NodeId>,
    /// All of them are.
    whole: bool,
}

/// One server.
#[derive(Clone, Debug)]
pub struct Target {
    id: TargetId,
    /// `BACKEND/SERVER`.
    pub name: String,
    /// Time between checks.
    inter: Duration,
    /// What traffic goes by on this node.
    pub state: Standing,
    /// The latest round that is known here.
    round: u32,
    /// The one that was, when the check began that is made now.
    began: u32,
    own: Option<Own>,
    heard: BTreeMap<NodeId, Heard>,
    /// Until when it is checked here because somebody asked.
    doubted: Duration,
    case: Option<Case>,
    ruling: Ruling,
    /// Since when.
    since: Duration,
    found: Found,
    /// What the cluster has said is not yet what traffic goes by.
    owed: bool,
    flips: Flips,
    /// Since when all own checks have passed.
    well_since: Option<Duration>,
    told: Option<(View, u32)>,
    /// What this node has proposed last, and when.
    proposed: Option<(Ruling, Duration)>,
    /// It was well here when the others agreed that it is down, and still is.
    dissents: bool,
}

impl Target {
    /// A server of which the cluster says this, because of that.
    pub fn new(
        id: TargetId,
        name: String,
        inter: Duration,
        state: Standing,
        (ruling, found): (Ruling, Found),
    ) -> Self {
        Self {
            id,
            name,
            inter,
            state,
            round: 0,
            began: 0,
            own: None,
            heard: BTreeMap::new(),
            doubted: Duration::ZERO,
            case: None,
            ruling,
            since: Duration::ZERO,
            found,
            owed: false,
            flips: Flips::default(),
            well_since: None,
            told: None,
            proposed: None,
            dissents: false,
        }
    }

    /// What the cluster says of it.
    pub fn ruling(&self) -> Ruling {
        self.ruling
    }

    /// Its checks' interval.
    pub fn inter(&self) -> Duration {
        self.inter
    }

    /// Nothing is to be decided of it.
    pub fn is_calm(&self) -> bool {
        self.ruling == Ruling::Up && self.case.is_none()
    }

    /// Others are asked whether it is down.
    pub fn is_asking(&self) -> bool {
        self.case.as_ref().is_some_and(|case| case.raised.is_some())
    }

    /// This node sees it worse than the cluster says.
    pub fn is_lost(&self) -> bool {
        self.ruling.is_up() != Some(false) && self.own.as_ref().is_some_and(|own| !own.view.good)
    }

    /// What each node sees of it, as far as this one knows.
    pub fn views(&self, me: NodeId) -> impl Iterator<Item = (NodeId, &View)> {
        let own = self.own.iter().map(move |own| (me, &own.view));
        own.chain(self.heard.iter().map(|(node, heard)| (*node, &heard.view)))
    }

    /// What was found that led to where it is; for log lines.
    pub fn reason(&self) -> Found {
        self.reason_of(self.ruling)
    }

    /// The same, for what it is to become.
    pub fn reason_of(&self, ruling: Ruling) -> Found {
        self.seen(ruling).unwrap_or_else(|| self.found.clone())
    }

    /// What somebody has found who sees it so.
    fn seen(&self, ruling: Ruling) -> Option<Found> {
        let own = self.own.as_ref().map(|own| &own.view);
        let agrees = |view: &&View| view.good == (ruling.is_up() != Some(false));
        let heard = self.heard.values().map(|heard| &heard.view).find(agrees);
        own.filter(agrees).or(heard).map(|view| view.found.clone())
    }

    /// This node is to check it.
    pub fn is_due(&self, circle: &Circle, doubts: bool, now: Duration) -> bool {
        if !circle.quorum || circle.probes() || now < self.doubted || doubts {
            return true;
        }
        match self.ruling.is_up() {
            // Each goes by its own view, so each needs one.
            None => true,
            Some(_) if self.ruling == Ruling::Held => false,
            // Who sees it otherwise goes on looking.
            Some(up) => {
                self.state.is_up() != up
                    || self.own.as_ref().is_some_and(|own| own.view.standing.is_up() != up)
            }
        }
    }

    /// A check begins.
    pub fn begin(&mut self) {
        self.began = self.round;
    }

    /// What traffic goes by is told, and whether the count of results says that it is up: a command may have set both.
    pub fn stands(&mut self, state: Standing, counts_up: bool) {
        self.state = state;
        self.owed &= self.ruling.is_up() != Some(state.is_up());
        if self.own.as_ref().is_some_and(|own| own.view.standing.is_up() != counts_up) {
            (self.own, self.case) = (None, None);
        }
    }

    /// Somebody may not have heard what this node sees: it is told again.
    pub fn repeat(&mut self) {
        self.told = None;
    }

    /// What another node has found, where this one has not looked.
    pub fn hearsay(&self) -> Option<&Found> {
        let sure = |view: &&View| view.is_sure() == Some(true);
        let heard = self.heard.values().map(|heard| &heard.view).find(sure);
        heard.filter(|_| self.own.is_none() && self.ruling == Ruling::Up).map(|view| &view.found)
    }

    /// This node does not check it (any more): what it saw is old soon.
    pub fn leave(&mut self) {
        (self.own, self.case, self.well_since, self.told) = (None, None, None, None);
    }

    /// A check has ended. True when the server was well before, for this node and for all.
    pub fn find(&mut self, view: View, circle: &Circle, now: Duration, out: &mut Out) -> bool {
        let lost = !view.good
            && self.ruling.is_up() == Some(true)
            && self.own.as_ref().is_none_or(|own| own.view.good);
        self.well_since = if view.good { self.well_since.or(Some(now)) } else { None };
        self.dissents &= view.good;
        self.own = Some(Own { view, round: self.began });
        if circle.quorum && self.ruling.is_up() == Some(true) {
            self.suspect(circle, now, out);
        } else {
            self.case = None;
        }
        self.tell(out);
        lost
    }

    /// Tells the others what this node sees, where that is new, or asked for, or where it matters.
    fn tell(&mut self, out: &mut Out) {
        let Some(Own { view, round }) = &self.own else { return };
        let known = self.told.as_ref().is_some_and(|(told, at)| view.repeats(told) && at >= round);
        // Who sees it as all do need not repeat it.
        if known && self.ruling.is_up() == Some(view.standing.is_up()) {
            return;
        }
        self.told = Some((view.clone(), *round));
        out.notes.push((None, Note::View { target: self.id, round: *round, view: view.clone() }));
    }

    /// Has others look, when checks begin to fail and once they have failed for good.
    fn suspect(&mut self, circle: &Circle, now: Duration, out: &mut Out) {
        let Some(Own { view, .. }) = &self.own else { return };
        let down = view.standing == Standing::Down;
        if view.good {
            // On its way up after a command, it is no case.
            self.case.take_if(|_| !down);
            return;
        }
        let new = self.case.is_none();
        let case = self.case.get_or_insert_with(|| Case {
            since: now,
            doubt: u32::MAX,
            raised: None,
            asked: BTreeSet::new(),
            whole: false,
        });
        if !(new || down && case.raised.is_none()) {
            return;
        }
        self.round = self.round.saturating_add(1);
        case.doubt = case.doubt.min(self.round);
        if down {
            case.raised = Some((self.round, now));
        }
        case.asked = circle.others().take(CONFIRMERS).collect();
        ask(self.id, self.round, case.asked.iter().copied(), out);
    }

    /// Another node's checks fail: this one looks at once.
    pub fn doubt(&mut self, round: u32, now: Duration, out: &mut Out) {
        self.round = self.round.max(round);
        self.look_closely(now, out);
    }

    /// Checks it for a while, beginning now.
    pub fn look_closely(&mut self, now: Duration, out: &mut Out) {
        self.doubted = now + self.inter * 3 + GRACE;
        out.wakes.push((self.id, Wake::Now));
    }

    /// This node is asked to look, or looks because of what its traffic met, and has not done so for long.
    pub fn is_watched(&self, now: Duration) -> bool {
        now < self.doubted
    }

    /// What another node sees.
    pub fn hear(&mut self, from: NodeId, round: u32, view: View, now: Duration) {
        self.round = self.round.max(round);
        self.heard.insert(from, Heard { view, round, at: now });
    }

    /// A node is not heard any more.
    pub fn forget(&mut self, node: NodeId) -> bool {
        self.heard.remove(&node).is_some_and(|heard| !heard.view.good)
    }

    /// The cluster says something else of it than before. How long it had been failing here, if it was.
    pub fn adopt(
        &mut self,
        ruling: Ruling,
        found: Found,
        circle: &Circle,
        now: Duration,
        out: &mut Out,
    ) -> Option<Duration> {
        self.flips.note(ruling, now);
        // Of what is up the cluster keeps nothing.
        let found = if found == Found::default() { self.seen(ruling).unwrap_or_default() } else { found };
        let failing = self.case.take().map(|case| now.saturating_sub(case.since));
        (self.ruling, self.since, self.found, self.owed) = (ruling, now, found, true);
        (self.doubted, self.proposed, self.told) = (Duration::ZERO, None, None);
        self.dissents = ruling == Ruling::Down && self.well_since.is_some();
        match ruling.is_up() {
            Some(up) => {
                // Who agrees need not be remembered; who does not will go on saying so.
                self.heard.retain(|_, heard| heard.view.is_sure() == Some(!up));
                let agrees = |own: &Own| own.view.standing.is_up() == up || !up && !own.view.good;
                match &mut self.own {
                    Some(own) if !circle.probes() && agrees(own) => self.own = None,
                    // The prober's own count may not have been so far.
                    Some(own) if !up && !own.view.good => own.view.standing = Standing::Down,
                    _ => {}
                }
            }
            None if self.own.is_none() => out.wakes.push((self.id, Wake::Now)),
            None => self.tell(out),
        }
        out.wakes.push((self.id, Wake::Look));
        failing
    }

    /// What traffic is to go by on this node; none: by what it does. `answered`: how long ago traffic had a good response.
    pub fn resolve(&self, circle: &Circle, answered: Option<Duration>, now: Duration) -> Option<Standing> {
        let good = self.own.as_ref().is_some_and(|own| own.view.good);
        let own = self.own.as_ref().map(|own| own.view.standing);
        if !circle.quorum {
            return own;
        }
        match (self.ruling, own) {
            // Others are asked; what was before holds until they have answered.
            (Ruling::Up | Ruling::Stopping, Some(Standing::Down)) => None,
            (Ruling::Up, Some(Standing::Stopping)) => None,
            (Ruling::Up, Some(Standing::Up)) => Some(Standing::Up),
            // Commands may have set it otherwise since.
            (Ruling::Up, None) => self.owed.then_some(Standing::Up),
            (Ruling::Stopping, _) => Some(Standing::Stopping),
            (Ruling::Down, Some(up)) if up.is_up() && good => {
                (self.dissents || !circle.probes()).then_some(up)
            }
            // It has just served: this node looks by itself first.
            (Ruling::Down, None) if self.is_excused(answered, now) => None,
            (Ruling::Down | Ruling::Held, _) => Some(Standing::Down),
            (Ruling::Disputed, own) => own,
        }
    }

    /// Traffic of this node had a good response within the last interval, so that it does not believe at once that it is down.
    pub fn is_excused(&self, answered: Option<Duration>, now: Duration) -> bool {
        self.ruling == Ruling::Down
            && self.own.is_none()
            && self.state.is_up()
            && answered.is_some_and(|age| age <= self.inter)
            && now < self.since + self.inter
    }
}

fn ask(target: TargetId, round: u32, nodes: impl Iterator<Item = NodeId>, out: &mut Out) {
    out.notes.extend(nodes.map(|node| (Some(node), Note::Doubt { target, round })));
}
