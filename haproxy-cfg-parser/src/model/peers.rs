//! `peers` sections (manual 3.5).

use super::{Address, Bind, BindOptions, LogTarget, Place, ServerLine};

/// Processes that share stick tables.
#[derive(Clone, Debug)]
pub struct Peers {
    /// Its name.
    pub name: String,
    /// Where it starts.
    pub place: Place,
    /// `disabled`.
    pub disabled: bool,
    /// `bind`: where the local peer listens.
    pub bind: Option<Bind>,
    /// `default-bind`: what `bind` starts from.
    pub default_bind: BindOptions,
    /// `default-server`: what later `server` and `peer` lines start from.
    pub default_server: ServerLine,
    /// `server` and `peer` lines.
    pub peers: Vec<Peer>,
    /// `table` lines: each name, and the words after it.
    pub tables: Vec<(String, Vec<String>)>,
    /// `log` lines.
    pub logs: Vec<LogTarget>,
    /// `shards`: how many groups the peers are split into.
    pub shards: Option<u32>,
}

/// One of them.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Its name; the local peer's is that of the process (`localpeer`).
    pub name: String,
    /// Its address; none where the line has none, as the local peer's beside `bind`.
    pub address: Option<Address>,
    /// It was written as `peer`: the local one's address is where it listens.
    pub listens: bool,
    /// Its options.
    pub server: ServerLine,
    /// Where.
    pub place: Place,
}
