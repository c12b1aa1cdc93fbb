//! Values that the language writes in its own way: times, sizes, addresses, numbers.

mod address;
mod regex;
mod size;
mod time;

pub(crate) use address::{address, is_datagram, network};
pub(crate) use regex::regex_problem;
pub(crate) use size::size;
pub(crate) use time::{TimeError, time, time_and_rest};

/// The first character that no name of a section, server, ACL or the like may have.
pub(crate) fn not_in_name(name: &str) -> Option<char> {
    name.chars().find(|c| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | '.' | ':'))
}

/// A number as C's `atol` reads it: leading digits count, anything else is zero.
pub(crate) fn lenient_integer(text: &str) -> i64 {
    let digits = text.trim_start();
    let sign = usize::from(digits.starts_with(['-', '+']));
    let end = digits
        .char_indices()
        .skip(sign)
        .find(|(_, c)| !c.is_ascii_digit())
        .map_or(digits.len(), |(index, _)| index);
    digits.get(..end).and_then(|digits| digits.parse().ok()).unwrap_or(0)
}
