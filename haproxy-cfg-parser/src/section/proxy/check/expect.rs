//! `http-check expect` and `tcp-check expect`.

use super::step::{hex, value};
use super::{format, sample};
use crate::model::{CheckAction, CheckExpect, CheckMatch, CheckPattern, CheckStep, CheckText};
use crate::parse::{Args, Cx};

/// An expectation while its words are read.
#[derive(Default)]
struct Draft {
    inverse: bool,
    pattern: Option<CheckPattern>,
    min_recv: Option<u32>,
    ok: Option<&'static str>,
    error: Option<&'static str>,
    timeout: Option<&'static str>,
    comment: Option<String>,
}

/// Parses the line; `http`: the rules of `http-check`.
pub(super) fn expect(cx: &mut Cx<'_>, args: &Args<'_>, http: bool) -> Result<CheckStep, String> {
    if args.get(2).is_empty() {
        return Err("expects at least a matching pattern as arguments".into());
    }
    let mut draft = Draft::default();
    let (mut on_success, mut on_error, mut status_code) = (None, None, None);
    let mut at = 2;
    while args.has(at) && !args.get(at).is_empty() {
        let written = args.get(at);
        let mut word = written.trim_start_matches('!');
        let bangs = written.len() - word.len();
        draft.inverse ^= bangs % 2 == 1;
        if word.is_empty() {
            at += 1;
            word = args.get(at);
        }
        let words = Words { args, at, word };
        at = match word {
            "min-recv" | "comment" | "on-success" | "on-error" | "ok-status" | "error-status"
            | "status-code" | "tout-status"
                if bangs > 0 =>
            {
                return Err(format!("[!] not supported with '{word}'"));
            }
            "min-recv" => {
                let text = words.value("a integer")?;
                draft.min_recv = match crate::value::lenient_integer(text) {
                    -1 => None,
                    number => Some(
                        u32::try_from(number)
                            .ok()
                            .filter(|n| *n <= i32::MAX as u32)
                            .ok_or_else(|| format!("'{word}' expects -1 or an integer from 0 to INT_MAX"))?,
                    ),
                };
                at + 2
            }
            "comment" => {
                draft.comment = Some(words.value("a string")?.to_owned());
                at + 2
            }
            "on-success" => {
                on_success = Some(format(cx, words.value("a string")?)?);
                at + 2
            }
            "on-error" => {
                on_error = Some(format(cx, words.value("a string")?)?);
                at + 2
            }
            "ok-status" => {
                draft.ok = Some(
                    words.status(&["L7OK", "L7OKC", "L6OK", "L4OK"], "'L4OK', 'L6OK', 'L7OK' or 'L7OKC'")?,
                );
                at + 2
            }
            "error-status" => {
                let known = ["L7RSP", "L7STS", "L7OKC", "L6RSP", "L4CON"];
                draft.error = Some(words.status(&known, "'L4CON', 'L6RSP', 'L7RSP' or 'L7STS'")?);
                at + 2
            }
            "tout-status" => {
                draft.timeout =
                    Some(words.status(&["L7TOUT", "L6TOUT", "L4TOUT"], "'L4TOUT', 'L6TOUT' or 'L7TOUT'")?);
                at + 2
            }
            "status-code" => {
                status_code = Some(sample(cx, words.value("an expression")?, "status-code expression")?);
                at + 2
            }
            _ => {
                let (pattern, next) = words.pattern(cx, http)?;
                if draft.pattern.replace(pattern).is_some() {
                    return Err("only on pattern expected".into());
                }
                next
            }
        };
    }
    let Draft { inverse, pattern, min_recv, ok, error, timeout, comment } = draft;
    let pattern = pattern.ok_or("pattern not found")?;
    let expect = CheckExpect {
        inverse,
        pattern,
        min_recv,
        ok_status: ok,
        error_status: error,
        timeout_status: timeout,
        on_success,
        on_error,
        status_code,
    };
    Ok(CheckStep { action: CheckAction::Expect(Box::new(expect)), comment, place: cx.place.clone() })
}

/// A word of the line that may have others behind it.
struct Words<'a, 'b> {
    args: &'b Args<'a>,
    at: usize,
    word: &'a str,
}

impl<'a> Words<'a, '_> {
    fn value(&self, what: &str) -> Result<&'a str, String> {
        value(self.args, self.at, what)
    }

    fn status(&self, known: &[&'static str], expects: &str) -> Result<&'static str, String> {
        let text = self.value("a string")?;
        known
            .iter()
            .copied()
            .find(|status| status.eq_ignore_ascii_case(text))
            .ok_or_else(|| format!("'{}' only supports {expects} status (got '{text}').", self.word))
    }

    /// A pattern and the index of the word after it.
    fn pattern(&self, cx: &mut Cx<'_>, http: bool) -> Result<(CheckPattern, usize), String> {
        let word = self.word;
        let text = || match self.args.get(self.at + 1) {
            "" => Err(format!("'{word}' expects a <pattern> as argument")),
            text => Ok(text),
        };
        let pattern = match (word, http) {
            ("string", _) => CheckPattern::Text(text()?.into()),
            ("rstring", _) => CheckPattern::Regex(text()?.into()),
            ("string-lf", _) => CheckPattern::Format(format(cx, text()?)?),
            ("binary", false) => CheckPattern::Binary(
                hex(text()?).map_err(|error| format!("invalid binary string ({error})"))?,
            ),
            ("rbinary", false) => CheckPattern::BinaryRegex(text()?.into()),
            ("binary-lf", false) => CheckPattern::BinaryFormat(format(cx, text()?)?),
            ("status", true) => CheckPattern::Status(codes(text()?)?),
            ("rstatus", true) => CheckPattern::StatusRegex(text()?.into()),
            ("hdr" | "fhdr", true) => return self.header(cx),
            (_, true) => {
                return Err(format!(
                    "'only supports min-recv, [!]string', '[!]rstring', '[!]string-lf', '[!]status', '[!]rstatus', [!]hdr, [!]fhdr or comment but got '{word}' as argument."
                ));
            }
            (_, false) => {
                return Err(format!(
                    "'only supports min-recv, '[!]binary', '[!]string', '[!]rstring', '[!]string-lf''[!]rbinary', '[!]binary-lf' or comment but got '{word}' as argument."
                ));
            }
        };
        Ok((pattern, self.at + 2))
    }

    /// `hdr name[-lf] [-m METHOD] PATTERN [value[-lf] [-m METHOD] PATTERN]`.
    fn header(&self, cx: &mut Cx<'_>) -> Result<(CheckPattern, usize), String> {
        let (args, word) = (self.args, self.word);
        let keyword = args.get(self.at + 1);
        if !matches!(keyword, "name" | "name-lf") || args.get(self.at + 2).is_empty() {
            return Err(format!(
                "'{word}' expects at the name keyword as first argument followed by a pattern"
            ));
        }
        let (name, mut next) = self.matching(cx, self.at + 2, keyword == "name-lf")?;
        let mut value = None;
        if matches!(args.get(next), "value" | "value-lf") {
            let format = args.get(next) == "value-lf";
            let (found, after) = self.matching(cx, next + 1, format)?;
            value = Some(found);
            next = after;
        }
        Ok((CheckPattern::Header { full: word == "fhdr", name, value }, next))
    }

    /// `[-m METHOD] PATTERN` from word `at` on.
    fn matching(
        &self,
        cx: &mut Cx<'_>,
        mut at: usize,
        is_format: bool,
    ) -> Result<(CheckMatch, usize), String> {
        let (args, word) = (self.args, self.word);
        let mut method = "str";
        if args.get(at) == "-m" {
            let text = args.get(at + 1);
            if text.is_empty() {
                return Err(format!(
                    "'{word}' : '-m' expects at a matching pattern ('str', 'beg', 'end', 'sub' or 'reg')"
                ));
            }
            method = ["str", "beg", "end", "sub", "reg"]
                .into_iter()
                .find(|known| *known == text)
                .ok_or_else(|| {
                    format!(
                        "'{word}' : '-m' only supports 'str', 'beg', 'end', 'sub' or 'reg' (got '{text}')"
                    )
                })?;
            at += 2;
        }
        if method == "reg" && is_format {
            return Err(format!("'{word}': log-format string is not supported with a regex matching method"));
        }
        let text = args.get(at);
        if text.is_empty() {
            return Err(format!("'{word}' expect a pattern with the value keyword"));
        }
        let text =
            if is_format { CheckText::Format(format(cx, text)?) } else { CheckText::Plain(text.into()) };
        Ok((CheckMatch { method, text }, at + 1))
    }
}

/// `200`, `200-399,404`.
fn codes(text: &str) -> Result<Vec<(u16, u16)>, String> {
    let mut ranges = Vec::new();
    for part in text.split(',') {
        let (low, high) = part.split_once('-').unwrap_or((part, part));
        let number = |text: &str| match text.chars().find(|c| !c.is_ascii_digit()) {
            Some(c) => Err(format!("invalid character '{c}' in the list of status codes")),
            None => Ok(text.parse::<u16>().unwrap_or(if text.is_empty() { 0 } else { u16::MAX })),
        };
        let range = (number(low)?, number(high)?);
        if range.0 > range.1 {
            return Err(format!("invalid range of status codes '{text}'"));
        }
        ranges.push(range);
    }
    Ok(ranges)
}
