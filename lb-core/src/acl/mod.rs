//! Conditions over samples.
/// A compiled condition.
#[derive(Debug)]
pub struct Condition;
impl Condition {
    /// x
    pub fn holds(&self, _e: &crate::exchange::Exchange) -> bool {
        true
    }
}
