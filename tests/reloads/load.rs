//! Clients at a steady pace: some keep their connections, some make one for each request. Each request has its time at which it is due, so
//! that a pause of the proxy counts for all that came due in it.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// No answer takes longer.
const PATIENCE: Duration = Duration::from_secs(10);

/// What clients do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// Where they ask.
    pub(crate) to: SocketAddr,
    /// Clients on connections that stay.
    pub(crate) keeping: usize,
    /// Clients that make a connection for each request.
    pub(crate) closing: usize,
    /// Requests per second, of all together.
    pub(crate) rate: usize,
}

/// One answer: when it was due, and how long after that it was there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer {
    pub(crate) due: Instant,
    pub(crate) after: Duration,
}

/// What went wrong, and on what connection.
#[derive(Clone)]
pub(crate) struct Failure {
    /// Answers came on this connection before; else it was new.
    pub(crate) kept: bool,
    pub(crate) what: String,
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.what, if self.kept { "kept" } else { "new" })
    }
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) answers: Vec<Answer>,
    pub(crate) failures: Vec<Failure>,
}

impl Outcome {
    /// The time within which 99 of 100 answers came, of those that were due in these spans.
    pub(crate) fn p99(&self, within: impl Fn(Instant) -> bool) -> Duration {
        let mut times: Vec<_> =
            self.answers.iter().filter(|answer| within(answer.due)).map(|answer| answer.after).collect();
        times.sort_unstable();
        let at = times.len().saturating_sub(1) * 99 / 100;
        times.get(at).copied().unwrap_or_default()
    }
}

/// Clients that run.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    done: Arc<AtomicUsize>,
    outcome: Arc<Mutex<Outcome>>,
    clients: Vec<JoinHandle<()>>,
}

impl Load {
    pub(crate) fn start(pace: Pace) -> Self {
        let (stop, done, outcome) = (Arc::default(), Arc::default(), Arc::default());
        let mut load = Self { stop, done, outcome, clients: Vec::new() };
        let all = pace.keeping + pace.closing;
        let every =
            Duration::from_secs(1) * u32::try_from(all).unwrap_or(1) / u32::try_from(pace.rate).unwrap_or(1);
        for index in 0..all {
            let first =
                Instant::now() + every * u32::try_from(index).unwrap_or(0) / u32::try_from(all).unwrap_or(1);
            let (stop, done, outcome) =
                (Arc::clone(&load.stop), Arc::clone(&load.done), Arc::clone(&load.outcome));
            load.clients.push(std::thread::spawn(move || {
                let own = client(pace.to, index < pace.keeping, first, every, &stop, &done);
                if let Ok(mut all) = outcome.lock() {
                    all.answers.extend(own.answers);
                    all.failures.extend(own.failures);
                }
            }));
        }
        load
    }

    /// Answers so far.
    pub(crate) fn answered(&self) -> usize {
        self.done.load(Ordering::Relaxed)
    }

    /// Ends them.
    pub(crate) fn finish(self) -> Outcome {
        self.stop.store(true, Ordering::Relaxed);
        for client in self.clients {
            let _ = client.join();
        }
        self.outcome.lock().map(|mut all| std::mem::take(&mut *all)).unwrap_or_default()
    }
}

fn client(
    to: SocketAddr,
    keeps: bool,
    first: Instant,
    every: Duration,
    stop: &AtomicBool,
    done: &AtomicUsize,
) -> Outcome {
    let mut outcome = Outcome::default();
    let mut kept: Option<TcpStream> = None;
    let mut due = first;
    while !stop.load(Ordering::Relaxed) {
        if let Some(wait) = due.checked_duration_since(Instant::now()) {
            std::thread::sleep(wait);
        }
        let was_kept = kept.is_some();
        match request(kept.take(), to, keeps) {
            Ok(stream) => {
                outcome.answers.push(Answer { due, after: due.elapsed() });
                done.fetch_add(1, Ordering::Relaxed);
                kept = stream;
            }
            Err(error) => outcome.failures.push(Failure { kept: was_kept, what: error.to_string() }),
        }
        due += every;
    }
    outcome
}

/// One request; the connection, if it may be used again.
fn request(kept: Option<TcpStream>, to: SocketAddr, keeps: bool) -> io::Result<Option<TcpStream>> {
    let mut stream = match kept {
        Some(stream) => stream,
        None => {
            let stream = TcpStream::connect_timeout(&to, PATIENCE)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_nodelay(true)?;
            stream
        }
    };
    let close = if keeps { "" } else { "connection: close\r\n" };
    stream.write_all(format!("GET / HTTP/1.1\r\nhost: a\r\n{close}\r\n").as_bytes())?;
    let (mut bytes, mut buffer) = (Vec::new(), [0; 2048]);
    loop {
        let length = stream.read(&mut buffer)?;
        if length == 0 {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                format!("closed after {} bytes", bytes.len()),
            ));
        }
        bytes.extend_from_slice(buffer.get(..length).unwrap_or_default());
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        if !head.starts_with("HTTP/1.1 200") {
            return Err(io::Error::other(head.lines().next().unwrap_or_default().to_owned()));
        }
        let length =
            head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
        if body.len() < length.unwrap_or(0) {
            continue;
        }
        let closes = head.lines().any(|line| line.eq_ignore_ascii_case("connection: close"));
        return Ok((keeps && !closes).then_some(stream));
    }
}
