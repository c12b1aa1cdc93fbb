//! What the outside tests share.

pub mod cpu;
pub mod debian;
pub mod debian_source;
pub mod regtest;
pub mod suite;
pub mod varnishtest;
