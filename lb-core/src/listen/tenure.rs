//! The time within which an address is this node's, as what began in it remembers it.

use super::Permit;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// One tenure. While it lives, something runs by the permit.
#[derive(Debug)]
pub struct Tenure {
    permit: Permit,
    number: u64,
    /// Where it is counted.
    age: usize,
}

impl Tenure {
    /// The one that goes on now.
    pub fn of(permit: &Permit) -> Option<Self> {
        let number = permit.tenure()?;
        let age = permit.age();
        permit.count(age).fetch_add(1, Ordering::AcqRel);
        Some(Self { permit: permit.clone(), number, age })
    }

    /// It has ended: whatever began in it must not go on.
    #[inline]
    pub fn is_over(&self) -> bool {
        self.permit.is_over(self.number)
    }
}

impl Drop for Tenure {
    fn drop(&mut self) {
        self.permit.count(self.age).fetch_sub(1, Ordering::AcqRel);
    }
}

/// Of the addresses that a listener takes connections to, those that are not always this node's.
#[derive(Clone, Debug)]
pub struct Covered {
    ips: Arc<[IpAddr]>,
    permit: Permit,
}

impl Covered {
    /// These.
    pub fn new(ips: impl IntoIterator<Item = IpAddr>, permit: &Permit) -> Self {
        Self { ips: ips.into_iter().collect(), permit: permit.clone() }
    }

    /// Leave to answer at them.
    pub fn permit(&self) -> &Permit {
        &self.permit
    }

    /// Leave that a connection needs which reached this address; none: the address is always this node's.
    pub fn at(&self, reached: SocketAddr) -> Option<&Permit> {
        // A socket for both families knows IPv4 in IPv6's clothes.
        self.ips.contains(&reached.ip().to_canonical()).then_some(&self.permit)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::time::{Duration, Instant};

    const LONG: Duration = Duration::from_secs(600);

    #[test]
    fn what_began_in_a_tenure_ends_with_it() {
        let permit = Permit::default();
        assert!(Tenure::of(&permit).is_none());
        permit.grant(Instant::now() + LONG);
        let tenure = Tenure::of(&permit).unwrap();
        permit.grant(Instant::now() + 2 * LONG);
        assert!(!tenure.is_over());
        permit.withdraw();
        // Also when nobody looked in between.
        permit.grant(Instant::now() + LONG);
        assert!(tenure.is_over() && !Tenure::of(&permit).unwrap().is_over());
    }

    #[test]
    fn what_runs_is_counted_apart_once_it_is_to_part() {
        let permit = Permit::default();
        permit.grant(Instant::now() + LONG);
        let before = Tenure::of(&permit);
        permit.part();
        let since = Tenure::of(&permit);
        assert_eq!(permit.running(), (1, 2));
        drop(before);
        assert_eq!(permit.running(), (0, 1));
        permit.refuse();
        assert!(permit.is_granted() && !permit.takes_more() && !since.as_ref().unwrap().is_over());
        drop(since);
        assert_eq!(permit.running(), (0, 0));
    }

    #[test]
    fn leave_is_needed_at_what_is_covered_alone() {
        let covered = Covered::new(["10.0.0.9".parse().unwrap()], &Permit::default());
        let needs = |address: &str| covered.at(address.parse().unwrap()).is_some();
        assert!(needs("10.0.0.9:80") && needs("[::ffff:10.0.0.9]:80"));
        assert!(!needs("10.0.0.1:80") && !needs("[::1]:80"));
    }
}
