//! `show servers state`.

use super::{Call, Command, Level, Outcome};
use crate::check::Probe;
use crate::connect::pool;
use crate::proxy::Backend;
use crate::server::{Server, ServerAddress};
use std::fmt::Write;
use std::sync::atomic::Ordering;

pub(in super::super) const STATE: Command = Command {
    words: &["show", "servers", "state"],
    usage: "show servers state [<backend>]",
    doc: "dump volatile server information (all or for a single backend)",
    level: Level::User,
    run: state,
};

pub(in super::super) const CONN: Command = Command {
    words: &["show", "servers", "conn"],
    usage: "show servers conn [<backend>]",
    doc: "dump server connections status (all or for a single backend)",
    level: Level::User,
    run: conn,
};

/// Idle connections; those to one server are of one kind here, safe to share as far as `http-reuse` says.
fn conn(call: &Call<'_>) -> Outcome {
    let wanted = call.arg(0);
    if !wanted.is_empty() && call.plan.backends.load().named(wanted).is_none() {
        return Outcome::Error("Can't find backend.".into());
    }
    let mut out = String::from(
        "# bkname/svname bkid/svid addr port - purge_delay used_cur used_max need_est unsafe_nb safe_nb idle_lim idle_cur\n",
    );
    for backend in
        call.plan.backends.load().iter().filter(|backend| wanted.is_empty() || backend.name == wanted)
    {
        for server in backend.servers.load().iter() {
            let address = server.address();
            let ip = address.ip().map_or_else(|| "-".to_owned(), |ip| ip.to_string());
            let load = Ordering::Relaxed;
            let (used, most) = (server.served.load(load), server.served_max.load(load));
            let idle = server.idle.load(load);
            let delay = server.config.pool_purge_delay.unwrap_or(pool::PURGE_DELAY).as_millis();
            let _ = writeln!(
                out,
                "{}/{} {}/{} {ip} {} - {delay} {used} {most} {most} 0 {idle} {} {idle}",
                backend.name,
                server.name,
                backend.id,
                server.id,
                address.port(),
                server.config.pool_max_conn.unwrap_or(-1),
            );
        }
    }
    Outcome::Dump(out)
}

/// Version 1 of the format of server state files (management guide 9.3 "show servers state").
const HEADER: &str = "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight \
srv_iweight srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state \
srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port \
srv_check_addr srv_agent_addr srv_agent_port\n";

fn state(call: &Call<'_>) -> Outcome {
    let wanted = call.arg(0);
    if !wanted.is_empty() && call.plan.backends.load().named(wanted).is_none() {
        return Outcome::Error("Can't find backend.".into());
    }
    let mut out = String::from(HEADER);
    for backend in
        call.plan.backends.load().iter().filter(|backend| wanted.is_empty() || backend.name == wanted)
    {
        for server in backend.servers.load().iter() {
            line(backend, server, &mut out);
        }
    }
    Outcome::Dump(out)
}

fn line(backend: &Backend, server: &Server, out: &mut String) {
    let address = server.address();
    let (ip, port) = (address.ip().map_or_else(|| "-".to_owned(), |ip| ip.to_string()), address.port());
    let hostname = server.hostname();
    let hostname = hostname.as_deref().map_or("-", String::as_str);
    let service = server.service().unwrap_or("-");
    let load = Ordering::Relaxed;
    let since = crate::clock::since(&server.changed) / 1000;
    let (check, agent) = (server.check.as_deref(), server.agent.as_deref());
    let last = check.map(|probe| probe.last());
    // A server without checks shows HAProxy's initial values: its health is at `rise`, or 0 in maintenance.
    let rise = server.config.check.rise.unwrap_or(RISE);
    let health = last.as_ref().map_or(if server.up() { rise } else { 0 }, |last| last.health.value());
    let watches = backend.watches.load();
    let watch = |agent| watches.iter().find(|watch| watch.agent == agent && watch.server.uid == server.uid);
    let target = |agent| watch(agent).and_then(|watch| watch.address.as_ref());
    let shown = |address: Option<&ServerAddress>| match address {
        Some(ServerAddress::Inet(address)) => address.ip().to_string(),
        _ => "-".to_owned(),
    };
    let _ = writeln!(
        out,
        "{} {} {} {} {ip} {} {} {} {} {since} {} {} {health} {} {} 0 {} {hostname} {port} {service} {} {} {} {} {}",
        backend.id,
        backend.name,
        server.id,
        server.name,
        server.state() as u8,
        server.admin.load(load),
        server.weight.load(load),
        server.config.weight,
        last.as_ref().map_or(1, |last| last.report.status as u8),
        last.as_ref().map_or(0, |last| last.outcome as u8),
        check.map_or(if server.config.disabled { PAUSED } else { 0 }, bits),
        agent.map_or(0, |agent| bits(agent) | AGENT),
        u8::from(server.config.id.is_some()),
        u8::from(server.config.ssl),
        server.config.check.port.unwrap_or(0),
        shown(target(false)),
        shown(target(true)),
        server.config.check.agent.port.unwrap_or(0),
    );
}

/// `rise` where the file has none.
const RISE: u32 = 2;

/// Bits of `srv_check_state` and `srv_agent_state`.
const RUNNING: u8 = 1;
const CONFIGURED: u8 = 2;
const ENABLED: u8 = 4;
const PAUSED: u8 = 8;
const AGENT: u8 = 16;

fn bits(probe: &Probe) -> u8 {
    let bit = |flag: &std::sync::atomic::AtomicBool, bit| if flag.load(Ordering::Relaxed) { bit } else { 0 };
    CONFIGURED | bit(&probe.running, RUNNING) | bit(&probe.enabled, ENABLED) | bit(&probe.paused, PAUSED)
}
