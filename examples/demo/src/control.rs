//! The running demo's ear: a socket in its folder, on which another `run` asks it to end a tier.

use crate::tier::Tier;
use nix::sys::signal::Signal;
use std::error::Error;
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::time::Duration;

/// The socket, in the data folder.
const SOCKET: &str = "control.sock";
/// How long either side waits for the other.
const LIMIT: Duration = Duration::from_secs(2);
/// The longest request, in bytes.
const REQUEST_LIMIT: u64 = 100;

/// The socket, removed when dropped.
#[derive(Debug)]
pub struct Control(UnixListener);

impl Control {
    /// Opens it in the current folder.
    ///
    /// # Errors
    /// That a demo runs in this folder.
    pub fn open() -> io::Result<Self> {
        if UnixStream::connect(SOCKET).is_ok() {
            return Err(io::Error::other("a demo with this data folder is running already"));
        }
        let _ = fs::remove_file(SOCKET); // left by one that was killed
        let listener = UnixListener::bind(SOCKET)?;
        listener.set_nonblocking(true)?;
        Ok(Self(listener))
    }

    /// Does what is asked for; what the reader should see of it.
    pub fn answer(&self, tiers: &mut [Tier]) -> Vec<String> {
        let mut events = Vec::new();
        while let Ok((mut stream, _)) = self.0.accept() {
            let mut request = String::new();
            let _ = stream.set_nonblocking(false);
            let _ = stream.set_read_timeout(Some(LIMIT));
            let _ = stream.set_write_timeout(Some(LIMIT));
            if io::Read::by_ref(&mut stream).take(REQUEST_LIMIT).read_to_string(&mut request).is_err() {
                continue;
            }
            let answer = act(&request, tiers);
            let _ = stream.write_all(answer.as_bytes()); // who asked may have gone
            events.push(answer);
        }
        events
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        let _ = fs::remove_file(SOCKET);
    }
}

fn act(request: &str, tiers: &mut [Tier]) -> String {
    let (word, name) = request.trim().split_once(' ').unwrap_or_default();
    let signal = match word {
        "kill" => Signal::SIGKILL,
        "stop" => Signal::SIGTERM,
        _ => return format!("what does \"{request}\" mean?"),
    };
    let names = || tiers.iter().map(|tier| tier.name).collect::<Vec<_>>().join(", ");
    match tiers.iter().find(|tier| tier.name == name) {
        None => format!("there is no tier \"{name}\", but {}", names()),
        Some(tier) => match tier.signal(signal) {
            Ok(()) => format!("{signal} to {name}"),
            Err(error) => format!("{name} {error}"),
        },
    }
}

/// Asks the demo that runs in this folder.
///
/// # Errors
/// That none does.
pub fn ask(folder: &Path, word: &str, name: &str) -> Result<String, Box<dyn Error>> {
    let none = |error| format!("no demo runs in {}: {error}", folder.display());
    std::env::set_current_dir(folder).map_err(none)?;
    let mut stream = UnixStream::connect(SOCKET).map_err(none)?;
    stream.set_read_timeout(Some(LIMIT))?;
    write!(stream, "{word} {name}")?;
    stream.shutdown(Shutdown::Write)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
