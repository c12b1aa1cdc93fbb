//! Changes that commands make, as values by names: what a cluster agrees on before it is done.

use crate::acl::{Reference, Versions};
use crate::check::{Method, Watch, agent_script};
use crate::compile::{self, Plan};
use crate::listen::Entrance;
use crate::process;
use crate::proxy::{Backend, Frontend, ProxyCounters, ProxyStats};
use crate::server::{Cause, Operational, Server, ServerAddress, admin, report};
use crate::thread::PerThread;
use async_trait::async_trait;
use haproxy_cfg_parser::Severity;
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// One change of run-time state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Change {
    /// A server's weight, 0 to 256.
    Weight {
        /// The backend.
        backend: String,
        /// The server.
        server: String,
        /// The weight.
        weight: u32,
    },
    /// A server's administrative state.
    State {
        /// The backend.
        backend: String,
        /// The server.
        server: String,
        /// The state.
        state: ServerState,
    },
    /// A server's operational state, as if health checks had found it.
    Health {
        /// The backend.
        backend: String,
        /// The server.
        server: String,
        /// The state, as `srv_op_state` numbers it.
        health: u8,
    },
    /// A server's `maxconn`.
    ServerMaxconn {
        /// The backend.
        backend: String,
        /// The server.
        server: String,
        /// The limit; 0: none.
        maxconn: u32,
    },
    /// A frontend's `maxconn`.
    FrontendMaxconn {
        /// The frontend.
        frontend: String,
        /// The limit; 0: none.
        maxconn: u32,
    },
    /// The process's `maxconn`.
    GlobalMaxconn {
        /// The limit.
        maxconn: u32,
    },
    /// A server's address and port; `None` keeps the present one.
    Address {
        /// The backend.
        backend: String,
        /// The server.
        server: String,
        /// The address.
        ip: Option<IpAddr>,
        /// The port.
        port: Option<u16>,
    },
    /// A new server of a backend.
    AddServer {
        /// The backend.
        backend: String,
        /// The server.
        server: String,
        /// What a line of a file would say behind its name.
        words: Vec<String>,
    },
    /// A server of a backend is no more.
    DeleteServer {
        /// The backend.
        backend: String,
        /// The server.
        server: String,
    },
    /// Whether a server is checked.
    Checks {
        /// The backend.
        backend: String,
        /// The server.
        server: String,
        /// Its agent is meant, not its health checks.
        agent: bool,
        /// Checks are made.
        enabled: bool,
    },
    /// Whether a frontend accepts connections.
    Frontend {
        /// The frontend.
        frontend: String,
        /// As [`Entrance`] numbers it.
        entrance: u8,
    },
    /// Where checks of a server go, and what they ask.
    Aim {
        /// The backend.
        backend: String,
        /// The server.
        server: String,
        /// Those of its agent.
        agent: bool,
        /// What changes.
        aim: Aim,
    },
    /// What an agent would have said of its server.
    Agent {
        /// The backend.
        backend: String,
        /// The server.
        server: String,
        /// It is up.
        up: bool,
    },
    /// The host name that a server's address is of.
    Fqdn {
        /// The backend.
        backend: String,
        /// The server.
        server: String,
        /// The name.
        name: String,
    },
    /// A list of patterns: a map, or those of an ACL.
    Patterns {
        /// The file that it was read from, or `#` and its number.
        list: String,
        /// What is done to it.
        edit: PatternEdit,
    },
    /// Maxima, or all counters, begin anew.
    ClearCounters {
        /// All of them.
        all: bool,
    },
}

/// Where checks go, and what they ask; `None` keeps what there is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)] // each is the word of that name
pub struct Aim {
    pub ip: Option<IpAddr>,
    pub port: Option<u16>,
    pub send: Option<String>,
}

/// What commands do to a list of patterns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PatternEdit {
    /// Adds entries to a version, or to the current one.
    Add {
        /// The version.
        version: Option<u32>,
        /// Patterns, for maps with their values.
        entries: Vec<(String, Option<String>)>,
    },
    /// Gives the entries of a key another value.
    Set {
        /// The key, or `#` and an entry's id.
        key: String,
        /// The value.
        value: String,
    },
    /// Removes the entries of a key.
    Delete {
        /// The key, or `#` and an entry's id.
        key: String,
    },
    /// Removes all entries of a version, or of the current one.
    Clear {
        /// The version.
        version: Option<u32>,
    },
    /// Begins a new version.
    Prepare,
    /// Makes a version the current one.
    Commit {
        /// The version.
        version: u32,
    },
}

/// Administrative states of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ServerState {
    /// `ready`.
    Ready,
    /// `drain`: takes no new sessions.
    Drain,
    /// `maint`: out of use.
    Maint,
    /// Maintenance begins, drain stays as it is (`disable server`).
    Disabled,
    /// Maintenance ends, drain stays as it is (`enable server`).
    Enabled,
}

/// A change was made; else why it could not be.
pub type Applied = Result<(), String>;

/// Who decides on changes: this node alone, or a cluster.
#[async_trait]
pub trait Authority: Send + Sync {
    /// Makes a change, once it is agreed.
    async fn propose(&self, plan: &Plan, change: Change) -> Applied;
}

/// The authority of a node that is alone: it makes every change at once.
#[derive(Clone, Copy, Debug, Default)]
pub struct Local;

#[async_trait]
impl Authority for Local {
    async fn propose(&self, plan: &Plan, change: Change) -> Applied {
        change.apply(plan)
    }
}

impl Change {
    /// Makes the change on this node. Making it twice is the same as once.
    ///
    /// # Errors
    /// What it names is not there.
    pub fn apply(&self, plan: &Plan) -> Applied {
        match self {
            Self::Weight { backend, server, weight } => find(plan, backend, server)?.set_weight(*weight),
            Self::State { backend, server, state } => {
                const READY: u8 = admin::FORCED_MAINT | admin::CONFIG_MAINT;
                let (set, clear) = match state {
                    ServerState::Ready => (0, READY | admin::FORCED_DRAIN),
                    ServerState::Drain => (admin::FORCED_DRAIN, READY),
                    ServerState::Maint => (admin::FORCED_MAINT, admin::FORCED_DRAIN),
                    ServerState::Disabled => (admin::FORCED_MAINT, 0),
                    ServerState::Enabled => (0, READY),
                };
                find(plan, backend, server)?.set_admin(set, clear);
            }
            Self::Health { backend, server, health } => {
                let server = find(plan, backend, server)?;
                // What is in maintenance has no health until it leaves.
                if !server.in_maintenance() {
                    server.set_operational(Operational::of(*health));
                }
            }
            Self::ServerMaxconn { backend, server, maxconn } => {
                find(plan, backend, server)?.set_maxconn(*maxconn);
            }
            Self::FrontendMaxconn { frontend, maxconn } => plan
                .frontends
                .iter()
                .find(|known| known.name == *frontend)
                .ok_or("No such frontend.")?
                .connections
                .set_max(*maxconn),
            Self::GlobalMaxconn { maxconn } => plan.connections.set_max(*maxconn),
            Self::Address { backend, server, ip, port } => {
                let backend = self::backend(plan, backend)?;
                let server = find(plan, &backend.name, server)?;
                move_to(backend, &server, *ip, *port)?;
            }
            Self::AddServer { backend, server, words } => {
                compile::add_server(plan, self::backend(plan, backend)?, server, words)?;
            }
            Self::DeleteServer { backend, server } => {
                compile::delete_server(plan, self::backend(plan, backend)?, server)?;
            }
            Self::Checks { backend, server, agent, enabled } => {
                let server = find(plan, backend, server)?;
                if let Some(probe) = if *agent { &server.agent } else { &server.check } {
                    probe.enabled.store(*enabled, Ordering::Relaxed);
                }
            }
            Self::Frontend { frontend, entrance } => {
                let frontend = plan.frontends.iter().find(|known| known.name == *frontend);
                let frontend = frontend.ok_or("No such frontend.")?;
                let entrance = match entrance {
                    0 => Entrance::Open,
                    1 => Entrance::Paused,
                    _ => Entrance::Shut,
                };
                turn(plan, frontend, entrance);
            }
            Self::Aim { backend, server, agent, aim } => {
                let uid = find(plan, backend, server)?.uid;
                aim.take(self::backend(plan, backend)?, uid, *agent);
                plan.revised.send_replace(());
            }
            Self::Agent { backend, server, up } => {
                let server = find(plan, backend, server)?;
                if let Some(probe) =
                    server.agent.as_deref().filter(|probe| probe.enabled.load(Ordering::Relaxed))
                {
                    probe.set_health(|health| health.set(if *up { health.top() } else { 0 }));
                    let state = if *up { Operational::Running } else { Operational::Stopped };
                    server.turn(state, Cause::Reason("changed from CLI"));
                }
            }
            Self::Fqdn { backend, server, name } => {
                let found = find(plan, backend, server)?;
                let section = found.config.resolve.resolvers.as_ref();
                let section = section
                    .and_then(|section| plan.resolvers.iter().find(|known| known.config.name == *section));
                let asked = section
                    .is_some_and(|section| section.follow(backend.clone(), server.clone(), name.clone()));
                if !asked {
                    return Err(
                        "set server <b>/<s> fqdn failed because no resolution is configured.".to_owned()
                    );
                }
            }
            Self::Patterns { list, edit } => {
                let reference = find_list(plan, list).ok_or("There is no such list of patterns.")?;
                let kind = if reference.is_map() { "map" } else { "acl" };
                reference.change(|versions| edit.apply(versions, kind))?;
            }
            Self::ClearCounters { all } => clear(plan, *all),
        }
        Ok(())
    }
}

impl PatternEdit {
    fn apply(&self, versions: &mut Versions, kind: &str) -> Applied {
        match self {
            Self::Add { version, entries } => entries
                .iter()
                .try_for_each(|(key, value)| versions.add(*version, key, value.as_deref(), kind)),
            Self::Set { key, value } => versions.set(key, value),
            Self::Delete { key } => versions.delete(key),
            Self::Clear { version } => {
                versions.clear(*version);
                Ok(())
            }
            Self::Prepare => {
                versions.prepare();
                Ok(())
            }
            Self::Commit { version } => versions.commit(*version),
        }
    }
}

impl Aim {
    fn take(&self, backend: &Backend, uid: usize, agent: bool) {
        let aimed = |watch: &Arc<Watch>| {
            if watch.server.uid != uid || watch.agent != agent {
                return Arc::clone(watch);
            }
            let mut watch = Watch::clone(watch);
            if let Some(ip) = self.ip {
                watch.address = Some(ServerAddress::Inet(SocketAddr::new(ip, 0)));
            }
            watch.port = self.port.or(watch.port);
            if let Some(text) = &self.send {
                watch.method = Method::Script(Arc::new(agent_script(Some(text))));
            }
            Arc::new(watch)
        };
        backend.watches.rcu(|known| known.iter().map(aimed).collect::<Vec<_>>());
    }
}

/// Opens or closes a frontend's entrance, and tells so.
fn turn(plan: &Plan, frontend: &Frontend, entrance: Entrance) {
    frontend.gate.set(entrance);
    plan.entrances.send_replace(());
    let name = &frontend.name;
    let text = match entrance {
        Entrance::Open => format!("Resumed frontend {name}."),
        Entrance::Paused => format!("Paused frontend {name}."),
        Entrance::Shut => {
            let front = frontend.stats.counters.sum(|counters| counters.conn_tot.get());
            let back = plan.backends_by_name.get(name);
            let back = back.map_or(0, |back| back.stats.counters.sum(|counters| counters.sess_tot.get()));
            format!("Proxy {name} stopped (cumulated conns: FE: {front}, BE: {back}).")
        }
    };
    process::tell(Severity::Warning, &text);
}

/// Sends a server's connections to another address, which ends a maintenance for the lack of one.
fn move_to(backend: &Backend, server: &Arc<Server>, ip: Option<IpAddr>, port: Option<u16>) -> Applied {
    let before = server.address();
    let Some(to) = ip.or(before.ip()) else { return Err("The server has no address yet.".into()) };
    let address = SocketAddr::new(to, port.unwrap_or(before.port()));
    if server.set_address(ServerAddress::Inet(address)) && before.ip() != Some(to) {
        report::moved(backend, server, before.ip(), to, "stats socket command");
    }
    if server.set_admin(0, admin::RESOLUTION_MAINT) {
        report::resolves(backend, server);
    }
    Ok(())
}

/// A list of patterns by its file or `#` and its number.
pub(super) fn find_list<'a>(plan: &'a Plan, name: &str) -> Option<&'a Arc<Reference>> {
    let id = name.strip_prefix('#').and_then(|id| id.parse::<u32>().ok());
    plan.references.iter().find(|reference| match id {
        Some(id) => reference.id() == id,
        None => reference.file.as_deref() == Some(name),
    })
}

/// A backend by its name.
pub(super) fn backend<'a>(plan: &'a Plan, name: &str) -> Result<&'a Arc<Backend>, String> {
    plan.backends.iter().find(|backend| backend.name == name).ok_or_else(|| "No such backend.".to_owned())
}

/// A server by its names.
pub(super) fn find(plan: &Plan, backend_name: &str, server: &str) -> Result<Arc<Server>, String> {
    backend(plan, backend_name)?.servers.find(server).ok_or_else(|| "No such server.".to_owned())
}

fn clear(plan: &Plan, all: bool) {
    let of_proxy = |stats: &ProxyStats| {
        clear_max(&stats.current, &stats.current_max);
        clear_max(&stats.queued, &stats.queued_max);
        clear_counters(&stats.counters, all);
    };
    plan.frontends.iter().for_each(|frontend| of_proxy(&frontend.stats));
    for backend in &plan.backends {
        of_proxy(&backend.stats);
        for server in backend.servers.load().iter() {
            clear_max(&server.served, &server.served_max);
            clear_max(&server.queued, &server.queued_max);
            clear_counters(&server.counters, all);
            if all {
                clear_checks(server);
            }
        }
    }
}

/// Counters of checks and of what followed from them begin anew.
fn clear_checks(server: &Server) {
    [&server.downs, &server.downtime, &server.observed.reactions]
        .into_iter()
        .for_each(|n| n.store(0, Ordering::Relaxed));
    for probe in [&server.check, &server.agent].into_iter().flatten() {
        probe.failures.store(0, Ordering::Relaxed);
    }
}

/// A maximum begins at what there is now.
fn clear_max(now: &AtomicU32, max: &AtomicU32) {
    max.store(now.load(Ordering::Relaxed), Ordering::Relaxed);
}

fn clear_counters(counters: &PerThread<ProxyCounters>, all: bool) {
    for c in counters.iter() {
        c.times_max.iter().for_each(|time| time.set(0));
        [&c.conn_rate, &c.sess_rate, &c.req_rate].iter().for_each(|rate| rate.clear_max());
        if !all {
            continue;
        }
        let single = [
            &c.conn_tot,
            &c.sess_tot,
            &c.req_tot,
            &c.bin,
            &c.bout,
            &c.dreq,
            &c.dresp,
            &c.ereq,
            &c.econ,
            &c.eresp,
            &c.wretr,
            &c.wredis,
            &c.wrew,
            &c.eint,
            &c.cli_abrt,
            &c.srv_abrt,
            &c.dcon,
            &c.dses,
            &c.lbtot,
            &c.intercepted,
            &c.connect,
            &c.reuse,
        ];
        single.into_iter().chain(&c.hrsp).chain(&c.times).for_each(|counter| counter.set(0));
    }
}
