//! What the outside tests share.

pub mod cpu;
pub mod debian;
