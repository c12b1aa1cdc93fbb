//! Clients that ask without a pause on connections that they keep, and remember every request that failed.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How many there are.
pub const CLIENTS: usize = 8;
/// How long an answer may take.
const LIMIT: Duration = Duration::from_secs(15);
/// What they ask for, in turn.
const PATHS: [&str; 2] = ["/", "/api/notes?limit=5"];

/// What is said of an answer that began and did not end.
const CUT: &str = "the answer is cut";

/// Whether it is a failure in the middle of an answer.
pub fn is_cut(failure: &str) -> bool {
    failure.contains(CUT)
}

#[derive(Default)]
struct Shared {
    end: AtomicBool,
    served: AtomicUsize,
    failures: Mutex<Vec<String>>,
}

/// The clients at work.
pub struct Load {
    shared: Arc<Shared>,
    clients: Vec<JoinHandle<()>>,
}

impl Load {
    pub fn start(site: SocketAddr) -> Self {
        let shared = Arc::<Shared>::default();
        let client = |number: usize| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || client(site, number, &shared))
        };
        Self { clients: (0..CLIENTS).map(client).collect(), shared }
    }

    /// What failed so far.
    pub fn failures(&self) -> Vec<String> {
        self.shared.failures.lock().unwrap().clone()
    }

    /// How many requests succeeded so far.
    pub fn served(&self) -> usize {
        self.shared.served.load(Ordering::Relaxed)
    }

    /// Ends them; how many requests succeeded, and what failed.
    pub fn end(self) -> (usize, Vec<String>) {
        self.shared.end.store(true, Ordering::Relaxed);
        for client in self.clients {
            client.join().unwrap();
        }
        (self.shared.served.load(Ordering::Relaxed), self.shared.failures.lock().unwrap().clone())
    }
}

fn client(site: SocketAddr, number: usize, shared: &Shared) {
    let mut kept = None;
    let paths = PATHS.iter().cycle().skip(number);
    for path in paths {
        if shared.end.load(Ordering::Relaxed) {
            return;
        }
        match request(site, path, &mut kept) {
            Ok(200) => {
                shared.served.fetch_add(1, Ordering::Relaxed);
            }
            other => {
                kept = None;
                shared.failures.lock().unwrap().push(format!("{path}: {other:?}"));
            }
        }
    }
}

/// Asks on the connection that was kept, or a new one. The status.
fn request(site: SocketAddr, path: &str, kept: &mut Option<BufReader<TcpStream>>) -> io::Result<u16> {
    let mut connection = match kept.take() {
        Some(connection) => connection,
        None => {
            let stream = TcpStream::connect_timeout(&site, LIMIT)?;
            stream.set_read_timeout(Some(LIMIT))?;
            stream.set_nodelay(true)?;
            BufReader::new(stream)
        }
    };
    let text = format!("GET {path} HTTP/1.1\r\nHost: {site}\r\n\r\n");
    connection.get_mut().write_all(text.as_bytes())?;
    let (mut status, mut length, mut keep) = (0, 0, true);
    loop {
        let mut line = String::new();
        if connection.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let line = line.trim_end().to_ascii_lowercase();
        if let Some(rest) = line.strip_prefix("http/1.1 ") {
            status = rest.get(..3).and_then(|digits| digits.parse().ok()).unwrap_or(0);
        } else if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().map_err(io::Error::other)?;
        } else if line == "connection: close" {
            keep = false;
        } else if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    connection.read_exact(&mut body).map_err(|error| io::Error::new(error.kind(), CUT))?;
    *kept = keep.then_some(connection);
    Ok(status)
}
