//! `bind` lines and stats sockets (manual 5.1).

use super::{Address, Place};

/// A `bind` line: one or more addresses with common options (manual 5.1).
#[derive(Clone, Debug)]
pub struct Bind {
    /// The addresses, comma-separated in the file.
    pub addresses: Vec<(Address, String)>,
    /// The options, in order: the row's name and its argument words.
    pub options: BindOptions,
    /// Where.
    pub place: Place,
}

/// Options of a `bind` line.
#[derive(Clone, Debug, Default)]
pub struct BindOptions {
    /// `name`.
    pub name: Option<String>,
    /// `id`.
    pub id: Option<u32>,
    /// `maxconn`.
    pub maxconn: Option<u64>,
    /// `backlog`.
    pub backlog: Option<u32>,
    /// `interface`.
    pub interface: Option<String>,
    /// `mode`, as octal bits.
    pub mode: Option<u32>,
    /// `user`, `uid`.
    pub user: Option<String>,
    /// `uid`.
    pub uid: Option<u32>,
    /// `group`.
    pub group: Option<String>,
    /// `gid`.
    pub gid: Option<u32>,
    /// `v4v6`.
    pub v4v6: bool,
    /// `v6only`.
    pub v6only: bool,
    /// `tfo`.
    pub tfo: bool,
    /// `transparent`.
    pub transparent: bool,
    /// `defer-accept`.
    pub defer_accept: bool,
    /// `mss`.
    pub mss: Option<i32>,
    /// `tcp-ut`, in milliseconds.
    pub tcp_user_timeout: Option<u64>,
    /// `accept-proxy`.
    pub accept_proxy: bool,
    /// `accept-netscaler-cip`: the number that the header starts with.
    pub accept_netscaler: Option<u32>,
    /// `ssl`.
    pub ssl: bool,
    /// `thread` and `process` words.
    pub thread: Option<String>,
    /// `shards`.
    pub shards: Option<String>,
    /// `nice`.
    pub nice: Option<i32>,
    /// `level` of a stats socket.
    pub level: Option<Level>,
    /// `expose-fd listeners`.
    pub expose_fd: bool,
    /// `cluster-write` of a stats socket.
    pub cluster_write: bool,
    /// `severity-output`.
    pub severity_output: Option<&'static str>,
    /// All others, as written: the row's name and its arguments.
    pub others: Vec<(&'static str, Vec<String>)>,
}

/// A `stats socket` line.
#[derive(Clone, Debug)]
pub struct StatsSocket {
    /// Address and options.
    pub bind: Bind,
}

/// Level of a stats socket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// `user`.
    User,
    /// `operator`, the default.
    #[default]
    Operator,
    /// `admin`.
    Admin,
}
