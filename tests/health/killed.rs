//! A server that is killed under load and comes back: what clients notice, what the log says, and how it is taken in
//! again.

use super::{Done, programs};
use lb_harness::{Launch, Syslog, ask, eventually, loopback};
use std::error::Error;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// Clients at once.
const CLIENTS: usize = 4;
/// How long the log may keep one waiting.
const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn clients_notice_no_more_than_haproxys_do() -> Done {
    let (haproxy, lb) = programs();
    let theirs = haproxy.map(|haproxy| run(&haproxy)).transpose()?;
    let ours = run(&lb)?;
    println!("haproxy {theirs:?}\nlb {ours:?}");
    // A request that runs on the server when it is killed is lost: one of each client.
    let allowed = theirs.as_ref().map_or(0, |theirs| theirs.errors) + CLIENTS;
    let Outcome { errors, requests, .. } = ours;
    assert!(errors <= allowed, "{errors} of {requests} requests failed, where {allowed} may");
    if let Some(theirs) = &theirs {
        assert_eq!(ours.lines, theirs.lines);
    }
    for outcome in theirs.iter().chain([&ours]) {
        // A sixteenth of its weight is a seventeenth of all at first.
        assert!(outcome.back * 6 < outcome.other, "it came back at once: {outcome:?}");
    }
    Ok(())
}

/// What came of one run.
#[derive(Debug)]
struct Outcome {
    /// Requests without a good answer, of so many.
    errors: usize,
    requests: usize,
    /// Lines about the server, without what differs from run to run.
    lines: Vec<String>,
    /// Requests to it after it came back, and to the other one meanwhile.
    back: usize,
    other: usize,
}

fn run(program: &Path) -> Result<Outcome, Box<dyn Error>> {
    let syslog = Syslog::start()?;
    let (front, at) = (loopback::free_port()?, loopback::free_port()?);
    let (mut victim, other) = (Web::start(at)?, Web::start(loopback::free_port()?)?);
    let config = format!(
        "global\n log {} local0 notice\n nbthread 1\n\
         defaults\n mode http\n balance roundrobin\n option redispatch\n retries 3\n option httpchk\n\
         timeout connect 2s\n timeout client 10s\n timeout server 10s\n\
         frontend f\n bind {front}\n default_backend b\n\
         backend b\n log global\n default-server inter 200ms fall 2 rise 2 slowstart 1h\n\
         server victim {at} check\n server other {} check\n",
        syslog.addr(),
        other.addr
    );
    let proxy = Launch::new(program).config(&config).listening_on(front).start()?;
    let stop = Arc::new(AtomicBool::new(false));
    let (errors, requests) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (stop, errors, requests) = (Arc::clone(&stop), Arc::clone(&errors), Arc::clone(&requests));
            thread::spawn(move || {
                while !stop.load(SeqCst) {
                    requests.fetch_add(1, SeqCst);
                    if !ask(front, "GET /", &[], "").is_ok_and(|answer| answer.status == 200) {
                        errors.fetch_add(1, SeqCst);
                    }
                }
            })
        })
        .collect();
    let said = |words: &str| syslog.wait_for(|lines| lines.iter().any(|line| line.contains(words)), PATIENCE);
    let served = |count: usize| eventually(PATIENCE, || requests.load(SeqCst) > count);
    let mut ok = served(100);
    victim.kill();
    ok &= said("victim is DOWN");
    let count = requests.load(SeqCst);
    ok &= served(count + 100);
    victim = Web::start(at)?;
    ok &= said("victim is UP");
    let (back, others) = (victim.served(), other.served());
    let count = requests.load(SeqCst);
    ok &= served(count + 200);
    let (back, others) = (victim.served() - back, other.served() - others);
    stop.store(true, SeqCst);
    for client in clients {
        client.join().map_err(|_| "a client panicked")?;
    }
    drop(proxy);
    if !ok {
        return Err(
            format!("{}: what was waited for did not come: {:?}", program.display(), syslog.lines()).into()
        );
    }
    let lines = syslog
        .lines()
        .iter()
        .filter_map(|line| line.split_once("]: "))
        .map(|(_, text)| constant(text))
        .collect();
    Ok(Outcome { errors: errors.load(SeqCst), requests: requests.load(SeqCst), lines, back, other: others })
}

/// A line without its numbers of milliseconds and sessions, and without what the network happened to say.
fn constant(line: &str) -> String {
    let end = line.find(". ").unwrap_or(line.len());
    let (head, tail) = line.split_at(end);
    let head = head.split(", ").next().unwrap_or_default();
    let tail: Vec<&str> =
        tail.split(", ").map(|part| part.split(" sessions").next().unwrap_or(part)).collect();
    let tail = tail.first().copied().unwrap_or_default();
    let tail = tail.split(" servers ").next().unwrap_or_default();
    format!("{head}{tail}")
}

/// A web server that can be killed: its connections are reset, and nobody listens any more.
struct Web {
    addr: SocketAddr,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    stopped: AtomicBool,
    served: AtomicUsize,
    open: Mutex<Vec<TcpStream>>,
}

impl Web {
    fn start(addr: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(addr)?;
        let state = Arc::new(State::default());
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if shared.stopped.load(SeqCst) {
                    return;
                }
                if let Ok(copy) = stream.try_clone() {
                    shared.open.lock().unwrap_or_else(PoisonError::into_inner).push(copy);
                }
                let shared = Arc::clone(&shared);
                thread::spawn(move || serve(stream, &shared));
            }
        });
        Ok(Self { addr, state })
    }

    /// Requests of clients so far.
    fn served(&self) -> usize {
        self.state.served.load(SeqCst)
    }

    fn kill(&self) {
        self.state.stopped.store(true, SeqCst);
        // Wakes the thread, which then sees that it is over.
        let _ = TcpStream::connect(self.addr);
        for stream in self.state.open.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        self.kill();
    }
}

fn serve(mut stream: TcpStream, state: &State) {
    let (mut seen, mut buffer) = (Vec::new(), [0; 4096]);
    while let Ok(count @ 1..) = stream.read(&mut buffer) {
        seen.extend_from_slice(&buffer[..count]);
        while let Some(end) = seen.windows(4).position(|part| part == b"\r\n\r\n") {
            if seen.starts_with(b"GET") {
                state.served.fetch_add(1, SeqCst);
            }
            seen.drain(..end + 4);
            if state.stopped.load(SeqCst)
                || stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").is_err()
            {
                return;
            }
        }
    }
}
