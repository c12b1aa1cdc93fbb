//! Traffic logs: formats and targets.
/// A compiled log format.
#[derive(Debug)]
pub struct Format;
impl Format {
    /// x
    pub fn render(&self, _e: &crate::exchange::Exchange, _o: &mut Vec<u8>) {}
}
/// Targets of a proxy's logs.
#[derive(Debug)]
pub struct Logger;
/// x
pub fn emit(_e: &crate::exchange::Exchange, _n: std::time::Instant, _o: &mut Vec<u8>) {}
