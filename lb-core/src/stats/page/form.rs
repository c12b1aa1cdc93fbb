//! The page's form: which servers, and what to do with them.

use crate::admin::{Change, ServerState};
use crate::compile::Plan;
use crate::http::message::Request;
use crate::http::{HeaderId, HeaderKey};
use crate::proxy::Backend;
use crate::server::{Operational, Server};
use crate::service::decode_field;
use std::sync::Arc;

/// What became of a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Done,
    Nothing,
    Wrong,
    TooLong,
    Part,
    Denied,
}

impl Outcome {
    pub(super) const ALL: [Self; 6] =
        [Self::Done, Self::Nothing, Self::Wrong, Self::TooLong, Self::Part, Self::Denied];

    /// As the page's address tells it (`;st=DONE`).
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::Done => "DONE",
            Self::Nothing => "NONE",
            Self::Wrong => "ERRP",
            Self::TooLong => "EXCD",
            Self::Part => "PART",
            Self::Denied => "DENY",
        }
    }

    /// As the page tells it.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Done => "Done: the servers were changed.",
            Self::Nothing => "Nothing was changed.",
            Self::Wrong => {
                "Nothing was changed: the action, the backend or the servers are not known, or the change was refused."
            }
            Self::TooLong => "Nothing was changed: the request is too long. Choose fewer servers at a time.",
            Self::Part => "Some servers were changed; others are not known.",
            Self::Denied => "Denied: servers cannot be changed here.",
        }
    }
}

/// An action of the form: its value, its text, and what it does to a server.
pub(super) struct Action {
    pub(super) value: &'static str,
    pub(super) text: &'static str,
    /// Servers that it means nothing to are left as they are.
    concerns: fn(&Server) -> bool,
    act: Act,
}

#[derive(Clone, Copy)]
enum Act {
    Change(fn(String, String) -> Change),
    /// Ends its sessions.
    End,
}

const fn action(value: &'static str, text: &'static str, change: fn(String, String) -> Change) -> Action {
    Action { value, text, concerns: |_| true, act: Act::Change(change) }
}

/// One for servers that are checked.
const fn of_checks(value: &'static str, text: &'static str, change: fn(String, String) -> Change) -> Action {
    Action { value, text, concerns: |server| server.check.is_some(), act: Act::Change(change) }
}

/// One for servers with an agent.
const fn of_agents(value: &'static str, text: &'static str, change: fn(String, String) -> Change) -> Action {
    Action { value, text, concerns: |server| server.agent.is_some(), act: Act::Change(change) }
}

fn state(backend: String, server: String, state: ServerState) -> Change {
    Change::State { backend, server, state }
}

fn health(backend: String, server: String, health: Operational) -> Change {
    Change::Health { backend, server, health: health as u8 }
}

fn checks(backend: String, server: String, agent: bool, enabled: bool) -> Change {
    Change::Checks { backend, server, agent, enabled }
}

fn agent(backend: String, server: String, up: bool) -> Change {
    Change::Agent { backend, server, up }
}

/// All actions, with HAProxy's values.
pub(super) static ACTIONS: &[Action] = &[
    action("ready", "Set state to READY", |b, s| state(b, s, ServerState::Ready)),
    action("drain", "Set state to DRAIN", |b, s| state(b, s, ServerState::Drain)),
    action("maint", "Set state to MAINT", |b, s| state(b, s, ServerState::Maint)),
    of_checks("dhlth", "Health: disable checks", |b, s| checks(b, s, false, false)),
    of_checks("ehlth", "Health: enable checks", |b, s| checks(b, s, false, true)),
    action("hrunn", "Health: force UP", |b, s| health(b, s, Operational::Running)),
    action("hnolb", "Health: force NOLB", |b, s| health(b, s, Operational::Stopping)),
    action("hdown", "Health: force DOWN", |b, s| health(b, s, Operational::Stopped)),
    of_agents("dagent", "Agent: disable checks", |b, s| checks(b, s, true, false)),
    of_agents("eagent", "Agent: enable checks", |b, s| checks(b, s, true, true)),
    of_agents("arunn", "Agent: force UP", |b, s| agent(b, s, true)),
    of_agents("adown", "Agent: force DOWN", |b, s| agent(b, s, false)),
    Action { value: "shutdown", text: "Kill Sessions", concerns: |_| true, act: Act::End },
];

/// HAProxy's names for `drain` and `maint` as they were once.
const FORMER: &[(&str, &str)] = &[("stop", "maint"), ("start", "ready")];

/// What a form asks for.
#[derive(Debug)]
pub(super) struct Order {
    /// What is to be told of it, where all that is done.
    pub(super) outcome: Outcome,
    pub(super) changes: Vec<Change>,
    /// Servers whose sessions end.
    pub(super) end: Vec<Arc<Server>>,
}

impl Order {
    fn none(outcome: Outcome) -> Self {
        Self { outcome, changes: Vec::new(), end: Vec::new() }
    }
}

/// What a form asks for. `in_scope` tells which backends the page shows.
pub(super) fn read(body: &[u8], plan: &Plan, in_scope: impl Fn(&str) -> bool) -> Order {
    let (mut backend, mut action, mut servers) = (String::new(), None, Vec::new());
    for field in body.split(|byte| *byte == b'&') {
        let mut halves = field.splitn(2, |byte| *byte == b'=').map(decode_field);
        let (name, value) = (halves.next().unwrap_or_default(), halves.next().unwrap_or_default());
        match name.as_str() {
            "b" => backend = value,
            "action" => action = Some(value),
            "s" => servers.push(value),
            _ => {}
        }
    }
    let Some(action) = action.filter(|_| !servers.is_empty()) else { return Order::none(Outcome::Nothing) };
    let action = FORMER.iter().find(|(old, _)| *old == action).map_or(&*action, |(_, new)| new);
    let action = ACTIONS.iter().find(|known| known.value == action);
    let backend = find(plan, &backend).filter(|backend| in_scope(&backend.name));
    let (Some(action), Some(backend)) = (action, backend) else { return Order::none(Outcome::Wrong) };
    let mut known: Vec<_> = servers.iter().filter_map(|name| backend.servers.find(name)).collect();
    if known.is_empty() {
        return Order::none(Outcome::Wrong);
    }
    known.retain(|server| (action.concerns)(server));
    let outcome = match known.len() {
        0 => Outcome::Nothing,
        count if count < servers.len() => Outcome::Part,
        _ => Outcome::Done,
    };
    match action.act {
        Act::Change(change) => {
            let changes =
                known.iter().map(|server| change(backend.name.clone(), server.name.clone())).collect();
            Order { outcome, changes, end: Vec::new() }
        }
        Act::End => Order { outcome, changes: Vec::new(), end: known },
    }
}

/// A backend by its name, or by its id behind `#`.
fn find(plan: &Plan, name: &str) -> Option<Arc<Backend>> {
    let id = name.strip_prefix('#').and_then(|id| id.parse::<u32>().ok());
    match id {
        Some(id) => plan.backends.load().iter().find(|backend| backend.id == id).cloned(),
        None => plan.backends.find(name),
    }
}

/// A browser says that another site's page sent the form. Programs say nothing, and may.
pub(super) fn is_foreign(request: &Request) -> bool {
    let (site, origin) = (HeaderKey::new(b"sec-fetch-site"), HeaderKey::new(b"origin"));
    if let Some(site) = request.headers.values(&site).next() {
        return !matches!(site, b"same-origin" | b"none");
    }
    let Some(origin) = request.headers.values(&origin).next() else { return false };
    let host = request.headers.first_of(HeaderId::Host).unwrap_or_default();
    let authority = memchr::memmem::find(origin, b"://").and_then(|at| origin.get(at + 3..));
    authority.is_none_or(|authority| !authority.eq_ignore_ascii_case(host))
}
