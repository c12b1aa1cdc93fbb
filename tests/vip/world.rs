//! Three hosts, a client, and the wire between them: network namespaces that are nobody else's.

use nix::sched::{CloneFlags, setns};
use std::fs::File;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread::{self, JoinHandle};
use tempfile::TempDir;

/// The virtual addresses.
pub(crate) const VIP: [u8; 4] = [10, 77, 0, 100];
pub(crate) const VIP6: &str = "fd77::100";

/// The namespaces.
pub(crate) struct World {
    tag: String,
    pub(crate) dir: TempDir,
}

impl World {
    /// None, and why is said, where it cannot be made.
    pub(crate) fn new(name: &str) -> Option<Self> {
        let there = |tool: &str| Command::new(tool).arg("-V").output().is_ok();
        if !nix::unistd::geteuid().is_root() || !there("ip") || !there("nft") {
            eprintln!("skipped: needs root, ip (iproute2) and nft (nftables)");
            assert!(std::env::var_os("LB_DEMAND_TOOLS").is_none() || !nix::unistd::geteuid().is_root());
            return None;
        }
        let tag = format!("lbv{}{name}", std::process::id());
        let dir = tempfile::Builder::new().prefix("lbv").tempdir().unwrap();
        let world = Self { tag, dir };
        if !world.try_sh(&format!("ip netns add {}", world.net())) {
            eprintln!("skipped: no network namespace can be made here");
            return None;
        }
        let mut script =
            format!("n={}\nip -n $n link add br0 type bridge\nip -n $n link set br0 up\n", world.net());
        for (port, (host, number)) in [0, 1, 2, 3].into_iter().zip([(0, 1), (1, 2), (2, 3), (3, 9)]) {
            let ns = world.host(host);
            script += &format!(
                "ip netns add {ns}\n\
                 ip -n $n link add p{port} type veth peer name eth0 netns {ns}\n\
                 ip -n $n link set p{port} master br0 up\n\
                 ip -n {ns} link set lo up\nip -n {ns} link set eth0 up\n\
                 ip -n {ns} addr add 10.77.0.{number}/24 dev eth0\n\
                 ip -n {ns} addr add fd77::{number}/64 dev eth0 nodad\n"
            );
        }
        // What lb itself needs of the kernel: a guard on an interface, for either direction.
        script += &format!(
            "ip netns exec {0} nft 'add table netdev probe\n\
             add chain netdev probe in {{ type filter hook ingress device eth0 priority 0; }}\n\
             add chain netdev probe out {{ type filter hook egress device eth0 priority 0; }}'\n\
             ip netns exec {0} nft delete table netdev probe\n",
            world.host(0)
        );
        if !world.try_sh(&script) {
            eprintln!("skipped: no bridge, pair of interfaces or netdev table can be made here");
            return None;
        }
        Some(world)
    }

    /// The namespace of the wire; host N's interface ends there in `pN`, the client's in `p3`.
    pub(crate) fn net(&self) -> String {
        format!("{}n", self.tag)
    }

    /// A host's namespace; 3 is the client's.
    pub(crate) fn host(&self, index: usize) -> String {
        format!("{}{index}", self.tag)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn sh(&self, script: &str) {
        assert!(self.try_sh(script), "{script}");
    }

    fn try_sh(&self, script: &str) -> bool {
        Command::new("sh").args(["-ec", script]).stdin(Stdio::null()).status().unwrap().success()
    }

    /// A thread on a host.
    pub(crate) fn on<T: Send + 'static>(
        &self,
        index: usize,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> JoinHandle<T> {
        let namespace = File::open(format!("/run/netns/{}", self.host(index))).unwrap();
        thread::spawn(move || {
            setns(namespace, CloneFlags::CLONE_NEWNET).unwrap();
            work()
        })
    }
}

impl Drop for World {
    fn drop(&mut self) {
        for ns in (0..4).map(|index| self.host(index)).chain([self.net()]) {
            let _ = Command::new("ip").args(["netns", "del", &ns]).stderr(Stdio::null()).status();
        }
    }
}
