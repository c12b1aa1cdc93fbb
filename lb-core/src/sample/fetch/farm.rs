//! Numbers of named backends, frontends and servers (manual 7.3.2).
//!
//! What an argument names may be compiled later than the expression, so it is looked up by name in the plan's
//! directory when the expression runs: such expressions are rare and never run for each byte.

use super::{Args, Built, Row, fetch, with};
use crate::clock;
use crate::compile::{Context, Directory};
use crate::proxy::{Backend, Frontend};
use crate::sample::Needs::Nothing;
use crate::sample::{Sample, Type};
use crate::server::Server;
use crate::server::slowstart::STEPS;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

pub(super) const ROWS: &[Row] = &[
    fetch("nbsrv", Type::Int, Nothing, |args, context| {
        backend(args, context, |backend| usable(backend).into())
    }),
    fetch("be_conn", Type::Int, Nothing, |args, context| {
        backend(args, context, |backend| backend.stats.current.load(Relaxed).into())
    }),
    fetch("be_sess_rate", Type::Int, Nothing, |args, context| {
        backend(args, context, |backend| {
            rate(backend.stats.counters.sum(|counters| counters.sess_rate.read(clock::millis())))
        })
    }),
    fetch("queue", Type::Int, Nothing, |args, context| {
        backend(args, context, |backend| waiting(backend).into())
    }),
    fetch("avg_queue", Type::Int, Nothing, |args, context| {
        backend(args, context, |backend| match usable(backend) {
            // Without servers every one that waits counts tenfold, as HAProxy has it.
            0 => i64::from(waiting(backend)) * 10,
            servers => i64::from(waiting(backend).div_ceil(servers)),
        })
    }),
    fetch("connslots", Type::Int, Nothing, |args, context| backend(args, context, slots)),
    fetch("be_conn_free", Type::Int, Nothing, |args, context| backend(args, context, free)),
    fetch("fe_conn", Type::Int, Nothing, |args, context| {
        frontend(args, context, |frontend| frontend.stats.current.load(Relaxed).into())
    }),
    fetch("fe_req_rate", Type::Int, Nothing, |args, context| {
        frontend(args, context, |frontend| {
            rate(frontend.stats.counters.sum(|counters| counters.req_rate.read(clock::millis())))
        })
    }),
    fetch("fe_sess_rate", Type::Int, Nothing, |args, context| {
        frontend(args, context, |frontend| {
            rate(frontend.stats.counters.sum(|counters| counters.sess_rate.read(clock::millis())))
        })
    }),
    fetch("srv_conn", Type::Int, Nothing, |args, context| {
        server(args, context, |server| Sample::int(server.served.load(Relaxed)))
    }),
    fetch("srv_conn_free", Type::Int, Nothing, |args, context| {
        server(args, context, |server| Sample::Int(free_places(server).unwrap_or(-1)))
    }),
    fetch("srv_queue", Type::Int, Nothing, |args, context| {
        server(args, context, |server| Sample::int(server.queued.load(Relaxed)))
    }),
    fetch("srv_is_up", Type::Bool, Nothing, |args, context| {
        server(args, context, |server| Sample::Bool(server.up()))
    }),
    fetch("srv_iweight", Type::Int, Nothing, |args, context| {
        server(args, context, |server| Sample::int(server.config.weight))
    }),
    fetch("srv_uweight", Type::Int, Nothing, |args, context| {
        server(args, context, |server| Sample::int(server.weight.load(Relaxed)))
    }),
    fetch("srv_weight", Type::Int, Nothing, |args, context| {
        server(args, context, |server| {
            // Less than its own while it warms up.
            Sample::int((server.weight.load(Relaxed) * server.warmth()).div_ceil(STEPS))
        })
    }),
    fetch("srv_sess_rate", Type::Int, Nothing, |args, context| {
        server(args, context, |server| {
            Sample::int(server.counters.sum(|counters| counters.sess_rate.read(clock::millis())))
        })
    }),
];

fn rate(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Servers that would be used: the active ones, else the backup ones.
pub(in crate::sample) fn usable(backend: &Backend) -> u32 {
    let all = backend.servers.load();
    let count = |backup: bool| {
        let usable = all.iter().filter(|server| server.config.backup == backup && server.usable());
        u32::try_from(usable.count()).unwrap_or(u32::MAX)
    };
    match (count(false), count(true)) {
        (0, 0) => 0,
        // Without `option allbackups` only the first is used.
        (0, backups) => {
            if backend.options.allbackups {
                backups
            } else {
                1
            }
        }
        (active, _) => active,
    }
}

/// Requests that wait in the backend's queue and in its servers'.
fn waiting(backend: &Backend) -> u32 {
    let servers: u32 = backend.servers.load().iter().map(|server| server.queued.load(Relaxed)).sum();
    backend.stats.queued.load(Relaxed).saturating_add(servers)
}

/// Free places on servers and in their queues; -1 where one of them has no limit.
fn slots(backend: &Backend) -> i64 {
    let mut free = 0;
    for server in backend.servers.load().iter().filter(|server| server.usable()) {
        let (maxconn, maxqueue) = (server.maxconn.load(Relaxed), server.config.maxqueue.unwrap_or(0));
        if maxconn == 0 || maxqueue == 0 {
            return -1;
        }
        free += i64::from(maxconn) - i64::from(server.served.load(Relaxed));
        free += i64::from(maxqueue) - i64::from(server.queued.load(Relaxed));
    }
    free
}

/// Free places on the servers that would be used; -1 where one of them has no limit.
fn free(backend: &Backend) -> i64 {
    let active = backend.servers.load().iter().any(|server| server.usable() && !server.config.backup);
    let mut free = 0;
    for server in backend.servers.load().iter().filter(|server| server.usable()) {
        if server.config.backup && active {
            continue;
        }
        match free_places(server) {
            Some(places) => free += places,
            None => return -1,
        }
        // Without `option allbackups` only the first is used.
        if server.config.backup && !backend.options.allbackups {
            break;
        }
    }
    free
}

/// Free places on a server; none: it has no limit.
fn free_places(server: &Server) -> Option<i64> {
    match server.maxconn.load(Relaxed) {
        0 => None,
        most => Some((i64::from(most) - i64::from(server.served.load(Relaxed))).max(0)),
    }
}

/// The proxy that an argument names, else the section's own.
fn name(
    args: &Args<'_>,
    context: &Context<'_>,
    kind: &str,
    fits: fn(&haproxy_cfg_parser::model::Proxy) -> bool,
) -> Result<String, String> {
    let own = || context.proxy.map(|proxy| proxy.name.as_str());
    let name = args.text(0).filter(|name| !name.is_empty()).or_else(own).unwrap_or_default();
    match context.config.proxies.iter().any(|proxy| proxy.name == name && fits(proxy)) {
        true => Ok(name.to_owned()),
        false => Err(format!("unable to find {kind} '{name}' referenced in arg 1")),
    }
}

fn backend(args: &Args<'_>, context: &mut Context<'_>, read: fn(&Backend) -> i64) -> Built {
    let name = name(args, context, "backend", |proxy| proxy.kind.is_backend())?;
    context.referred.push((name.clone(), String::new()));
    with((name, Arc::clone(&context.directory), read), |(name, directory, read), _| {
        directory.read_backend(name, *read).map(Sample::Int)
    })
}

fn frontend(args: &Args<'_>, context: &mut Context<'_>, read: fn(&Frontend) -> i64) -> Built {
    let name = name(args, context, "frontend", |proxy| proxy.kind.is_frontend())?;
    with((name, Arc::clone(&context.directory), read), |(name, directory, read), _| {
        Some(Sample::Int(read(&*directory.frontend(name)?)))
    })
}

/// `[backend/]server`.
fn server(args: &Args<'_>, context: &mut Context<'_>, read: fn(&Server) -> Sample<'static>) -> Built {
    let text = args.required(0)?;
    let own = || context.proxy.map(|proxy| proxy.name.as_str()).unwrap_or_default();
    let (backend, server) = text.split_once('/').unwrap_or((own(), text));
    let known = context
        .config
        .proxies
        .iter()
        .any(|proxy| proxy.name == backend && proxy.servers.iter().any(|line| line.name == server));
    if !known {
        return Err(format!("unable to find server '{server}' in proxy '{backend}', referenced in arg 1"));
    }
    context.referred.push((backend.to_owned(), server.to_owned()));
    let data = (backend.to_owned(), server.to_owned(), Arc::clone(&context.directory), read);
    with(data, |(backend, server, directory, read), _| {
        find(directory, backend, server).map(|server| read(&server))
    })
}

pub(in crate::sample) fn find(directory: &Directory, backend: &str, server: &str) -> Option<Arc<Server>> {
    directory.read_backend(backend, |backend| backend.servers.find(server))?
}
