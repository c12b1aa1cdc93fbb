//! Sections beside the proxies.

use super::Place;

/// A `cache` section (manual 6.2).
#[derive(Clone, Debug, Default)]
pub struct Cache {
    /// Its name.
    pub name: String,
    /// Where it starts.
    pub place: Place,
    /// Its size, in bytes.
    pub total_max_size: Option<u64>,
    /// The largest entry, in bytes.
    pub max_object_size: Option<u64>,
    /// How long an entry stays, in seconds.
    pub max_age: Option<u64>,
    /// Variants of one entry.
    pub max_secondary_entries: Option<u64>,
    /// Whether `Vary` makes variants.
    pub process_vary: Option<bool>,
    /// Its size was written, and wrong.
    pub refused: bool,
}
