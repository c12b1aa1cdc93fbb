//! How nodes of a cluster make changes: all in one order, some a second time, and each on what its own file says.

use super::{Change, PatternEdit, find, find_list};
use crate::acl::Versions;
use crate::admin::authority::Applied;
use crate::compile::{self, Plan};
use crate::listen::Entrance;
use crate::proxy::Backend;
use crate::server::admin;
use std::sync::Arc;

impl Change {
    /// Other nodes make it, too. Counters are each node's own, a frontend is shut down for the life of a process, and
    /// backends that are not in the file are made by each node for itself.
    pub fn is_shared(&self) -> bool {
        !matches!(
            self,
            Self::ClearCounters { .. }
                | Self::ClearServer { .. }
                | Self::AddBackend { .. }
                | Self::DeleteBackend { .. }
                | Self::Frontend { entrance: Entrance::Shut, .. }
        )
    }

    /// The same change in words that mean the same on other nodes: entries of lists are numbered by each node.
    ///
    /// # Errors
    /// What it names is not there.
    pub fn portable(self, plan: &Plan) -> Result<Self, String> {
        let Self::Patterns { list, edit } = self else { return Ok(self) };
        let ordinal = |key: &str| find_list(plan, &list).ok()?.versions().ordinal(key);
        let edit = match edit {
            PatternEdit::Set { key, value } if key.starts_with("#0x") => {
                let (key, nth) = ordinal(&key).ok_or("entry not found.")?;
                PatternEdit::SetNth { key, nth, value }
            }
            PatternEdit::Delete { key } if key.starts_with("#0x") => {
                let (key, nth) = ordinal(&key).ok_or("Key not found.")?;
                PatternEdit::DeleteNth { key, nth }
            }
            edit => edit,
        };
        Ok(Self::Patterns { list, edit })
    }

    /// Makes the change as a node of a cluster: where it is made already, nothing is left to do, and it is no error. Entries of
    /// lists that are there with the same value are not added again.
    ///
    /// # Errors
    /// What it names is not there, or what else forbids it.
    pub fn settle(&self, plan: &Plan) -> Applied {
        match self {
            Self::DeleteServer { backend, server } => {
                let Ok(found) = find(plan, backend, server) else { return Ok(()) };
                // The node that was asked has seen that it is.
                found.set_admin(admin::FORCED_MAINT, 0);
                compile::delete_server(plan, &*super::backend(plan, backend)?, server)
            }
            Self::Patterns { list, edit } => settle_patterns(plan, list, [edit]).pop().unwrap_or(Ok(())),
            change => change.apply(plan),
        }
    }

    /// It has to wait until a server has no connections any more.
    pub fn is_delayed(&self, plan: &Plan) -> bool {
        let Self::DeleteServer { backend, server } = self else { return false };
        let Ok(found) = find(plan, backend, server) else { return false };
        // It shall get no more of them.
        found.set_admin(admin::FORCED_MAINT, 0);
        matches!(compile::removable(plan, &found), Err(compile::Obstacle::Passing(_)))
    }

    /// It is about a server that a command added, and that is there.
    pub fn is_of_added(&self, plan: &Plan) -> bool {
        let found = self.server().and_then(|(backend, server)| find(plan, backend, server).ok());
        found.is_some_and(|server| server.dynamic)
    }

    /// The list of patterns that it edits, and how.
    pub fn as_patterns(&self) -> Option<(&str, &PatternEdit)> {
        match self {
            Self::Patterns { list, edit } => Some((list, edit)),
            _ => None,
        }
    }

    /// The backend and the server that it is about.
    pub fn server(&self) -> Option<(&str, &str)> {
        match self {
            Self::Weight { backend, server, .. }
            | Self::State { backend, server, .. }
            | Self::Health { backend, server, .. }
            | Self::ServerMaxconn { backend, server, .. }
            | Self::Address { backend, server, .. }
            | Self::AddServer { backend, server, .. }
            | Self::DeleteServer { backend, server }
            | Self::Checks { backend, server, .. }
            | Self::Aim { backend, server, .. }
            | Self::Agent { backend, server, .. }
            | Self::Fqdn { backend, server, .. } => Some((backend, server)),
            _ => None,
        }
    }
}

/// Servers that commands added.
pub fn added_servers(plan: &Plan) -> Vec<(String, String)> {
    let of = |backend: &Arc<Backend>| -> Vec<_> {
        let servers = backend.servers.load();
        let added = servers.iter().filter(|server| server.dynamic);
        added.map(|server| (backend.name.clone(), server.name.clone())).collect()
    };
    plan.backends.load().iter().flat_map(of).collect()
}

/// Makes edits of one list, which is arranged anew once. What became of each.
pub fn settle_patterns<'a>(
    plan: &Plan,
    list: &str,
    edits: impl IntoIterator<Item = &'a PatternEdit>,
) -> Vec<Applied> {
    let reference = match find_list(plan, list) {
        Ok(reference) => reference,
        Err(why) => return edits.into_iter().map(|_| Err(why.clone())).collect(),
    };
    let kind = if reference.is_map() { "map" } else { "acl" };
    let made = reference.change(|versions| {
        Ok::<_, String>(edits.into_iter().map(|edit| edit.settle(versions, kind)).collect())
    });
    made.unwrap_or_default()
}

/// Gives a list the version numbers that it has on other nodes.
pub fn renumber_patterns(plan: &Plan, list: &str, current: u32, next: u32) {
    if let Ok(reference) = find_list(plan, list) {
        let _ = reference.change(|versions| {
            versions.renumber(current, next);
            Ok(())
        });
    }
}

/// Lists that no command has changed since they were read.
pub fn pristine_lists(plan: &Plan) -> Vec<String> {
    let pristine = plan.references.iter().filter(|reference| !reference.is_edited());
    pristine.map(|reference| reference.name()).collect()
}

impl PatternEdit {
    fn settle(&self, versions: &mut Versions, kind: &str) -> Applied {
        match self {
            Self::Add { version, entries } => {
                // The cluster has numbered it.
                version.iter().for_each(|version| versions.prepare(*version));
                for (key, value) in versions.lacking(*version, entries) {
                    versions.add(*version, key, value.as_deref(), kind)?;
                }
                Ok(())
            }
            Self::Prepare { version } => {
                versions.prepare(*version);
                Ok(())
            }
            Self::Commit { version } if *version == versions.current() => Ok(()),
            Self::Commit { version } => {
                versions.prepare(*version);
                versions.commit(*version)
            }
            edit => edit.apply(versions, kind),
        }
    }
}
