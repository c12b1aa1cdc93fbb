//! What each change does.

use super::clear::{clear, clear_server};
use super::{Aim, Change, PatternEdit, ServerState, find, find_list};
use crate::acl::Versions;
use crate::admin::authority::Applied;
use crate::check::{Method, Watch, agent_script};
use crate::compile::{self, Plan};
use crate::listen::Entrance;
use crate::process;
use crate::proxy::{Backend, Frontend};
use crate::sample::VarKey;
use crate::server::{Cause, Operational, Server, ServerAddress, admin, report};
use haproxy_cfg_parser::Severity;
use haproxy_cfg_parser::model::Mode;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;

impl Change {
    /// Makes the change on this node. Made twice it leaves what it leaves once, though the second time may be an error: a
    /// server that it adds is there, one that it deletes is not.
    ///
    /// # Errors
    /// What it names is not there, or what else forbids it.
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
            Self::RateLimit { sessions: true, max } => plan.session_rate.set_max(*max),
            Self::RateLimit { sessions: false, max } => plan.connection_rate.set_max(*max),
            Self::Variable { name, value } => match VarKey::parse(name) {
                Some(key) => key.set_process(value.into()),
                None => return Err("Variable not found.".into()),
            },
            Self::GlobalMaxconn { maxconn } => plan.connections.set_max(*maxconn),
            Self::Address { backend, server, ip, port } => {
                let backend = super::backend(plan, backend)?;
                let server = find(plan, &backend.name, server)?;
                move_to(&backend, &server, *ip, *port)?;
            }
            Self::AddBackend { backend, defaults, http, guid } => {
                let mode = http.map(|http| if http { Mode::Http } else { Mode::Tcp });
                compile::add_backend(plan, backend, defaults, mode, guid.as_deref())?;
            }
            Self::DeleteBackend { backend } => compile::delete_backend(plan, backend)?,
            Self::AddServer { backend, server, words } => {
                compile::add_server(plan, &*super::backend(plan, backend)?, server, words)?;
            }
            Self::DeleteServer { backend, server } => {
                compile::delete_server(plan, &*super::backend(plan, backend)?, server)?;
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
                turn(plan, frontend, *entrance);
            }
            Self::Publish { backend, published } => {
                super::backend(plan, backend)?.published.store(*published, Ordering::Relaxed);
            }
            Self::Aim { backend, server, agent, aim } => {
                let uid = find(plan, backend, server)?.uid;
                aim.take(&*super::backend(plan, backend)?, uid, *agent);
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
                let reference = find_list(plan, list)?;
                let kind = if reference.is_map() { "map" } else { "acl" };
                reference.change(|versions| edit.apply(versions, kind))?;
            }
            Self::ClearServer { backend, server } => clear_server(&*find(plan, backend, server)?),
            Self::ClearCounters { all } => clear(plan, *all),
        }
        Ok(())
    }
}

/// Another session prepared that version at the same moment.
pub const TAKEN: &str = "This version has been prepared by another session meanwhile, repeat the command.";

impl PatternEdit {
    pub(super) fn apply(&self, versions: &mut Versions, kind: &str) -> Applied {
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
            Self::Prepare { version } if *version <= versions.next() => Err(TAKEN.into()),
            Self::Prepare { version } => {
                versions.prepare(*version);
                Ok(())
            }
            Self::Commit { version } => versions.commit(*version),
            Self::SetNth { key, nth, value } => versions.set_nth(key, *nth, value),
            Self::DeleteNth { key, nth } => versions.delete_nth(key, *nth),
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
    if frontend.gate.get() == entrance {
        return;
    }
    frontend.gate.set(entrance);
    plan.entrances.send_replace(());
    let name = &frontend.name;
    let text = match entrance {
        Entrance::Open => format!("Resumed frontend {name}."),
        Entrance::Paused => format!("Paused frontend {name}."),
        Entrance::Shut => {
            let front = frontend.stats.counters.sum(|counters| counters.conn_tot.get());
            let back = plan.backends.find(name);
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
