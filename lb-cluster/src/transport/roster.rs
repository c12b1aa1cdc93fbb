//! Who may connect.

use crate::state::Member;
use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};

/// The members as the transport knows them; clones are the same. It changes when the membership does.
#[derive(Clone, Debug, Default)]
pub struct Roster(Arc<RwLock<Known>>);

#[derive(Debug, Default)]
struct Known {
    members: Vec<Member>,
    /// Those that members know.
    vouched: Vec<Member>,
}

impl Roster {
    /// A roster of these.
    pub fn new(members: Vec<Member>) -> Self {
        Self(Arc::new(RwLock::new(Known { members, vouched: Vec::new() })))
    }

    /// Has these take the place of those before. Standing connections of who left end with their next request.
    pub fn replace(&self, members: Vec<Member>) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).members = members;
    }

    /// Has these be let in as well, on the word of members, in place of those before.
    pub fn vouch(&self, vouched: Vec<Member>) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).vouched = vouched;
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
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.members.iter().chain(&known.vouched).find(|member| which(member)).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_vouched_for_is_let_in_until_nobody_does() {
        let member = |name: &str, host| Member {
            name: name.to_owned(),
            address: ([10, 0, 0, host], 7000).into(),
            witness: false,
        };
        let address = |host| IpAddr::from([10, 0, 0, host]);
        let roster = Roster::new(vec![member("a", 1)]);
        assert!(roster.knows(address(1)) && !roster.knows(address(4)));
        roster.vouch(vec![member("d", 4)]);
        assert!(roster.knows(address(4)) && roster.member("d", address(4)).is_some());
        assert_eq!(roster.member("d", address(1)), None);
        // A change of the membership that is older does not shut it out again.
        roster.replace(vec![member("a", 1), member("b", 2)]);
        assert!(roster.knows(address(4)));
        roster.vouch(Vec::new());
        assert!(!roster.knows(address(4)) && roster.knows(address(2)));
    }
}
