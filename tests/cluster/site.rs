//! A cluster of three, each node a process of its own.

use crate::watch::ask;
use lb_harness::{Launch, Proxy, command, eventually, loopback};
use nix::sys::signal::Signal;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;
use tempfile::TempDir;

/// No wait is longer. A machine that has much else to do may lose a leader in between.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

/// The nodes, and where clients find them.
pub(crate) struct Site {
    dir: TempDir,
    /// The virtual address.
    pub(crate) front: SocketAddr,
    own: Vec<SocketAddr>,
    links: Vec<SocketAddr>,
    nodes: Vec<Option<Proxy>>,
    /// One that only votes.
    witness: Option<usize>,
    /// More arguments of each.
    args: Vec<&'static str>,
    /// More lines of the `cluster` section, and whatever may follow it.
    lines: String,
    /// More lines of the frontend at the virtual address, and what follows it.
    pub(crate) served: String,
    /// Where certificates are; without, nodes share a secret.
    pub(crate) keys: Option<PathBuf>,
    work: Vec<SocketAddr>,
}

impl Site {
    /// One that is not started.
    pub(crate) fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("lbc").tempdir().unwrap();
        std::fs::write(dir.path().join("secret"), "shared by these three alone").unwrap();
        let port = || loopback::free_port().unwrap();
        // Nobody's own, and beside those that the harness gives to processes.
        let [_, high, middle, low] = match loopback::own_address() {
            IpAddr::V4(own) => own.octets(),
            IpAddr::V6(_) => unreachable!("loopback addresses of tests are IPv4"),
        };
        let front = SocketAddr::new(Ipv4Addr::new(127, high ^ 0xc0, middle, low).into(), port().port());
        let (own, links) = ((0..3).map(|_| port()).collect(), (0..3).map(|_| port()).collect());
        Self {
            dir,
            front,
            own,
            links,
            nodes: vec![None, None, None],
            witness: None,
            args: Vec::new(),
            lines: String::new(),
            served: String::new(),
            keys: None,
            work: (0..3).map(|_| port()).collect(),
        }
    }

    /// Three that run, one of which answers at the virtual address.
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// Two and a witness.
    pub(crate) fn start_two_and(witness: usize) -> Self {
        let mut site = Self::new();
        site.witness = Some(witness);
        (0..3).for_each(|index| site.start_node(index));
        site.holder();
        site
    }

    /// The same as [`Self::start`], with more arguments.
    pub(crate) fn start_with(args: &[&'static str]) -> Self {
        let mut site = Self::new();
        site.args = args.to_vec();
        (0..3).for_each(|index| site.start_node(index));
        site.holder();
        site
    }

    /// One more node, which is not started.
    pub(crate) fn grow(&mut self) -> usize {
        self.own.push(loopback::free_port().unwrap());
        self.links.push(loopback::free_port().unwrap());
        self.work.push(loopback::free_port().unwrap());
        self.nodes.push(None);
        self.nodes.len() - 1
    }

    /// What the runtime API of a node answers.
    pub(crate) fn command(&self, index: usize, line: &str) -> String {
        command(&self.socket(index), line, LIMIT).unwrap_or_default()
    }

    /// Waits until what a node answers to a command has this in it.
    pub(crate) fn shows(&self, index: usize, line: &str, text: &str) {
        let shown = eventually(LIMIT, || self.command(index, line).contains(text));
        assert!(shown, "{text:?} is not in\n{}", self.command(index, line));
    }

    /// Adds lines to the `cluster` section, before nodes are started.
    pub(crate) fn say(&mut self, lines: &str) {
        self.lines += lines;
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A node's address, and its link.
    pub(crate) fn own(&self, index: usize) -> SocketAddr {
        self.own[index]
    }

    /// A node's runtime API.
    pub(crate) fn socket(&self, index: usize) -> PathBuf {
        self.path(&format!("{}.sock", Self::name(index)))
    }

    /// Where a node listens for the others.
    pub(crate) fn link(&self, index: usize) -> SocketAddr {
        self.links[index]
    }

    /// A node's name.
    pub(crate) fn name(index: usize) -> String {
        format!("lb{}", index + 1)
    }

    /// One more address of a node: what `%WORK%` in lines is.
    pub(crate) fn work(&self, index: usize) -> SocketAddr {
        self.work[index]
    }

    /// Where a node's connections to servers come from: what `%SOURCE%` in lines is.
    pub(crate) fn source(&self, index: usize) -> IpAddr {
        let [_, high, middle, low] = match self.front.ip() {
            IpAddr::V4(front) => front.octets(),
            IpAddr::V6(_) => unreachable!("the virtual address is IPv4"),
        };
        let low = low ^ u8::try_from(index + 1).unwrap();
        Ipv4Addr::new(127, high ^ 0x20, middle, low).into()
    }

    /// A node's file: both frontends answer with its name.
    pub(crate) fn config(&self, index: usize) -> String {
        let (name, own, front) = (Self::name(index), self.own[index], self.front);
        let kind = |of| if self.witness == Some(of) { " witness" } else { "" };
        let node = |of| format!(" node {} {}{}\n", Self::name(of), self.links[of], kind(of));
        let nodes: String = (0..self.nodes.len()).map(node).collect();
        let trust = match &self.keys {
            Some(keys) => format!("crt {0}/{name}.pem ca-file {0}/ca.pem", keys.display()),
            None => format!("secret-file {}", self.path("secret").display()),
        };
        let answer = format!(" http-request return status 200 content-type text/plain string {name}\n");
        format!(
            "global\n localpeer {name}\n nbthread 2\n stats socket {} level admin cluster-write\n\
             defaults\n mode http\n timeout client 5s\n timeout connect 5s\n timeout server 5s\n\
             frontend own\n bind {own}\n stats enable\n stats uri /stats\n \
             http-request use-service prometheus-exporter if {{ path /metrics }}\n \
             http-request return status 200 content-type text/plain string {name} unless {{ path /stats }}\n\
             frontend site\n bind {front}\n{}{} unless {{ path /slow }}\n\
             cluster edge\n{nodes} virtual-ip {} bind-only\n data-dir {}\n {trust}\n \
             election-timeout 500ms 1s\n heartbeat 100ms\n{}",
            self.socket(index).display(),
            self.served,
            answer.trim_end(),
            front.ip(),
            self.path(&name).display(),
            self.lines
                .replace("%WORK%", &self.work[index].to_string())
                .replace("%SOURCE%", &self.source(index).to_string())
        )
    }

    /// Starts a node, and waits until it serves its own address, or is there for the others.
    pub(crate) fn start_node(&mut self, index: usize) {
        let launch = Launch::new(env!("CARGO_BIN_EXE_lb")).config(&self.config(index));
        let launch = self.args.iter().fold(launch, |launch, word| launch.arg(word));
        let listening = if self.witness == Some(index) { self.links[index] } else { self.own[index] };
        self.nodes[index] = Some(launch.listening_on(listening).start().unwrap());
    }

    pub(crate) fn node(&mut self, index: usize) -> &mut Proxy {
        self.nodes[index].as_mut().unwrap()
    }

    /// Sends it, and forgets the node where it ends by it.
    pub(crate) fn signal(&mut self, index: usize, signal: Signal) {
        self.node(index).signal(signal).unwrap();
    }

    /// Ends a node by a signal; what it had written.
    pub(crate) fn end(&mut self, index: usize, signal: Signal) -> String {
        self.signal(index, signal);
        let mut node = self.nodes[index].take().unwrap();
        node.wait(LIMIT).expect("it does not end");
        node.stderr()
    }

    /// Waits until a node has said this and ended by itself; what it had written.
    pub(crate) fn says_and_ends(&mut self, index: usize, text: &str) -> String {
        self.says(index, text);
        let mut node = self.nodes[index].take().unwrap();
        node.wait(LIMIT).expect("it does not end");
        node.stderr()
    }

    /// Who answers at an address.
    pub(crate) fn answers(&self, at: SocketAddr) -> Option<usize> {
        let text = ask(at)?;
        (0..self.nodes.len()).find(|index| Self::name(*index) == text)
    }

    /// Waits for who answers at the virtual address.
    pub(crate) fn holder(&self) -> usize {
        self.holder_among(|_| true)
    }

    /// Waits until one of these does.
    pub(crate) fn holder_among(&self, which: impl Fn(usize) -> bool) -> usize {
        let mut holder = None;
        let found = eventually(LIMIT, || {
            holder = self.answers(self.front).filter(|index| which(*index));
            holder.is_some()
        });
        let said = || -> String { self.nodes.iter().flatten().map(Proxy::stderr).collect() };
        assert!(found, "nobody answers at {}\n{}", self.front, said());
        holder.unwrap()
    }

    /// Waits until a node has said this.
    pub(crate) fn says(&mut self, index: usize, text: &str) {
        let node = self.node(index);
        assert!(eventually(LIMIT, || node.stderr().contains(text)), "not said: {text}\n{}", node.stderr());
    }
}
