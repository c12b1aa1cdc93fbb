//! Threads that a lease hangs on run before whatever else the machine has to do: a few microseconds of them, many times a second,
//! keep an address where it is. They are real-time threads of the lowest priority where the system lets them, else nice ones; the
//! kernel itself keeps real-time threads from taking a whole processor (`sched_rt_runtime_us`).

use crate::sys;
use nix::sys::resource::{Resource, setrlimit};

/// The lowest of real time.
pub(crate) const PRIORITY: i32 = 1;
/// For [`Resource::RLIMIT_NICE`], whose scale is another: -20.
const NICEST: u64 = 40;

/// Lets threads of this process [`claim`] it also once it has given up its privileges. Without any nothing changes.
pub fn allow() {
    let limits = [(Resource::RLIMIT_RTPRIO, PRIORITY.unsigned_abs().into()), (Resource::RLIMIT_NICE, NICEST)];
    for (resource, limit) in limits {
        if let Err(error) = setrlimit(resource, limit, limit) {
            tracing::debug!("cluster: {resource:?} stays as it is: {error}");
        }
    }
}

/// The calling thread is one of them, as far as the system lets it. What it starts is not.
pub(crate) fn claim() {
    if sys::real_time(PRIORITY).is_err()
        && let Err(error) = sys::nicest()
    {
        tracing::debug!("cluster: a thread is not preferred: {error}");
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::fs;

    /// Of the fields of the calling thread in /proc this one.
    fn field(number: usize) -> String {
        let stat = fs::read_to_string("/proc/thread-self/stat").unwrap();
        let (_, fields) = stat.rsplit_once(") ").unwrap();
        fields.split(' ').nth(number - 3).unwrap().to_owned()
    }

    fn policy() -> String {
        field(41)
    }

    fn nice() -> String {
        field(19)
    }

    #[test]
    fn a_thread_claims_it_and_what_it_starts_does_not_have_it() {
        let claimed = std::thread::spawn(|| {
            super::claim();
            (policy(), std::thread::spawn(policy).join().unwrap())
        });
        let (own, other) = claimed.join().unwrap();
        // Round robin; where it may not be, as before.
        assert!(["2", "0"].contains(&own.as_str()), "{own}");
        assert_eq!(other, "0");
    }

    #[test]
    fn niceness_is_not_passed_on() {
        let claimed = std::thread::spawn(|| {
            let may = crate::sys::nicest().is_ok();
            (may, nice(), std::thread::spawn(nice).join().unwrap())
        });
        let (may, own, other) = claimed.join().unwrap();
        assert_eq!((own.as_str(), other.as_str()), (if may { "-20" } else { "0" }, "0"));
    }
}
