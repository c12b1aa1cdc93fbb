//! A change that a node asks the others to agree on.

use super::NodeId;
use lb_core::admin::{By, Change, PatternEdit, ServerState};
use serde::{Deserialize, Serialize};

/// What names one request among all: it may arrive more than once, and counts once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RequestId {
    /// The node that was asked.
    pub node: NodeId,
    /// Which of its lives: a number that is made at its start.
    pub life: u64,
    /// Which request of that life.
    pub number: u64,
}

/// A change, and what goes with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// The request.
    pub id: RequestId,
    /// All requests of that life below this number are over, whatever became of them.
    pub floor: u64,
    /// What changes.
    pub change: Change,
    /// What the file of that node says about it ([`Change::base`]).
    pub base: u64,
    /// Who asked for it.
    pub by: By,
    /// When, in milliseconds since 1970 by that node's clock.
    pub at: u64,
}

/// A change as it is told: no value that may be a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// When, in milliseconds since 1970.
    pub at: u64,
    /// The node that was asked.
    pub node: NodeId,
    /// Who asked for it.
    pub by: By,
    /// What changed.
    pub what: String,
}

/// The longest text of one change.
const LONGEST: usize = 200;

/// What a change does, for people. Patterns, values, and what servers and agents are told stay out.
pub fn describe(change: &Change) -> String {
    let of = change.server().map_or_else(String::new, |(backend, server)| format!("{backend}/{server}"));
    let mut text = match change {
        Change::Weight { weight, .. } => format!("weight of {of} is {weight}"),
        Change::State { state, .. } => match state {
            ServerState::Ready => format!("{of} is ready"),
            ServerState::Drain => format!("{of} drains"),
            ServerState::Maint | ServerState::Disabled => format!("{of} goes into maintenance"),
            ServerState::Enabled => format!("{of} leaves maintenance"),
        },
        Change::Health { .. } => format!("health of {of} is set"),
        Change::ServerMaxconn { maxconn, .. } => format!("maxconn of {of} is {maxconn}"),
        Change::FrontendMaxconn { frontend, maxconn } => format!("maxconn of {frontend} is {maxconn}"),
        Change::GlobalMaxconn { maxconn } => format!("maxconn of the process is {maxconn}"),
        Change::Address { ip, port, .. } => {
            let ip = ip.map_or_else(|| "the same".to_owned(), |ip| ip.to_string());
            let port = port.map_or_else(|| "the same".to_owned(), |port| port.to_string());
            format!("address of {of} is {ip}, port {port}")
        }
        Change::AddServer { .. } => format!("{of} is new"),
        Change::DeleteServer { .. } => format!("{of} is deleted"),
        Change::Checks { agent, enabled, .. } => {
            let kind = if *agent { "agent" } else { "health" };
            format!("{kind} checks of {of} are {}", if *enabled { "enabled" } else { "disabled" })
        }
        Change::Frontend { frontend, entrance } => {
            format!("frontend {frontend} is {}", format!("{entrance:?}").to_lowercase())
        }
        Change::Publish { backend, published } => {
            format!("backend {backend} is {}", if *published { "published" } else { "unpublished" })
        }
        Change::Aim { agent, .. } => {
            format!("where {} checks of {of} go has changed", if *agent { "agent" } else { "health" })
        }
        Change::Agent { up, .. } => format!("agent of {of} says {}", if *up { "up" } else { "down" }),
        Change::Fqdn { name, .. } => format!("host name of {of} is {name}"),
        Change::Patterns { list, edit } => format!("{list}: {}", edited(edit)),
        Change::RateLimit { sessions, max } => {
            format!("rate-limit of {} is {max}", if *sessions { "sessions" } else { "connections" })
        }
        Change::Variable { name, .. } => format!("variable {name} is set"),
        Change::AddBackend { backend, .. } => format!("backend {backend} is new"),
        Change::DeleteBackend { backend } => format!("backend {backend} is deleted"),
        Change::ClearCounters { .. } | Change::ClearServer { .. } => "counters are cleared".to_owned(),
    };
    if let Some((end, _)) = text.char_indices().nth(LONGEST) {
        text.truncate(end);
    }
    text
}

fn edited(edit: &PatternEdit) -> String {
    match edit {
        PatternEdit::Add { entries, .. } => format!("{} entries are added", entries.len()),
        PatternEdit::Set { .. } | PatternEdit::SetNth { .. } => "a value is set".to_owned(),
        PatternEdit::Delete { .. } | PatternEdit::DeleteNth { .. } => "entries are deleted".to_owned(),
        PatternEdit::Clear { .. } => "all entries are deleted".to_owned(),
        PatternEdit::Prepare { version } => format!("version {version} is prepared"),
        PatternEdit::Commit { version } => format!("version {version} is committed"),
    }
}
