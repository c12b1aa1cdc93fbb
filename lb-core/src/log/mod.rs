//! Traffic logs: formats and targets.

/// A compiled log format.
#[derive(Debug)]
pub struct Format;

/// Targets of a proxy's logs.
#[derive(Debug)]
pub struct Logger;
