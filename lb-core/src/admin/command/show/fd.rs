//! `show fd`: what the process has open, as the system tells it.

use super::{Call, Command, Level, Outcome};
use crate::sys;
use socket2::SockRef;
use std::fmt::Write;
use std::path::Path;

pub(in super::super) const FD: Command = Command {
    words: &["show", "fd"],
    usage: "show fd [num]",
    doc: "dump list of file descriptors in use or a specific one",
    level: Level::Operator,
    run: |call| fd(call).into(),
};

/// Where the system lists what the calling process has open.
const OPEN: &str = "/proc/self/fd";

fn fd(call: &Call<'_>) -> Result<Outcome, String> {
    let wanted: Option<i32> = match call.arg(0) {
        "" => None,
        word => Some(word.parse().map_err(|_| "Expects a descriptor's number.".to_owned())?),
    };
    let listed = std::fs::read_dir(OPEN).map_err(|error| format!("Cannot read {OPEN}: {error}."))?;
    let numbers = listed.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let mut numbers: Vec<i32> =
        numbers.filter(|number| wanted.is_none_or(|wanted| wanted == *number)).collect();
    numbers.sort_unstable();
    let mut out = String::new();
    for number in numbers {
        // One that was closed meanwhile is left out: that of this list itself is.
        let Ok(what) = std::fs::read_link(Path::new(OPEN).join(number.to_string())) else { continue };
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{number:7} : {}{}", what.display(), ends(number));
    }
    Ok(Outcome::Dump(out))
}

/// The addresses of a socket's ends.
fn ends(number: i32) -> String {
    // Another thread may close it now; then another's addresses are shown, or none.
    let Ok(fd) = sys::inherited_fd(number) else { return String::new() };
    let socket = SockRef::from(&fd);
    let Ok(local) = socket.local_addr() else { return String::new() };
    let shown = |address: socket2::SockAddr| match (address.as_socket(), address.as_pathname()) {
        (Some(address), _) => address.to_string(),
        (None, Some(path)) => path.display().to_string(),
        (None, None) => "unix".to_owned(),
    };
    let listens = if socket.is_listener().unwrap_or(false) { " listening" } else { "" };
    let peer = socket.peer_addr().map(|peer| format!(" peer={}", shown(peer))).unwrap_or_default();
    format!("{listens} local={}{peer}", shown(local))
}
