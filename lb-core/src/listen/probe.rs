//! Whether clients of addresses that are not always this node's would be served here: each place where they are listened on is
//! connected to, ten times a second. Whoever accepts knows such a connection by its source, and it is no session.
//!
//! Only what is certain counts. A full queue or a limit of connections keeps a node fit: another would fill up as well.

use super::Permit;
use super::permit::Complaint;
use crate::compile::Plan;
use crate::engine::{Errands, Phase};
use crate::process::{self, Severity};
use crate::proxy::Listener;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

/// How long it is between two looks.
const EACH: Duration = Duration::from_millis(100);
/// Whoever has not accepted for so long is asked whether it is there at all.
const PATIENCE: Duration = Duration::from_secs(1);

/// What one listener is connected to by.
#[derive(Debug)]
pub struct Probe {
    at: SocketAddr,
    /// The source of what is on its way.
    port: AtomicU16,
}

impl Probe {
    /// Connects to this address.
    pub fn new(at: SocketAddr) -> Self {
        Self { at, port: AtomicU16::new(0) }
    }

    /// Where it connects to.
    pub fn at(&self) -> SocketAddr {
        self.at
    }

    /// A connection is this one's: nobody else's comes from that port of the address that it reached.
    #[inline]
    pub fn is_from(&self, source: SocketAddr, reached: Option<SocketAddr>) -> bool {
        source.port() == self.port.load(Ordering::Acquire)
            && reached.is_some_and(|reached| reached.ip() == source.ip())
    }

    async fn connect(&self) -> io::Result<TcpStream> {
        let socket = if self.at.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        socket.bind((self.at.ip(), 0).into())?;
        let port = socket.local_addr()?.port();
        // Before the other side can see it.
        self.port.store(port, Ordering::Release);
        let connected = timeout(PATIENCE, socket.connect(self.at)).await;
        let connected = connected.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        if connected.is_err() {
            self.forget(port);
        }
        connected
    }

    /// Somebody else's connection may come from that port from now on.
    fn forget(&self, port: u16) {
        let _ = self.port.compare_exchange(port, 0, Ordering::AcqRel, Ordering::Relaxed);
    }
}

/// The listeners of a plan that say whether clients are served: those at the addresses themselves; where there are none, those at
/// all addresses.
pub(crate) fn watched(plan: &Plan) -> Vec<(&Arc<Listener>, &str, &Arc<Probe>)> {
    let probed = plan.binds.iter().filter_map(|spec| {
        let probe = spec.listener.probe.as_ref()?;
        Some((&spec.listener, spec.proxy.as_str(), probe))
    });
    let (own, others): (Vec<_>, Vec<_>) = probed.partition(|(listener, ..)| listener.permit.is_some());
    if own.is_empty() { others } else { own }
}

/// What it takes to watch one listener.
pub(crate) struct Watcher {
    pub(crate) listener: Arc<Listener>,
    /// The frontend's name.
    pub(crate) frontend: String,
    pub(crate) probe: Arc<Probe>,
    /// Where complaints go.
    pub(crate) permit: Permit,
    pub(crate) phase: watch::Receiver<Phase>,
    pub(crate) errands: Errands,
}

impl Watcher {
    /// Watches it, until a reload has another in its place.
    pub(crate) async fn watch(mut self) {
        let (mut complaint, mut failures): (Option<Complaint>, u32) = (None, 0);
        while self.listener.successor.load().is_none() && !self.listener.is_retired() {
            if self.is_served().await {
                if failures > 1 {
                    self.tell(Severity::Notice, "clients are served again");
                }
                (complaint, failures) = (None, 0);
            } else {
                complaint.get_or_insert_with(|| self.permit.complain());
                failures = failures.saturating_add(1);
                // One that has just got its leave may not listen yet.
                if failures == 2 {
                    self.tell(Severity::Warning, "clients are not served");
                }
            }
            sleep(EACH).await;
        }
    }

    fn tell(&self, severity: Severity, what: &str) {
        process::tell(
            severity,
            &format!("{what} at {} (frontend {}).", self.listener.address, self.frontend),
        );
    }

    async fn is_served(&mut self) -> bool {
        let phase = *self.phase.borrow();
        if phase != Phase::Running {
            // An end has its own order.
            return phase != Phase::Paused;
        }
        let mut current = Arc::clone(&self.listener);
        if Listener::look(&mut current, |frontend| !frontend.gate.is_open()).unwrap_or(false) {
            return false;
        }
        let tenure = self.permit.tenure();
        if self.listener.permit.is_some() && tenure.is_none() {
            // Nobody is to listen there now.
            return true;
        }
        match self.probe.connect().await {
            Ok(stream) => self.is_accepted(stream).await,
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                self.listener.permit.is_some() && self.permit.tenure() != tenure
            }
            // The queue is full.
            Err(error) if error.kind() == io::ErrorKind::TimedOut => self.threads_turn().await,
            // This says nothing about who listens.
            Err(_) => true,
        }
    }

    /// The threads are there that accept.
    async fn threads_turn(&self) -> bool {
        !self.errands.ask(|| ()).await.contains(&None)
    }

    /// Waits until somebody has closed it, for as long as the threads are there that should.
    async fn is_accepted(&self, mut stream: TcpStream) -> bool {
        let mut byte = [0];
        while timeout(PATIENCE, stream.read(&mut byte)).await.is_err() {
            if !self.threads_turn().await {
                return false;
            }
        }
        if let Ok(source) = stream.local_addr() {
            self.probe.forget(source.port());
        }
        true
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::compile::{Held, Options, compile};
    use crate::testing::options;
    use haproxy_cfg_parser::{Source, SystemWorld, parse};

    fn plan(lines: &str) -> Plan {
        let held = [Held { ip: "127.0.9.9".parse().unwrap(), guarded: true }];
        let text = format!("frontend f\n{lines}\ndefaults\n timeout client 1s\n");
        let (config, _) = parse(&[Source::new("a.cfg", text)], &SystemWorld::default());
        compile(&Arc::new(config), &Options { held: &held, ..options(None) }).unwrap().0
    }

    fn places(lines: &str) -> Vec<String> {
        watched(&plan(lines)).into_iter().map(|(.., probe)| probe.at().to_string()).collect()
    }

    #[test]
    fn what_listens_at_the_address_itself_counts_else_what_listens_at_all() {
        assert_eq!(places(" bind 127.0.9.9:80\n bind *:81\n bind 127.0.0.1:82"), ["127.0.9.9:80"]);
        assert_eq!(
            places(" bind *:81\n bind :::83 v4v6\n bind :::84 v6only"),
            ["127.0.0.1:81", "127.0.0.1:83"]
        );
        assert!(places(" bind 127.0.0.1:82").is_empty());
        // A connection from this machine would not come by that interface.
        assert!(places(" bind 127.0.9.9:80 interface eth0").is_empty());
    }

    fn watcher(plan: &Plan) -> Watcher {
        let (listener, frontend, probe) = watched(plan)[0];
        Watcher {
            listener: Arc::clone(listener),
            frontend: frontend.to_owned(),
            probe: Arc::clone(probe),
            permit: plan.permit.clone(),
            phase: watch::Sender::new(Phase::Running).subscribe(),
            errands: Errands::default(),
        }
    }

    #[tokio::test]
    async fn only_who_refuses_or_closed_its_gate_is_complained_of() {
        let listening = tokio::net::TcpListener::bind(("127.0.9.9", 0)).await.unwrap();
        let port = listening.local_addr().unwrap().port();
        let plan = plan(&format!(" bind 127.0.9.9:{port}"));
        let mut watcher = watcher(&plan);
        assert!(watcher.is_served().await, "without leave there is nothing to listen for");
        plan.permit.grant(std::time::Instant::now() + Duration::from_secs(600));
        let accepting = async {
            let (stream, source) = listening.accept().await.unwrap();
            assert!(watcher.probe.is_from(source, stream.local_addr().ok()));
            assert!(!watcher.probe.is_from(source, Some("127.0.0.1:1".parse().unwrap())));
            source
        };
        let probe = Arc::clone(&watcher.probe);
        let (stream, source) = tokio::join!(probe.connect(), accepting);
        assert!(watcher.is_accepted(stream.unwrap()).await);
        assert!(!probe.is_from(source, Some(source)), "the port may be a client's by now");
        drop(listening);
        assert!(!watcher.is_served().await);
        plan.frontends[0].gate.set(crate::listen::Entrance::Paused);
        plan.permit.withdraw();
        assert!(!watcher.is_served().await, "it would not be served if it came");
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_queue_is_not_waited_for() {
        let listening = TcpSocket::new_v4().unwrap();
        listening.bind("127.0.9.9:0".parse().unwrap()).unwrap();
        let listening = listening.listen(1).unwrap();
        let at = listening.local_addr().unwrap();
        let plan = plan(&format!(" bind {at}"));
        let mut watcher = watcher(&plan);
        plan.permit.grant(std::time::Instant::now() + Duration::from_secs(600));
        let _waiting: Vec<_> = (0..2).map(|_| std::net::TcpStream::connect(at).unwrap()).collect();
        assert!(timeout(PATIENCE * 10, watcher.is_served()).await.unwrap(), "who is busy is fit");
    }
}
