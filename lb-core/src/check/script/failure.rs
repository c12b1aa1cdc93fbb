//! Results of checks in which something went wrong, in HAProxy's words.

use super::{Action, Connect, Expect, Script, Step};
use crate::check::{Report, Status};
use crate::connect::{ConnectError, SocksFailure};
use nix::errno::Errno;
use std::io;

impl Script {
    /// The server has said nothing where something was expected.
    pub(super) fn empty(&self, step: &Step, expect: &Expect) -> Report {
        let status = expect.error.unwrap_or(Status::L7Response);
        if self.http {
            return Report::new(Status::L7Response, "");
        }
        let mut text = format!("TCPCHK got an empty response at step {}", step.number);
        if let Some(comment) = &step.comment {
            text.push_str(&format!(" comment: '{comment}'"));
        }
        Report::new(status, text)
    }

    /// There is no connection.
    pub(super) fn not_connected(&self, step: &Step, error: ConnectError) -> Report {
        let (status, mut text) = match error {
            ConnectError::Timeout => (Status::L4Timeout, Vec::new()),
            ConnectError::Refused(error) => (Status::L4Connect, refused(&error)),
            ConnectError::Resource(error) => (Status::L4Connect, unavailable(&error)),
            ConnectError::Proxy(SocksFailure::TimedOut) => (Status::L7Timeout, Vec::new()),
            ConnectError::Proxy(failure) => (Status::SocketError, failure.to_string().into_bytes()),
        };
        text.extend(self.at_step(step));
        Report::new(status, text)
    }

    /// Time is over.
    pub(super) fn timed_out(&self, step: &Step, expect: Option<&Expect>) -> Report {
        let status = expect.and_then(|expect| expect.timeout).unwrap_or(Status::L7Timeout);
        Report::new(status, self.at_step(step))
    }

    /// The connection broke.
    pub(super) fn broken(&self, step: &Step, error: &io::Error) -> Report {
        let mut text = describe(error).into_bytes();
        text.extend(self.at_step(step));
        Report::new(Status::SocketError, text)
    }

    /// Where a script of the configuration was when its connection failed.
    fn at_step(&self, step: &Step) -> Vec<u8> {
        if !self.told {
            return Vec::new();
        }
        if step.number == 0 {
            return b" at initial connection step of tcp-check".to_vec();
        }
        let mut text = format!(" at step {} of tcp-check", step.number).into_bytes();
        match &step.action {
            Action::Connect(Connect { port: Some(port), .. }) => {
                text.extend(format!(" (connect port {port})").into_bytes());
            }
            Action::Connect(_) => text.extend(b" (connect)"),
            Action::Send(_) | Action::Request(_) => text.extend(b" (send)"),
            Action::Expect(expect) => text.extend(expect.describe()),
            Action::Variable(_) => {}
        }
        if let Some(comment) = &step.comment {
            text.extend(format!(" comment: '{comment}'").into_bytes());
        }
        text
    }
}

/// The system's text of an error.
fn describe(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(code) => Errno::from_raw(code).desc().to_owned(),
        None => error.to_string(),
    }
}

/// What the network said at once has another form than what it said later.
fn refused(error: &io::Error) -> Vec<u8> {
    let later = [libc::ECONNREFUSED, libc::ECONNRESET, libc::EHOSTUNREACH, libc::ETIMEDOUT];
    let text = describe(error);
    match error.raw_os_error() {
        Some(code) if later.contains(&code) => text.into_bytes(),
        _ => format!("General socket error ({text})").into_bytes(),
    }
}

fn unavailable(error: &io::Error) -> Vec<u8> {
    let what = match error.raw_os_error() {
        Some(libc::EMFILE) => "Reached the process's FD limit",
        Some(libc::ENFILE) => "Reached the system's FD limit",
        Some(libc::ENOBUFS | libc::ENOMEM) => "Ran out of memory",
        Some(libc::EADDRINUSE) => "Local address already in use",
        _ => "Cannot bind to source address",
    };
    format!("{what} ({})", describe(error)).into_bytes()
}
