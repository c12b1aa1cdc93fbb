//! What is wrong with a configuration, as values.

use crate::model::Place;

/// How bad a [`Diagnostic`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// `[DIAG]`: shown with `-dD` only.
    Diag,
    /// `[NOTICE]`: information.
    Notice,
    /// `[WARNING]`: the file is accepted; fatal under `-dW`.
    Warning,
    /// `[ALERT]`: the file is refused.
    Alert,
}

/// One finding about a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// File and line, where it has one.
    pub place: Option<Place>,
    /// Byte range of the offending word within the line, where it is one word.
    pub span: Option<(u32, u32)>,
    /// HAProxy's wording, complete with its own `parsing [file:line] : ` style of naming the place.
    pub message: String,
    /// What to write instead, in our own words; only the caret renderer shows it.
    pub help: Option<String>,
}
