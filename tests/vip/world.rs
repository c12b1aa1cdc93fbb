//! Hosts, a client, and the wires between them: network namespaces that are nobody else's. Each host has two interfaces: `eth0`
//! towards clients, `eth1` towards the other nodes; and `eth2` towards servers, where there are any.

use nix::sched::{CloneFlags, setns};
use std::fs::File;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread::{self, JoinHandle};
use tempfile::TempDir;

/// The virtual addresses.
pub(crate) const VIP: [u8; 4] = [10, 77, 0, 100];
pub(crate) const VIP6: &str = "fd77::100";
/// The client's own.
pub(crate) const CLIENT: [u8; 4] = [10, 77, 0, 99];
pub(crate) const CLIENT6: &str = "fd77::99";

pub(crate) type Mac = [u8; 6];

/// Towards clients, that of a host; the client's has number 99.
pub(crate) const fn mac(number: u8) -> Mac {
    [2, 0x4c, 0x42, 0, 0, number]
}

pub(crate) const CLIENT_MAC: Mac = mac(0x99);

/// The namespaces.
pub(crate) struct World {
    tag: String,
    pub(crate) hosts: usize,
    pub(crate) dir: TempDir,
}

impl World {
    /// None, and why is said, where it cannot be made.
    pub(crate) fn new(name: &str, hosts: usize) -> Option<Self> {
        let there = |tool: &str| Command::new(tool).arg("-V").output().is_ok();
        if !nix::unistd::geteuid().is_root() || !there("ip") || !there("nft") {
            eprintln!("skipped: needs root, ip (iproute2) and nft (nftables)");
            assert!(std::env::var_os("LB_DEMAND_TOOLS").is_none() || !nix::unistd::geteuid().is_root());
            return None;
        }
        let tag = format!("lbv{}{name}", std::process::id());
        let dir = tempfile::Builder::new().prefix("lbv").tempdir().unwrap();
        let world = Self { tag, hosts, dir };
        if !world.try_sh(&format!("ip netns add {}", world.net())) {
            eprintln!("skipped: no network namespace can be made here");
            return None;
        }
        // Whoever may make a namespace may make the rest; what fails there is wrong here, or the kernel's lack.
        if !world.try_sh(&world.script()) {
            assert!(std::env::var_os("LB_DEMAND_TOOLS").is_none(), "no network namespaces like the test's");
            eprintln!("skipped: no bridge, pair of interfaces or netdev table can be made here");
            return None;
        }
        Some(world)
    }

    fn script(&self) -> String {
        let client = self.client();
        let mut script = format!(
            "n={}\nip -n $n link add br0 type bridge\nip -n $n link set br0 up\n\
             ip -n $n link add br1 type bridge\nip -n $n link set br1 up\n\
             wire() {{ ip -n $n link add $1 type veth peer name $3 address $4 netns $2; ip -n $n link set $1 master $5 up
             ip -n $2 link set $3 up; }}\n\
             ip netns add {client}\nip -n {client} link set lo up\n\
             wire client {client} eth0 02:4c:42:00:00:99 br0\n\
             ip -n {client} addr add 10.77.0.99/24 dev eth0\nip -n {client} addr add {CLIENT6}/64 dev eth0 nodad\n",
            self.net()
        );
        for host in 0..self.hosts {
            let (ns, number) = (self.host(host), host + 1);
            script += &format!(
                "ip netns add {ns}\nip -n {ns} link set lo up\n\
                 wire p{host} {ns} eth0 02:4c:42:00:00:0{number} br0\n\
                 wire q{host} {ns} eth1 02:4c:42:00:01:0{number} br1\n\
                 ip -n {ns} addr add 10.77.0.{number}/24 dev eth0\n\
                 ip -n {ns} addr add fd77::{number}/64 dev eth0 nodad\n\
                 ip -n {ns} addr add 10.78.0.{number}/24 dev eth1\n"
            );
        }
        // What lb itself needs of the kernel: a guard on an interface, for either direction.
        script
            + &format!(
                "ip netns exec {0} nft 'add table netdev probe\n\
                 add chain netdev probe in {{ type filter hook ingress device eth0 priority 0; }}\n\
                 add chain netdev probe out {{ type filter hook egress device eth0 priority 0; }}'\n\
                 ip netns exec {0} nft delete table netdev probe\n",
                self.host(0)
            )
    }

    /// Adds wires to a namespace of servers, which has so many addresses, from 10.79.0.101 on.
    pub(crate) fn add_servers(&self, count: usize) {
        let (net, servers) = (self.net(), self.servers());
        let mut script = format!(
            "ip -n {net} link add br2 type bridge\nip -n {net} link set br2 up\n\
             ip netns add {servers}\nip -n {servers} link set lo up\n\
             ip -n {net} link add servers type veth peer name eth0 netns {servers}\n\
             ip -n {net} link set servers master br2 up\nip -n {servers} link set eth0 up\n"
        );
        for server in 0..count {
            script += &format!("ip -n {servers} addr add 10.79.0.{}/24 dev eth0\n", 101 + server);
        }
        for host in 0..self.hosts {
            let (ns, number) = (self.host(host), host + 1);
            script += &format!(
                "ip -n {net} link add r{host} type veth peer name eth2 netns {ns}\n\
                 ip -n {net} link set r{host} master br2 up\nip -n {ns} link set eth2 up\n\
                 ip -n {ns} addr add 10.79.0.{number}/24 dev eth2\n"
            );
        }
        self.sh(&script);
    }

    /// The namespace of servers.
    pub(crate) fn servers(&self) -> String {
        format!("{}s", self.tag)
    }

    /// The namespace of the wires: host N's interfaces end there in `pN`, `qN` and `rN`.
    pub(crate) fn net(&self) -> String {
        format!("{}n", self.tag)
    }

    /// A host's namespace.
    pub(crate) fn host(&self, index: usize) -> String {
        format!("{}{index}", self.tag)
    }

    pub(crate) fn client(&self) -> String {
        format!("{}c", self.tag)
    }

    /// A name that nothing else has.
    pub(crate) fn tag(&self) -> &str {
        &self.tag
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn sh(&self, script: &str) {
        assert!(self.try_sh(script), "{script}");
    }

    pub(crate) fn try_sh(&self, script: &str) -> bool {
        Command::new("sh").args(["-ec", script]).stdin(Stdio::null()).status().unwrap().success()
    }

    /// A thread in a namespace.
    pub(crate) fn within<T: Send + 'static>(
        namespace: &str,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> JoinHandle<T> {
        let namespace = File::open(format!("/run/netns/{namespace}")).unwrap();
        thread::spawn(move || {
            setns(namespace, CloneFlags::CLONE_NEWNET).unwrap();
            work()
        })
    }

    /// One where the client is.
    pub(crate) fn on_client<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> JoinHandle<T> {
        Self::within(&self.client(), work)
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let others = [self.client(), self.servers(), self.net()];
        for ns in (0..self.hosts).map(|index| self.host(index)).chain(others) {
            let _ = Command::new("ip").args(["netns", "del", &ns]).stderr(Stdio::null()).status();
        }
    }
}
