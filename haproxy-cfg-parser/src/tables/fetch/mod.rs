//! Sample fetches (manual 7.3): name, arguments, type, where each may stand.

mod counters;
mod internal;
mod l4;
mod l5;
mod l6;
mod l7;

use super::Type;
use std::collections::HashMap;
use std::sync::LazyLock;

/// The signature of a sample fetch.
#[derive(Clone, Copy, Debug)]
pub struct Fetch {
    /// Its name.
    pub name: &'static str,
    /// Its arguments, as `-dKsmp` prints them.
    pub args: &'static str,
    /// The type of what it gives.
    pub output: Type,
    /// Where it may stand: bits of [`super::reach::Stage`].
    pub reach: u32,
    /// What it gives.
    pub doc: &'static str,
}

const fn fetch(name: &'static str, args: &'static str, output: Type, reach: u32, doc: &'static str) -> Fetch {
    Fetch { name, args, output, reach, doc }
}

/// Every fetch.
pub fn all() -> impl Iterator<Item = &'static Fetch> {
    [internal::ROWS, l4::ROWS, counters::ROWS, l5::ROWS, l6::ROWS, l7::ROWS].into_iter().flatten()
}

/// The fetch of that name.
pub fn find(name: &str) -> Option<&'static Fetch> {
    static INDEX: LazyLock<HashMap<&str, &Fetch>> =
        LazyLock::new(|| all().map(|fetch| (fetch.name, fetch)).collect());
    INDEX.get(name).copied()
}
