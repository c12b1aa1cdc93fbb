//! Error pages (manual 3.8 and 4.2).

use super::{ActionArg, Place};

/// Where error pages of a proxy come from.
#[derive(Clone, Debug)]
pub enum ErrorPage {
    /// `errorfile CODE FILE`.
    File(ErrorFile),
    /// `errorloc`, `errorloc302`, `errorloc303`.
    Location {
        /// The status that it replaces.
        status: u16,
        /// The status of the redirection.
        code: u16,
        /// Where it leads.
        url: String,
    },
    /// `http-error status CODE ...` with an answer of its own.
    Reply {
        /// The status.
        status: u16,
        /// As those of `http-request return`.
        args: Vec<ActionArg>,
        /// Where.
        place: Place,
    },
    /// `errorfiles NAME [CODE]*`: pages of an `http-errors` section.
    Section {
        /// The section.
        name: String,
        /// Only these; empty: all that it has.
        statuses: Vec<u16>,
        /// Where.
        place: Place,
    },
}

/// An `http-errors` section (manual 3.8).
#[derive(Clone, Debug)]
pub struct HttpErrors {
    /// Its name.
    pub name: String,
    /// Where it starts.
    pub place: Place,
    /// Its files; the last one for a status counts.
    pub files: Vec<ErrorFile>,
}

/// `errorfile`.
#[derive(Clone, Debug)]
pub struct ErrorFile {
    /// The status it replaces.
    pub status: u16,
    /// The file's name.
    pub path: String,
    /// Its bytes.
    pub content: Vec<u8>,
    /// Where.
    pub place: Place,
}
