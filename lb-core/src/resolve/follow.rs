//! What an answer, or the lack of one, does to the servers that follow a name.

use super::place::{self, Move};
use super::{Record, Service};
use crate::proxy::Backend;
use crate::server::{Server, ServerAddress, admin, report};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// A server that follows a name.
#[derive(Clone, Debug)]
pub(super) struct Follower {
    pub(super) backend: Arc<Backend>,
    pub(super) server: Arc<Server>,
    /// The address that it has from its name's answers.
    pub(super) held: Option<IpAddr>,
    /// The record of its service that it has.
    pub(super) record: Option<(String, u16)>,
    /// Its address came with that record, so that nobody asks for it.
    told: bool,
}

impl Follower {
    pub(super) fn new(backend: &Arc<Backend>, server: &Arc<Server>) -> Self {
        Self {
            backend: Arc::clone(backend),
            server: Arc::clone(server),
            held: None,
            record: None,
            told: false,
        }
    }

    /// Both are the same server.
    pub(super) fn is(&self, server: &Arc<Server>) -> bool {
        Arc::ptr_eq(&self.server, server)
    }

    /// Takes the server out of use until its name has an address again.
    pub(super) fn lose(&mut self, cause: &str) {
        self.held = None;
        let port = self.server.address().port();
        if self.server.set_admin(admin::RESOLUTION_MAINT, 0) {
            report::maintenance(&self.backend, &self.server, cause);
        }
        self.server.set_address(ServerAddress::Unresolved(port));
    }

    /// Takes an address over. `by` says who answered; true when it is a new one.
    fn take(&mut self, ip: IpAddr, by: &str) -> bool {
        let port = self.server.address().port();
        self.take_at(SocketAddr::new(ip, port), by)
    }

    /// Takes an address and a port over.
    fn take_at(&mut self, address: SocketAddr, by: &str) -> bool {
        let ip = address.ip();
        self.held = Some(ip);
        let before = self.server.address();
        let moved = self.server.set_address(ServerAddress::Inet(address));
        if moved {
            report::moved(&self.backend, &self.server, before.ip(), ip, by);
        }
        if self.server.set_admin(0, admin::RESOLUTION_MAINT) {
            report::resolves(&self.backend, &self.server);
        }
        moved
    }
}

/// Gives each of the servers that follow a name one of its addresses. `by` says who answered; how many are new.
pub(super) fn addresses(followers: &mut [Follower], records: &[Record], by: &str) -> u64 {
    let mut moves = 0;
    for index in 0..followers.len() {
        let Some(one) = followers.get(index) else { break };
        let taken = |ip: IpAddr| {
            followers.iter().enumerate().any(|(other, follower)| {
                other != index && follower.held == Some(ip) && Arc::ptr_eq(&follower.backend, &one.backend)
            })
        };
        let candidates = records.iter().filter_map(|record| match record {
            Record::Address(ip) => Some(*ip),
            Record::Service(_) => None,
        });
        let current = one.server.address().ip();
        let chosen = place::address(candidates, current, taken, &one.server.config.resolve);
        let Some(one) = followers.get_mut(index) else { break };
        match chosen {
            Some(ip) => moves += u64::from(one.take(ip, if moves == 0 { by } else { "DNS cache" })),
            None => one.lose("No IP for server "),
        }
    }
    moves
}

/// A server whose target's name is to be followed from now on, or no longer.
#[derive(Debug)]
pub(super) enum Target {
    /// It is.
    Begin(Follower, String),
    /// It is not.
    End(Arc<Server>, String),
}

/// Who told an address, where it came with the record of a service.
const TOLD: &str = "DNS additional record";

/// Gives the server the address of its record, or has its name followed.
fn locate(follower: &mut Follower, service: &Service, known: bool) -> Option<Target> {
    let server = Arc::clone(&follower.server);
    let told = place::told(service, server.address().ip(), |_| false, &server.config.resolve);
    let before = std::mem::replace(&mut follower.told, told.is_some());
    match told {
        Some(ip) => {
            follower.take_at(SocketAddr::new(ip, service.port), TOLD);
            // Its name was followed until now.
            (known && !before).then(|| Target::End(server, service.target.clone()))
        }
        // Its name is followed already.
        None if known && !before => None,
        None => {
            if !known {
                server.set_address(ServerAddress::Unresolved(service.port));
            }
            Some(Target::Begin(Follower::new(&follower.backend, &server), service.target.clone()))
        }
    }
}

/// Places the records of a service on the servers that follow it; each backend has all of them. What is to become of
/// the names of their targets is for the caller.
pub(super) fn services(followers: &mut [Follower], records: &[Service]) -> Vec<Target> {
    let mut targets = Vec::new();
    let mut backends: Vec<Arc<Backend>> = Vec::new();
    for follower in followers.iter() {
        if !backends.iter().any(|known| Arc::ptr_eq(known, &follower.backend)) {
            backends.push(Arc::clone(&follower.backend));
        }
    }
    for backend in backends {
        let mut group: Vec<&mut Follower> =
            followers.iter_mut().filter(|follower| Arc::ptr_eq(&follower.backend, &backend)).collect();
        let placed: Vec<_> = group.iter().map(|follower| follower.record.clone()).collect();
        for step in place::services(&placed, records) {
            match step {
                Move::Stay(index, service) => {
                    if let Some(follower) = group.get_mut(index) {
                        weigh(&follower.server, &service);
                        targets.extend(locate(follower, &service, true));
                    }
                }
                Move::Leave(index) => {
                    if let Some(follower) = group.get_mut(index) {
                        targets.extend(leave(follower, "entry removed from SRV record"));
                    }
                }
                Move::Take(index, service) => {
                    if let Some(follower) = group.get_mut(index) {
                        weigh(&follower.server, &service);
                        rename(&backend, &follower.server, Some(&service.target), "'SRV record'");
                        follower.record = Some((service.target.clone(), service.port));
                        targets.extend(locate(follower, &service, false));
                    }
                }
            }
        }
    }
    targets
}

/// Takes a server's record away.
pub(super) fn leave(follower: &mut Follower, cause: &str) -> Option<Target> {
    let (target, _) = follower.record.take()?;
    follower.lose(cause);
    follower.server.set_address(ServerAddress::Unresolved(0));
    follower.server.set_hostname(None);
    let followed = !std::mem::take(&mut follower.told);
    followed.then(|| Target::End(Arc::clone(&follower.server), target))
}

fn weigh(server: &Arc<Server>, service: &Service) {
    if !server.config.resolve.ignore_weight {
        server.set_weight(service.server_weight());
    }
}

/// Gives a server another host name.
pub(super) fn rename(backend: &Backend, server: &Arc<Server>, name: Option<&str>, by: &str) {
    let before = server.hostname();
    if before.as_deref().map(String::as_str) == name {
        return;
    }
    server.set_hostname(name.map(str::to_owned));
    server.set_admin(admin::HOSTNAME, 0);
    if let Some(name) = name {
        report::renamed(backend, server, before.as_deref().map_or("(null)", String::as_str), name, by);
    }
}
