//! What operators changed, in order, without what later changes made void.

use lb_core::admin::{Change, PatternEdit, ServerState};
use serde::{Deserialize, Serialize};

/// What all changes together may take, in bytes. They travel in snapshots and are repeated when a node starts.
const MAX_SIZE: usize = 8 << 20;

/// There is no room for another change.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("The cluster keeps {} MiB of changes and has no room for this one; put them into the configuration, or clear maps and ACLs that are changed at run time.", MAX_SIZE >> 20)]
pub struct Full;

/// Changes to repeat, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Journal {
    entries: Vec<Change>,
    size: usize,
}

impl Journal {
    /// Adds a change, and drops those that it makes void.
    ///
    /// # Errors
    /// There is no room: nothing is changed.
    pub fn record(&mut self, change: &Change) -> Result<(), Full> {
        // A counter is no state that a node would have to catch up with.
        if matches!(change, Change::ClearCounters { .. }) {
            return Ok(());
        }
        let void = |old: &Change| supersedes(change, old, self.has_versions(change));
        let freed = self.entries.iter().filter(|old| void(old)).map(size).sum::<usize>();
        let size = self.size - freed + size(change);
        if size > MAX_SIZE {
            return Err(Full);
        }
        if freed > 0 {
            let kept = self.entries.iter().filter(|old| !void(old)).cloned().collect();
            self.entries = kept;
        }
        self.size = size;
        self.entries.push(change.clone());
        Ok(())
    }

    /// The changes, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Change> {
        self.entries.iter()
    }

    /// True when a list was changed by versions, whose numbers depend on all that came before.
    fn has_versions(&self, change: &Change) -> bool {
        let Change::Patterns { list, .. } = change else { return false };
        self.entries.iter().any(
            |old| matches!(old, Change::Patterns { list: known, edit } if known == list && versioned(edit)),
        )
    }
}

fn versioned(edit: &PatternEdit) -> bool {
    match edit {
        PatternEdit::Prepare | PatternEdit::Commit { .. } => true,
        PatternEdit::Add { version, .. } | PatternEdit::Clear { version } => version.is_some(),
        PatternEdit::Set { .. } | PatternEdit::Delete { .. } => false,
    }
}

/// The bytes of a change as it is kept. What cannot be measured fits nowhere.
fn size(change: &Change) -> usize {
    postcard::experimental::serialized_size(change).unwrap_or(MAX_SIZE)
}

/// True when nothing is left of an older change after a newer one.
fn supersedes(new: &Change, old: &Change, versions: bool) -> bool {
    use Change as C;
    match (new, old) {
        (C::Weight { backend: a, server: b, .. }, C::Weight { backend: c, server: d, .. })
        | (C::Health { backend: a, server: b, .. }, C::Health { backend: c, server: d, .. })
        | (C::Fqdn { backend: a, server: b, .. }, C::Fqdn { backend: c, server: d, .. })
        | (C::ServerMaxconn { backend: a, server: b, .. }, C::ServerMaxconn { backend: c, server: d, .. }) => {
            (a, b) == (c, d)
        }
        (C::State { backend: a, server: b, state }, C::State { backend: c, server: d, state: before }) => {
            (a, b) == (c, d) && (absolute(*state) || !absolute(*before))
        }
        // A port alone keeps the address that came before it, and an address alone the port.
        (
            C::Address { backend: a, server: b, ip, port },
            C::Address { backend: c, server: d, ip: old_ip, port: old_port },
        ) => (a, b) == (c, d) && (ip.is_some() || old_ip.is_none()) && (port.is_some() || old_port.is_none()),
        (C::FrontendMaxconn { frontend: a, .. }, C::FrontendMaxconn { frontend: b, .. }) => a == b,
        (C::GlobalMaxconn { .. }, C::GlobalMaxconn { .. }) => true,
        (C::RateLimit { sessions: a, .. }, C::RateLimit { sessions: b, .. }) => a == b,
        (C::Variable { name: a, .. }, C::Variable { name: b, .. }) => a == b,
        (
            C::Patterns { list: a, edit: PatternEdit::Clear { version: None } },
            C::Patterns { list: b, .. },
        ) => a == b && !versions,
        _ => false,
    }
}

/// True when a state says all: `disable` and `enable` leave draining as it was.
fn absolute(state: ServerState) -> bool {
    matches!(state, ServerState::Ready | ServerState::Drain | ServerState::Maint)
}
