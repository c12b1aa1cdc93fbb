//! What a test's programs leave running when the one that started them died.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Kills every process that was started with `TMPDIR` set to `scratch`, a folder that one test has to itself: those
/// are its own, also those that made themselves daemons. Gives how many there were.
pub fn end_all_of(scratch: &Path) -> usize {
    let mark = [b"TMPDIR=", scratch.as_os_str().as_bytes()].concat();
    let Ok(processes) = fs::read_dir("/proc") else { return 0 };
    let pids = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok());
    pids.filter(|pid| {
        // A process that is gone, or another user's, has nothing to read.
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        let ours = environment.split(|byte| *byte == 0).any(|entry| entry == mark);
        ours && kill(Pid::from_raw(*pid), Signal::SIGKILL).is_ok()
    })
    .count()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use std::os::unix::process::ExitStatusExt;
    use std::process::Command;
    use std::time::Duration;

    #[test]
    fn only_the_tests_own_processes_end() {
        let (mine, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let start = |folder: &Path| Command::new("sleep").arg("60").env("TMPDIR", folder).spawn().unwrap();
        let (mut ends, mut stays) = (start(mine.path()), start(other.path()));
        // Before it has become another program, a child has the environment of its parent.
        let ended = crate::eventually(Duration::from_secs(5), || end_all_of(mine.path()) == 1);
        let still_there = stays.try_wait().unwrap().is_none();
        stays.kill().unwrap();
        stays.wait().unwrap();
        ends.kill().unwrap();
        assert!(ended && still_there);
        assert_eq!(ends.wait().unwrap().signal(), Some(Signal::SIGKILL as i32));
    }
}
