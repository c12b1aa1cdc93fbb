//! Which statistics the page shows, in which groups, with which details: by the names of [`COLUMNS`](crate::stats::COLUMNS).

use crate::stats::column::{Column, named};
use std::sync::LazyLock;

/// How a number is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// As it is, with its thousands apart.
    Number,
    /// A limit: a dash where there is none.
    Limit,
    /// Seconds since something: a dash for never.
    Age,
    /// Seconds that something lasted.
    Duration,
    /// 1 as a mark, 0 as a dash, for a server; a number for a backend.
    Mark,
    /// Text.
    Text,
}

/// Columns of one heading.
pub(super) struct Group {
    pub(super) title: &'static str,
    pub(super) cells: Vec<Cell>,
}

/// One column of the page.
pub(super) struct Cell {
    pub(super) title: &'static str,
    pub(super) kind: Kind,
    pub(super) column: &'static Column,
    pub(super) details: Vec<Detail>,
}

/// A line of the details that a cell shows when it is pointed at.
pub(super) struct Detail {
    pub(super) text: &'static str,
    /// One number, or several that belong together.
    pub(super) columns: Vec<&'static Column>,
}

type Line = (&'static str, &'static [&'static str]);
type Draft = (&'static str, &'static str, Kind, &'static [Line]);

use Kind::{Age, Duration, Limit, Mark, Number, Text};

#[rustfmt::skip]
const DRAFTS: &[(&str, &[Draft])] = &[
    ("Queue", &[
        ("Cur", "qcur", Number, &[]),
        ("Max", "qmax", Number, &[]),
        ("Limit", "qlimit", Limit, &[]),
    ]),
    ("Session rate", &[
        ("Cur", "rate", Number, RATES),
        ("Max", "rate_max", Number, MAX_RATES),
        ("Limit", "rate_lim", Limit, &[]),
    ]),
    ("Sessions", &[
        ("Cur", "scur", Number, CONNECTIONS),
        ("Max", "smax", Number, &[]),
        ("Limit", "slim", Limit, &[]),
        ("Total", "stot", Number, TOTALS),
        ("LbTot", "lbtot", Number, &[]),
        ("Last", "lastsess", Age, &[]),
    ]),
    ("Bytes", &[
        ("In", "bin", Number, &[]),
        ("Out", "bout", Number, COMPRESSION),
    ]),
    ("Denied", &[
        ("Req", "dreq", Number, &[("Connections denied", &["dcon"]), ("Sessions denied", &["dses"])]),
        ("Resp", "dresp", Number, &[]),
    ]),
    ("Errors", &[
        ("Req", "ereq", Number, &[]),
        ("Conn", "econ", Number, &[]),
        ("Resp", "eresp", Number, &[("Broken off by clients", &["cli_abrt"]), ("Broken off by servers", &["srv_abrt"])]),
    ]),
    ("Warnings", &[
        ("Retr", "wretr", Number, &[]),
        ("Redis", "wredis", Number, &[]),
    ]),
    ("Server", &[
        ("Status", "status", Text, &[]),
        ("LastChk", "check_status", Text, CHECK),
        ("Wght", "weight", Number, &[("Weight as set", &["uweight"])]),
        ("Act", "act", Mark, &[]),
        ("Bck", "bck", Mark, &[]),
        ("Chk", "chkfail", Number, &[("Failed by observed traffic", &["hanafail"])]),
        ("Dwn", "chkdown", Number, &[]),
        ("Dwntme", "downtime", Duration, &[]),
        ("Thrtle", "throttle", Limit, &[]),
    ]),
];

const RATES: &[Line] = &[
    ("Connections a second", &["conn_rate"]),
    ("Sessions a second", &["rate"]),
    ("Requests a second", &["req_rate"]),
];

const MAX_RATES: &[Line] = &[
    ("Connections in a second", &["conn_rate_max"]),
    ("Sessions in a second", &["rate_max"]),
    ("Requests in a second", &["req_rate_max"]),
];

const CONNECTIONS: &[Line] = &[
    ("Connections in use", &["used_conn_cur"]),
    ("Connections idle", &["srv_icur"]),
    ("of these safe to reuse", &["safe_conn_cur"]),
    ("of these not", &["idle_conn_cur"]),
    ("Connections needed", &["need_conn_est"]),
    ("Limit of idle connections", &["src_ilim"]),
];

const TOTALS: &[Line] = &[
    ("Connections", &["conn_tot"]),
    ("Sessions", &["stot"]),
    ("New connections", &["connect"]),
    ("Connections reused", &["reuse"]),
    ("Requests", &["req_tot"]),
    ("Responses 1xx", &["hrsp_1xx"]),
    ("Responses 2xx", &["hrsp_2xx"]),
    ("of these compressed", &["comp_rsp"]),
    ("Responses 3xx", &["hrsp_3xx"]),
    ("Responses 4xx", &["hrsp_4xx"]),
    ("Responses 5xx", &["hrsp_5xx"]),
    ("Other responses", &["hrsp_other"]),
    ("Answered by the proxy itself", &["intercepted"]),
    ("Look-ups in the cache", &["cache_lookups"]),
    ("Found in the cache", &["cache_hits"]),
    ("Failed rewrites of headers", &["wrew"]),
    ("Internal errors", &["eint"]),
    ("Queue time, mean / longest ms", &["qtime", "qtime_max"]),
    ("Connect time, mean / longest ms", &["ctime", "ctime_max"]),
    ("Response time, mean / longest ms", &["rtime", "rtime_max"]),
    ("Total time, mean / longest ms", &["ttime", "ttime_max"]),
];

const COMPRESSION: &[Line] = &[
    ("Given to compression", &["comp_in"]),
    ("Made of it", &["comp_out"]),
    ("Not compressed", &["comp_byp"]),
];

const CHECK: &[Line] = &[
    ("Health check", &["check_desc"]),
    ("It said", &["last_chk"]),
    ("Status code", &["check_code"]),
    ("Milliseconds", &["check_duration"]),
    ("Agent", &["agent_status"]),
    ("It means", &["agent_desc"]),
];

/// Details of a row's name (`stats show-legends`).
const LEGENDS: &[Line] = &[
    ("Mode", &["mode"]),
    ("Id", &["iid", "sid"]),
    ("Address", &["addr"]),
    ("Cookie", &["cookie"]),
    ("Balancing", &["algo"]),
    ("Follows", &["tracked"]),
];

fn details(lines: &[Line]) -> Vec<Detail> {
    let columns = |names: &&[&str]| names.iter().filter_map(|name| named(name)).collect();
    lines.iter().map(|(text, names)| Detail { text, columns: columns(names) }).collect()
}

/// All groups, in HAProxy's order.
pub(super) static GROUPS: LazyLock<Vec<Group>> = LazyLock::new(|| {
    let cell = |(title, name, kind, lines): &Draft| {
        named(name).map(|column| Cell { title, kind: *kind, column, details: details(lines) })
    };
    DRAFTS
        .iter()
        .map(|(title, cells)| Group { title, cells: cells.iter().filter_map(cell).collect() })
        .collect()
});

/// Details of a row's name.
pub(super) static OF_NAME: LazyLock<Vec<Detail>> = LazyLock::new(|| details(LEGENDS));

/// The column of the time since the last change of state.
pub(super) fn since() -> Option<&'static Column> {
    static SINCE: LazyLock<Option<&'static Column>> = LazyLock::new(|| named("lastchg"));
    *SINCE
}

/// Every name that this page asks for, for a test that they exist.
#[cfg(test)]
pub(super) fn names() -> Vec<&'static str> {
    let of_lines =
        |lines: &[Line]| lines.iter().flat_map(|(_, names)| names.iter().copied()).collect::<Vec<_>>();
    let cells = DRAFTS.iter().flat_map(|(_, cells)| cells.iter());
    let mut names: Vec<_> = cells.clone().map(|(_, name, ..)| *name).collect();
    names.extend(cells.flat_map(|(.., lines)| of_lines(lines)));
    names.extend(of_lines(LEGENDS));
    names.push("lastchg");
    names
}
