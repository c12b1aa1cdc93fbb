//! What checks find: codes, texts and numbers that programs read (management guide 9.1 "check_status").

use haproxy_cfg_parser::model;

/// What a result says about the server; the number is that of `show servers state`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Outcome {
    /// Nothing yet.
    #[default]
    Unknown = 0,
    /// The check ended and says nothing.
    Neutral = 1,
    /// The server is not well.
    Failed = 2,
    /// It is.
    Passed = 3,
    /// It is, and wants no new sessions.
    Conditional = 4,
}

/// The result of a check; the number is that of `show servers state`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
#[allow(missing_docs)] // each has its text in the table
pub enum Status {
    Unknown = 0,
    #[default]
    Init = 1,
    Checked = 3,
    Observed = 4,
    SocketError = 5,
    L4Ok = 6,
    L4Timeout = 7,
    L4Connect = 8,
    L6Ok = 9,
    L6Timeout = 10,
    L6Response = 11,
    L7Timeout = 12,
    L7Response = 13,
    L7Ok = 15,
    L7OkConditional = 16,
    L7Status = 17,
    ProgramError = 18,
    ProgramTimeout = 19,
    ProgramOk = 20,
}

impl Status {
    const fn row(self) -> (Outcome, &'static str, &'static str) {
        use Outcome::{Conditional, Failed, Neutral, Passed, Unknown};
        match self {
            Self::Unknown => (Unknown, "UNK", "Unknown"),
            Self::Init => (Unknown, "INI", "Initializing"),
            Self::Checked => (Neutral, "CHECKED", "No status change"),
            Self::Observed => (Failed, "HANA", "Health analyze"),
            Self::SocketError => (Failed, "SOCKERR", "Socket error"),
            Self::L4Ok => (Passed, "L4OK", "Layer4 check passed"),
            Self::L4Timeout => (Failed, "L4TOUT", "Layer4 timeout"),
            Self::L4Connect => (Failed, "L4CON", "Layer4 connection problem"),
            Self::L6Ok => (Passed, "L6OK", "Layer6 check passed"),
            Self::L6Timeout => (Failed, "L6TOUT", "Layer6 timeout"),
            Self::L6Response => (Failed, "L6RSP", "Layer6 invalid response"),
            Self::L7Timeout => (Failed, "L7TOUT", "Layer7 timeout"),
            Self::L7Response => (Failed, "L7RSP", "Layer7 invalid response"),
            Self::L7Ok => (Passed, "L7OK", "Layer7 check passed"),
            Self::L7OkConditional => (Conditional, "L7OKC", "Layer7 check conditionally passed"),
            Self::L7Status => (Failed, "L7STS", "Layer7 wrong status"),
            Self::ProgramError => (Failed, "PROCERR", "External check error"),
            Self::ProgramTimeout => (Failed, "PROCTOUT", "External check timeout"),
            Self::ProgramOk => (Passed, "PROCOK", "External check passed"),
        }
    }

    /// What it says about the server.
    pub const fn outcome(self) -> Outcome {
        self.row().0
    }

    /// Its short name: `L4OK`.
    pub const fn code(self) -> &'static str {
        self.row().1
    }

    /// Its text: `Layer4 check passed`.
    pub const fn text(self) -> &'static str {
        self.row().2
    }

    /// A code of the protocol belongs to it.
    pub fn has_code(self) -> bool {
        self > Self::L7Response
    }

    /// A check has ended.
    pub fn is_result(self) -> bool {
        self >= Self::Checked
    }

    /// The status of that number; none where there is none.
    pub fn of(number: u8) -> Option<Self> {
        use Status::*;
        const ALL: [Status; 19] = [
            Unknown,
            Init,
            Checked,
            Observed,
            SocketError,
            L4Ok,
            L4Timeout,
            L4Connect,
            L6Ok,
            L6Timeout,
            L6Response,
            L7Timeout,
            L7Response,
            L7Ok,
            L7OkConditional,
            L7Status,
            ProgramError,
            ProgramTimeout,
            ProgramOk,
        ];
        ALL.into_iter().find(|status| *status as u8 == number)
    }

    /// The status that a configuration names.
    pub fn named(name: &str) -> Option<Self> {
        const NAMED: [Status; 11] = [
            Status::L4Ok,
            Status::L4Timeout,
            Status::L4Connect,
            Status::L6Ok,
            Status::L6Timeout,
            Status::L6Response,
            Status::L7Timeout,
            Status::L7Response,
            Status::L7Ok,
            Status::L7OkConditional,
            Status::L7Status,
        ];
        NAMED.into_iter().find(|status| status.code() == name)
    }
}

/// What a finished check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The result.
    pub status: Status,
    /// A code of the protocol: an HTTP status, an exit code.
    pub code: i32,
    /// A text about it; at most [`INFO`] bytes are kept.
    pub info: Vec<u8>,
    /// How long the check took, in milliseconds; none where nothing was asked (`observe`).
    pub duration: Option<u64>,
    /// The check was made and over before its time, because somebody asked, and found what the last one did: it tells how the server is
    /// now, and counts neither towards `rise` nor towards `fall`.
    pub early: bool,
}

/// Longest text of a result.
pub const INFO: usize = 127;

impl Report {
    /// A result without a code.
    pub fn new(status: Status, info: impl Into<Vec<u8>>) -> Self {
        let mut info = info.into();
        info.truncate(info.iter().position(|byte| *byte == 0).unwrap_or(INFO).min(INFO));
        Self { status, info, ..Self::default() }
    }

    /// The same with a code.
    pub fn with_code(self, code: i32) -> Self {
        Self { code, ..self }
    }

    /// `, reason: TEXT, code: N, info: "TEXT", check duration: Nms`, as log lines have it.
    pub fn describe(&self) -> String {
        use std::fmt::Write;
        let mut out = format!(", reason: {}", self.status.text());
        if self.status.has_code() {
            let _ = write!(out, ", code: {}", self.code);
        }
        if !self.info.is_empty() {
            let _ = write!(out, ", info: \"{}\"", escaped(&self.info));
        }
        if let Some(duration) = self.duration {
            let _ = write!(out, ", check duration: {duration}ms");
        }
        out
    }
}

/// Text in which what is not printable, and what would end it, is `<HEX>`.
fn escaped(text: &[u8]) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text {
        match byte {
            b'<' | b'>' | b'"' => out.push_str(&format!("<{byte:02X}>")),
            b' ' => out.push(' '),
            byte if byte.is_ascii_graphic() => out.push(char::from(*byte)),
            byte => out.push_str(&format!("<{byte:02X}>")),
        }
    }
    out
}

impl From<model::OnError> for super::observe::Reaction {
    fn from(word: model::OnError) -> Self {
        match word {
            model::OnError::FastInter => Self::CheckSoon,
            model::OnError::FailCheck => Self::FailCheck,
            model::OnError::SuddenDeath => Self::SuddenDeath,
            model::OnError::MarkDown => Self::MarkDown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_read_as_haproxy_writes_them() {
        let report =
            Report { duration: Some(3), ..Report::new(Status::L7Status, "a \"b\" <\r\u{e9}").with_code(503) };
        assert_eq!(
            report.describe(),
            ", reason: Layer7 wrong status, code: 503, info: \"a <22>b<22> <3C><0D><C3><A9>\", check duration: 3ms"
        );
        assert_eq!(Report::new(Status::L4Timeout, "").describe(), ", reason: Layer4 timeout");
        assert_eq!(Report::new(Status::L4Ok, [b'x'; 300]).info.len(), INFO);
    }

    #[test]
    fn configurations_name_statuses() {
        for name in [
            "L4OK", "L4TOUT", "L4CON", "L6OK", "L6TOUT", "L6RSP", "L7TOUT", "L7RSP", "L7OK", "L7OKC", "L7STS",
        ] {
            assert_eq!(Status::named(name).map(Status::code), Some(name));
        }
        assert_eq!(Status::named("HANA"), None);
    }

    #[test]
    fn numbers_are_read_back() {
        let known: Vec<_> = (0..=u8::MAX).filter_map(Status::of).collect();
        assert_eq!(known.len(), 19);
        assert!(known.iter().all(|status| Status::of(*status as u8) == Some(*status)));
    }
}
