//! All servers of one node, and what it hears of the others. Pure: it knows no clock, no socket and no thread.

use super::duty::{Circle, order};
use super::target::{Out, Target};
use super::trust::Trust;
use super::view::{Frame, Note, Standing, View};
use crate::state::{Finding, Found, NodeId, Ruling, TargetId, Verdict, Verdicts};
use lb_core::check::Wake;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;
use xxhash_rust::xxh3::xxh3_64;

/// A node that was not heard for so long checks nothing.
const PRESENCE: Duration = Duration::from_millis(1000);
/// How often a node looks at all that is not plainly up.
const SWEEP: Duration = Duration::from_millis(100);
/// How often a node counts what it checks.
const LOOK: Duration = Duration::from_secs(1);
/// Most servers that are shared; what is beyond is each node's own.
pub const MAX_TARGETS: usize = 32_768;
/// Most news that wait for a node. Older ones are dropped.
const MAX_NOTES: usize = 65_536;
/// Most news in one piece.
const NOTES_PER_FRAME: usize = 4096;
/// What nobody names is forgotten after this.
const ORPHANED: Duration = Duration::from_secs(60);
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

/// Another node.
#[derive(Debug, Default)]
struct Peer {
    heard: Option<Duration>,
    fit: bool,
    /// Of the servers that it has now ...
    digest: u64,
    /// ... and of those that are known here.
    known: u64,
    targets: BTreeSet<TargetId>,
    /// It asked for this node's servers.
    asks: bool,
    outbox: VecDeque<Note>,
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
    open: BTreeSet<TargetId>,
    /// ... and those of them of which there is news.
    touched: BTreeSet<TargetId>,
    swept: Duration,
    /// How many servers this node checks, as of the last look.
    duties: usize,
    looked: Duration,
    orphans: BTreeMap<TargetId, Duration>,
    /// What the tasks of checks are asked for.
    pub wakes: Vec<(TargetId, Wake)>,
    /// What has happened.
    pub incidents: Vec<Incident>,
    /// There is something to tell, or to decide perhaps.
    pub stirred: bool,
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
            open: BTreeSet::new(),
            touched: BTreeSet::new(),
            swept: Duration::ZERO,
            duties: 0,
            looked: Duration::ZERO,
            orphans: BTreeMap::new(),
            wakes: Vec::new(),
            incidents: Vec::new(),
            stirred: false,
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

    /// What the cluster says, as far as this node knows.
    pub fn known(&self) -> &Verdicts {
        &self.known
    }

    /// What Raft says of the cluster: who this node is, the others that carry traffic, whether a majority is reached, and
    /// whether this node leads.
    pub fn enter(&mut self, me: NodeId, others: impl IntoIterator<Item = NodeId>, quorum: bool, leads: bool) {
        (self.me, self.quorum, self.leads) = (me, quorum, leads);
        let others: BTreeSet<_> = others.into_iter().collect();
        self.peers.retain(|node, _| others.contains(node));
        for node in others {
            self.peers.entry(node).or_default();
        }
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
        Circle { me: self.me, all, prober, quorum: self.quorum }
    }

    /// A server is checked on this node, or would be. False: there are too many.
    pub fn attend(&mut self, id: TargetId, name: &str, inter: Duration, state: Standing) -> bool {
        if self.targets.contains_key(&id) {
            return true;
        }
        if self.targets.len() >= MAX_TARGETS {
            return false;
        }
        let ruling = self.known.get(id).map_or(Ruling::Up, |verdict| verdict.ruling);
        let target = Target::new(id, shortened(name), inter, state, ruling);
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
            self.open.remove(&id);
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
        if lost && circle.all.len() > 1 && self.trust.lose(id, inter, self.duties, now) {
            self.incidents.push(Incident::Trusts(false));
        }
    }

    /// Traffic could not reach a server: this node looks at it by itself.
    pub fn unreached(&mut self, id: TargetId, now: Duration) {
        let Some(target) = self.targets.get_mut(&id) else { return };
        if self.quorum && target.state.is_up() && !target.is_watched(now) {
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
        let named = before.iter().chain(verdicts.iter()).map(|(id, _)| id);
        for id in named.collect::<BTreeSet<_>>() {
            let verdict = verdicts.get(id);
            let ruling = verdict.map_or(Ruling::Up, |verdict| verdict.ruling);
            let circle = self.circle(id, now);
            let Some(target) = self.targets.get_mut(&id).filter(|target| target.ruling() != ruling) else {
                continue;
            };
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
        if now >= self.looked + LOOK {
            self.looked = now;
            findings = self.forgotten(wall, now);
            findings.truncate(room);
            self.duties = self.targets.keys().filter(|id| self.circle(**id, now).probes()).count();
            let targets = &self.targets;
            let lost = |id| targets.get(&id).is_some_and(Target::is_lost);
            if self.trust.look(lost, now) {
                self.incidents.push(Incident::Trusts(true));
            }
        }
        // What was touched is looked at once; what time alone brings can wait a little.
        let touched = std::mem::take(&mut self.touched);
        let mut candidates = if now >= self.swept + SWEEP {
            self.swept = now;
            self.open.clone().into_iter()
        } else {
            touched.into_iter()
        };
        while let Some(id) = candidates.next() {
            if findings.len() >= room {
                self.touched.insert(id);
                self.touched.extend(candidates);
                break;
            }
            let circle = self.circle(id, now);
            let Some(target) = self.targets.get_mut(&id) else {
                self.open.remove(&id);
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
                    found: target.reason(),
                };
                findings.push(Finding { target: id, verdict });
            }
            if target.is_calm() {
                self.open.remove(&id);
            } else if target.is_asking() {
                self.touched.insert(id);
            }
            self.deliver(out);
        }
        findings
    }

    /// Nodes that are not heard any more: what they were about to find, others look for.
    fn lose_peers(&mut self, now: Duration) {
        let gone: Vec<_> = self
            .peers
            .iter_mut()
            .filter(|(_, peer)| peer.heard.is_some() && !peer.is_present(now))
            .map(|(node, peer)| {
                peer.heard = None;
                *node
            })
            .collect();
        for node in gone {
            for (id, target) in &mut self.targets {
                if target.forget(node) || target.ruling() != Ruling::Up {
                    self.wakes.push((*id, Wake::Now));
                }
            }
        }
    }

    /// Verdicts on servers that no node names: the leader has them forgotten.
    fn forgotten(&mut self, wall: u64, now: Duration) -> Vec<Finding> {
        if !self.leads || !self.quorum {
            self.orphans.clear();
            return Vec::new();
        }
        let named = |id: &TargetId| {
            self.targets.contains_key(id) || self.peers.values().any(|peer| peer.targets.contains(id))
        };
        let alone: BTreeSet<_> = self.known.iter().map(|(id, _)| id).filter(|id| !named(id)).collect();
        self.orphans.retain(|id, _| alone.contains(id));
        let mut findings = Vec::new();
        for id in alone {
            let since = *self.orphans.entry(id).or_insert(now);
            if let Some(verdict) = self.known.get(id).filter(|_| since + ORPHANED <= now) {
                let verdict = Verdict {
                    ruling: Ruling::Up,
                    by: self.me,
                    at: wall,
                    views: Vec::new(),
                    ..verdict.clone()
                };
                findings.push(Finding { target: id, verdict });
            }
        }
        findings
    }

    fn deliver(&mut self, out: Out) {
        self.wakes.extend(out.wakes);
        for (to, note) in out.notes {
            for (node, peer) in &mut self.peers {
                if to.is_none_or(|to| to == *node) && peer.targets.contains(&note.target()) {
                    if peer.outbox.len() == MAX_NOTES {
                        peer.outbox.pop_front();
                    }
                    peer.outbox.push_back(note.clone());
                    self.stirred = true;
                }
            }
        }
    }

    /// There is something to tell a node.
    pub fn has_news(&self, to: NodeId) -> bool {
        self.peers.get(&to).is_some_and(|peer| !peer.outbox.is_empty())
    }

    /// What is to be told to a node now.
    pub fn frame(&mut self, to: NodeId) -> Frame {
        let mut frame = self.greeting(to);
        if let Some(peer) = self.peers.get_mut(&to) {
            let count = peer.outbox.len().min(NOTES_PER_FRAME);
            frame.notes = peer.outbox.drain(..count).collect();
        }
        frame
    }

    /// A node was not reached: it is told later.
    pub fn returned(&mut self, to: NodeId, frame: Frame) {
        if let Some(peer) = self.peers.get_mut(&to) {
            let room = MAX_NOTES.saturating_sub(peer.outbox.len());
            frame.notes.into_iter().rev().take(room).for_each(|note| peer.outbox.push_front(note));
            peer.asks |= frame.targets.is_some();
        }
    }

    /// What a node is answered: nothing new, and nothing that must not be lost.
    pub fn greeting(&mut self, to: NodeId) -> Frame {
        let mut frame =
            Frame { from: self.me, fit: self.trust.holds(), digest: self.digest, ..Frame::default() };
        if let Some(peer) = self.peers.get_mut(&to) {
            frame.asks = peer.known != peer.digest;
            if std::mem::take(&mut peer.asks) {
                frame.targets = Some(self.targets.keys().copied().collect());
            }
        }
        frame
    }

    /// Takes in what another node says, or answers.
    pub fn hear(&mut self, frame: Frame, now: Duration) {
        let from = frame.from;
        if let Some(peer) = self.peers.get_mut(&from) {
            (peer.heard, peer.fit, peer.digest) = (Some(now), frame.fit, frame.digest);
            if let Some(targets) = frame.targets.filter(|targets| targets.len() <= MAX_TARGETS) {
                peer.targets = targets.into_iter().collect();
                peer.known = peer.targets.iter().fold(0, |all, id| all ^ digest(*id));
                self.targets.values_mut().for_each(Target::repeat);
            }
            peer.asks |= frame.asks;
            self.stirred |= !frame.notes.is_empty();
            for note in frame.notes {
                self.note(from, note, now);
            }
        }
    }

    fn note(&mut self, from: NodeId, note: Note, now: Duration) {
        let id = note.target();
        let Some(target) = self.targets.get_mut(&id) else { return };
        let mut out = Out::default();
        match note {
            Note::Doubt { round, .. } => target.doubt(round, now, &mut out),
            Note::View { round, view, .. } => target.hear(from, round, view, now),
        }
        if !target.is_calm() {
            self.touch(id);
        }
        self.deliver(out);
    }
}

impl Peer {
    fn is_present(&self, now: Duration) -> bool {
        self.heard.is_some_and(|heard| now < heard + PRESENCE)
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
