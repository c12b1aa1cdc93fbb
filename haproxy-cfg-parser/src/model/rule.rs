//! Rules: an action with its arguments under a condition.

use super::{Condition, Expr, LogFormat, Place, VarName};

/// A line of `http-request`, `http-response`, `http-after-response`, `tcp-request ...` or `tcp-response ...`.
#[derive(Clone, Debug)]
pub struct Rule {
    /// What to do.
    pub action: Action,
    /// When; none: always.
    pub condition: Option<Condition>,
    /// Where.
    pub place: Place,
}

/// An action, by the row of its signature.
#[derive(Clone, Debug)]
pub struct Action {
    /// The canonical name without arguments: `set-header`, `set-var`, `deny`.
    pub name: &'static str,
    /// Its arguments in the order of the signature.
    pub args: Vec<ActionArg>,
}

/// An argument of an action.
#[derive(Clone, Debug)]
pub enum ActionArg {
    /// Plain text (header name, realm, id).
    Str(String),
    /// An integer.
    Int(i64),
    /// A time in milliseconds.
    Time(u64),
    /// A log-format string.
    Format(LogFormat),
    /// A sample expression.
    Expr(Expr),
    /// A regular expression.
    Regex(String),
    /// A variable.
    Var(VarName),
    /// A keyed argument: `("code", 302)`, `("deny_status", 429)`, `("drop-query", none)`.
    Keyed(&'static str, Option<Box<ActionArg>>),
    /// A file that the parser has read: its name and its bytes.
    File(String, Vec<u8>),
    /// A header line of `return` and `deny`: `hdr NAME FORMAT`.
    Header(String, LogFormat),
}

impl ActionArg {
    /// The value of an argument with this word before it.
    pub fn keyed(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Keyed(name, Some(value)) if *name == key => Some(value),
            _ => None,
        }
    }
}

/// A `use_backend` line.
#[derive(Clone, Debug)]
pub struct UseBackend {
    /// The backend's name, possibly computed.
    pub target: LogFormat,
    /// When.
    pub condition: Option<Condition>,
    /// Where.
    pub place: Place,
}

/// A `use-server` line.
#[derive(Clone, Debug)]
pub struct UseServer {
    /// The server's name, possibly computed.
    pub target: LogFormat,
    /// When.
    pub condition: Option<Condition>,
    /// Where.
    pub place: Place,
}
