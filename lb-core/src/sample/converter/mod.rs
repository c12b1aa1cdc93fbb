//! Converters by family: one row and one behaviour each (manual 7.3.1 "Converters").

mod address;
mod bytes;
mod codec;
mod date;
mod digest;
mod farm;
pub mod hash;
mod integer;
mod json;
mod json_query;
mod jwt;
mod language;
mod map;
mod protobuf;
mod text;
mod url;
mod variable;

pub(crate) use hash::crc32c;

use super::fetch::Args;
use super::{Sample, Type};
use crate::compile::Context;
use crate::exchange::Exchange;

/// A compiled converter.
pub trait Converter: Send + Sync {
    /// The converted value, from one that has been cast to the row's input type; none when it has no value.
    fn apply<'a>(&'a self, input: Sample<'a>, exchange: &'a Exchange) -> Option<Sample<'a>>;
}

/// What building a converter gives; the error says what is wrong with the arguments.
pub type Built = Result<Box<dyn Converter>, String>;

/// The type of a converter's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// Always this one.
    Is(Type),
    /// The type of its input.
    Same,
}

/// A converter that has a behaviour.
pub struct Row {
    /// The canonical name.
    pub name: &'static str,
    /// What its input is cast to.
    pub input: Type,
    /// The type of its values.
    pub output: Output,
    /// Builds it from its arguments.
    pub build: fn(&Args<'_>, &mut Context<'_>) -> Built,
}

const FAMILIES: &[&[Row]] = &[
    address::ROWS,
    bytes::ROWS,
    codec::ROWS,
    date::ROWS,
    digest::ROWS,
    farm::ROWS,
    hash::ROWS,
    integer::ROWS,
    json::ROWS,
    json_query::ROWS,
    jwt::ROWS,
    language::ROWS,
    map::ROWS,
    protobuf::ROWS,
    text::ROWS,
    url::ROWS,
    variable::ROWS,
];

/// Every converter that has a behaviour.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    FAMILIES.iter().copied().flatten()
}

/// The row of a name. Names are looked up at load only.
pub fn row(name: &str) -> Option<&'static Row> {
    rows().find(|row| row.name == name)
}

/// Shorthand for a row.
const fn convert(
    name: &'static str,
    input: Type,
    output: Type,
    build: fn(&Args<'_>, &mut Context<'_>) -> Built,
) -> Row {
    Row { name, input, output: Output::Is(output), build }
}

/// A converter that only looks at its input and prepared arguments.
fn with<T, F>(data: T, apply: F) -> Built
where
    T: Send + Sync + 'static,
    F: for<'a> Fn(&'a T, Sample<'a>, &'a Exchange) -> Option<Sample<'a>> + Send + Sync + 'static,
{
    struct With<T, F>(T, F);
    impl<T, F> Converter for With<T, F>
    where
        T: Send + Sync,
        F: for<'a> Fn(&'a T, Sample<'a>, &'a Exchange) -> Option<Sample<'a>> + Send + Sync,
    {
        #[inline]
        fn apply<'a>(&'a self, input: Sample<'a>, exchange: &'a Exchange) -> Option<Sample<'a>> {
            (self.1)(&self.0, input, exchange)
        }
    }
    Ok(Box::new(With(data, apply)))
}

/// A converter without arguments.
fn plain<F>(apply: F) -> Built
where
    F: for<'a> Fn(Sample<'a>) -> Option<Sample<'a>> + Send + Sync + 'static,
{
    with((), move |(), input, _| apply(input))
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
}
