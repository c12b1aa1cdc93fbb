//! What one node knows of the others, what it has to tell them, and what it hears.

use super::{Core, MAX_TARGETS, digest};
use crate::health::target::{Out, Target};
use crate::health::view::{Frame, Note};
use crate::state::{NodeId, Ruling, TargetId};
use lb_core::check::Wake;
use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

/// A node that was not heard for so long checks nothing.
const PRESENCE: Duration = Duration::from_millis(1000);
/// Most news that wait for a node. Older ones are dropped.
const MAX_NOTES: usize = 65_536;
/// Most news in one piece.
const NOTES_PER_FRAME: usize = 4096;

/// Another node.
#[derive(Debug, Default)]
pub(super) struct Peer {
    heard: Option<Duration>,
    pub(super) fit: bool,
    /// Of the servers that it has now ...
    digest: u64,
    /// ... and of those that are known here.
    known: u64,
    pub(super) targets: BTreeSet<TargetId>,
    /// It asked for this node's servers.
    asks: bool,
    outbox: VecDeque<Note>,
}

impl Peer {
    pub(super) fn is_present(&self, now: Duration) -> bool {
        self.heard.is_some_and(|heard| now < heard + PRESENCE)
    }
}

impl Core {
    /// What Raft says of the cluster: who this node is, the others that carry traffic, whether a majority is reached, and
    /// whether this node leads.
    pub fn enter(&mut self, me: NodeId, others: impl IntoIterator<Item = NodeId>, quorum: bool, leads: bool) {
        (self.me, self.quorum, self.leads) = (me, quorum, leads);
        let others: BTreeSet<_> = others.into_iter().collect();
        let removed: Vec<_> = self.peers.keys().filter(|node| !others.contains(node)).copied().collect();
        for node in removed {
            self.peers.remove(&node);
            self.forget(node);
        }
        for node in others {
            self.peers.entry(node).or_default();
        }
    }

    /// Nodes that are not heard any more.
    pub(super) fn lose_peers(&mut self, now: Duration) {
        let gone: Vec<_> = self
            .peers
            .iter_mut()
            .filter(|(_, peer)| peer.heard.is_some() && !peer.is_present(now))
            .map(|(node, peer)| {
                peer.heard = None;
                *node
            })
            .collect();
        gone.into_iter().for_each(|node| self.forget(node));
    }

    /// A node is gone: what it was about to find, others look for.
    pub(super) fn forget(&mut self, node: NodeId) {
        for (id, target) in &mut self.targets {
            if target.forget(node) || target.ruling() != Ruling::Up {
                self.wakes.push((*id, Wake::Now));
            }
        }
    }

    pub(super) fn deliver(&mut self, out: Out) {
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

    /// What is to be told to a node now: servers or news, since both might be too much for one piece.
    pub fn frame(&mut self, to: NodeId) -> Frame {
        let mut frame = self.greeting(to);
        if let Some(peer) = self.peers.get_mut(&to).filter(|_| frame.targets.is_none()) {
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

    pub(super) fn note(&mut self, from: NodeId, note: Note, now: Duration) {
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
