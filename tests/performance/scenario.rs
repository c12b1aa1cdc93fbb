//! The scenarios: one row each.

/// One thing to measure.
#[derive(Debug)]
pub(crate) struct Scenario {
    /// The name on the command line and in the table.
    pub(crate) name: &'static str,
    /// What is done, in a few words.
    pub(crate) what: &'static str,
    /// The file that haproxy and lb run.
    pub(crate) haproxy_cfg: &'static str,
    /// The file that nginx runs.
    pub(crate) nginx_conf: &'static str,
    /// The request's path.
    pub(crate) path: &'static str,
    /// Header lines of each request beside `Host`.
    pub(crate) headers: &'static [&'static str],
    /// The length of the body that the web server answers with.
    pub(crate) body: usize,
    /// Whether each request must come out as a log line.
    pub(crate) logged: bool,
    /// What is measured, and what lb must reach.
    pub(crate) goal: Goal,
}

/// What a scenario measures, and the bound that lb must keep.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Goal {
    /// CPU time per request at 64 connections, at most this part of the first rival's.
    CpuRatio(f64),
    /// Growth of resident memory per idle connection, at most this many bytes.
    IdleBytes(f64),
}

/// How far beyond its goal a scenario must be for the run to fail: machines that others use measure roughly.
pub(crate) const TOLERANCE: f64 = 1.25;

/// Connections that the load keeps open.
pub(crate) const CONNECTIONS: u32 = 64;

/// Connections of the `idle` scenario.
pub(crate) const IDLE_CONNECTIONS: u32 = 5000;

/// The length of the large body.
pub(crate) const LARGE: usize = 100 * 1024;

const PLAIN: Scenario = Scenario {
    name: "plain",
    what: "64 keep-alive connections, 61-byte body, all timeouts, no log",
    haproxy_cfg: include_str!("plain.cfg"),
    nginx_conf: include_str!("plain.conf"),
    path: "/",
    headers: &[],
    body: 61,
    logged: false,
    goal: Goal::CpuRatio(0.95),
};

/// All scenarios, in the order of the table.
pub(crate) const ALL: [Scenario; 8] = [
    PLAIN,
    Scenario {
        name: "logged",
        what: "httplog to udp, 10 ACLs with rules on them, 61-byte body",
        haproxy_cfg: include_str!("logged.cfg"),
        nginx_conf: include_str!("logged.conf"),
        path: "/api/orders/17?full=1",
        headers: &[
            "Host: shop.example.org",
            "User-Agent: Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0",
            "Accept: application/json",
            "Cookie: theme=dark; session=8f2b6c1d",
        ],
        logged: true,
        goal: Goal::CpuRatio(1.0),
        ..PLAIN
    },
    Scenario {
        name: "large",
        what: "64 keep-alive connections, 100 KB body",
        path: "/large",
        body: LARGE,
        goal: Goal::CpuRatio(0.9),
        ..PLAIN
    },
    Scenario {
        name: "connections",
        what: "a new connection per request, 61-byte body",
        headers: &["Connection: close"],
        goal: Goal::CpuRatio(0.9),
        ..PLAIN
    },
    Scenario {
        name: "tcp-small",
        what: "mode tcp (nginx: http), 64 connections, a small request and a 61-byte body in turns",
        haproxy_cfg: include_str!("tcp.cfg"),
        goal: Goal::CpuRatio(1.0),
        ..PLAIN
    },
    Scenario {
        name: "tcp-large",
        what: "mode tcp (nginx: http), 64 connections, 100 KB bodies, copied",
        haproxy_cfg: include_str!("tcp.cfg"),
        path: "/large",
        body: LARGE,
        goal: Goal::CpuRatio(1.0),
        ..PLAIN
    },
    Scenario {
        name: "tcp-splice",
        what: "mode tcp (nginx: http), 64 connections, 100 KB bodies, option splice-auto",
        haproxy_cfg: include_str!("tcp_splice.cfg"),
        path: "/large",
        body: LARGE,
        goal: Goal::CpuRatio(1.0),
        ..PLAIN
    },
    Scenario {
        name: "idle",
        what: "5,000 idle keep-alive connections after one request each",
        goal: Goal::IdleBytes(2048.0),
        ..PLAIN
    },
];
