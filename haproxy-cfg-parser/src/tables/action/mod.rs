//! Actions of rules: name, rulesets, arguments (manual 4.3, 4.4 of recent versions).

mod connection;
mod http;
mod shared;

use crate::model::ActionArg;
use crate::rule::Reader;
use std::collections::HashMap;
use std::sync::LazyLock;

/// A list of rules that a section keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Ruleset {
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

impl Ruleset {
    /// Every ruleset.
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

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

const CONNECTION: u8 = Ruleset::TcpConnection.bit();
const SESSION: u8 = Ruleset::TcpSession.bit();
const CONTENT: u8 = Ruleset::TcpContent.bit();
const ANSWER: u8 = Ruleset::TcpResponse.bit();
const TCP: u8 = CONNECTION | SESSION | CONTENT;
const REQUEST: u8 = Ruleset::HttpRequest.bit();
const RESPONSE: u8 = Ruleset::HttpResponse.bit();
const AFTER: u8 = Ruleset::HttpAfterResponse.bit();
const HTTP: u8 = REQUEST | RESPONSE | AFTER;

type Parse = fn(&mut Reader<'_, '_, '_>) -> Result<Vec<ActionArg>, String>;

/// A row: an action and the rulesets that it may stand in.
struct Row {
    name: &'static str,
    rulesets: u8,
    usage: &'static str,
    parse: Parse,
    doc: &'static str,
    example: &'static str,
}

const fn action(
    name: &'static str,
    rulesets: u8,
    usage: &'static str,
    parse: Parse,
    doc: &'static str,
    example: &'static str,
) -> Row {
    Row { name, rulesets, usage, parse, doc, example }
}

/// An action in one ruleset.
pub struct Action {
    /// Ruleset and name, as in [`crate::model::Use`]: `http-request set-header`.
    pub full_name: &'static str,
    /// The name alone; `track-sc` and `sc-inc-gpc` stand without numbers and arguments.
    pub name: &'static str,
    /// The ruleset.
    pub ruleset: Ruleset,
    /// Its name is followed by arguments in parentheses.
    pub parens: bool,
    /// Its arguments.
    pub usage: &'static str,
    /// What it does.
    pub doc: &'static str,
    /// A line that parses.
    pub example: String,
    pub(crate) parse: Parse,
}

static ACTIONS: LazyLock<Vec<Action>> = LazyLock::new(|| {
    let rows = [shared::ROWS, http::ROWS, connection::ROWS].into_iter().flatten();
    rows.flat_map(|row| {
        let rulesets = Ruleset::ALL.into_iter().filter(|ruleset| row.rulesets & ruleset.bit() != 0);
        rulesets.map(|ruleset| Action {
            // Made once for the life of the process.
            full_name: Box::leak(format!("{} {}", ruleset.keyword(), row.name).into_boxed_str()),
            name: row.name,
            ruleset,
            parens: row.usage.starts_with('('),
            usage: row.usage,
            doc: row.doc,
            example: format!("{} {}", ruleset.keyword(), row.example),
            parse: row.parse,
        })
    })
    .collect()
});

/// Every action in every ruleset.
pub fn all() -> impl Iterator<Item = &'static Action> {
    ACTIONS.iter()
}

/// The actions of a ruleset.
pub fn of(ruleset: Ruleset) -> impl Iterator<Item = &'static Action> {
    all().filter(move |action| action.ruleset == ruleset)
}

/// The action that a word names, and the text in its parentheses.
pub(crate) fn find(ruleset: Ruleset, word: &str) -> Option<(&'static Action, Option<&str>)> {
    static INDEX: LazyLock<HashMap<(Ruleset, &str), &Action>> =
        LazyLock::new(|| all().map(|action| ((action.ruleset, action.name), action)).collect());
    let (name, paren) = match word.split_once('(') {
        Some((name, rest)) => (name, Some(rest.strip_suffix(')').unwrap_or(rest))),
        None if word.starts_with("lua.") => ("lua", None),
        None => (word, None),
    };
    let found = INDEX.get(&(ruleset, name)).filter(|row| row.parens || paren.is_none());
    // `track-sc0`: the number belongs to the word.
    let digits = |word: &str| {
        word.strip_prefix("track-sc").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    found
        .or_else(|| INDEX.get(&(ruleset, "track-sc")).filter(|_| digits(word)))
        .filter(|row| row.name != "track-sc" || digits(word))
        .map(|row| (*row, paren))
}
