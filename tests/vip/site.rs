//! What runs on the hosts: lb as nodes of a cluster, or lb behind keepalived.

use crate::client::{Client, Echo, Seen, ask};
use crate::fault::Fault;
use crate::freezer::Freezer;
use crate::world::{VIP6, World};
use lb_harness::command;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs::{self, File};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// No wait is longer.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);
/// Long enough to see what goes on.
pub(crate) const A_WHILE: Duration = Duration::from_millis(500);

/// Who moves the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mover {
    /// lb, with the default times or longer ones.
    Lb { patient: bool, arguments: &'static [&'static str], more: &'static str, front: &'static str },
    /// keepalived, with so long between two advertisements.
    Keepalived(&'static str),
}

/// lb as most tests have it: patient, since the machine may have much else to do.
pub(crate) const LB: Mover = Mover::Lb { patient: true, arguments: &[], more: "", front: "" };

/// Hosts on which it runs.
pub(crate) struct Site {
    pub(crate) world: World,
    mover: Mover,
    running: Vec<Vec<Child>>,
    frozen: Option<Freezer>,
    _echo: Echo,
}

/// What one fault has shown.
pub(crate) struct Episode {
    pub(crate) seen: Seen,
    pub(crate) begun: Instant,
    /// When the fault ended.
    pub(crate) healed: Instant,
    pub(crate) first: usize,
    /// Who took over.
    pub(crate) second: Option<usize>,
}

impl Site {
    /// None where there is no world.
    pub(crate) fn start(name: &str, mover: Mover) -> Option<Self> {
        Self::start_some(name, mover, 3)
    }

    /// The same with as many hosts.
    pub(crate) fn start_some(name: &str, mover: Mover, hosts: usize) -> Option<Self> {
        World::new(name, hosts).map(|world| Self::start_in(world, mover))
    }

    /// The same in a world that is there.
    pub(crate) fn start_in(world: World, mover: Mover) -> Self {
        let hosts = world.hosts;
        let names = (0..hosts).map(Self::name);
        let mut keygen = Command::new(env!("CARGO_BIN_EXE_lb"));
        keygen.args(["cluster", "keygen"]).arg(world.path("keys")).args(names).stdout(Stdio::null());
        assert!(keygen.status().unwrap().success());
        let (running, echo) = ((0..hosts).map(|_| Vec::new()).collect(), Echo::start(&world));
        let mut site = Self { world, mover, running, frozen: None, _echo: echo };
        (0..hosts).for_each(|index| site.start_host(index));
        site.holder();
        site
    }

    pub(crate) fn is_lb(&self) -> bool {
        matches!(self.mover, Mover::Lb { .. })
    }

    pub(crate) fn name(index: usize) -> String {
        format!("lb{}", index + 1)
    }

    /// What a host has written so far.
    pub(crate) fn said(&self, index: usize) -> String {
        fs::read_to_string(self.world.path(&format!("{}.log", Self::name(index)))).unwrap_or_default()
    }

    pub(crate) fn start_host(&mut self, index: usize) {
        let name = Self::name(index);
        let path = |end: &str| self.world.path(&format!("{name}.{end}"));
        let answer = format!("http-request return status 200 content-type text/plain string {name}");
        let proxy = format!(
            "global\n localpeer {name}\n nbthread 1\n stats socket {} level admin cluster-write\ndefaults\n mode http\n \
             timeout client 5s\n timeout connect 5s\n timeout server 5s\nfrontend own\n bind 10.77.0.{}:8080\n \
             http-request use-service prometheus-exporter\n",
            path("sock").display(),
            index + 1
        );
        let nodes: String = (0..self.world.hosts)
            .map(|node| format!(" node {} 10.78.0.{}:7000\n", Self::name(node), node + 1))
            .collect();
        let (config, arguments) = match self.mover {
            Mover::Lb { patient, arguments, more, front } => {
                let times = if patient { " election-timeout 500ms 1s\n heartbeat 100ms\n" } else { "" };
                let config = format!(
                    "{proxy}frontend site\n bind 10.77.0.100:80\n bind {VIP6}:80\n {answer}\n{front}\
                     cluster edge\n{nodes} \
                     virtual-ip 10.77.0.100 interface eth0\n virtual-ip {VIP6} interface eth0\n \
                     data-dir {}\n crt {}/{name}.pem ca-file {}/ca.pem\n{times}{more}",
                    path("data").display(),
                    self.world.path("keys").display(),
                    self.world.path("keys").display()
                );
                (config, arguments)
            }
            Mover::Keepalived(_) => (format!("{proxy}frontend site\n bind *:80\n {answer}\n"), &[][..]),
        };
        fs::write(path("cfg"), config).unwrap();
        let log = File::options().create(true).append(true).open(path("log")).unwrap();
        let run = |program: &str, arguments: &[&str]| {
            let mut command = Command::new("ip");
            command.args(["netns", "exec", &self.world.host(index), program]).args(arguments);
            command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log.try_clone().unwrap());
            command.spawn().unwrap()
        };
        let file = path("cfg").display().to_string();
        let arguments = [arguments, &["-f", &file]].concat();
        let mut running = vec![run(env!("CARGO_BIN_EXE_lb"), &arguments)];
        if let Mover::Keepalived(interval) = self.mover {
            let peers: String = (0..self.world.hosts)
                .filter(|peer| *peer != index)
                .map(|peer| format!("10.77.0.{}\n", peer + 1))
                .collect();
            let config = format!(
                "vrrp_instance v {{\nstate BACKUP\ninterface eth0\nvirtual_router_id 7\npriority {}\nadvert_int {interval}\n\
                 nopreempt\nversion 3\nunicast_src_ip 10.77.0.{}\nunicast_peer {{\n{peers}}}\nvirtual_ipaddress {{\n10.77.0.100/32\n}}\n}}\n",
                100 + index,
                index + 1
            );
            fs::write(path("keepalived"), config).unwrap();
            let (file, pid) = (path("keepalived").display().to_string(), path("pid").display().to_string());
            let vrrp = path("vrrp").display().to_string();
            running.push(run("keepalived", &["-n", "-l", "-D", "-P", "-f", &file, "-p", &pid, "-r", &vrrp]));
        }
        self.running[index] = running;
    }

    /// The processes of a host: what was started, and their children.
    fn processes(&self, index: usize) -> Vec<Pid> {
        let mut all: Vec<u32> = self.running[index].iter().map(Child::id).collect();
        for parent in all.clone() {
            all.extend(children(parent));
        }
        all.into_iter().map(|pid| Pid::from_raw(i32::try_from(pid).unwrap())).collect()
    }

    /// The first child of what was started first: a monitor's worker.
    pub(crate) fn worker(&self, index: usize) -> Pid {
        let monitor = self.running[index][0].id();
        Pid::from_raw(i32::try_from(children(monitor)[0]).unwrap())
    }

    pub(crate) fn signal(&self, index: usize, signal: Signal) {
        // Whoever is asked to end asks its children by itself.
        let asked = if signal == Signal::SIGTERM { self.running[index].len() } else { usize::MAX };
        for process in self.processes(index).into_iter().take(asked) {
            let _ = kill(process, signal);
        }
    }

    /// Waits until what ran there has ended, and forgets it.
    pub(crate) fn reap(&mut self, index: usize) {
        for mut child in std::mem::take(&mut self.running[index]) {
            child.wait().unwrap();
        }
    }

    /// Has all processes of a host stand still.
    pub(crate) fn freeze(&mut self, index: usize) {
        let processes: Vec<_> = self.processes(index).into_iter().map(Pid::as_raw).collect();
        self.frozen = Some(Freezer::new(&format!("{}freeze", self.world.tag()), &processes));
    }

    pub(crate) fn thaw(&mut self) {
        self.frozen = None;
    }

    /// The runtime API of a host's lb.
    pub(crate) fn command(&self, index: usize, line: &str) -> String {
        let socket = self.world.path(&format!("{}.sock", Self::name(index)));
        command(&socket, line, LIMIT / 10).unwrap_or_default()
    }

    /// The process of a host that was started first.
    pub(crate) fn process(&self, index: usize) -> Option<u32> {
        self.running[index].first().map(Child::id)
    }

    /// Ends what runs on a host, if anything, and starts it again.
    pub(crate) fn restart(&mut self, index: usize) {
        self.signal(index, Signal::SIGCONT);
        self.signal(index, Signal::SIGKILL);
        self.reap(index);
        self.start_host(index);
    }

    /// Waits for who answers at the virtual addresses.
    pub(crate) fn holder(&self) -> usize {
        self.holder_among(|_| true)
    }

    pub(crate) fn holder_among(&self, which: impl Fn(usize) -> bool) -> usize {
        let begun = Instant::now();
        while begun.elapsed() < LIMIT {
            let who = self.ask("10.77.0.100").filter(|index| which(*index));
            if let Some(who) = who
                && (!self.is_lb() || self.ask(VIP6) == Some(who))
            {
                return who;
            }
            sleep(Duration::from_millis(20));
        }
        panic!("nobody answers\n{}", self.all_said());
    }

    pub(crate) fn all_said(&self) -> String {
        (0..self.world.hosts).map(|index| self.said(index)).collect()
    }

    /// Who answers at an address.
    pub(crate) fn ask(&self, ip: &str) -> Option<usize> {
        let ip = ip.parse().unwrap();
        let name = self.world.on_client(move || ask(ip)).join().unwrap()?;
        (0..self.world.hosts).find(|index| Self::name(*index) == name)
    }

    /// Lets a fault befall the holder while a client asks, until another answers, and ends it. Without lb another may never be
    /// seen to answer: the client goes on asking the first.
    pub(crate) fn suffer(&mut self, fault: Fault, round: usize) -> Episode {
        let first = self.holder();
        let client = Client::start(&self.world, self.is_lb());
        let started = Instant::now();
        sleep(A_WHILE);
        // Not always at the same distance from a heartbeat.
        sleep(Duration::from_millis(u64::from(random() % 103)));
        fault.begin(self, first, round);
        let struck = Instant::now();
        let mut second = None;
        let limit = fault.stays().unwrap_or(if self.is_lb() { LIMIT } else { LIMIT / 4 });
        while struck.elapsed() < limit && (second.is_none() || fault.stays().is_some()) {
            sleep(Duration::from_millis(10));
            let name = client.answered_since(struck);
            second = (0..self.world.hosts).find(|index| *index != first && Some(Self::name(*index)) == name);
        }
        assert!(
            second.is_some() || !self.is_lb() || fault.stays().is_some(),
            "{fault:?}: {}",
            self.all_said()
        );
        sleep(A_WHILE);
        let healed = Instant::now();
        fault.end(self, first);
        // A node that starts keeps silent first; and a master may come back.
        sleep(A_WHILE * if self.is_lb() { 4 } else { 12 });
        Episode { seen: client.stop(), begun: started, healed, first, second }
    }
}

/// A number that nobody foresees.
pub(crate) fn random() -> u32 {
    use std::hash::{BuildHasher, RandomState};
    let bits = RandomState::new().hash_one(0);
    u32::try_from(bits >> 32).unwrap()
}

impl Drop for Site {
    fn drop(&mut self) {
        self.thaw();
        for index in 0..self.world.hosts {
            self.signal(index, Signal::SIGCONT);
            self.signal(index, Signal::SIGKILL);
            self.reap(index);
        }
    }
}

fn children(pid: u32) -> Vec<u32> {
    let list = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    list.split_whitespace().filter_map(|child| child.parse().ok()).collect()
}
