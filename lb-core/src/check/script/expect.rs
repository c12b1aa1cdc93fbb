//! Whether an answer is what was expected: a pure function of the bytes so far.

use super::request::hex;
use super::response::Answer;
use super::{Code, Expect, Match, Script, Search, Step, Text};
use crate::acl::Pattern;
use crate::check::{Report, Status};
use crate::exchange::Exchange;
use crate::sample::Type;
use memchr::memmem;

/// What a look at the answer gave.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// More bytes are needed.
    Wait,
    /// As expected.
    Pass,
    /// The check has its result.
    Done(Report),
}

/// The answer, and what it is evaluated with.
pub(super) struct View<'a> {
    /// The bytes so far.
    pub(super) input: &'a [u8],
    /// No more will come.
    pub(super) last: bool,
    /// The status of an HTTP answer.
    pub(super) code: i32,
    /// For formats and expressions; none where the script has none.
    pub(super) exchange: Option<&'a Exchange>,
}

/// What of an answer did not fit.
struct Misfit {
    status: Status,
    /// A text that stands in for the general one.
    info: Option<Vec<u8>>,
    matched: bool,
}

impl Misfit {
    fn new(status: Status, info: &str) -> Self {
        Self { status, info: Some(info.as_bytes().to_vec()), matched: false }
    }
}

impl Script {
    /// Looks at the bytes of an answer.
    pub(super) fn look(&self, step: &Step, expect: &Expect, view: &View<'_>) -> Look {
        if let Search::Protocol(read) = &expect.pattern {
            if !view.last && view.input.len() < expect.min_recv.unwrap_or(1) {
                return Look::Wait;
            }
            return read(view, self.is_last(step));
        }
        match self.search(expect, view) {
            Ok(None) => Look::Wait,
            Ok(Some(matched)) if matched != expect.inverse => Look::Pass,
            Ok(Some(matched)) => {
                let status = expect.error.unwrap_or(Status::L7Response);
                self.fail(step, expect, view, Misfit { status, info: None, matched })
            }
            Err(misfit) => self.fail(step, expect, view, misfit),
        }
    }

    fn is_last(&self, step: &Step) -> bool {
        self.steps.last().is_some_and(|last| std::ptr::eq(last, step))
    }

    /// Whether the pattern is in the bytes; none: more are needed.
    fn search(&self, expect: &Expect, view: &View<'_>) -> Result<Option<bool>, Misfit> {
        let (input, last) = (view.input, view.last);
        if !last {
            let shortest = match &expect.pattern {
                Search::Text(text) | Search::Binary(text) => text.len(),
                _ => 0,
            };
            if input.len() < shortest.max(expect.min_recv.unwrap_or(0)) {
                return Ok(None);
            }
        }
        let found = match &expect.pattern {
            Search::Text(text) | Search::Binary(text) => contains(input, text),
            Search::Regex(regex) => regex.is_match(input),
            Search::BinaryRegex(regex) => regex.is_match(&hex(input)),
            Search::Format(format) | Search::BinaryFormat(format) => {
                let mut text =
                    view.exchange.map(|exchange| format.text(exchange)).or_else(|| format.constant());
                if matches!(expect.pattern, Search::BinaryFormat(_)) {
                    text = text.map(|digits| unhex(&digits)).transpose().map_err(|()| {
                        Misfit::new(
                            Status::L7Response,
                            "Failed to parse hexastring resulting of eval of a log-format string",
                        )
                    })?;
                }
                let text = text.filter(|text| !text.is_empty()).ok_or_else(|| {
                    Misfit::new(Status::L7Response, "log-format string evaluated to an empty string")
                })?;
                if input.len() < text.len() && !last {
                    return Ok(None);
                }
                contains(input, &text)
            }
            Search::Status(_) | Search::StatusRegex(_) | Search::Header { .. } | Search::Protocol(_) => false,
        };
        // Where no length is given, what is missing may still come.
        Ok(if !found && !last && expect.min_recv.is_none() { None } else { Some(found) })
    }

    /// Looks at an HTTP answer. `was_up`: the server counts as up, so that a 404 may take it out softly.
    pub(super) fn look_http(
        &self,
        step: &Step,
        expect: &Expect,
        answer: &Answer<'_>,
        was_up: bool,
        view: &View<'_>,
    ) -> Look {
        let status = answer.head.status;
        if self.disable_on_404 && was_up && status == 404 {
            return Look::Pass;
        }
        let found = match &expect.pattern {
            Search::Status(ranges) => ranges.iter().any(|(low, high)| (*low..=*high).contains(&status)),
            Search::StatusRegex(regex) => regex.is_match(itoa::Buffer::new().format(status).as_bytes()),
            Search::Header { full, name, value } => match header(*full, name, value.as_ref(), answer, view) {
                Ok(found) => found,
                Err(misfit) => return self.fail(step, expect, view, misfit),
            },
            _ => return self.look_body(step, expect, answer, view),
        };
        if found != expect.inverse {
            return Look::Pass;
        }
        let status = expect.error.unwrap_or(Status::L7Status);
        let info = expect.on_error.is_none().then(|| answer.head.reason().to_vec());
        self.fail(step, expect, view, Misfit { status, info, matched: false })
    }

    fn look_body(&self, step: &Step, expect: &Expect, answer: &Answer<'_>, view: &View<'_>) -> Look {
        let misfit = |info: &str| {
            let status = expect.error.unwrap_or(Status::L7Response);
            let info = expect.on_error.is_none().then(|| info.as_bytes().to_vec());
            Misfit { status, info, matched: false }
        };
        let body = View { input: answer.body, last: answer.done, code: view.code, exchange: view.exchange };
        if answer.body.is_empty() {
            if !answer.done {
                return Look::Wait;
            }
            return self.fail(
                step,
                expect,
                view,
                misfit("HTTP content check could not find a response body"),
            );
        }
        match self.search(expect, &body) {
            Ok(None) => Look::Wait,
            Ok(Some(found)) if found != expect.inverse => Look::Pass,
            Ok(Some(_)) => {
                let text = if expect.inverse {
                    "HTTP check matched unwanted content"
                } else {
                    "HTTP content check did not match"
                };
                self.fail(step, expect, view, misfit(text))
            }
            Err(misfit) => self.fail(step, expect, view, misfit),
        }
    }

    /// The result of an answer that did not fit.
    fn fail(&self, step: &Step, expect: &Expect, view: &View<'_>, misfit: Misfit) -> Look {
        let mut info = match (misfit.info.filter(|info| !info.is_empty()), &expect.on_error) {
            (Some(info), _) => info,
            (None, Some(text)) => text.of(view),
            (None, None) if !self.told => Vec::new(),
            (None, None) => {
                let what = if misfit.matched {
                    "TCPCHK matched unwanted content"
                } else {
                    "TCPCHK did not match content"
                };
                let shown: &[u8] = match &expect.pattern {
                    Search::Text(text) => text,
                    _ => b"",
                };
                let mut info = what.as_bytes().to_vec();
                let kind = match &expect.pattern {
                    Search::Text(_) => {
                        info.extend_from_slice(b" '");
                        info.extend_from_slice(shown);
                        "'"
                    }
                    Search::Binary(_) => " (binary)",
                    Search::Regex(_) => " (regex)",
                    Search::BinaryRegex(_) => " (binary regex)",
                    Search::Format(_) => " (log-format string)",
                    Search::BinaryFormat(_) => " (log-format binary)",
                    _ => " (custom function)",
                };
                info.extend_from_slice(format!("{kind} at step {}", step.number).as_bytes());
                info
            }
        };
        if let Some(comment) = &step.comment {
            info.extend_from_slice(b" comment: ");
            info.extend_from_slice(comment.as_bytes());
        }
        let code = expect.code(view).unwrap_or(view.code);
        Look::Done(Report::new(misfit.status, info).with_code(code))
    }

    /// The result after the last step, an expectation that held.
    pub(super) fn passed(&self, expect: &Expect, view: &View<'_>) -> Report {
        let info = match &expect.on_success {
            Some(text) => text.of(view),
            None if self.told => b"(tcp-check)".to_vec(),
            None => Vec::new(),
        };
        let code = expect.code(view).unwrap_or(view.code);
        Report::new(expect.ok.unwrap_or(Status::L7Ok), info).with_code(code)
    }
}

impl Expect {
    /// `status-code`.
    fn code(&self, view: &View<'_>) -> Option<i32> {
        match self.code.as_ref()? {
            Code::Expr(expr) => {
                let sample = expr.eval(view.exchange?)?.cast(Type::Int)?;
                match sample {
                    crate::sample::Sample::Int(number) => i32::try_from(number).ok(),
                    _ => None,
                }
            }
            Code::Digits(count) => {
                let digits = view.input.get(..*count)?.iter().take_while(|byte| byte.is_ascii_digit());
                Some(digits.fold(0, |number, digit| number * 10 + i32::from(digit - b'0')))
            }
        }
    }

    /// How a timeout's message names the pattern.
    pub(super) fn describe(&self) -> Vec<u8> {
        let quoted = |kind: &str, text: &[u8]| [b" (expect ", kind.as_bytes(), b" '", text, b"')"].concat();
        match &self.pattern {
            Search::Text(text) => quoted("string", text),
            Search::Binary(text) => quoted("binary", text),
            Search::Regex(_) => b" (expect regex)".to_vec(),
            Search::BinaryRegex(_) => b" (expect binary regex)".to_vec(),
            Search::Format(_) => b" (expect log-format string)".to_vec(),
            Search::BinaryFormat(_) => b" (expect log-format binary)".to_vec(),
            Search::Status(_) => b" (expect HTTP status codes)".to_vec(),
            Search::StatusRegex(_) => b" (expect HTTP status regex)".to_vec(),
            Search::Header { .. } => b" (expect HTTP header pattern)".to_vec(),
            Search::Protocol(_) => b" (expect custom function)".to_vec(),
        }
    }
}

impl Text {
    fn of(&self, view: &View<'_>) -> Vec<u8> {
        match self {
            Self::Fixed(text) => text.as_bytes().to_vec(),
            Self::Format(format) => match view.exchange {
                Some(exchange) => format.text(exchange),
                None => format.constant().unwrap_or_default(),
            },
            Self::Line(skip) => {
                let rest = view.input.get(*skip..).unwrap_or_default();
                let line = rest.split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default();
                if *skip > 0 { line.trim_ascii_start().to_vec() } else { line.to_vec() }
            }
            Self::Rest(skip) => view.input.get(*skip..).unwrap_or_default().to_vec(),
        }
    }
}

/// Whether a header fits. `full`: its value is one; else commas part it.
fn header(
    full: bool,
    name: &Match,
    value: Option<&Match>,
    answer: &Answer<'_>,
    view: &View<'_>,
) -> Result<bool, Misfit> {
    let name = name.prepare(view, true)?;
    let value = value.map(|value| value.prepare(view, false)).transpose()?;
    Ok(answer.head.headers.iter().any(|(found, text)| {
        if !name.matches(found) {
            return false;
        }
        match &value {
            None => true,
            Some(value) if full => value.matches(text),
            Some(value) => crate::http::header::list_elements(text).any(|element| value.matches(element)),
        }
    }))
}

/// A comparison with its text.
enum Prepared<'a> {
    Exact(Vec<u8>),
    Prefix(Vec<u8>),
    Suffix(Vec<u8>),
    Contains(Vec<u8>),
    Regex(&'a Pattern),
}

impl Match {
    fn prepare(&self, view: &View<'_>, lower: bool) -> Result<Prepared<'_>, Misfit> {
        let text = |template: &super::Template| {
            let text = template.text(view.exchange);
            if text.is_empty() {
                return Err(Misfit::new(
                    Status::L7Response,
                    "log-format string evaluated to an empty string",
                ));
            }
            // Header names have no case.
            Ok(if lower { text.to_ascii_lowercase() } else { text })
        };
        Ok(match self {
            Self::Exact(template) => Prepared::Exact(text(template)?),
            Self::Prefix(template) => Prepared::Prefix(text(template)?),
            Self::Suffix(template) => Prepared::Suffix(text(template)?),
            Self::Contains(template) => Prepared::Contains(text(template)?),
            Self::Regex(regex) => Prepared::Regex(regex),
        })
    }
}

impl Prepared<'_> {
    fn matches(&self, text: &[u8]) -> bool {
        match self {
            Self::Exact(wanted) => text == wanted,
            Self::Prefix(wanted) => text.starts_with(wanted),
            Self::Suffix(wanted) => text.ends_with(wanted),
            Self::Contains(wanted) => contains(text, wanted),
            Self::Regex(regex) => regex.is_match(text),
        }
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    memmem::find(text, part).is_some()
}

/// Bytes from hexadecimal digits.
pub(super) fn unhex(digits: &[u8]) -> Result<Vec<u8>, ()> {
    crate::sample::unhex(digits).ok_or(())
}
