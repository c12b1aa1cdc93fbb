//! A list of rules and what it leads to.

use super::action::{self, Action};
use super::message::Message;
use crate::acl::{Condition, Outcome};
use crate::compile::Context;
use crate::exchange::{Cause, Exchange, Phase};
use crate::sample::Place;
use crate::service::Service;
use haproxy_cfg_parser::model::{self, ProxyKind};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A list of rules that a section keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `tcp-request connection`.
    TcpConnection,
    /// `tcp-request session`.
    TcpSession,
    /// `tcp-request content`.
    TcpContent,
    /// `tcp-response content`.
    TcpResponse,
    /// `http-request`.
    HttpRequest,
    /// `http-response`.
    HttpResponse,
    /// `http-after-response`.
    HttpAfterResponse,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::TcpConnection,
        Self::TcpSession,
        Self::TcpContent,
        Self::TcpResponse,
        Self::HttpRequest,
        Self::HttpResponse,
        Self::HttpAfterResponse,
    ];

    /// The words that start its lines.
    pub fn keyword(self) -> &'static str {
        match self {
            Self::TcpConnection => "tcp-request connection",
            Self::TcpSession => "tcp-request session",
            Self::TcpContent => "tcp-request content",
            Self::TcpResponse => "tcp-response content",
            Self::HttpRequest => "http-request",
            Self::HttpResponse => "http-response",
            Self::HttpAfterResponse => "http-after-response",
        }
    }

    /// The kind whose lines start with these words.
    pub fn of(keyword: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.keyword() == keyword)
    }

    /// Where its expressions stand in a section of this kind.
    pub fn place(self, section: Option<ProxyKind>) -> Place {
        match self {
            Self::TcpConnection => Place::TcpConnection,
            Self::TcpSession => Place::TcpSession,
            Self::TcpContent => Place::TcpRequest,
            Self::TcpResponse => Place::TcpResponse,
            Self::HttpRequest if section == Some(ProxyKind::Frontend) => Place::HttpRequestFrontend,
            Self::HttpRequest => Place::HttpRequestBackend,
            Self::HttpResponse | Self::HttpAfterResponse => Place::HttpResponse,
        }
    }

    /// The response is the message that its actions change.
    pub fn is_response(self) -> bool {
        matches!(self, Self::TcpResponse | Self::HttpResponse | Self::HttpAfterResponse)
    }
}

/// What a ruleset leads to.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// All rules have run: go on.
    Continue,
    /// `allow`, `accept`: go on; the ruleset ended early.
    Accept,
    /// Answer with this.
    Reply(Reply),
    /// `tarpit`: answer with this after `timeout tarpit`.
    Tarpit(Reply),
    /// `use-service`: let it answer.
    Service(Arc<dyn Service>),
    /// `reject`: close without an answer.
    Reject,
    /// `close`: end the server's connection; what it has sent goes on.
    Close,
    /// `silent-drop`: forget the connection without a word to the client; where that cannot be, with a word that goes no
    /// farther than so many routers.
    SilentDrop {
        /// `rst-ttl`.
        ttl: u8,
    },
    /// `switch-mode http`: what comes is HTTP.
    Http,
    /// The rules go on after this.
    Wait(Wait),
}

/// What rules wait for.
#[derive(Clone, Copy, Debug)]
pub enum Wait {
    /// `do-resolve`: an answer to [`Exchange::lookup`].
    Lookup,
    /// `pause`: the time to pass.
    Pause(Duration),
    /// `wait-for-body`: the body, or so many bytes of it where that is not 0.
    Body {
        /// The most that the wait may take.
        time: Duration,
        /// How many bytes are enough.
        at_least: usize,
    },
}

/// An answer that a rule gives.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The message.
    pub message: Arc<Message>,
    /// Counts as denied (`dreq`, `dresp`).
    pub denied: bool,
    /// First character of the termination state.
    pub cause: Cause,
    /// Second character of the termination state.
    pub phase: Phase,
}

impl Reply {
    /// A refusal: `PR--` in request rules, `PH--` in response rules.
    pub fn denied(message: Arc<Message>, kind: Kind) -> Self {
        Self { message, denied: true, cause: Cause::Proxy, phase: phase(kind) }
    }

    /// An answer of lb's own: `LR--` in request rules, `LH--` in response rules.
    pub fn local(message: Arc<Message>, kind: Kind) -> Self {
        Self { message, denied: false, cause: Cause::Local, phase: phase(kind) }
    }
}

fn phase(kind: Kind) -> Phase {
    if kind.is_response() { Phase::Headers } else { Phase::Request }
}

/// Rules of one kind, in order.
#[derive(Debug, Default)]
pub struct Ruleset {
    rules: Box<[Rule]>,
}

struct Rule {
    condition: Option<Condition>,
    action: Box<dyn Action>,
    name: &'static str,
    /// Where it stands, if anybody asks: to keep it costs each request a count that all threads share.
    place: Option<model::Place>,
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rule").field("action", &self.name).field("condition", &self.condition).finish()
    }
}

impl Ruleset {
    /// Compiles rules; errors are recorded and their rules left out.
    pub fn compile(rules: &[model::Rule], kind: Kind, context: &mut Context<'_>) -> Self {
        Self { rules: rules.iter().filter_map(|rule| compile(rule, kind, context)).collect() }
    }

    /// True for no rule.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// How many rules there are.
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Runs the rules in order until one ends them.
    #[inline]
    pub fn run(&self, exchange: &mut Exchange) -> Verdict {
        self.resume(&mut 0, exchange)
    }

    /// Runs the rules from the number `next` on. After [`Verdict::Wait`] it is that of the rule to go on with.
    #[inline]
    pub fn resume(&self, next: &mut usize, exchange: &mut Exchange) -> Verdict {
        for rule in self.rules.get(*next..).unwrap_or_default() {
            *next += 1;
            if rule.condition.as_ref().is_none_or(|condition| condition.holds(exchange)) {
                match rule.action.run(exchange) {
                    Verdict::Continue => {}
                    wait @ Verdict::Wait(_) => return wait,
                    verdict => {
                        exchange.ended_by(rule.place.as_ref());
                        return verdict;
                    }
                }
            }
        }
        Verdict::Continue
    }

    /// As [`Self::run`] on bytes of which more may come; none: a rule needs more of them first (manual 4.2
    /// "tcp-request content").
    pub fn inspect(&self, exchange: &mut Exchange) -> Option<Verdict> {
        for rule in &self.rules {
            match rule.condition.as_ref().map_or(Outcome::Holds, |condition| condition.test(exchange)) {
                Outcome::Holds => {}
                Outcome::Fails => continue,
                Outcome::Open => return None,
            }
            let verdict = rule.action.run(exchange);
            // Other actions take what there is; a capture wants the whole of it.
            if unsettled(exchange) && rule.name == "capture" {
                return None;
            }
            match verdict {
                Verdict::Continue => {}
                verdict => {
                    exchange.ended_by(rule.place.as_ref());
                    return Some(verdict);
                }
            }
        }
        Some(Verdict::Continue)
    }
}

/// Whether a fetch has just asked for more bytes.
fn unsettled(exchange: &Exchange) -> bool {
    exchange.peeked.as_ref().is_some_and(|peeked| peeked.take_unsettled())
}

fn compile(rule: &model::Rule, kind: Kind, context: &mut Context<'_>) -> Option<Rule> {
    let place = kind.place(context.proxy.map(|proxy| proxy.kind));
    let condition = match &rule.condition {
        Some(condition) => Some(Condition::compile(condition, context, place)?),
        None => None,
    };
    let name = rule.action.name;
    let Some(row) = action::row(name, kind) else {
        context.error(&rule.place, format!("'{} {name}' is not supported yet", kind.keyword()));
        return None;
    };
    let mut build = action::Build { args: &rule.action.args, kind, place, context };
    match (row.build)(&mut build) {
        Ok(action) => {
            let place = context.tells_rules().then(|| rule.place.clone());
            Some(Rule { condition, action, name, place })
        }
        Err(action::Error::Reported) => None,
        Err(action::Error::Text(reason)) => {
            context.error(&rule.place, format!("'{} {name}' : {reason}", kind.keyword()));
            None
        }
    }
}
