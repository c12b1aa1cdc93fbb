//! Listening sockets that go from process to process, while clients connect.

use crate::program::{End, LIMIT, Place, Running, path};
use crate::reload::command;
use lb_harness::debian::HAPROXY;
use lb_harness::{eventually, loopback};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;

/// Clients at once.
const CLIENTS: usize = 4;
/// Answers before and after the change that the test waits for.
const ANSWERS: usize = 100;

/// Clients that make a new connection for each request, until told to stop.
struct Load {
    stop: Arc<AtomicBool>,
    answers: Arc<AtomicUsize>,
    clients: Vec<JoinHandle<Vec<String>>>,
}

impl Load {
    fn start(to: SocketAddr) -> Self {
        let (stop, answers) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
        let client = || {
            let (stop, answers) = (Arc::clone(&stop), Arc::clone(&answers));
            std::thread::spawn(move || {
                let mut failures = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    match TcpStream::connect_timeout(&to, LIMIT).and_then(whole) {
                        Ok(text) if text.contains("200 OK") => {
                            answers.fetch_add(1, Ordering::Relaxed);
                        }
                        other => failures.push(format!("{other:?}")),
                    }
                }
                failures
            })
        };
        let clients = (0..CLIENTS).map(|_| client()).collect();
        Self { stop, answers, clients }
    }

    /// Waits for that many more answers.
    fn go_on(&self) {
        let from = self.answers.load(Ordering::Relaxed);
        assert!(eventually(LIMIT, || self.answers.load(Ordering::Relaxed) >= from + ANSWERS));
    }

    fn failures(self) -> Vec<String> {
        self.stop.store(true, Ordering::Relaxed);
        self.clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
    }
}

/// Asks, and reads to the end.
fn whole(mut stream: impl Read + Write) -> std::io::Result<String> {
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// Addresses that processes share.
struct Addresses {
    place: Place,
    wild: SocketAddr,
}

impl Addresses {
    fn new() -> Self {
        Self { place: Place::new(), wild: loopback::free_port().unwrap() }
    }

    /// A configuration that answers with this name; the first argument names its file.
    fn config(&self, name: &str, threads: usize) -> PathBuf {
        let (front, port, dir) = (self.place.front, self.wild.port(), self.place.dir.path().display());
        self.place.write(
            &format!("{name}.cfg"),
            &format!(
                "global\n nbthread {threads}\n stats socket {dir}/cli level admin expose-fd listeners\n\
                 defaults\n mode http\n timeout client 10s\n timeout connect 5s\n timeout server 10s\n\
                 frontend f\n bind {front}\n bind 127.0.0.1:{port} interface lo\n bind {dir}/http.sock\n \
                 bind abns@{dir}/name\n \
                 http-request return status 200 content-type text/plain string {name}\n"
            ),
        )
    }

    fn cli(&self) -> PathBuf {
        self.place.path("cli")
    }

    /// Who answers at each address.
    fn answers(&self) -> [String; 4] {
        use std::os::linux::net::SocketAddrExt as _;
        let name = |answer: std::io::Result<String>| {
            let answer = answer.unwrap_or_default();
            answer.split("\r\n\r\n").nth(1).unwrap_or_default().to_owned()
        };
        let tcp = |to: SocketAddr| TcpStream::connect(to).and_then(whole);
        let mut bytes = format!("{}/name", self.place.dir.path().display()).into_bytes();
        bytes.resize(107, 0);
        let named = std::os::unix::net::SocketAddr::from_abstract_name(bytes).unwrap();
        [
            name(tcp(self.place.front)),
            name(tcp(SocketAddr::new([127, 0, 0, 1].into(), self.wild.port()))),
            name(UnixStream::connect(self.place.path("http.sock")).and_then(whole)),
            name(UnixStream::connect_addr(&named).and_then(whole)),
        ]
    }

    fn all_answer(&self, name: &str) -> bool {
        self.answers().iter().all(|answer| answer == name)
    }
}

/// Starts a program that takes the sockets of one that runs, which then finishes.
fn succeed(addresses: &Addresses, program: &Path, config: &Path, old: &Running, more: &[&str]) -> Running {
    let cli = addresses.cli();
    let args = ["-f", config.to_str().unwrap(), "-x", cli.to_str().unwrap(), "-sf", &old.pid().to_string()]
        .map(str::to_owned);
    addresses.place.spawn_program(program, more.iter().map(|word| (*word).to_owned()).chain(args))
}

/// A new process takes over while clients connect: none fails, all addresses are the new one's, and the old one ends.
fn hands_over(from: (&Path, usize), to: (&Path, usize), more: &[&str]) {
    let addresses = Addresses::new();
    let (old, new) = (addresses.config("old", from.1), addresses.config("new", to.1));
    let mut before = addresses.place.start_program(from.0, ["-db", "-f", old.to_str().unwrap()]);
    assert!(eventually(LIMIT, || addresses.all_answer("old")), "{:?}", addresses.answers());
    let load = Load::start(addresses.place.front);
    load.go_on();
    let after = succeed(&addresses, to.0, &new, &before, more);
    assert_eq!(before.wait(), End::Code(0));
    load.go_on();
    assert!(addresses.all_answer("new"), "{:?}", addresses.answers());
    let failures = load.failures();
    assert!(failures.is_empty(), "{} failed: {:?}", failures.len(), &failures[..failures.len().min(5)]);
    let pid = command(&addresses.cli(), "show info");
    let pid = pid.lines().find_map(|line| line.strip_prefix("Pid: ")?.parse::<i32>().ok());
    let answering = after.worker().unwrap_or(after.pid());
    assert_eq!(pid, Some(answering), "the stats socket is the new one's");
}

#[test]
fn from_lb_to_lb() {
    let lb = path();
    hands_over((&lb, 2), (&lb, 2), &["-db"]);
    hands_over((&lb, 1), (&lb, 3), &["-db"]);
    hands_over((&lb, 3), (&lb, 1), &["-W"]);
}

#[test]
fn from_haproxy_to_lb_and_back() {
    let Some(haproxy) = HAPROXY.find() else {
        assert!(!lb_harness::debian::demanded(), "haproxy is not installed");
        return eprintln!("skipped: haproxy is not installed");
    };
    let lb = path();
    hands_over((&haproxy, 1), (&lb, 2), &["-db"]);
    hands_over((&lb, 2), (&haproxy, 2), &["-db"]);
}

#[test]
fn many_sockets_come_in_batches() {
    let place = Place::new();
    let ports: Vec<_> = (0..300).map(|_| loopback::free_port().unwrap()).collect();
    let binds: String = ports.iter().map(|port| format!(" bind {port}\n")).collect();
    let config = |name: &str| {
        let (front, cli) = (place.front, place.path("cli"));
        place.write(
            &format!("{name}.cfg"),
            &format!(
                "global\n nbthread 2\n stats socket {} level admin expose-fd listeners\ndefaults\n mode http\n \
                 timeout client 5s\nfrontend f\n bind {front}\n{binds} http-request return status 200 \
                 content-type text/plain string {name}\n",
                cli.display()
            ),
        )
    };
    let (old, new) = (config("old"), config("new"));
    let mut before = place.start(["-db", "-f", old.to_str().unwrap()]);
    let cli = place.path("cli");
    let pid = before.pid().to_string();
    let _after = place.spawn(["-db", "-f", new.to_str().unwrap(), "-x", cli.to_str().unwrap(), "-sf", &pid]);
    assert_eq!(before.wait(), End::Code(0));
    for port in ports.iter().step_by(37).chain(ports.last()) {
        assert!(whole(TcpStream::connect(port).unwrap()).unwrap().ends_with("\r\n\r\nnew"));
    }
}

#[test]
fn only_sockets_that_expose_them_give_them() {
    let place = Place::new();
    let cli = place.path("cli");
    let config = place.config(&format!(" stats socket {} level admin", cli.display()));
    let _running = place.start(["-db", "-f", config.to_str().unwrap()]);
    let other = Place::new();
    let config = other.config("");
    let ended = other.run(["-db", "-f", config.to_str().unwrap(), "-x", cli.to_str().unwrap()]);
    assert_eq!(ended.end, End::Code(1));
    assert!(ended.stderr.ends_with("Failed to get the sockets from the old process!\n"), "{}", ended.stderr);
    let ended = other.run(["-db", "-f", config.to_str().unwrap(), "-x", "/nowhere/cli"]);
    assert_eq!(ended.end, End::Code(1));
    let text = "Failed to connect to the old process socket '/nowhere/cli'\n";
    assert!(ended.stderr.contains(text), "{}", ended.stderr);
}
