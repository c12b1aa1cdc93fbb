//! Servers behind the nodes, on wires of their own: what clients of the address see when a prober loses sight of its servers, and
//! when a server is killed or vanishes; beside haproxy, which checks for itself.

use crate::load::{CLIENTS, EACH, Load};
use crate::outages::setting;
use crate::site::{A_WHILE, LIMIT, Mover, Site};
use crate::world::{VIP, World};
use lb_harness::{debian, eventually, glance};
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

const SERVERS: usize = 6;

/// What lb and haproxy have in front of them.
macro_rules! backend {
    () => {
        " default_backend farm\nbackend farm\n balance roundrobin\n option httpchk GET /check\n option redispatch\n retries 3\n \
         default-server inter 300ms fall 3 rise 2 check\n server s1 10.79.0.101:80\n server s2 10.79.0.102:80\n \
         server s3 10.79.0.103:80\n server s4 10.79.0.104:80\n server s5 10.79.0.105:80\n server s6 10.79.0.106:80\n"
    };
}

const LB: Mover = Mover::Lb {
    patient: false,
    arguments: &[],
    more: "",
    front: concat!("frontend work\n bind 10.77.0.100:81\n", backend!()),
};
/// Where clients find the servers: by way of the address, and of haproxy.
const BY_ADDRESS: ([u8; 4], u16) = (VIP, 81);
const BY_HAPROXY: ([u8; 4], u16) = ([10, 77, 0, 1], 82);

/// The servers, each a process.
struct Farm {
    namespace: String,
    folder: PathBuf,
    running: Vec<Running>,
}

/// A process that ends with this.
struct Running(Child);

impl Running {
    /// In a namespace: `ip netns exec` becomes the program.
    fn start(namespace: &str, program: &str, arguments: &[&str]) -> Self {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", namespace, program]).args(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Self(command.spawn().unwrap())
    }

    fn kill(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Farm {
    fn start(world: &World) -> Self {
        world.add_servers(SERVERS);
        let mut farm = Self { namespace: world.servers(), folder: world.path(""), running: Vec::new() };
        farm.running = (0..SERVERS).map(|server| farm.serve(server)).collect();
        farm
    }

    fn serve(&self, server: usize) -> Running {
        let number = server + 1;
        let path = self.folder.join(format!("server{number}.cfg"));
        let config = format!(
            "global\n nbthread 1\ndefaults\n mode http\n timeout client 1m\nfrontend f\n bind 10.79.0.10{number}:80\n \
             http-request return status 200 content-type text/plain string s{number}\n"
        );
        fs::write(&path, config).unwrap();
        Running::start(&self.namespace, env!("CARGO_BIN_EXE_lb"), &["-f", &path.display().to_string()])
    }

    fn strike(&mut self, blow: Blow, server: usize) {
        match blow {
            Blow::Killed => self.running[server].kill(),
            Blow::Vanished => self.nft(&format!(
                "add table inet gone\nadd chain inet gone c {{ type filter hook input priority 0; }}\n\
                 add rule inet gone c ip daddr 10.79.0.{} drop",
                101 + server
            )),
        }
    }

    fn heal(&mut self, blow: Blow, server: usize) {
        match blow {
            Blow::Killed => self.running[server] = self.serve(server),
            Blow::Vanished => self.nft("delete table inet gone"),
        }
    }

    fn nft(&self, rules: &str) {
        let done = Running::start(&self.namespace, "nft", &[rules]).0.wait().unwrap();
        assert!(done.success(), "{rules}");
    }
}

/// What befalls a server.
#[derive(Clone, Copy, Debug)]
enum Blow {
    /// Its process is killed: connections are refused.
    Killed,
    /// What is sent to it is lost.
    Vanished,
}

/// Waits until this many servers of each node are up for all, and each has its prober.
fn settle(site: &Site, up: usize) {
    for node in 0..site.world.hosts {
        let shown = || site.command(node, "show cluster health");
        let agreed = || {
            let shown = shown();
            shown.starts_with("sharing: on\n") && shown.matches(" up up lb").count() == up
        };
        assert!(eventually(LIMIT, agreed), "{}\n{}", shown(), site.said(node));
    }
}

/// The servers that a node checks, as another tells it.
fn probed_by(site: &Site, node: usize, asked: usize) -> usize {
    site.command(asked, "show cluster health").matches(&format!(" up up {}", Site::name(node))).count()
}

#[test]
#[ignore = "takes a minute and a core; `just farm` runs it"]
fn a_prober_that_loses_its_servers_costs_no_request_with_three() {
    lose_sight("f", 3);
}

#[test]
#[ignore = "takes a minute and a core; `just farm` runs it"]
fn a_prober_that_loses_its_servers_costs_no_request_with_five() {
    lose_sight("g", 5);
}

fn lose_sight(name: &str, hosts: usize) {
    let Some(world) = World::new(name, hosts) else { return };
    let _farm = Farm::start(&world);
    let site = Site::start_in(world, LB);
    for round in 0..setting("LB_VIP_ROUNDS").unwrap_or(1) {
        settle(&site, SERVERS);
        let holder = site.holder();
        // Nodes that have just started get their share a little later.
        let probers = || (0..hosts).map(|node| probed_by(&site, node, holder)).collect::<Vec<_>>();
        let shared = || probers().iter().filter(|count| **count > 0).count() > 1;
        assert!(eventually(LIMIT, shared), "{}", site.command(holder, "show cluster health"));
        let counts = probers();
        let others = (0..hosts).filter(|host| *host != holder);
        let blind = others.max_by_key(|host| counts[*host]).unwrap();
        let load = Load::start(&site.world, BY_ADDRESS.into());
        sleep(A_WHILE * 2);
        let link = |state| site.world.sh(&format!("ip -n {} link set r{blind} {state}", site.world.net()));
        link("down");
        // Others check what it did, and all is up for them.
        let moved = || probed_by(&site, blind, holder) == 0;
        assert!(eventually(LIMIT, moved), "{}", site.command(holder, "show cluster health"));
        sleep(A_WHILE * 4);
        let all = load.stop();
        let failed = all.iter().filter(|(.., by)| by.is_none()).count();
        println!(
            "{hosts} nodes, round {round}: {} servers out of sight of their prober, {failed} of {} requests failed",
            counts[blind],
            all.len()
        );
        assert_eq!(failed, 0, "{}", site.all_said());
        link("up");
    }
}

#[test]
#[ignore = "takes a minute and a core; `just farm` runs it"]
fn a_lost_server_costs_no_more_than_with_haproxy() {
    let Some(world) = World::new("h", 3) else { return };
    let mut farm = Farm::start(&world);
    let site = Site::start_in(world, LB);
    let Some(_haproxy) = haproxy(&site.world) else { return };
    settle(&site, SERVERS);
    for round in 0..setting("LB_VIP_ROUNDS").unwrap_or(1) {
        for blow in [Blow::Killed, Blow::Vanished] {
            let mut lose = |at: ([u8; 4], u16)| failures(&site, &mut farm, blow, round % SERVERS, at.into());
            let (theirs, ours) = (lose(BY_HAPROXY), lose(BY_ADDRESS));
            println!("round {round}, {blow:?}: lb {ours:?}, haproxy {theirs:?} (failed, all requests)");
            // What runs on it at that moment; and what it gets in the 200 ms and the commit that the others' look may take.
            let allowed = theirs.0 + CLIENTS as usize + more_within(Duration::from_millis(300));
            assert!(ours.0 <= allowed, "{allowed} are allowed\n{}", site.all_said());
        }
    }
}

/// Requests that one server gets within a time.
fn more_within(time: Duration) -> usize {
    let rate = f64::from(CLIENTS) / EACH.as_secs_f64() / SERVERS as f64;
    (rate * time.as_secs_f64()) as usize
}

/// None where there is no haproxy.
fn haproxy(world: &World) -> Option<Running> {
    let Some(program) = debian::HAPROXY.find() else {
        assert!(!debian::demanded(), "haproxy is missing");
        println!("haproxy is missing: nothing to compare with");
        return None;
    };
    let path = world.path("haproxy.cfg");
    let config = concat!(
        "global\n nbthread 1\ndefaults\n mode http\n timeout client 5s\n timeout connect 5s\n timeout server 5s\n\
         frontend work\n bind 10.77.0.1:82\n",
        backend!()
    );
    fs::write(&path, config).unwrap();
    let program = program.display().to_string();
    let child = Running::start(&world.host(0), &program, &["-db", "-f", &path.display().to_string()]);
    let answers = || world.on_client(|| glance(BY_HAPROXY.into(), LIMIT)).join().unwrap().is_some();
    assert!(eventually(LIMIT, answers));
    Some(child)
}

/// Requests that failed, and all, while a server is lost and comes back.
fn failures(site: &Site, farm: &mut Farm, blow: Blow, server: usize, at: SocketAddr) -> (usize, usize) {
    let load = Load::start(&site.world, at);
    sleep(A_WHILE * 2);
    farm.strike(blow, server);
    settle(site, SERVERS - 1);
    sleep(A_WHILE * 4);
    let all = load.stop();
    farm.heal(blow, server);
    settle(site, SERVERS);
    // haproxy sees it come back at its own time.
    sleep(A_WHILE * 2);
    (all.iter().filter(|(.., by)| by.is_none()).count(), all.len())
}
