//! Stand-in for lb-core's engine until it lands: accepts, echoes bytes, and can be drained.
#![allow(clippy::unwrap_used)]
#![allow(missing_docs, clippy::all, dead_code)]
use haproxy_cfg_parser::model::{Address, Config, Host};
use haproxy_cfg_parser::{Diagnostic, Severity};
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};

pub(crate) struct Options {
    pub(crate) threads: usize,
    pub(crate) maxconn: u64,
}
pub(crate) struct Plan {
    threads: usize,
    binds: Vec<(String, String)>,
}
pub(crate) struct Sockets(Vec<(String, TcpListener)>);
pub(crate) struct Hooks {
    pub(crate) thread_start: Arc<dyn Fn(usize) + Send + Sync>,
    pub(crate) event: Arc<dyn Fn(Severity, &str) + Send + Sync>,
}
pub(crate) fn compile(
    config: &Config,
    options: &Options,
) -> Result<(Plan, Vec<Diagnostic>), Vec<Diagnostic>> {
    let mut binds = Vec::new();
    for p in &config.proxies {
        for b in &p.binds {
            for (a, text) in &b.addresses {
                if let Address::Inet { host: Host::Ip(_), .. } = a {
                    binds.push((p.name.clone(), text.clone()));
                }
            }
        }
    }
    Ok((Plan { threads: options.threads, binds }, vec![]))
}
pub(crate) fn bind(plan: &Plan) -> Result<Sockets, Vec<Diagnostic>> {
    let mut out = Vec::new();
    for (name, text) in &plan.binds {
        match TcpListener::bind(text) {
            Ok(l) => out.push((name.clone(), l)),
            Err(e) => {
                let message = format!(
                    "Starting frontend {name}: cannot bind socket ({}) [{text}]",
                    crate::load::reason(&e)
                );
                return Err(vec![Diagnostic {
                    severity: Severity::Alert,
                    place: None,
                    span: None,
                    message,
                    help: None,
                }]);
            }
        }
    }
    Ok(Sockets(out))
}
#[derive(Default)]
struct State {
    stopping: bool,
    conns: Vec<TcpStream>,
    open: usize,
}
pub(crate) struct Engine {
    state: Arc<(Mutex<State>, Condvar)>,
    listeners: Vec<(String, TcpListener)>,
    event: Arc<dyn Fn(Severity, &str) + Send + Sync>,
}
impl Engine {
    pub(crate) fn start(plan: Plan, sockets: Sockets, hooks: Hooks) -> io::Result<Self> {
        let state: Arc<(Mutex<State>, Condvar)> = Arc::default();
        for t in 0..plan.threads {
            let start = hooks.thread_start.clone();
            let mine: Vec<_> = sockets.0.iter().map(|(_, l)| l.try_clone()).collect::<Result<_, _>>()?;
            let state = state.clone();
            std::thread::Builder::new().name(format!("lb-{}", t + 1)).spawn(move || {
                start(t);
                for l in mine {
                    let state = state.clone();
                    std::thread::spawn(move || {
                        while let Ok((mut c, _)) = l.accept() {
                            if state.0.lock().unwrap().stopping {
                                return;
                            }
                            let mut s = state.0.lock().unwrap();
                            s.open += 1;
                            s.conns.push(c.try_clone().unwrap());
                            drop(s);
                            let state = state.clone();
                            std::thread::spawn(move || {
                                let mut b = [0; 100];
                                while let Ok(n) = c.read(&mut b) {
                                    if n == 0 || c.write_all(&b[..n]).is_err() {
                                        break;
                                    }
                                }
                                state.0.lock().unwrap().open -= 1;
                                state.1.notify_all();
                            });
                        }
                    });
                }
            })?;
        }
        Ok(Self { state, listeners: sockets.0, event: hooks.event })
    }
    pub(crate) fn soft_stop(&self) {
        for (name, l) in &self.listeners {
            (self.event)(
                Severity::Warning,
                &format!("Proxy {name} stopped (cumulated conns: FE: 0, BE: 0)."),
            );
            let _ = nix::sys::socket::shutdown(
                std::os::fd::AsRawFd::as_raw_fd(l),
                nix::sys::socket::Shutdown::Both,
            );
        }
        self.state.0.lock().unwrap().stopping = true;
        self.state.1.notify_all();
    }
    pub(crate) fn stop(&self) {
        for c in &self.state.0.lock().unwrap().conns {
            let _ = c.shutdown(Shutdown::Both);
        }
    }
    pub(crate) fn pause(&self) {
        for (name, _) in &self.listeners {
            (self.event)(Severity::Warning, &format!("Paused frontend {name}."));
        }
    }
    pub(crate) fn resume(&self) {
        for (name, _) in &self.listeners {
            (self.event)(Severity::Warning, &format!("Resumed frontend {name}."));
        }
    }
    pub(crate) fn report(&self) -> Vec<String> {
        vec!["Proxy f has no servers.".into()]
    }
    pub(crate) fn wait(&self) {
        let mut s = self.state.0.lock().unwrap();
        while !s.stopping || s.open > 0 {
            s = self.state.1.wait(s).unwrap();
        }
    }
}
