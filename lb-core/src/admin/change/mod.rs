//! Changes that commands make, as values by names: what a cluster agrees on before it is done.

pub use apply::TAKEN;

mod apply;
mod check;
mod clear;
mod file;
mod shared;

pub use shared::{added_servers, pristine_lists, renumber_patterns, settle_patterns};

use crate::acl::Reference;
use crate::compile::Plan;
use crate::listen::Entrance;
use crate::proxy::Backend;
use crate::sample::Sample;
use crate::server::Server;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::sync::Arc;

/// One change of run-time state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Change {
    /// A server's weight, 0 to 256.
    Weight {
        /// The backend.
        backend: String,
        /// The server.
        server: String,
        /// The weight.
        weight: u32,
    },
    /// A server's administrative state.
    State {
        /// The backend.
        backend: String,
        /// The server.
        server: String,
        /// The state.
        state: ServerState,
    },
    /// A server's operational state, as if health checks had found it.
    Health {
        /// The backend.
        backend: String,
        /// The server.
        server: String,
        /// The state, as `srv_op_state` numbers it.
        health: u8,
    },
    /// A server's `maxconn`.
    ServerMaxconn {
        /// The backend.
        backend: String,
        /// The server.
        server: String,
        /// The limit; 0: none.
        maxconn: u32,
    },
    /// A frontend's `maxconn`.
    FrontendMaxconn {
        /// The frontend.
        frontend: String,
        /// The limit; 0: none.
        maxconn: u32,
    },
    /// The process's `maxconn`.
    GlobalMaxconn {
        /// The limit.
        maxconn: u32,
    },
    /// A server's address and port; `None` keeps the present one.
    Address {
        /// The backend.
        backend: String,
        /// The server.
        server: String,
        /// The address.
        ip: Option<IpAddr>,
        /// The port.
        port: Option<u16>,
    },
    /// A new backend.
    AddBackend {
        /// The backend.
        backend: String,
        /// The named `defaults` section that it starts from.
        defaults: String,
        /// It is for HTTP (or, false, for TCP); none: what the section says.
        http: Option<bool>,
        /// Its `guid`.
        guid: Option<String>,
    },
    /// A backend is no more.
    DeleteBackend {
        /// The backend.
        backend: String,
    },
    /// A new server of a backend.
    AddServer {
        /// The backend.
        backend: String,
        /// The server.
        server: String,
        /// What a line of a file would say behind its name.
        words: Vec<String>,
    },
    /// A server of a backend is no more.
    DeleteServer {
        /// The backend.
        backend: String,
        /// The server.
        server: String,
    },
    /// Whether a server is checked.
    Checks {
        /// The backend.
        backend: String,
        /// The server.
        server: String,
        /// Its agent is meant, not its health checks.
        agent: bool,
        /// Checks are made.
        enabled: bool,
    },
    /// Whether a frontend accepts connections.
    Frontend {
        /// The frontend.
        frontend: String,
        /// What it does with new connections from now on.
        entrance: Entrance,
    },
    /// Whether rules may choose a backend.
    Publish {
        /// The backend.
        backend: String,
        /// They may.
        published: bool,
    },
    /// Where checks of a server go, and what they ask.
    Aim {
        /// The backend.
        backend: String,
        /// The server.
        server: String,
        /// Those of its agent.
        agent: bool,
        /// What changes.
        aim: Aim,
    },
    /// What an agent would have said of its server.
    Agent {
        /// The backend.
        backend: String,
        /// The server.
        server: String,
        /// It is up.
        up: bool,
    },
    /// The host name that a server's address is of.
    Fqdn {
        /// The backend.
        backend: String,
        /// The server.
        server: String,
        /// The name.
        name: String,
    },
    /// A list of patterns: a map, or those of an ACL.
    Patterns {
        /// The file that it was read from, or `#` and its number.
        list: String,
        /// What is done to it.
        edit: PatternEdit,
    },
    /// A limit of the process per second.
    RateLimit {
        /// Sessions are meant, not connections.
        sessions: bool,
        /// The limit; 0: none.
        max: u32,
    },
    /// A variable of the process.
    Variable {
        /// Its name, with its scope.
        name: String,
        /// What it is set to.
        value: Value,
    },
    /// All counters of a server begin anew.
    ClearServer {
        /// The backend.
        backend: String,
        /// The server.
        server: String,
    },
    /// Maxima, or all counters, begin anew.
    ClearCounters {
        /// All of them.
        all: bool,
    },
}

/// The value of a variable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)] // each is the type of that name
pub enum Value {
    Bool(bool),
    Int(i64),
    Ip(IpAddr),
    Str(Vec<u8>),
    Bin(Vec<u8>),
}

impl From<Sample<'_>> for Value {
    fn from(sample: Sample<'_>) -> Self {
        match sample {
            Sample::Bool(on) => Self::Bool(on),
            Sample::Int(number) => Self::Int(number),
            Sample::Ip(ip) => Self::Ip(ip),
            Sample::Str(text) | Sample::Method(_, text) => Self::Str(text.into_owned()),
            Sample::Bin(bytes) => Self::Bin(bytes.into_owned()),
        }
    }
}

impl From<&Value> for Sample<'static> {
    fn from(value: &Value) -> Self {
        match value {
            Value::Bool(on) => Self::Bool(*on),
            Value::Int(number) => Self::Int(*number),
            Value::Ip(ip) => Self::Ip(*ip),
            Value::Str(text) => Self::owned(text.clone()),
            Value::Bin(bytes) => Self::Bin(bytes.clone().into()),
        }
    }
}

/// Where checks go, and what they ask; `None` keeps what there is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)] // each is the word of that name
pub struct Aim {
    pub ip: Option<IpAddr>,
    pub port: Option<u16>,
    pub send: Option<String>,
}

/// What commands do to a list of patterns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PatternEdit {
    /// Adds entries to a version, or to the current one.
    Add {
        /// The version.
        version: Option<u32>,
        /// Patterns, for maps with their values.
        entries: Vec<(String, Option<String>)>,
    },
    /// Gives the entries of a key another value.
    Set {
        /// The key, or `#` and an entry's id.
        key: String,
        /// The value.
        value: String,
    },
    /// Removes the entries of a key.
    Delete {
        /// The key, or `#` and an entry's id.
        key: String,
    },
    /// Removes all entries of a version, or of the current one.
    Clear {
        /// The version.
        version: Option<u32>,
    },
    /// Begins a version, and those before it.
    Prepare {
        /// The version.
        version: u32,
    },
    /// Makes a version the current one.
    Commit {
        /// The version.
        version: u32,
    },
    /// Gives one of the entries of a key another value.
    SetNth {
        /// The key.
        key: String,
        /// Which of its entries, from 0.
        nth: u32,
        /// The value.
        value: String,
    },
    /// Removes one of the entries of a key.
    DeleteNth {
        /// The key.
        key: String,
        /// Which of its entries, from 0.
        nth: u32,
    },
}

/// Administrative states of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ServerState {
    /// `ready`.
    Ready,
    /// `drain`: takes no new sessions.
    Drain,
    /// `maint`: out of use.
    Maint,
    /// Maintenance begins, drain stays as it is (`disable server`).
    Disabled,
    /// Maintenance ends, drain stays as it is (`enable server`).
    Enabled,
}

/// A list of patterns by its file or `#` and its number.
pub(super) fn find_list<'a>(plan: &'a Plan, name: &str) -> Result<&'a Arc<Reference>, String> {
    let id = name.strip_prefix('#').and_then(|id| id.parse::<u32>().ok());
    let found = plan.references.iter().find(|reference| match id {
        Some(id) => reference.id() == id,
        None => reference.file.as_deref() == Some(name),
    });
    found.ok_or_else(|| "There is no such list of patterns.".to_owned())
}

/// A backend by its name.
pub(super) fn backend(plan: &Plan, name: &str) -> Result<Arc<Backend>, String> {
    plan.backends.find(name).ok_or_else(|| "No such backend.".to_owned())
}

/// A server by its names.
pub(super) fn find(plan: &Plan, backend_name: &str, server: &str) -> Result<Arc<Server>, String> {
    backend(plan, backend_name)?.servers.find(server).ok_or_else(|| "No such server.".to_owned())
}
