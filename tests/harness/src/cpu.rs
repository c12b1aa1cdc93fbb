//! What a process and its descendants have used, read from `/proc` (proc(5)).

use std::fs;
use std::io;
use std::ops::AddAssign;
use std::time::Duration;

/// The unit of CPU times in `/proc/PID/stat`: `USER_HZ` is 100 on every Linux that Debian runs on.
const TICK: Duration = Duration::from_millis(10);

/// CPU time since the start of each process, and memory at this moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Time in user mode. The split between user and system is sampled by the kernel, the sum is exact to 10 ms.
    pub user: Duration,
    /// Time in the kernel.
    pub system: Duration,
    /// Resident memory in bytes; a page that two processes share counts twice.
    pub resident: u64,
}

impl Usage {
    /// User and system time together.
    pub fn total(&self) -> Duration {
        self.user + self.system
    }

    /// Of one process with all its threads.
    ///
    /// # Errors
    /// When there is no such process.
    pub fn of(pid: u32) -> io::Result<Usage> {
        let (_, usage) = read(pid)?;
        Ok(usage)
    }

    /// Of a process and all its descendants, such as a monitor and its workers.
    ///
    /// # Errors
    /// When the process itself is gone; descendants that end meanwhile are left out.
    pub fn of_tree(pid: u32) -> io::Result<Usage> {
        let mut sum = Usage::of(pid)?;
        let all = processes()?;
        let mut parents = vec![pid];
        while let Some(parent) = parents.pop() {
            for (child, _, usage) in all.iter().filter(|(_, its_parent, _)| *its_parent == parent) {
                sum += *usage;
                parents.push(*child);
            }
        }
        Ok(sum)
    }
}

impl AddAssign for Usage {
    fn add_assign(&mut self, other: Usage) {
        self.user += other.user;
        self.system += other.system;
        self.resident += other.resident;
    }
}

/// Every process as (pid, parent, usage).
fn processes() -> io::Result<Vec<(u32, u32, Usage)>> {
    let pids = fs::read_dir("/proc")?.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    Ok(pids.filter_map(|pid| read(pid).ok().map(|(parent, usage)| (pid, parent, usage))).collect())
}

/// The parent and usage of one process.
fn read(pid: u32) -> io::Result<(u32, Usage)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let malformed = || io::Error::other(format!("/proc/{pid}/stat has an unknown shape: {stat}"));
    let (parent, user, system) = parse_stat(&stat).ok_or_else(malformed)?;
    // A process that has ended but isn't waited for has no memory line.
    let resident = parse_resident(&status).unwrap_or(0);
    Ok((parent, Usage { user, system, resident }))
}

/// (parent, user, system) of a line of `/proc/PID/stat`. The name in parentheses may hold anything.
fn parse_stat(stat: &str) -> Option<(u32, Duration, Duration)> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_ascii_whitespace();
    let parent = fields.nth(1)?.parse().ok()?;
    let user: u32 = fields.nth(9)?.parse().ok()?;
    let system: u32 = fields.next()?.parse().ok()?;
    Some((parent, TICK * user, TICK * system))
}

/// Bytes of the `VmRSS` line of `/proc/PID/status`.
fn parse_resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use std::process::{self, Command, Stdio};

    #[test]
    fn a_name_with_spaces_and_parentheses_does_not_shift_the_fields() {
        let stat = "12 (a) b (c) S 7 12 12 0 -1 4194560 1 2 3 4 250 31 9 9 20 0 1 0 55 1000 200";
        let (parent, user, system) = parse_stat(stat).unwrap();
        assert_eq!((parent, user.as_millis(), system.as_millis()), (7, 2500, 310));
    }

    #[test]
    fn resident_memory_is_in_bytes() {
        assert_eq!(parse_resident("Name:\tx\nVmRSS:\t    1234 kB\nThreads:\t1\n"), Some(1234 * 1024));
        assert_eq!(parse_resident("Name:\tx\nState:\tZ (zombie)\n"), None);
    }

    #[test]
    fn a_child_counts_with_its_parent() {
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let all = processes().unwrap();
        let child_pages = Usage::of(child.id()).unwrap().resident;
        let tree = Usage::of_tree(process::id()).unwrap();
        drop(child.stdin.take());
        child.wait().unwrap();
        assert!(all.iter().any(|(pid, parent, _)| *pid == child.id() && *parent == process::id()));
        assert!(child_pages > 0 && tree.resident > child_pages);
        assert!(Usage::of_tree(u32::MAX).is_err());
    }
}
