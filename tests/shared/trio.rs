//! A cluster of three, and what their sockets answer.

use lb_harness::{Launch, Proxy, eventually, loopback};
use nix::sys::signal::Signal;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

/// No wait is longer. A machine that has much else to do may lose a leader in between.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);
/// All nodes.
pub(crate) const ALL: [usize; 3] = [0, 1, 2];

/// The nodes.
pub(crate) struct Trio {
    dir: TempDir,
    own: Vec<SocketAddr>,
    links: Vec<SocketAddr>,
    nodes: Vec<Option<Proxy>>,
    /// More lines of each node's file, in the section of its backend.
    lines: Vec<String>,
}

/// What a socket answers, with the empty line at its end.
pub(crate) fn said(socket: &Path, line: &str) -> io::Result<String> {
    lb_harness::command(socket, line, LIMIT)
}

impl Trio {
    /// Three that run and agree.
    pub(crate) fn start() -> Self {
        let dir = tempfile::Builder::new().prefix("lbs").tempdir().unwrap();
        std::fs::write(dir.path().join("secret"), "shared by these three alone").unwrap();
        std::fs::write(dir.path().join("keys.map"), "a 0\nb 0\n").unwrap();
        let ports = || ALL.iter().map(|_| loopback::free_port().unwrap()).collect();
        let mut trio = Self {
            dir,
            own: ports(),
            links: ports(),
            nodes: vec![None, None, None],
            lines: vec![String::new(); 3],
        };
        ALL.iter().for_each(|index| trio.start_node(*index));
        trio.settle();
        trio
    }

    /// Waits until each node does what it is told.
    pub(crate) fn settle(&self) {
        for index in self.running() {
            let told = || self.ask(index, "set weight b/s3 1") == "\n";
            assert!(eventually(LIMIT, told), "{}", self.ask(index, "show cluster"));
        }
    }

    /// The nodes that run.
    pub(crate) fn running(&self) -> Vec<usize> {
        ALL.into_iter().filter(|index| self.nodes[*index].is_some()).collect()
    }

    /// The map that all nodes read.
    pub(crate) fn map(&self) -> String {
        self.dir.path().join("keys.map").display().to_string()
    }

    pub(crate) fn name(index: usize) -> String {
        format!("lb{}", index + 1)
    }

    /// A node's socket; its sessions may change what all have.
    pub(crate) fn socket(&self, index: usize) -> PathBuf {
        self.dir.path().join(format!("{}.sock", Self::name(index)))
    }

    /// Another, whose sessions may not.
    pub(crate) fn narrow(&self, index: usize) -> PathBuf {
        self.dir.path().join(format!("{}n.sock", Self::name(index)))
    }

    fn config(&self, index: usize) -> String {
        let (name, own) = (Self::name(index), self.own[index]);
        let node = |of: &usize| format!(" node {} {}\n", Self::name(*of), self.links[*of]);
        let nodes: String = ALL.iter().map(node).collect();
        let path = |name: &str| self.dir.path().join(name).display().to_string();
        format!(
            "global\n localpeer {name}\n nbthread 1\n stats socket {} level admin cluster-write\n \
             stats socket {} level admin\n\
             defaults\n mode http\n timeout client 5s\n timeout connect 5s\n timeout server 5s\n\
             frontend own\n bind {own}\n http-request set-header x-key %[path,map({})]\n \
             http-request return status 200 content-type text/plain string here unless {{ path_beg /b }}\n \
             default_backend b\n\
             frontend other\n bind {}\n maxconn 10\n default_backend b\n\
             backend b\n balance roundrobin\n server s1 127.0.0.1:1\n server s2 127.0.0.1:2\n server s3 127.0.0.3:3\n{}\
             cluster edge\n{nodes} data-dir {}\n secret-file {}\n election-timeout 300ms 600ms\n heartbeat 60ms\n",
            self.socket(index).display(),
            self.narrow(index).display(),
            self.map(),
            self.other(index),
            self.lines[index],
            path(&name),
            path("secret"),
        )
    }

    /// Where the second frontend listens.
    fn other(&self, index: usize) -> String {
        format!("unix@{}", self.dir.path().join(format!("{}.front", Self::name(index))).display())
    }

    /// More lines for a node's backend, from its next start or reload on.
    pub(crate) fn say(&mut self, index: usize, lines: &str) {
        self.lines[index] = lines.to_owned();
    }

    pub(crate) fn start_node(&mut self, index: usize) {
        let launch = Launch::new(env!("CARGO_BIN_EXE_lb")).config(&self.config(index));
        self.nodes[index] = Some(launch.listening_on(self.own[index]).start().unwrap());
    }

    /// Has a node read its file again.
    pub(crate) fn reload(&mut self, index: usize) {
        let config = self.config(index);
        let node = self.nodes[index].as_mut().unwrap();
        let before = node.stderr().matches("Loading success.").count();
        std::fs::write(node.dir().join("haproxy.cfg"), config).unwrap();
        node.signal(Signal::SIGUSR2).unwrap();
        let loaded = || node.stderr().matches("Loading success.").count() > before;
        assert!(eventually(LIMIT, loaded), "{}", node.stderr());
    }

    /// Kills a node.
    pub(crate) fn kill(&mut self, index: usize) {
        let mut node = self.nodes[index].take().unwrap();
        node.signal(Signal::SIGKILL).unwrap();
        node.wait(LIMIT).expect("it does not end");
    }

    /// What a node answers; nothing when it does not. A leader that is lost on a busy machine, while two nodes run, is no answer.
    pub(crate) fn ask(&self, index: usize, line: &str) -> String {
        const LOST: [&str; 4] = ["Not committed:", "It is not known", "Committed, but", "# this may be old"];
        let mut answer = String::new();
        let majority = self.running().len() > 1;
        let _ = eventually(LIMIT, || {
            answer = said(&self.socket(index), line).unwrap_or_default();
            !majority || !LOST.iter().any(|lost| answer.contains(lost))
        });
        answer
    }

    /// What a node has written.
    pub(crate) fn told(&self, index: usize) -> String {
        self.nodes[index].as_ref().map(Proxy::stderr).unwrap_or_default()
    }

    /// Who leads, as a node knows it.
    pub(crate) fn leader(&self) -> usize {
        let mut leader = None;
        let found = eventually(LIMIT, || {
            let all = self.running();
            leader = all.iter().copied().find(|index| {
                let shown = self.ask(*index, "show cluster");
                shown.contains(", leader, term") && shown.contains("quorum: yes")
            });
            leader.is_some()
        });
        assert!(found, "nobody leads");
        leader.unwrap()
    }

    /// What commands change, as a node has it, without what each node numbers by itself.
    pub(crate) fn state(&self, index: usize) -> String {
        let map = self.ask(index, &format!("show map {}", self.map()));
        let pairs = map.lines().filter_map(|line| Some(line.split_once(' ')?.1.to_owned() + "\n"));
        let servers = self.ask(index, "show servers state b");
        let columns = |line: &str| {
            let words: Vec<_> = line.split(' ').collect();
            [3, 4, 6, 7, 18].map(|at| *words.get(at).unwrap_or(&"")).join(" ") + "\n"
        };
        let servers: String = servers.lines().skip(2).filter(|line| !line.is_empty()).map(columns).collect();
        pairs.collect::<String>() + &servers
    }
}
