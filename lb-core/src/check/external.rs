//! Checks by a program (manual 4.2 "external-check"): its arguments and environment are HAProxy's.

use super::{Report, Status};
use crate::process;
use crate::proxy::Backend;
use crate::server::{Server, ServerAddress};
use haproxy_cfg_parser::model::Mode;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

/// What stands for an address or a port that there is none of.
const UNUSED: &str = "NOT_USED";

/// How long a program that was asked to end may take.
const PATIENCE: Duration = Duration::from_millis(100);

/// A program that checks servers.
#[derive(Debug)]
pub struct External {
    /// `external-check command`.
    pub command: String,
    /// `external-check path`: where it finds other programs.
    pub path: String,
    /// It sees lb's own environment as well (`external-check preserve-env`).
    pub preserve_env: bool,
    /// The first address that the proxy listens on, and its port.
    pub listens: Option<(String, String)>,
}

impl External {
    /// Checks a server once: exit code 0 says that it is well.
    pub(super) async fn run(&self, server: &Arc<Server>, backend: &Backend, inter: Duration) -> Report {
        let started = Instant::now();
        let timeouts = &backend.timeouts;
        let limit = match (timeouts.check, timeouts.connect) {
            (Some(_), Some(connect)) if !connect.is_zero() => inter.min(connect),
            _ => inter,
        };
        let report = match self.command(server, backend).spawn() {
            // What cannot be run ends as HAProxy's child does.
            Err(_) => verdict(Some(255)),
            Ok(child) => {
                let mut child = Kept(child);
                match tokio::time::timeout(limit, ended(&mut child.0)).await {
                    Ok(exit) => verdict(exit.and_then(|exit| exit.code())),
                    Err(_) => {
                        end(&mut child.0).await;
                        Report::new(Status::ProgramTimeout, "")
                    }
                }
            }
        };
        Report { duration: Some(crate::proxy::millis(started.elapsed())), ..report }
    }

    fn command(&self, server: &Server, backend: &Backend) -> Command {
        let (listen, listen_port) = match &self.listens {
            Some((address, port)) => (address.as_str(), port.as_str()),
            None => (UNUSED, UNUSED),
        };
        let (address, port) = match server.address() {
            ServerAddress::Inet(address) => (address.ip().to_string(), address.port().to_string()),
            ServerAddress::Unix(path) | ServerAddress::Abstract(path) => {
                (path.to_string(), UNUSED.to_owned())
            }
            // Not checked until its name has an address.
            ServerAddress::Unresolved(port) => (String::new(), port.to_string()),
        };
        let mut command = process::program(&self.command);
        command.args([listen, listen_port, &address, &port]);
        if !self.preserve_env {
            command.env_clear();
        }
        let text = |number: u32| number.to_string();
        command.envs([
            ("PATH", self.path.clone()),
            ("HAPROXY_PROXY_NAME", backend.name.clone()),
            ("HAPROXY_PROXY_ID", text(backend.id)),
            ("HAPROXY_PROXY_ADDR", listen.to_owned()),
            ("HAPROXY_PROXY_PORT", listen_port.to_owned()),
            ("HAPROXY_SERVER_NAME", server.name.clone()),
            ("HAPROXY_SERVER_ID", text(server.id)),
            ("HAPROXY_SERVER_ADDR", address),
            ("HAPROXY_SERVER_PORT", port),
            ("HAPROXY_SERVER_MAXCONN", text(server.maxconn.load(Relaxed))),
            ("HAPROXY_SERVER_CURCONN", text(server.served.load(Relaxed))),
            ("HAPROXY_SERVER_SSL", text(u32::from(server.config.ssl))),
            ("HAPROXY_SERVER_PROTO", if backend.mode == Mode::Http { "h1" } else { "tcp" }.to_owned()),
        ]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }
}

/// A program that ends with the check that started it: a reload may end that one early.
struct Kept(Child);

impl Drop for Kept {
    fn drop(&mut self) {
        if !matches!(self.0.try_wait(), Ok(Some(_))) {
            // What cannot be killed or waited for is gone.
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }
}

/// Waits for the end of a program; none: it cannot be waited for. It is looked at again and again, as nothing tells of its
/// end without a handler of the process's signals.
async fn ended(child: &mut Child) -> Option<ExitStatus> {
    let mut pause = Duration::from_millis(1);
    loop {
        match child.try_wait() {
            Ok(Some(exit)) => return Some(exit),
            Ok(None) => tokio::time::sleep(pause).await,
            Err(_) => return None,
        }
        pause = (pause * 2).min(Duration::from_millis(16));
    }
}

/// Ends a program that took too long; one that does not listen is killed.
async fn end(child: &mut Child) {
    if let Ok(id) = i32::try_from(child.id()) {
        // It may have ended just now.
        let _ = kill(Pid::from_raw(id), Signal::SIGTERM);
    }
    if tokio::time::timeout(PATIENCE, ended(child)).await.is_err() {
        let _ = child.kill();
        ended(child).await;
    }
}

/// What an exit code says; none: a signal ended the program.
fn verdict(code: Option<i32>) -> Report {
    match code {
        Some(0) => Report::new(Status::ProgramOk, ""),
        code => Report::new(Status::ProgramError, "").with_code(code.unwrap_or(-1)),
    }
}
