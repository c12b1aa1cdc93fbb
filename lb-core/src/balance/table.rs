//! What an algorithm chooses from.

use crate::clock;
use crate::server::Server;
use crate::server::slowstart::STEPS;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// The servers that may be chosen, and what an algorithm prepared from them.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// The farm's count of changes when this was made.
    pub(super) changes: u64,
    /// The servers in use, in file order: active ones, else backups.
    pub(super) members: Vec<Member>,
    /// Members in the order of turns, each as often as its weight has it: indices into the backend's servers.
    pub(super) slots: Vec<u32>,
    /// What weights are multiplied by, so that those that warm up may have a part of theirs.
    pub(super) scale: u32,
    /// While some server warms up: when the weights are others, in milliseconds since the start of the process.
    pub(super) until: Option<u64>,
    /// Consistent hashing: points of a ring of 2^32 in ascending order, with indices into the backend's servers.
    pub(super) ring: Vec<(u32, u32)>,
}

/// A server that may be chosen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Member {
    /// Its index among the backend's servers.
    pub(super) index: u32,
    /// Its weight now, at least 1, times the table's scale.
    pub(super) weight: u32,
}

impl Table {
    /// The members of `servers` as they are now; nothing else is prepared. `dynamic`: weights may change, so that those
    /// that warm up get a part of theirs.
    pub(super) fn of(servers: &[Arc<Server>], all_backups: bool, dynamic: bool) -> Self {
        // Read before the states, so that a change in between makes another table.
        let changes = servers.first().map_or(0, |server| server.farm.changes());
        let usable = |backup: bool| {
            servers.iter().zip(0u32..).filter_map(move |(server, index)| {
                let weight = server.weight.load(Ordering::Relaxed);
                (server.config.backup == backup && weight > 0 && server.usable())
                    .then_some(Member { index, weight })
            })
        };
        let mut members: Vec<_> = usable(false).collect();
        if members.is_empty() {
            members = usable(true).take(if all_backups { usize::MAX } else { 1 }).collect();
        }
        let warming = |member: &Member| servers.get(member.index as usize)?.warms_in();
        let until = if dynamic { members.iter().filter_map(warming).min() } else { None };
        let scale = if until.is_some() { STEPS } else { 1 };
        if until.is_some() {
            for member in &mut members {
                let warmth = servers.get(member.index as usize).map_or(STEPS, |server| server.warmth());
                member.weight *= warmth;
            }
        }
        let until = until.map(|millis| clock::millis() + millis);
        for (server, index) in servers.iter().zip(0u32..) {
            let rotating = members.iter().any(|member| member.index == index);
            server.rotating.store(rotating, Ordering::Relaxed);
        }
        Self { changes, members, scale, until, ..Self::default() }
    }

    /// Indices and weights, divided by their greatest common divisor.
    pub(super) fn weights(&self) -> Vec<(u32, u32)> {
        let divisor = self.members.iter().fold(0, |divisor, member| gcd(divisor, member.weight)).max(1);
        self.members.iter().map(|member| (member.index, member.weight / divisor)).collect()
    }
}

/// The greatest common divisor; of 0 and n it is n.
pub(super) fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}
