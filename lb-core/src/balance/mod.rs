//! Which server takes a request.

/// An algorithm with its state.
#[derive(Debug)]
pub struct Balance;
