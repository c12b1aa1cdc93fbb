//! Sample fetches by what they read: one row and one behaviour each (manual 7.3).

mod address;
mod args;
mod auth;
mod body;
mod capture;
mod client;
mod constant;
mod cookie;
pub(super) mod farm;
mod header;
mod hello;
mod kernel;
mod payload;
mod proxy;
mod random;
mod rdp;
mod request;
mod response;
mod time;
mod url;
mod variable;

pub use args::Args;
pub(crate) use auth::basic as basic_credentials;
pub(crate) use capture::word;
pub(crate) use constant::unhex;
pub use header::HeaderAddress;
pub(crate) use kernel::asks_kernel;

use super::{Needs, Sample, Type};
use crate::compile::Context;
use crate::exchange::Exchange;

/// A compiled fetch.
pub trait Fetch: Send + Sync {
    /// The value now; none when there is none.
    fn eval<'a>(&'a self, exchange: &'a Exchange) -> Option<Sample<'a>>;

    /// Offers every occurrence in turn until `test` holds for one; `None` when there was none to offer.
    fn any(&self, exchange: &Exchange, test: &mut dyn FnMut(Sample<'_>) -> bool) -> Option<bool> {
        self.eval(exchange).map(test)
    }

    /// The groups of the user that it reads.
    fn groups<'a>(&'a self, _: &Exchange) -> &'a [String] {
        &[]
    }
}

/// What building a fetch gives; the error says what is wrong with the arguments.
pub type Built = Result<Box<dyn Fetch>, String>;

/// A fetch that has a behaviour.
pub struct Row {
    /// The canonical name.
    pub name: &'static str,
    /// The type of its values.
    pub output: Type,
    /// What it reads.
    pub needs: Needs,
    /// Builds it from its arguments.
    pub build: fn(&Args<'_>, &mut Context<'_>) -> Built,
}

/// All rows, by family.
const FAMILIES: &[&[Row]] = &[
    address::ROWS,
    auth::ROWS,
    body::ROWS,
    capture::ROWS,
    client::ROWS,
    constant::ROWS,
    cookie::ROWS,
    farm::ROWS,
    header::ROWS,
    hello::ROWS,
    kernel::ROWS,
    payload::ROWS,
    proxy::ROWS,
    random::ROWS,
    rdp::ROWS,
    request::ROWS,
    response::ROWS,
    time::ROWS,
    url::ROWS,
    variable::ROWS,
];

/// Every fetch that has a behaviour.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    FAMILIES.iter().copied().flatten()
}

/// The row of a name. Names are looked up at load only.
pub fn row(name: &str) -> Option<&'static Row> {
    rows().find(|row| row.name == name)
}

/// Shorthand for a row.
const fn fetch(
    name: &'static str,
    output: Type,
    needs: Needs,
    build: fn(&Args<'_>, &mut Context<'_>) -> Built,
) -> Row {
    Row { name, output, needs, build }
}

struct With<T, F> {
    data: T,
    eval: F,
}

impl<T, F> Fetch for With<T, F>
where
    T: Send + Sync,
    F: for<'a> Fn(&'a T, &'a Exchange) -> Option<Sample<'a>> + Send + Sync,
{
    #[inline]
    fn eval<'a>(&'a self, exchange: &'a Exchange) -> Option<Sample<'a>> {
        (self.eval)(&self.data, exchange)
    }
}

/// A fetch without arguments.
fn plain<F>(eval: F) -> Built
where
    F: for<'a> Fn(&'a Exchange) -> Option<Sample<'a>> + Send + Sync + 'static,
{
    struct Plain<F>(F);
    impl<F> Fetch for Plain<F>
    where
        F: for<'a> Fn(&'a Exchange) -> Option<Sample<'a>> + Send + Sync,
    {
        #[inline]
        fn eval<'a>(&'a self, exchange: &'a Exchange) -> Option<Sample<'a>> {
            (self.0)(exchange)
        }
    }
    Ok(Box::new(Plain(eval)))
}

/// A fetch with prepared arguments.
fn with<T, F>(data: T, eval: F) -> Built
where
    T: Send + Sync + 'static,
    F: for<'a> Fn(&'a T, &'a Exchange) -> Option<Sample<'a>> + Send + Sync + 'static,
{
    Ok(Box::new(With { data, eval }))
}

/// A value known at load.
fn constant(value: Sample<'static>) -> Built {
    with(value, |value, _| Some(value.borrow()))
}

/// A fetch that never has a value.
pub(super) fn never() -> Box<dyn Fetch> {
    struct Never;
    impl Fetch for Never {
        fn eval<'a>(&'a self, _: &'a Exchange) -> Option<Sample<'a>> {
            None
        }
    }
    Box::new(Never)
}

/// A fetch of an HTTP request in `mode tcp`: it has no value where the client's bytes are no HTTP.
pub(super) fn of_http(inner: Box<dyn Fetch>) -> Box<dyn Fetch> {
    struct OfHttp(Box<dyn Fetch>);
    fn is_http(exchange: &Exchange) -> bool {
        exchange.peeked.as_ref().is_none_or(|peeked| peeked.is_http())
    }
    impl Fetch for OfHttp {
        fn eval<'a>(&'a self, exchange: &'a Exchange) -> Option<Sample<'a>> {
            if is_http(exchange) { self.0.eval(exchange) } else { None }
        }

        fn any(&self, exchange: &Exchange, test: &mut dyn FnMut(Sample<'_>) -> bool) -> Option<bool> {
            if is_http(exchange) { self.0.any(exchange, test) } else { None }
        }

        fn groups<'a>(&'a self, exchange: &Exchange) -> &'a [String] {
            if is_http(exchange) { self.0.groups(exchange) } else { &[] }
        }
    }
    Box::new(OfHttp(inner))
}

/// Which of several occurrences: from 1, or from -1 backwards.
fn pick<'a>(occurrence: i64, values: impl Iterator<Item = &'a [u8]>) -> Option<&'a [u8]> {
    if let Ok(index @ 1..) = usize::try_from(occurrence) {
        let mut values = values;
        return values.nth(index - 1);
    }
    // From the end: the last few are kept while passing over all.
    let back = usize::try_from(occurrence.unsigned_abs()).ok()?.max(1);
    let mut ring: smallvec::SmallVec<[&[u8]; 8]> = smallvec::SmallVec::new();
    for value in values {
        if ring.len() == back {
            ring.remove(0);
        }
        ring.push(value);
    }
    (ring.len() == back).then(|| ring.first().copied()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_are_unique() {
        let mut seen = HashSet::new();
        for row in rows() {
            assert!(seen.insert(row.name), "two rows for {}", row.name);
        }
    }

    #[test]
    fn occurrences_count_from_both_ends() {
        let values = [&b"a"[..], b"b", b"c"];
        for (occurrence, value) in [
            (1, Some("a")),
            (3, Some("c")),
            (4, None),
            (-1, Some("c")),
            (-3, Some("a")),
            (-4, None),
            (0, Some("c")),
        ] {
            assert_eq!(pick(occurrence, values.into_iter()), value.map(str::as_bytes), "{occurrence}");
        }
    }
}
