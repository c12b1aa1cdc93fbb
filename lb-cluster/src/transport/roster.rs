//! Who may connect.

use crate::state::Member;
use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};

/// The members as the transport knows them; clones are the same. It changes when the membership does.
#[derive(Clone, Debug, Default)]
pub struct Roster(Arc<RwLock<Vec<Member>>>);

impl Roster {
    /// A roster of these.
    pub fn new(members: Vec<Member>) -> Self {
        Self(Arc::new(RwLock::new(members)))
    }

    /// Has these take the place of those before. Standing connections of who left end with their next request.
    pub fn replace(&self, members: Vec<Member>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = members;
    }

    /// True when somebody has this address.
    pub(super) fn knows(&self, source: IpAddr) -> bool {
        self.find(|member| member.address.ip() == source).is_some()
    }

    /// Who has both this name and this address.
    pub(crate) fn member(&self, name: &str, source: IpAddr) -> Option<Member> {
        self.find(|member| member.name == name && member.address.ip() == source)
    }

    fn find(&self, which: impl Fn(&Member) -> bool) -> Option<Member> {
        let members = self.0.read().unwrap_or_else(PoisonError::into_inner);
        members.iter().find(|member| which(member)).cloned()
    }
}
