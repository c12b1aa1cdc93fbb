//! `show servers state`.

use super::{Call, Command, Level, Outcome};
use crate::proxy::Backend;
use crate::server::Server;
use std::fmt::Write;
use std::sync::atomic::Ordering;

pub(in super::super) const STATE: Command = Command {
    words: &["show", "servers", "state"],
    usage: "show servers state [<backend>]",
    doc: "dump volatile server information (all or for a single backend)",
    level: Level::User,
    run: state,
};

/// Version 1 of the format of server state files (management guide 9.3 "show servers state").
const HEADER: &str = "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight \
srv_iweight srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state \
srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port \
srv_check_addr srv_agent_addr srv_agent_port\n";

fn state(call: &Call<'_>) -> Outcome {
    let wanted = call.arg(0);
    if !wanted.is_empty() && !call.plan.backends.iter().any(|backend| backend.name == wanted) {
        return Outcome::Error("Can't find backend.".into());
    }
    let mut out = String::from(HEADER);
    for backend in call.plan.backends.iter().filter(|backend| wanted.is_empty() || backend.name == wanted) {
        for server in &backend.servers {
            line(backend, server, &mut out);
        }
    }
    Outcome::Dump(out)
}

fn line(backend: &Backend, server: &Server, out: &mut String) {
    let address = server.address();
    let (address, port) = (address.ip().map_or_else(|| "-".to_owned(), |ip| ip.to_string()), address.port());
    let load = Ordering::Relaxed;
    let since = crate::clock::millis().saturating_sub(server.changed.load(load)) / 1000;
    // Nothing checks its health: the check's part is as it is before the first check.
    let _ = writeln!(
        out,
        "{} {} {} {} {address} {} {} {} {} {since} 1 0 {} {} 0 0 {} - {port} - {} 0 - - 0",
        backend.id,
        backend.name,
        server.id,
        server.name,
        server.operational.load(load),
        server.admin.load(load),
        server.weight.load(load),
        server.config.weight,
        if server.up() { 2 } else { 0 },
        if server.config.disabled { 8 } else { 0 },
        u8::from(server.config.id.is_some()),
        u8::from(server.config.ssl),
    );
}
