//! Checks as scripts: connections, what is sent, what is expected (manual 4.2 "tcp-check", "http-check"). The checks of
//! known protocols are scripts too.

mod builtin;
mod compile;
mod expect;
mod failure;
mod protocol;
mod request;
mod response;
mod run;

pub(crate) use compile::{agent, checks};
pub(crate) use run::{Subject, run};

use crate::acl::Pattern;
use crate::check::Status;
use crate::log::Format;
use crate::rule::Ruleset;
use crate::sample::Expr;
use crate::server::ServerAddress;
use request::Request;

/// A compiled check.
#[derive(Debug)]
pub struct Script {
    steps: Vec<Step>,
    /// Answers are HTTP responses.
    http: bool,
    /// Its steps are told by number: a `tcp-check` of the configuration.
    told: bool,
    /// Something in it is evaluated anew for each check.
    evaluates: bool,
    /// `http-check disable-on-404`.
    disable_on_404: bool,
}

impl Script {
    /// Something in it is evaluated anew for each check.
    pub(super) fn evaluates(&self) -> bool {
        self.evaluates
    }

    /// What follows a step sends, or there is nothing more.
    fn is_quiet_after(&self, index: usize) -> bool {
        let next = self.steps.iter().skip(index + 1).find(|step| !matches!(step.action, Action::Variable(_)));
        next.is_none_or(|next| matches!(next.action, Action::Send(_) | Action::Request(_)))
    }
}

#[derive(Debug)]
struct Step {
    action: Action,
    comment: Option<String>,
    /// As messages count it, from 1; 0 for the connection that no line asks for.
    number: usize,
}

#[derive(Debug)]
enum Action {
    Connect(Connect),
    Send(Send),
    Request(Box<Request>),
    Expect(Box<Expect>),
    Variable(Ruleset),
}

#[derive(Debug, Default)]
struct Connect {
    address: Option<ServerAddress>,
    port: Option<u16>,
    port_expr: Option<Expr>,
    /// Closes with a handshake and not with a reset.
    linger: bool,
    /// No line asks for it.
    implicit: bool,
    /// As the server's line has it (`default`).
    default: bool,
    /// A PROXY header goes first.
    send_proxy: bool,
    /// It goes through the server's SOCKS4 proxy.
    via_socks4: bool,
}

#[derive(Debug)]
enum Send {
    Bytes(Vec<u8>),
    Format(Format),
    /// A format of hexadecimal digits.
    Binary(Format),
    /// A TLS hello, which has the time in it.
    Hello,
}

#[derive(Debug)]
struct Expect {
    inverse: bool,
    pattern: Search,
    /// Bytes to wait for; none: as long as nothing matches.
    min_recv: Option<usize>,
    ok: Option<Status>,
    error: Option<Status>,
    timeout: Option<Status>,
    on_success: Option<Text>,
    on_error: Option<Text>,
    code: Option<Code>,
    /// Where the search goes on when more bytes come: the first of the inverse expectations before it.
    head: usize,
}

/// A text about an answer.
#[derive(Debug)]
enum Text {
    Fixed(&'static str),
    Format(Format),
    /// The answer's first line, without so many bytes before it and the blanks that follow them.
    Line(usize),
    /// The answer without so many bytes before it.
    Rest(usize),
}

/// Where the code of a result comes from.
#[derive(Debug)]
enum Code {
    Expr(Expr),
    /// The digits that the answer starts with.
    Digits(usize),
}

#[derive(Debug)]
enum Search {
    Text(Vec<u8>),
    Binary(Vec<u8>),
    Regex(Pattern),
    BinaryRegex(Pattern),
    Format(Format),
    BinaryFormat(Format),
    Status(Vec<(u16, u16)>),
    StatusRegex(Pattern),
    Header {
        full: bool,
        name: Match,
        value: Option<Match>,
    },
    /// What a protocol's own function makes of the answer.
    Protocol(protocol::Read),
}

/// How a name or a value is compared.
#[derive(Debug)]
enum Match {
    Exact(Template),
    Prefix(Template),
    Suffix(Template),
    Contains(Template),
    Regex(Pattern),
}

/// Bytes, or a format that makes them.
#[derive(Debug)]
enum Template {
    Bytes(Vec<u8>),
    Format(Format),
}
