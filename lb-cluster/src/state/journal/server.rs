//! Which changes of a server make older ones void.

use super::{Entry, Fate, GONE, Journal, Verdict};
use lb_core::admin::{Change, ServerState};

/// True when nothing is left of an older change of a server after a newer one.
pub(super) fn supersedes(new: &Change, old: &Change) -> bool {
    use Change as C;
    match (new, old) {
        (C::DeleteServer { .. }, _)
        | (C::Weight { .. }, C::Weight { .. })
        | (C::Health { .. }, C::Health { .. })
        | (C::Fqdn { .. }, C::Fqdn { .. })
        | (C::Agent { .. }, C::Agent { .. })
        | (C::ServerMaxconn { .. }, C::ServerMaxconn { .. }) => true,
        (C::State { state, .. }, C::State { state: before, .. }) => says(*before) & !says(*state) == 0,
        // What goes into maintenance has no health when it comes back.
        (C::State { .. }, C::Health { .. }) => halts(new),
        (C::Checks { agent, .. }, C::Checks { agent: before, .. }) => agent == before,
        // A port alone keeps the address that came before it, and an address alone the port.
        (C::Address { ip, port, .. }, C::Address { ip: old_ip, port: old_port, .. }) => {
            (ip.is_some() || old_ip.is_none()) && (port.is_some() || old_port.is_none())
        }
        (C::Aim { agent, aim, .. }, C::Aim { agent: before, aim: old, .. }) => {
            agent == before
                && (aim.ip.is_some() || old.ip.is_none())
                && (aim.port.is_some() || old.port.is_none())
                && (aim.send.is_some() || old.send.is_none())
        }
        _ => false,
    }
}

/// What a state decides, as bits: maintenance by command, by the file, and draining. It is void when another decides all of it.
fn says(state: ServerState) -> u8 {
    match state {
        ServerState::Ready | ServerState::Drain => 0b111,
        ServerState::Maint => 0b101,
        ServerState::Enabled => 0b110,
        ServerState::Disabled => 0b100,
    }
}

/// It puts a server into maintenance.
pub(super) fn halts(change: &Change) -> bool {
    matches!(change, Change::State { state: ServerState::Maint | ServerState::Disabled, .. })
}

impl Journal {
    /// What a command said of the server that it added, if it is there.
    pub(super) fn added<'a>(&'a self, known: &[u64]) -> Option<&'a Vec<String>> {
        known.iter().find_map(|at| match &self.entries.get(at)?.change {
            Change::AddServer { words, .. } => Some(words),
            _ => None,
        })
    }

    pub(super) fn judge_new(&self, words: &[String], known: &[u64]) -> Verdict {
        match self.added(known) {
            Some(before) if before == words => Verdict::Pass,
            Some(_) => Verdict::Refuse("Already exists a server with the same name in backend.".to_owned()),
            None => Verdict::Keep,
        }
    }

    /// It is in maintenance by the last command, and has no health.
    pub(super) fn is_halted(&self, known: &[u64]) -> bool {
        let mut changes = known.iter().rev().filter_map(|at| self.entries.get(at));
        changes
            .find(|entry| matches!(entry.change, Change::State { .. }))
            .is_some_and(|last| halts(&last.change))
    }

    /// It is the state in which a health was set: in maintenance that would mean nothing.
    pub(super) fn lets_health(&self, at: u64, known: &[u64]) -> bool {
        let later = known.iter().filter(|later| **later > at);
        let mut kinds = later.filter_map(|later| match self.entries.get(later)?.change {
            Change::State { .. } => Some(false),
            Change::Health { .. } => Some(true),
            _ => None,
        });
        kinds.next() == Some(true)
    }

    /// A newer maintenance ends a health by what becomes of this entry, or takes the place of one that did.
    pub(super) fn is_ended(&self, at: u64, fate: &Fate) -> bool {
        let ended = |entry: &Entry| entry.ends || matches!(entry.change, Change::Health { .. });
        *fate == Fate::Void && self.entries.get(&at).is_some_and(ended)
    }

    /// A server that a command added, and that stands in no file since, leaves no entry when it goes.
    pub(super) fn leaves(&self, change: &Change, known: &[u64]) -> bool {
        matches!(change, Change::DeleteServer { .. })
            && self.added(known).is_some()
            && self.deleted(known).is_none()
    }

    /// What the file said of a server that was deleted once, added, and is deleted again.
    pub(super) fn listed_as(&self, change: &Change, known: &[u64]) -> Option<u64> {
        matches!(change, Change::DeleteServer { .. }).then(|| self.deleted(known)).flatten()
    }

    fn deleted(&self, known: &[u64]) -> Option<u64> {
        known.iter().find_map(|at| match self.entries.get(at)? {
            Entry { change: Change::DeleteServer { .. }, base, .. } => Some(*base),
            _ => None,
        })
    }

    /// Remembers one that is gone for a while.
    pub(super) fn remember(&mut self, index: u64, change: &Change) {
        let Change::DeleteServer { backend, server } = change else { return };
        self.gone.push_back((index, backend.clone(), server.clone()));
        if self.gone.len() > GONE
            && let Some((forgotten, ..)) = self.gone.pop_front()
        {
            self.horizon = forgotten;
        }
    }
}
