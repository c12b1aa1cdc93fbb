//! What a configuration becomes: immutable, shared by all threads.

use super::check::Follows;
use super::directory::Directory;
use super::saved::Saved;
use super::variable::Variables;
use crate::acl::Reference;
use crate::check::Settings;
use crate::engine::{Limit, RateLimit};
use crate::listen::Permit;
use crate::log::{Outlet, Ring};
use crate::proxy::{Backends, Frontend, Listener};
use crate::resolve::Resolvers;
use crate::server::Server;
use haproxy_cfg_parser::model::{Address, BindOptions, Config};
use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;

/// A compiled configuration.
#[derive(Debug)]
pub struct Plan {
    /// Traffic threads.
    pub threads: usize,
    /// `tune.bufsize`: bytes of each buffer, and the longest head.
    pub bufsize: usize,
    /// `tune.maxrewrite`: bytes of a buffer kept free for rewriting a head.
    pub maxrewrite: usize,
    /// `maxpipes`, else a quarter of the process's `maxconn`; 0 with `nosplice`.
    pub pipes: u32,
    /// `tune.http.maxhdr`.
    pub max_headers: usize,
    /// Connections now, and the process's `maxconn`.
    pub connections: Arc<Limit>,
    /// Connections per second, and `maxconnrate`.
    pub connection_rate: RateLimit,
    /// Sessions per second, and `maxsessrate`.
    pub session_rate: RateLimit,
    /// The process's `maxconn` as the file, or the system, has it.
    pub maxconn: u32,
    /// Addresses to bind.
    pub binds: Vec<BindSpec>,
    /// Frontends in file order.
    pub frontends: Vec<Arc<Frontend>>,
    /// Backends.
    pub backends: Arc<Backends>,
    /// Lists of patterns, by their numbers.
    pub references: Vec<Arc<Reference>>,
    /// Messages that are kept in memory: `ring` sections, and the built-in one.
    pub rings: Vec<Arc<Ring>>,
    /// The servers that they send their lines to.
    pub outlets: Vec<Arc<Outlet>>,
    /// `resolvers` sections.
    pub resolvers: Vec<Arc<Resolvers>>,
    /// What holds for all health checks.
    pub checks: Settings,
    /// Who follows whom (`track`).
    pub(crate) follows: Follows,
    /// `set-var` lines.
    pub variables: Variables,
    /// The configuration.
    pub config: Arc<Config>,
    /// Servers that begin in a state that a file says, until they have it.
    pub(crate) saved: Mutex<Vec<(Saved, Arc<Server>)>>,
    /// Servers, by their uid, that the configuration refers to, so that they cannot be deleted.
    pub(crate) pinned: HashSet<usize>,
    /// Names of backends that the configuration refers to, so that they cannot be deleted.
    pub(crate) named: HashSet<String>,
    /// Proxies by name, for expressions.
    pub(crate) directory: Arc<Directory>,
    /// Tells that commands have added or removed servers or backends.
    pub(crate) revised: watch::Sender<()>,
    /// Tells that commands have opened or closed entrances of frontends.
    pub(crate) entrances: watch::Sender<()>,
    /// Leave to listen on addresses that are not always this node's. It outlives plans.
    pub permit: Permit,
    /// How many plans there were before it.
    pub generation: u64,
    /// `hard-stop-after`: how long connections may go on that a stop, or a later plan, has left behind.
    pub hard_stop_after: Option<Duration>,
}

/// An address to bind, and what accepts on it.
#[derive(Debug)]
pub struct BindSpec {
    /// `frontend` or `proxy`, as error messages say.
    pub kind: &'static str,
    /// The frontend's name.
    pub proxy: String,
    /// The address, of one port.
    pub address: Address,
    /// The line's options.
    pub options: BindOptions,
    /// Length of the queue of connections not accepted yet.
    pub backlog: i32,
    /// What accepts.
    pub listener: Arc<Listener>,
}
