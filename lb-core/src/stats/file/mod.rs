//! Counters in a file, for the next process: `dump stats-file` writes it, `stats-file` reads it (management guide 9.3, since
//! HAProxy 3.0). Its rows go by `guid`, not by name; what has none has no row.

mod read;
#[cfg(test)]
mod tests;

use crate::clock;
use crate::compile::{Plan, guid};
use crate::proxy::{ProxyCounters, ProxyStats, Rate};
use crate::server::Server;
use crate::thread::{Counter, PerThread};
use read::{Fault, Side};
use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A column: its name, and where its number is kept for each part of the file.
struct Column {
    name: &'static str,
    front: Option<Source>,
    back: Option<Source>,
}

/// Where a number is kept.
#[derive(Clone, Copy)]
enum Source {
    Counter(fn(&ProxyCounters) -> &Counter),
    /// HAProxy counts by versions of HTTP what one counter of lb counts: 0, and added to it.
    Part(fn(&ProxyCounters) -> &Counter),
    Rate(fn(&ProxyCounters) -> &Rate),
    Number(Field),
    /// Whole seconds since a moment; nothing for never.
    Age(Field),
}

type Field = for<'a> fn(&Subject<'a>) -> Option<&'a AtomicU64>;

/// What a row is about.
#[derive(Clone, Copy)]
enum Subject<'a> {
    Proxy(&'a ProxyStats),
    Server(&'a Server),
}

use Source::{Age, Number, Part};

const fn both(name: &'static str, of: fn(&ProxyCounters) -> &Counter) -> Column {
    Column { name, front: Some(Source::Counter(of)), back: Some(Source::Counter(of)) }
}

const fn front(name: &'static str, of: Source) -> Column {
    Column { name, front: Some(of), back: None }
}

const fn back(name: &'static str, of: Source) -> Column {
    Column { name, front: None, back: Some(of) }
}

const fn rate(name: &'static str, of: fn(&ProxyCounters) -> &Rate) -> Column {
    Column { name, front: Some(Source::Rate(of)), back: Some(Source::Rate(of)) }
}

const fn count(of: fn(&ProxyCounters) -> &Counter) -> Source {
    Source::Counter(of)
}

/// Those of HAProxy's columns that are preloaded and that lb counts, in HAProxy's order.
static COLUMNS: &[Column] = &[
    both("stot", |c| &c.sess_tot),
    both("bin", |c| &c.bin),
    both("bout", |c| &c.bout),
    both("dreq", |c| &c.dreq),
    both("dresp", |c| &c.dresp),
    front("ereq", count(|c| &c.ereq)),
    back("econ", count(|c| &c.econ)),
    back("eresp", count(|c| &c.eresp)),
    back("wretr", count(|c| &c.wretr)),
    back("wredis", count(|c| &c.wredis)),
    back("chkfail", Number(|of| of.server()?.check.as_ref().map(|probe| &probe.failures))),
    back("chkdown", Number(|of| Some(of.pick(|proxy| &proxy.downs, |server| &server.downs)))),
    back("lastchg", Age(|of| Some(of.pick(|proxy| &proxy.changed, |server| &server.changed)))),
    back("lbtot", count(|c| &c.lbtot)),
    rate("rate", |c| &c.sess_rate),
    both("hrsp_1xx", |c| &c.hrsp[0]),
    both("hrsp_2xx", |c| &c.hrsp[1]),
    both("hrsp_3xx", |c| &c.hrsp[2]),
    both("hrsp_4xx", |c| &c.hrsp[3]),
    both("hrsp_5xx", |c| &c.hrsp[4]),
    both("hrsp_other", |c| &c.hrsp[5]),
    back("hanafail", Number(|of| of.server().map(|server| &server.observed.reactions))),
    front("req_rate", Source::Rate(|c| &c.req_rate)),
    back("req_tot", count(|c| &c.req_tot)),
    back("cli_abrt", count(|c| &c.cli_abrt)),
    back("srv_abrt", count(|c| &c.srv_abrt)),
    back("lastsess", Age(|of| Some(of.pick(|proxy| &proxy.last_session, |server| &server.last_session)))),
    front("conn_rate", Source::Rate(|c| &c.conn_rate)),
    front("conn_tot", count(|c| &c.conn_tot)),
    front("intercepted", count(|c| &c.intercepted)),
    front("dcon", count(|c| &c.dcon)),
    front("dses", count(|c| &c.dses)),
    both("wrew", |c| &c.wrew),
    back("connect", count(|c| &c.connect)),
    back("reuse", count(|c| &c.reuse)),
    both("eint", |c| &c.eint),
    front("req_other", Part(|c| &c.req_tot)),
    front("h1req", count(|c| &c.req_tot)),
    front("h2req", Part(|c| &c.req_tot)),
    front("h3req", Part(|c| &c.req_tot)),
];

impl Column {
    fn of(&self, side: Side) -> Option<Source> {
        match side {
            Side::Front => self.front,
            Side::Back => self.back,
        }
    }
}

impl<'a> Subject<'a> {
    fn counters(&self) -> &'a PerThread<ProxyCounters> {
        match self {
            Self::Proxy(proxy) => &proxy.counters,
            Self::Server(server) => &server.counters,
        }
    }

    fn server(&self) -> Option<&'a Server> {
        match self {
            Self::Server(server) => Some(server),
            Self::Proxy(_) => None,
        }
    }

    fn pick<T>(
        &self,
        proxy: impl FnOnce(&'a ProxyStats) -> &'a T,
        server: impl FnOnce(&'a Server) -> &'a T,
    ) -> &'a T {
        match self {
            Self::Proxy(of) => proxy(of),
            Self::Server(of) => server(of),
        }
    }

    fn read(&self, source: Source) -> Option<u64> {
        let now = clock::millis();
        Some(match source {
            Source::Counter(of) => self.counters().sum(|counters| of(counters).get()),
            Part(_) => 0,
            Source::Rate(of) => self.counters().sum(|counters| of(counters).read(now)),
            Number(of) => of(self).map_or(0, |number| number.load(Relaxed)),
            Age(of) => {
                of(self).filter(|moment| moment.load(Relaxed) != 0).map(|at| clock::since(at) / 1000)?
            }
        })
    }

    /// Only of what carries no traffic yet: it writes to what a thread counts.
    fn write(&self, source: Source, value: u64) {
        let Some(counters) = self.counters().iter().next() else { return };
        match source {
            Source::Counter(of) => of(counters).set(value),
            Part(of) => of(counters).add(value),
            Source::Rate(of) => of(counters).preload(value, clock::millis()),
            Number(of) => {
                if let Some(number) = of(self) {
                    number.store(value, Relaxed);
                }
            }
            Age(of) => {
                if let Some(moment) = of(self) {
                    moment.store(clock::ago(value.saturating_mul(1000)), Relaxed);
                }
            }
        }
    }

    fn print(&self, guid: &str, side: Side, out: &mut String) {
        out.push_str(guid);
        out.push(',');
        for source in COLUMNS.iter().filter_map(|column| column.of(side)) {
            if let Some(number) = self.read(source) {
                let _ = write!(out, "{number}");
            }
            out.push(',');
        }
        out.push('\n');
    }
}

/// `dump stats-file`: all counters of what has a `guid`.
pub(crate) fn dump(plan: &Plan) -> String {
    let mut out = String::new();
    let guids = |is_side: fn(&haproxy_cfg_parser::model::ProxyKind) -> bool| -> HashMap<&str, &str> {
        let side = plan.config.proxies.iter().filter(|proxy| is_side(&proxy.kind));
        side.filter_map(|proxy| Some((proxy.name.as_str(), guid::of_proxy(proxy)?))).collect()
    };
    header("#fe", Side::Front, &mut out);
    let fronts = guids(|kind| kind.is_frontend());
    for frontend in &plan.frontends {
        if let Some(guid) = fronts.get(frontend.name.as_str()) {
            Subject::Proxy(&frontend.stats).print(guid, Side::Front, &mut out);
        }
    }
    out.push('\n');
    header("#be", Side::Back, &mut out);
    let backs = guids(|kind| kind.is_backend());
    for backend in plan.backends.load().iter() {
        for server in backend.servers.load().iter() {
            if let Some(guid) = guid::of_server(&server.config) {
                Subject::Server(server).print(guid, Side::Back, &mut out);
            }
        }
        // Of those that commands have added, what they are made of is kept with them.
        let added = backend.section.as_deref().and_then(guid::of_proxy);
        if let Some(guid) = added.or_else(|| backs.get(backend.name.as_str()).copied()) {
            Subject::Proxy(&backend.stats).print(guid, Side::Back, &mut out);
        }
    }
    out
}

fn header(name: &str, side: Side, out: &mut String) {
    let _ = write!(out, "{name} guid,");
    for column in COLUMNS.iter().filter(|column| column.of(side).is_some()) {
        let _ = write!(out, "{},", column.name);
    }
    out.push('\n');
}

/// What has a guid.
#[derive(Default)]
struct Named {
    is_proxy: bool,
    is_listener: bool,
    front: Option<Arc<ProxyStats>>,
    back: Option<Arc<ProxyStats>>,
    server: Option<Arc<Server>>,
}

/// All that have a guid; what the running plan has counters of already goes on with them, and is left out.
fn named(plan: &Plan, previous: Option<&Plan>) -> HashMap<String, Named> {
    let mut named: HashMap<String, Named> = HashMap::new();
    let runs: HashMap<&str, ()> = previous
        .into_iter()
        .flat_map(|plan| &plan.frontends)
        .map(|known| (known.name.as_str(), ()))
        .collect();
    let fronts: HashMap<&str, _> = plan.frontends.iter().map(|one| (one.name.as_str(), &one.stats)).collect();
    for proxy in &plan.config.proxies {
        let before = previous.and_then(|plan| plan.backends.find(&proxy.name));
        let backend = proxy.kind.is_backend().then(|| plan.backends.find(&proxy.name)).flatten();
        if let Some(guid) = guid::of_proxy(proxy) {
            let front = proxy.kind.is_frontend().then(|| fronts.get(proxy.name.as_str())).flatten();
            let entry = named.entry(guid.to_owned()).or_default();
            entry.is_proxy = true;
            entry.front =
                front.filter(|_| !runs.contains_key(proxy.name.as_str())).map(|one| Arc::clone(one));
            entry.back = backend.as_ref().filter(|_| before.is_none()).map(|one| Arc::clone(&one.stats));
        }
        for guid in proxy.binds.iter().flat_map(guid::of_listeners) {
            named.entry(guid).or_default().is_listener = true;
        }
        for server in backend.iter().flat_map(|backend| Vec::clone(&backend.servers.load())) {
            let is_new = before.as_ref().is_none_or(|before| before.servers.find(&server.name).is_none());
            if let Some(guid) = guid::of_server(&server.config).map(str::to_owned) {
                named.entry(guid).or_default().server = Some(server).filter(|_| is_new);
            }
        }
    }
    named
}

/// Sets the counters of what is new in a plan as the text of a file says; gives warnings about that text.
pub(crate) fn preload(plan: &Plan, previous: Option<&Plan>, path: &str, text: &str) -> Vec<String> {
    let (rows, mut faults) = read::read(text);
    let named = named(plan, previous);
    for row in &rows {
        let Some(named) = named.get(row.guid) else { continue };
        let subject = match row.side {
            Side::Front => named.front.as_deref().map(Subject::Proxy),
            Side::Back => {
                named.back.as_deref().map(Subject::Proxy).or(named.server.as_deref().map(Subject::Server))
            }
        };
        let fits = named.is_proxy || named.is_listener == (row.side == Side::Front);
        match subject {
            Some(subject) => {
                for (name, value) in &row.values {
                    let column = COLUMNS.iter().find(|column| column.name == *name);
                    if let Some(source) = column.and_then(|column| column.of(row.side)) {
                        subject.write(source, *value);
                    }
                }
            }
            None if !fits => faults.push(Fault::Line(row.number)),
            None => {}
        }
    }
    faults.sort_by_key(|fault| match fault {
        Fault::Form => 0,
        Fault::Header(number) | Fault::Line(number) => *number,
    });
    let text = |fault| match fault {
        Fault::Form => format!("config: Invalid stats-file format in file '{path}'."),
        Fault::Header(line) => format!("config: Ignored stats-file header line '{line}' in file '{path}'."),
        Fault::Line(line) => format!("config: Ignored stats-file line {line} in file '{path}'."),
    };
    faults.into_iter().map(text).collect()
}
