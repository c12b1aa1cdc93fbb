//! A control group whose processes stand still, of either version.

use std::fs;
use std::path::{Path, PathBuf};

/// Where such groups are made, the file that freezes one, and its words.
const KINDS: [(&str, &str, &str, &str); 3] = [
    ("/sys/fs/cgroup", "cgroup.freeze", "1", "0"),
    ("/sys/fs/cgroup/unified", "cgroup.freeze", "1", "0"),
    ("/sys/fs/cgroup/freezer", "freezer.state", "FROZEN", "THAWED"),
];

/// It.
pub(crate) struct Freezer {
    group: PathBuf,
    file: &'static str,
    thawed: &'static str,
}

impl Freezer {
    pub(crate) fn is_there() -> bool {
        Self::empty(&format!("lbv{}probe", std::process::id())).is_some()
    }

    fn empty(name: &str) -> Option<Self> {
        KINDS.into_iter().find_map(|(root, file, _, thawed)| {
            let group = Path::new(root).join(name);
            fs::create_dir(&group).ok()?;
            let freezer = Self { group, file, thawed };
            freezer.group.join(file).exists().then_some(freezer)
        })
    }

    /// Freezes these.
    pub(crate) fn new(name: &str, processes: &[i32]) -> Self {
        let freezer = Self::empty(name).unwrap();
        for process in processes {
            fs::write(freezer.group.join("cgroup.procs"), process.to_string()).unwrap();
        }
        let frozen =
            KINDS.iter().find(|(root, ..)| freezer.group.parent() == Some(Path::new(root))).unwrap().2;
        fs::write(freezer.group.join(freezer.file), frozen).unwrap();
        freezer
    }
}

impl Drop for Freezer {
    /// Lets them go on, where they were before.
    fn drop(&mut self) {
        let _ = fs::write(self.group.join(self.file), self.thawed);
        let processes = fs::read_to_string(self.group.join("cgroup.procs")).unwrap_or_default();
        let parent = self.group.parent().unwrap().join("cgroup.procs");
        for process in processes.lines() {
            let _ = fs::write(&parent, process);
        }
        let _ = fs::remove_dir(&self.group);
    }
}
