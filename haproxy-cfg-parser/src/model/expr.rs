//! Sample expressions, ACLs, conditions and log formats, as trees.

use super::Place;

/// A sample expression: `fetch(args),converter(args),...` (manual 7.2, 7.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expr {
    /// The fetch.
    pub fetch: Call,
    /// The converters, in order.
    pub converters: Vec<Call>,
    /// The text as written.
    pub text: String,
    /// Where it stands.
    pub place: Place,
}

/// A named call with arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Canonical name from the table (aliases resolved, e.g. `hdr` in a request rule stays `hdr`).
    pub name: &'static str,
    /// Its arguments, typed by the signature; trailing optional ones may be missing.
    pub args: Vec<Arg>,
}

/// One argument of a fetch or converter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arg {
    /// A string.
    Str(String),
    /// A signed integer.
    Int(i64),
    /// A time, in milliseconds.
    Time(u64),
    /// A size, in bytes.
    Size(u64),
    /// An IPv4 or IPv6 address.
    Ip(std::net::IpAddr),
    /// A netmask, IPv4 or IPv6.
    Mask(std::net::IpAddr),
    /// A variable with its scope: `txn.name`.
    Var(VarName),
    /// A regular expression and whether it ignores case.
    Regex(String, bool),
    /// An empty place before a later argument.
    Absent,
}

/// A variable's scope and name (manual 2.8 "Variables").
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct VarName {
    /// The scope.
    pub scope: Scope,
    /// The name without its scope.
    pub name: String,
}

/// How long a variable lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// The process.
    Proc,
    /// The client's connection.
    Sess,
    /// The request and its response.
    Txn,
    /// The request.
    Req,
    /// The response.
    Res,
    /// A health check.
    Check,
}

/// A condition after `if` or `unless` (manual 7.2 "Using ACLs to form conditions").
#[derive(Clone, Debug)]
pub struct Condition {
    /// True for `unless`.
    pub unless: bool,
    /// Alternatives (`or`, `||`), each a list of terms that must all hold.
    pub any_of: Vec<Vec<Term>>,
    /// The text after `if` or `unless`.
    pub text: String,
    /// Where it stands.
    pub place: Place,
}

/// One term of a [`Condition`].
#[derive(Clone, Debug)]
pub struct Term {
    /// Preceded by `!`.
    pub negated: bool,
    /// What is tested.
    pub test: Test,
}

/// A named ACL, one of the predefined ones, or an anonymous `{ ... }`.
#[derive(Clone, Debug)]
pub enum Test {
    /// An ACL by name: the section's own, else a predefined one (`TRUE`, `METH_GET`, ...).
    Named(String),
    /// `{ fetch flags patterns }`.
    Anonymous(AclTest),
}

/// An `acl` line.
#[derive(Clone, Debug)]
pub struct Acl {
    /// Its name; several lines of one name are alternatives.
    pub name: String,
    /// What it tests.
    pub test: AclTest,
}

/// What an ACL tests: a sample against patterns.
#[derive(Clone, Debug)]
pub struct AclTest {
    /// The sample. ACL keywords such as `path_beg` are already split into fetch `path` and matcher `beg`.
    pub expr: Expr,
    /// The matcher (`-m beg`, or implied by the keyword); none: the fetch's own type decides.
    pub matcher: Option<&'static str>,
    /// `-i`.
    pub ignore_case: bool,
    /// `-n`: forbid DNS look-ups.
    pub no_resolve: bool,
    /// `-f` files: their names and their content's lines (comments and blank lines dropped).
    pub files: Vec<(String, Vec<String>)>,
    /// `-M`: files are maps, only keys matter.
    pub map: bool,
    /// `-u`: an id.
    pub id: Option<u32>,
    /// Patterns as written.
    pub patterns: Vec<String>,
}

/// A log-format string (manual 8.2.6).
#[derive(Clone, Debug, Default)]
pub struct LogFormat {
    /// Its parts in order; literals have `%%` and escapes undone.
    pub parts: Vec<FormatPart>,
    /// The text as written.
    pub text: String,
}

/// A part of a [`LogFormat`].
#[derive(Clone, Debug)]
pub enum FormatPart {
    /// Literal text.
    Text(String),
    /// `%ci`, `%{+Q}o`: an alias with its flags.
    Alias {
        /// The alias without `%`, e.g. `ci`.
        name: String,
        /// Flags in effect for it.
        flags: FormatFlags,
        /// Argument text inside braces other than flags.
        arg: Option<String>,
    },
    /// `%[expr]`.
    Expr {
        /// The expression.
        expr: Expr,
        /// Flags in effect for it.
        flags: FormatFlags,
    },
}

/// Flags of a log-format item (`%{+Q,+X,+E}`), those set for the whole string by `%{..}o` included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FormatFlags {
    /// `+Q`: quote.
    pub quote: bool,
    /// `+X`: hexadecimal.
    pub hex: bool,
    /// `+E`: escape.
    pub escape: bool,
    /// `+M`: mandatory output (`-` where empty).
    pub mandatory: bool,
    /// `+json`.
    pub json: bool,
    /// `+cbor`.
    pub cbor: bool,
    /// `+bin`.
    pub bin: bool,
}
