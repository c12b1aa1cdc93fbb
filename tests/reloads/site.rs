//! What is reloaded: lb with a monitor, and a server behind it.

use lb_harness::{Answering, Launch, Proxy, eventually, loopback};
use std::fs;
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

/// Nothing takes longer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// What the worker takes of the system.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Footprint {
    /// Anonymous memory, in kilobytes.
    pub(crate) memory: u64,
    /// Open descriptors that are no clients' and no servers'.
    pub(crate) sockets: usize,
}

pub(crate) struct Site {
    pub(crate) front: SocketAddr,
    folder: TempDir,
    more: SocketAddr,
    server: SocketAddr,
    backends: usize,
    proxy: Proxy,
}

impl Site {
    /// `frugal`: what is freed goes back at once, so that what is resident is what is allocated, and how it is scattered.
    pub(crate) fn start(backends: usize, frugal: bool) -> Self {
        let folder = tempfile::Builder::new().prefix("lbr").tempdir().unwrap();
        let (front, more) = (loopback::free_port().unwrap(), loopback::free_port().unwrap());
        let server = Answering::start().unwrap().address();
        fs::write(folder.path().join("map"), "a 1\n").unwrap();
        let file = folder.path().join("lb.cfg");
        fs::write(&file, text(folder.path(), front, more, server, backends, 0)).unwrap();
        let launch = Launch::server(env!("CARGO_BIN_EXE_lb"));
        let launch = if frugal { launch.env("MIMALLOC_PURGE_DELAY", "0") } else { launch };
        let proxy = launch
            .arg("-W")
            .arg("-S")
            .arg(folder.path().join("master"))
            .arg("-f")
            .arg(&file)
            .listening_on(front)
            .start()
            .unwrap();
        let site = Self { front, folder, more, server, backends, proxy };
        assert!(eventually(PATIENCE, || site.worker().is_some()));
        site
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes another configuration: servers, binds, rules and maps change by its number.
    pub(crate) fn write(&self, number: usize) {
        fs::write(self.path("map"), format!("a {number}\nb 2\n")).unwrap();
        let text = text(self.folder.path(), self.front, self.more, self.server, self.backends, number);
        fs::write(self.path("lb.cfg"), text).unwrap();
    }

    pub(crate) fn reload(&self) {
        let answer = command(&self.path("master"), "reload");
        assert!(answer.starts_with("Success=1\n"), "{answer}");
    }

    /// The worker's process.
    fn worker(&self) -> Option<u32> {
        let info =
            UnixStream::connect(self.path("cli")).ok().map(|_| command(&self.path("cli"), "show info"))?;
        info.lines().find_map(|line| line.strip_prefix("Pid: ")?.parse().ok())
    }

    /// The proxy and its children.
    pub(crate) fn processes(&self) -> Vec<u32> {
        let own = self.proxy.pid();
        let children = fs::read_to_string(format!("/proc/{own}/task/{own}/children")).unwrap_or_default();
        let children = children.split_whitespace().filter_map(|pid| pid.parse().ok());
        std::iter::once(own).chain(children).collect()
    }

    /// Once plans that are not used any more are gone.
    pub(crate) fn footprint(&self) -> Footprint {
        let gone = || command(&self.path("cli"), "show dev").contains("\nConfigurations in use: 1\n");
        assert!(eventually(PATIENCE, gone), "a configuration is still in use");
        let worker = self.worker().unwrap();
        let status = fs::read_to_string(format!("/proc/{worker}/status")).unwrap();
        let memory = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
        let memory = memory.and_then(|text| text.split_whitespace().next()?.parse().ok()).unwrap();
        let listed = command(&self.path("cli"), "show fd");
        let sockets = listed.lines().filter(|line| !line.is_empty() && !line.contains(" peer=")).count();
        Footprint { memory, sockets }
    }
}

fn text(
    folder: &Path,
    front: SocketAddr,
    more: SocketAddr,
    server: SocketAddr,
    backends: usize,
    number: usize,
) -> String {
    let folder = folder.display();
    let mut text = format!(
        "global\n nbthread 1\n stats socket {folder}/cli level admin\n\
         defaults\n mode http\n timeout client 30s\n timeout connect 5s\n timeout server 30s\n balance roundrobin\n\
         frontend f\n bind {front}\n http-request set-header x %[str(a),map({folder}/map)]\n default_backend b\n"
    );
    if number % 2 == 1 {
        text += &format!(" bind {more}\n http-request deny if {{ path /{number} }}\n");
    }
    text += &format!("backend b\n server s {server} weight {}\n", 1 + number % 5);
    if number % 3 == 1 {
        text += &format!(" server t {server}\n");
    }
    for at in 0..backends {
        let weight = 1 + usize::from(at == number);
        text += &format!("backend b{at}\n server s1 127.0.0.1:{} weight {weight}\n", 1 + at % 60_000);
    }
    text
}

/// What a socket answers to a command.
pub(crate) fn command(socket: &Path, command: &str) -> String {
    lb_harness::command(socket, command, PATIENCE).unwrap()
}
