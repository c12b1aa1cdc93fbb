//! What a configuration becomes: immutable, shared by all threads.

use crate::acl::Reference;
use crate::check::Settings;
use crate::engine::Limit;
use crate::proxy::{Backend, Frontend, Listener};
use crate::resolve::Resolvers;
use haproxy_cfg_parser::model::{Address, BindOptions};
use std::collections::HashMap;
use std::sync::Arc;

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
    pub connections: Limit,
    /// Addresses to bind.
    pub binds: Vec<BindSpec>,
    /// Frontends in file order.
    pub frontends: Vec<Arc<Frontend>>,
    /// Backends in file order.
    pub backends: Vec<Arc<Backend>>,
    /// Lists of patterns, by their numbers.
    pub references: Vec<Arc<Reference>>,
    /// `resolvers` sections.
    pub resolvers: Vec<Arc<Resolvers>>,
    /// Backends by name, for computed `use_backend` rules.
    pub backends_by_name: HashMap<String, Arc<Backend>>,
    /// What holds for all health checks.
    pub checks: Settings,
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
