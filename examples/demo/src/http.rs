//! Asking the others: a page by HTTP, a balancer by the runtime API.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// How long an answer may take.
const LIMIT: Duration = Duration::from_secs(2);
/// The most that is read of one, in bytes.
const ANSWER_LIMIT: u64 = 1 << 20;

/// Whether the page is there (200).
pub fn is_good(address: SocketAddr, path: &str) -> bool {
    let ask = || -> io::Result<String> {
        let mut stream = TcpStream::connect_timeout(&address, LIMIT)?;
        stream.set_read_timeout(Some(LIMIT))?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
        read(stream)
    };
    ask().is_ok_and(|answer| answer.starts_with("HTTP/1.1 200 "))
}

/// The answer to a command of the runtime API.
///
/// # Errors
/// That nobody answers.
pub fn command(socket: &str, line: &str) -> io::Result<String> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(LIMIT))?;
    writeln!(stream, "{line}")?;
    read(stream)
}

fn read(stream: impl Read) -> io::Result<String> {
    let mut answer = Vec::new();
    stream.take(ANSWER_LIMIT).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
