//! Traffic logs: formats (manual 8.2) and targets (manual 4.2 "log").

mod alias;
mod builtin;
mod captures;
pub mod date;
mod emit;
mod format;
mod framing;
mod logger;
mod outlet;
mod render;
mod ring;
mod target;
#[cfg(test)]
mod tests;
mod timers;
mod unique_id;

pub use builtin::Builtin;
pub use emit::{emit, refused};
pub use format::{Format, Style};
pub use logger::{Identity, Logger, resolve};
pub use outlet::Outlet;
pub(crate) use outlet::Outlets;
pub use ring::Ring;
pub(crate) use timers::Timers;
pub use unique_id::unique_id;

/// True when a log-format alias (without its `%`) has a behaviour here.
pub fn supports(alias: &str) -> bool {
    alias == "o" || alias::row(alias).is_some()
}

/// Levels of messages by name (RFC 5424 6.2.1).
pub const LEVELS: [&str; 8] = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];

pub(crate) const LEVEL_EMERG: u8 = 0;
pub(crate) const LEVEL_ALERT: u8 = 1;
const LEVEL_ERR: u8 = 3;
pub(crate) const LEVEL_NOTICE: u8 = 5;
pub(crate) const LEVEL_INFO: u8 = 6;
