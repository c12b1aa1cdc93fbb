//! Samples: typed values fetched from an exchange and converted.

/// Variables of a scope.
#[derive(Debug, Default)]
pub struct Vars;
impl Vars {
    /// x
    pub fn clear(&mut self) {}
}
