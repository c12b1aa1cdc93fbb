//! The typed configuration: what a file says, with defaults sections already applied.
//!
//! Names (backends, ACLs, servers, userlists) are kept as written; the engine's `compile` resolves them.

mod balance;
mod bind;
mod check;
mod cluster;
mod defaults;
mod error_page;
mod expr;
mod global;
mod peers;
mod proxy;
mod resolvers;
mod rule;
mod section;
mod server;
mod uses;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

pub use balance::*;
pub use bind::*;
pub use check::*;
pub use cluster::*;
pub use defaults::*;
pub use error_page::*;
pub use expr::*;
pub use global::*;
pub use peers::*;
pub use proxy::*;
pub use resolvers::*;
pub use rule::*;
pub use section::*;
pub use server::*;
pub use uses::*;

/// A file and a line in it, counted from 1.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The file's name as given on the command line.
    pub file: Arc<str>,
    /// The line, from 1.
    pub line: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// Everything that a set of files says.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Sources with wrong lines, in order: the name, and how many findings there were at its end.
    pub wrong_files: Vec<(Arc<str>, usize)>,
    /// The `global` sections, merged.
    pub global: Global,
    /// `frontend`, `backend` and `listen` sections in file order.
    pub proxies: Vec<Proxy>,
    /// Named `defaults` sections.
    pub defaults: Vec<NamedDefaults>,
    /// `userlist` sections.
    pub userlists: Vec<Userlist>,
    /// `cache` sections.
    pub caches: Vec<Cache>,
    /// `peers` sections.
    pub peers: Vec<Peers>,
    /// `ring` sections.
    pub rings: Vec<Ring>,
    /// `log-forward` sections.
    pub log_forwards: Vec<LogForward>,
    /// `log-profile` sections.
    pub log_profiles: Vec<LogProfile>,
    /// `program` sections.
    pub programs: Vec<Program>,
    /// `fcgi-app` sections.
    pub fcgi_apps: Vec<FcgiApp>,
    /// `crt-store` sections.
    pub crt_stores: Vec<CrtStore>,
    /// `acme` sections.
    pub acmes: Vec<Acme>,
    /// Lines of `traces` sections.
    pub traces: Vec<Trace>,
    /// `resolvers` sections, and the built-in one for the system's name servers.
    pub resolvers: Vec<Resolvers>,
    /// `http-errors` sections.
    pub http_errors: Vec<HttpErrors>,
    /// `mailers` sections.
    pub mailers: Vec<Mailers>,
    /// The `cluster` section.
    pub cluster: Option<Cluster>,
    /// The environment after the last `setenv`, `presetenv`, `unsetenv` and `resetenv`.
    pub environment: Vec<(String, String)>,
    /// Every keyword that the files use, so that the engine can refuse what it does not act on.
    pub uses: Uses,
}

/// A `userlist` section (manual 3.4).
#[derive(Clone, Debug)]
pub struct Userlist {
    /// Its name.
    pub name: String,
    /// Where it starts.
    pub place: Place,
    /// Its users.
    pub users: Vec<User>,
    /// Its groups: name and the users listed on the group's line.
    pub groups: Vec<(String, Vec<String>)>,
}

/// One user of a [`Userlist`].
#[derive(Clone, Debug)]
pub struct User {
    /// The name.
    pub name: String,
    /// The password as written.
    pub password: String,
    /// True for `insecure-password`: the password is in clear text; false for `password`: a crypt(3) hash.
    pub insecure: bool,
    /// Groups listed on the user's line.
    pub groups: Vec<String>,
}

/// An address as the language writes it (manual 2.9 "Addresses").
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// `*`, `:port`, `ipv4@`, `ipv6@`, literal or empty host, with a port range (equal ends: one port; 0: none given).
    Inet {
        /// The host.
        host: Host,
        /// First and last port.
        ports: (u16, u16),
        /// The port carried a sign (`+1`, `-1`): an offset from the address that the client reached.
        offset: Option<i32>,
    },
    /// `/path`, `unix@path`.
    Unix(String),
    /// `abns@name` (manual 2.9), and `abnsz@name` with `true`.
    Abstract(String, bool),
    /// `fd@N`: an inherited descriptor.
    Fd(i32),
    /// `sockpair@N`.
    Sockpair(i32),
    /// `stderr`, `stdout` (log targets).
    Standard(StandardStream),
    /// `ring@name` (log targets).
    Ring(String),
    /// Any other prefix, e.g. `rhttp@`, `quic4@`: `(prefix, rest)`.
    Other(String, String),
}

/// A host part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// All addresses of the default family (`*`, or nothing before the colon).
    Any,
    /// All IPv4 addresses (`ipv4@*`, `0.0.0.0` stays an [`Host::Ip`]).
    AnyV4,
    /// All IPv6 addresses (`ipv6@*`, `[::]` stays an [`Host::Ip`]).
    AnyV6,
    /// A literal.
    Ip(IpAddr),
    /// A name to resolve.
    Name(String),
}

/// stdout or stderr.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StandardStream {
    /// File descriptor 1.
    Stdout,
    /// File descriptor 2.
    Stderr,
}
