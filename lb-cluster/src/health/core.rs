//! All servers of one node, and what it hears of the others. Pure: it knows no clock, no socket and no thread.

mod orphans;
mod peers;

use super::duty::{Circle, order};
use super::target::{Out, Target};
use super::trust::Trust;
use super::turns::Turns;
use super::view::{Standing, View};
use crate::state::{Finding, Found, NodeId, Ruling, TargetId, Verdict, Verdicts};
use lb_core::check::Wake;
use peers::Peer;
use std::collections::BTreeMap;
use std::time::Duration;
use xxhash_rust::xxh3::xxh3_64;

/// How often a node looks at all that is not plainly up ...
const SWEEP: Duration = Duration::from_millis(100);
/// ... and, where it is more than so much, at so much at a time, more often.
const SWEPT: usize = 256;
const HURRY: Duration = Duration::from_millis(20);
/// Servers of which there is news that are looked at at a time.
const NEWS: usize = 1024;
/// For how long a node knows how many servers it checks.
const LOOK: Duration = Duration::from_secs(1);
/// Most servers that are shared; what is beyond is each node's own.
pub const MAX_TARGETS: usize = 32_768;
/// Longest name that is told, in bytes.
const MAX_NAME: usize = 128;

/// Something that operators may want to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incident {
    /// The cluster agreed on something of a server that failed here; how long it had been failing.
    Agreed(Ruling, Duration),
    /// The cluster says something else of a server.
    Ruled(String, Ruling, Ruling),
    /// This node has begun or ceased to trust what its own checks find.
    Trusts(bool),
}

/// One node.
#[derive(Debug)]
pub struct Core {
    me: NodeId,
    quorum: bool,
    leads: bool,
    trust: Trust,
    targets: BTreeMap<TargetId, Target>,
    digest: u64,
    peers: BTreeMap<NodeId, Peer>,
    known: Verdicts,
    /// Servers of which something may have to be decided ...
    open: Turns,
    /// ... and those of them of which there is news.
    touched: Turns,
    swept: Duration,
    /// How many servers this node checks, and when it counted them.
    duties: Option<(usize, Duration)>,
    orphans: BTreeMap<TargetId, Duration>,
    /// Up to which verdict orphans were looked for.
    searched: TargetId,
    /// What the tasks of checks are asked for.
    pub wakes: Vec<(TargetId, Wake)>,
    /// What has happened.
    pub incidents: Vec<Incident>,
    /// There is something to tell, or to decide perhaps.
    pub stirred: bool,
    /// How many servers the last look at them took.
    #[cfg(test)]
    pub work: usize,
}

impl Core {
    /// A node that has not heard of others.
    pub fn new(me: NodeId) -> Self {
        Self {
            me,
            quorum: false,
            leads: false,
            trust: Trust::default(),
            targets: BTreeMap::new(),
            digest: 0,
            peers: BTreeMap::new(),
            known: Verdicts::default(),
            open: Turns::default(),
            touched: Turns::default(),
            swept: Duration::ZERO,
            duties: None,
            orphans: BTreeMap::new(),
            searched: TargetId::default(),
            wakes: Vec::new(),
            incidents: Vec::new(),
            stirred: false,
            #[cfg(test)]
            work: 0,
        }
    }

    /// This node.
    pub fn me(&self) -> NodeId {
        self.me
    }

    /// Verdicts are shared: a majority is reached.
    pub fn has_quorum(&self) -> bool {
        self.quorum
    }

    /// This node trusts what its own checks find.
    pub fn is_fit(&self) -> bool {
        self.trust.holds()
    }

    /// Its servers.
    pub fn targets(&self) -> impl Iterator<Item = (TargetId, &Target)> {
        self.targets.iter().map(|(id, target)| (*id, target))
    }

    /// One of them.
    pub fn target(&self, id: TargetId) -> Option<&Target> {
        self.targets.get(&id)
    }

    /// What the cluster says, as far as this node knows.
    pub fn known(&self) -> &Verdicts {
        &self.known
    }

    /// Who has to do with a server.
    pub fn circle(&self, target: TargetId, now: Duration) -> Circle {
        let present = |peer: &Peer| peer.is_present(now) && peer.targets.contains(&target);
        let others = self.peers.iter().filter(|(_, peer)| present(peer)).map(|(node, _)| *node);
        let all = order(target, others.chain([self.me]));
        let is_fit = |node: &&NodeId| match self.peers.get(node) {
            Some(peer) => peer.fit,
            None => self.trust.holds(),
        };
        let prober = all.iter().find(is_fit).or(all.first()).copied().unwrap_or(self.me);
        // What cannot be agreed on for lack of room is each node's own.
        let quorum = self.quorum && (!self.known.is_full() || self.known.get(target).is_some());
        Circle { me: self.me, all, prober, quorum }
    }

    /// A server is checked on this node, or would be. False: there are too many.
    pub fn attend(&mut self, id: TargetId, name: &str, inter: Duration, state: Standing) -> bool {
        if self.targets.contains_key(&id) {
            return true;
        }
        if self.targets.len() >= MAX_TARGETS {
            return false;
        }
        let said = self.known.get(id).map(|verdict| (verdict.ruling, verdict.found.clone()));
        let target = Target::new(id, shortened(name), inter, state, said.unwrap_or_default());
        if !target.is_calm() {
            self.open.insert(id);
        }
        self.targets.insert(id, target);
        self.digest ^= digest(id);
        true
    }

    /// It is not, for now or for good.
    pub fn rests(&mut self, id: TargetId) {
        if self.targets.remove(&id).is_some() {
            self.digest ^= digest(id);
            self.open.remove(id);
        }
    }

    /// What another node has found of a server that is well, where this one has not looked.
    pub fn hearsay(&self, id: TargetId) -> Option<&Found> {
        self.targets.get(&id)?.hearsay()
    }

    /// A command may have set what traffic goes by, and the count of results.
    pub fn stands(&mut self, id: TargetId, state: Standing, counts_up: bool) {
        if let Some(target) = self.targets.get_mut(&id) {
            target.stands(state, counts_up);
        }
    }

    /// Whether this node makes the check of a server that is due now.
    pub fn wants(&mut self, id: TargetId, state: Standing, now: Duration) -> bool {
        let (circle, doubts) = (self.circle(id, now), self.trust.doubts(id));
        let Some(target) = self.targets.get_mut(&id) else { return true };
        target.state = state;
        let due = target.is_due(&circle, doubts, now);
        if due {
            target.begin()
        } else {
            target.leave()
        }
        due
    }

    /// A check of this node has ended.
    pub fn found(&mut self, id: TargetId, view: View, state: Standing, now: Duration) {
        let circle = self.circle(id, now);
        let Some(target) = self.targets.get_mut(&id) else { return };
        target.state = state;
        let mut out = Out::default();
        let lost = target.find(view, &circle, now, &mut out) && circle.quorum && circle.probes();
        let (calm, inter) = (target.is_calm(), target.inter());
        if !calm {
            self.touch(id);
            self.stirred = true;
        }
        self.deliver(out);
        if lost && circle.all.len() > 1 {
            let duties = self.duties(now);
            if self.trust.lose(id, inter, duties, now) {
                self.incidents.push(Incident::Trusts(false));
            }
        }
    }

    /// How many servers this node checks. They are counted when it matters, and not for each that is lost.
    fn duties(&mut self, now: Duration) -> usize {
        if let Some((duties, _)) = self.duties.filter(|(_, at)| now < *at + LOOK) {
            return duties;
        }
        let duties = self.targets.keys().filter(|id| self.circle(**id, now).probes()).count();
        self.duties = Some((duties, now));
        duties
    }

    /// Traffic could not reach a server: this node looks at it by itself.
    pub fn unreached(&mut self, id: TargetId, now: Duration) {
        let Some(target) = self.targets.get_mut(&id) else { return };
        // Where the cluster says so already, traffic goes by it at once, and there is nothing to find out.
        let news = target.state.is_up() && target.ruling().is_up() != Some(false);
        if self.quorum && news && !target.is_watched(now) {
            let mut out = Out::default();
            target.look_closely(now, &mut out);
            self.deliver(out);
        }
    }

    /// What traffic of this node is to go by, where it goes by something else now, and why.
    pub fn settle(
        &mut self,
        id: TargetId,
        state: Standing,
        answered: Option<Duration>,
        now: Duration,
    ) -> Option<(Standing, Found)> {
        let circle = self.circle(id, now);
        let target = self.targets.get_mut(&id)?;
        target.state = state;
        let to = target.resolve(&circle, answered, now);
        if to.is_none() && circle.quorum && target.is_excused(answered, now) {
            self.wakes.push((id, Wake::Now));
        }
        to.filter(|to| *to != state).map(|to| (to, target.reason()))
    }

    /// What the cluster has decided by now.
    pub fn adopt(&mut self, verdicts: &Verdicts, now: Duration) {
        let before = std::mem::replace(&mut self.known, verdicts.clone());
        let forgotten = before.iter().filter(|(id, _)| verdicts.get(*id).is_none()).map(|(id, _)| (id, None));
        let said = verdicts.iter().map(|(id, verdict)| (id, Some(verdict)));
        self.orphans.retain(|id, _| verdicts.get(*id).is_some());
        for (id, verdict) in forgotten.chain(said) {
            let ruling = verdict.map_or(Ruling::Up, |verdict| verdict.ruling);
            if self.targets.get(&id).is_none_or(|target| target.ruling() == ruling) {
                continue;
            }
            let circle = self.circle(id, now);
            let Some(target) = self.targets.get_mut(&id) else { continue };
            let was = target.ruling();
            let mut out = Out::default();
            let found = verdict.map(|verdict| verdict.found.clone()).unwrap_or_default();
            let failing = target.adopt(ruling, found, &circle, now, &mut out);
            self.incidents.extend(failing.map(|failing| Incident::Agreed(ruling, failing)));
            self.incidents.push(Incident::Ruled(target.name.clone(), was, ruling));
            self.touch(id);
            self.deliver(out);
        }
    }

    /// There is news of a server that is not plainly up.
    fn touch(&mut self, id: TargetId) {
        self.open.insert(id);
        self.touched.insert(id);
    }

    /// Looks at what time brings: who is gone, and what is to be decided, at most `room` findings. `wall`: milliseconds since
    /// 1970.
    pub fn tick(&mut self, room: usize, wall: u64, now: Duration) -> Vec<Finding> {
        self.lose_peers(now);
        let mut findings = Vec::new();
        // What was touched is looked at once; what time alone brings can wait a little.
        let mut candidates = self.touched.take(NEWS);
        if now >= self.swept + if self.open.len() > SWEPT { HURRY } else { SWEEP } {
            self.swept = now;
            candidates.extend(self.open.next(SWEPT));
            findings = self.forgotten(room, wall, now);
            let lost = |id| self.targets.get(&id).is_some_and(Target::is_lost);
            if self.trust.look(lost, now) {
                self.incidents.push(Incident::Trusts(true));
            }
        }
        candidates.sort_unstable();
        candidates.dedup();
        #[cfg(test)]
        {
            self.work = candidates.len();
        }
        let mut candidates = candidates.into_iter();
        while let Some(id) = candidates.next() {
            if findings.len() >= room {
                [id].into_iter().chain(candidates).for_each(|id| self.touched.insert(id));
                break;
            }
            let circle = self.circle(id, now);
            let Some(target) = self.targets.get_mut(&id) else {
                self.open.remove(id);
                continue;
            };
            let mut out = Out::default();
            if let Some(ruling) = target.decide(&circle, now, &mut out) {
                let views =
                    target.views(self.me).map(|(node, view)| (node, view.standing.is_up() && view.good));
                let verdict = Verdict {
                    ruling,
                    name: target.name.clone(),
                    by: self.me,
                    at: wall,
                    views: views.collect(),
                    found: target.reason_of(ruling),
                };
                findings.push(Finding { target: id, verdict });
            }
            if target.is_calm() {
                self.open.remove(id);
            } else if target.is_asking() {
                self.touched.insert(id);
            }
            self.deliver(out);
        }
        findings
    }
}

fn digest(id: TargetId) -> u64 {
    xxh3_64(&id.0.to_le_bytes())
}

fn shortened(name: &str) -> String {
    name.chars()
        .scan(0, |length, c| {
            *length += c.len_utf8();
            (*length <= MAX_NAME).then_some(c)
        })
        .collect()
}
