//! Virtual addresses on interfaces, from outside: three lb and a client in network namespaces, a bridge between them, and
//! what may befall the holder. Needs root, `ip` and `nft`; says so otherwise.
//!
//! `just bench-vip` prints the outages of many rounds, and keepalived's beside them.

#![allow(clippy::unwrap_used, clippy::panic)]

mod client;
mod fault;
mod outages;
mod site;
mod sys;
mod takeover;
mod world;
