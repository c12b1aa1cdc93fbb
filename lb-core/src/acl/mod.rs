//! Conditions over samples (manual 7.1, 7.2).
//!
//! A condition is compiled once: every ACL becomes an expression and a set of patterns in the structure that suits
//! them, so that testing one value costs about the same for one pattern and for thousands.

mod cidr;
mod condition;
mod map;
mod matcher;
mod pattern;
mod predefined;
mod ranges;
mod reference;
mod strings;
mod test;
#[cfg(test)]
mod tests;
mod versions;
mod view;
mod words;

pub use condition::{Condition, Outcome};
pub use map::Map;
pub use matcher::Matcher;
pub use pattern::Pattern;
pub use reference::{Reference, References};
pub use test::Acl;
pub use versions::{Entry, Versions};
pub use view::{AclView, MapView};

/// True when the matcher (`-m NAME`) or flag has a behaviour here.
pub fn supports(name: &str) -> bool {
    matcher::ROWS.iter().any(|row| row.name == name)
        || matches!(name, "-i" | "-f" | "-m" | "-n" | "-M" | "-u" | "--" | "-F")
}
