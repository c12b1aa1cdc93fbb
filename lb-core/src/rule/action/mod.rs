//! Actions by family: one row and one behaviour each.

mod address;
mod auth;
mod capture;
mod connection;
mod deny;
mod flow;
mod header;
mod limit;
mod log;
mod normalize;
mod packet;
mod payload;
mod redirect;
mod resolve;
mod return_;
mod service;
mod target;
mod variable;
mod wait;

use super::ruleset::{Kind, Verdict};
use crate::compile::Context;
use crate::exchange::Exchange;
use crate::http::Headers;
use crate::log::{Format, Style};
use crate::sample::{Expr, Place, VarKey};
use haproxy_cfg_parser::model::{self, ActionArg};
pub(super) use payload::Payload;
use std::cell::Cell;
use std::time::Instant;

/// A compiled action.
pub trait Action: Send + Sync {
    /// Does it; anything but [`Verdict::Continue`] ends the ruleset.
    fn run(&self, exchange: &mut Exchange) -> Verdict;
}

/// Why an action could not be built.
pub(super) enum Error {
    /// The reason has been recorded already.
    Reported,
    /// The reason, to be recorded with the action's name and place.
    Text(String),
}

impl From<String> for Error {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Error {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

type Built = Result<Box<dyn Action>, Error>;

/// An action that has a behaviour.
pub struct Row {
    /// The name without its ruleset.
    pub name: &'static str,
    /// Rulesets in which it has this behaviour.
    pub kinds: &'static [Kind],
    pub(super) build: fn(&mut Build<'_, '_>) -> Built,
}

const FAMILIES: &[&[Row]] = &[
    address::ROWS,
    auth::ROWS,
    capture::ROWS,
    connection::ROWS,
    deny::ROWS,
    flow::ROWS,
    header::ROWS,
    limit::ROWS,
    log::ROWS,
    normalize::ROWS,
    packet::ROWS,
    redirect::ROWS,
    resolve::ROWS,
    return_::ROWS,
    service::ROWS,
    target::ROWS,
    variable::ROWS,
    wait::ROWS,
];

/// Every action that has a behaviour.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    FAMILIES.iter().copied().flatten()
}

/// The row of an action in a ruleset. Names are looked up at load only.
pub fn row(name: &str, kind: Kind) -> Option<&'static Row> {
    rows().find(|row| row.name == name && row.kinds.contains(&kind))
}

const fn action(name: &'static str, kinds: &'static [Kind], build: fn(&mut Build<'_, '_>) -> Built) -> Row {
    Row { name, kinds, build }
}

const REQUEST: &[Kind] = &[Kind::HttpRequest];
const RESPONSES: &[Kind] = &[Kind::HttpResponse, Kind::HttpAfterResponse];
const REQUEST_RESPONSE: &[Kind] = &[Kind::HttpRequest, Kind::HttpResponse];
const HTTP: &[Kind] = &[Kind::HttpRequest, Kind::HttpResponse, Kind::HttpAfterResponse];
const ALL: &[Kind] = &Kind::ALL;

/// What an action is built from.
pub(super) struct Build<'b, 'c> {
    pub(super) args: &'b [ActionArg],
    pub(super) kind: Kind,
    pub(super) place: Place,
    pub(super) context: &'b mut Context<'c>,
}

impl<'b> Build<'b, '_> {
    fn text(&self, index: usize) -> Result<&'b str, Error> {
        match self.args.get(index) {
            Some(ActionArg::Str(text) | ActionArg::Regex(text)) => Ok(text),
            _ => Err(Error::Text(format!("argument {} must be text", index + 1))),
        }
    }

    fn format(&mut self, index: usize) -> Result<Format, Error> {
        match self.args.get(index) {
            Some(ActionArg::Format(format)) => self.compile_format(format),
            _ => Err(Error::Text(format!("argument {} must be a format", index + 1))),
        }
    }

    /// A format whose text is taken as it is.
    fn plain_format(&mut self, index: usize) -> Result<Format, Error> {
        match self.args.get(index) {
            Some(ActionArg::Format(format)) => {
                Format::styled(format, self.context, self.place, Style::Plain).ok_or(Error::Reported)
            }
            _ => Err(Error::Text(format!("argument {} must be a format", index + 1))),
        }
    }

    fn compile_format(&mut self, format: &model::LogFormat) -> Result<Format, Error> {
        Format::compile(format, self.context, self.place).ok_or(Error::Reported)
    }

    fn expr(&mut self, index: usize) -> Result<Expr, Error> {
        match self.args.get(index) {
            Some(ActionArg::Expr(expr)) => {
                Expr::compile(expr, self.context, self.place).ok_or(Error::Reported)
            }
            _ => Err(Error::Text(format!("argument {} must be a sample expression", index + 1))),
        }
    }

    fn var(&self, index: usize) -> Result<VarKey, Error> {
        match self.args.get(index) {
            Some(ActionArg::Var(name)) => Ok(VarKey::new(name)),
            _ => Err(Error::Text(format!("argument {} must be a variable", index + 1))),
        }
    }

    /// A keyed argument's value.
    fn keyed(&self, key: &str) -> Option<&'b ActionArg> {
        self.args.iter().find_map(|arg| arg.keyed(key))
    }

    /// A keyed argument's number.
    fn number(&self, key: &str) -> Option<i64> {
        match self.keyed(key)? {
            ActionArg::Int(value) => Some(*value),
            ActionArg::Time(value) => i64::try_from(*value).ok(),
            ActionArg::Str(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// A word without value is there.
    fn has(&self, key: &str) -> bool {
        self.args.iter().any(|arg| matches!(arg, ActionArg::Keyed(name, _) if *name == key))
    }
}

/// An action from prepared arguments.
fn act<T, F>(data: T, run: F) -> Built
where
    T: Send + Sync + 'static,
    F: Fn(&T, &mut Exchange) -> Verdict + Send + Sync + 'static,
{
    struct Act<T, F>(T, F);
    impl<T, F> Action for Act<T, F>
    where
        T: Send + Sync,
        F: Fn(&T, &mut Exchange) -> Verdict + Send + Sync,
    {
        #[inline]
        fn run(&self, exchange: &mut Exchange) -> Verdict {
            (self.1)(&self.0, exchange)
        }
    }
    Ok(Box::new(Act(data, run)))
}

thread_local! {
    static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Renders a format into a buffer that each thread keeps, then uses it.
#[inline]
fn with_text<R>(
    format: &Format,
    exchange: &mut Exchange,
    use_it: impl FnOnce(&[u8], &mut Exchange) -> R,
) -> R {
    let mut buffer = SCRATCH.take();
    buffer.clear();
    format.render(exchange, Instant::now(), &mut buffer);
    let result = use_it(&buffer, exchange);
    SCRATCH.set(buffer);
    result
}

/// The headers that rules of a kind change.
#[inline]
fn headers(kind: Kind, exchange: &mut Exchange) -> &mut Headers {
    if kind.is_response() { &mut exchange.response.headers } else { &mut exchange.request.headers }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_are_unique_in_each_ruleset() {
        let mut seen = HashSet::new();
        for row in rows() {
            for kind in row.kinds {
                assert!(seen.insert((row.name, kind)), "two rows for {} {}", kind.keyword(), row.name);
            }
        }
    }
}
