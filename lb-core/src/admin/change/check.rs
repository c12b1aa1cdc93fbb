//! Whether a change could be made, before others are asked.

use super::{Change, PatternEdit, find, find_list};
use crate::acl::Versions;
use crate::admin::authority::Applied;
use crate::compile::{self, Obstacle, Plan};

impl Change {
    /// Finds what would keep this node from making the change, as far as it can tell without making it: where it finds nothing,
    /// [`Change::apply`] may still fail. Nothing is changed.
    ///
    /// # Errors
    /// What is wrong, in the words of [`Change::apply`].
    pub fn check(&self, plan: &Plan) -> Applied {
        match self {
            Self::AddServer { backend, server, words } => {
                compile::check_server(plan, &*super::backend(plan, backend)?, server, words)
            }
            Self::DeleteServer { backend, server } => {
                let server = find(plan, backend, server)?;
                compile::removable(plan, &server).map_err(Obstacle::why).map_err(str::to_owned)
            }
            Self::Address { backend, server, ip: None, .. } => {
                let known = find(plan, backend, server)?.address().ip();
                known.map(drop).ok_or_else(|| "The server has no address yet.".to_owned())
            }
            Self::Patterns { list, edit } => {
                let reference = find_list(plan, list)?;
                edit.check(&reference.versions(), if reference.is_map() { "map" } else { "acl" })
            }
            _ => Ok(()),
        }
    }
}

impl PatternEdit {
    /// Versions and keys; whether a value is one for the map shows when it is there.
    fn check(&self, versions: &Versions, kind: &str) -> Applied {
        let there = |key: &str| versions.entries().any(|entry| &*entry.key == key);
        match self {
            Self::Add { version: Some(version), .. } if *version > versions.next() => {
                Err(format!("Version number in the future, please use 'prepare {kind}' before."))
            }
            Self::Set { key, .. } | Self::SetNth { key, .. } if !there(key) => Err("entry not found.".into()),
            Self::Delete { key } | Self::DeleteNth { key, .. } if !there(key) => Err("Key not found.".into()),
            _ => Ok(()),
        }
    }
}
