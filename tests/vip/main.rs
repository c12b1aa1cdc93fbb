//! Virtual addresses on interfaces, from outside: three lb and a client in network namespaces, a bridge between them, and
//! what may befall the holder. Needs root, `ip` and `nft`; says so otherwise.
//!
//! `just bench-vip` prints the outages of many rounds, and keepalived's beside them; `just farm`, `starve`, `under-load`, `soak`,
//! `flap` and `stranger` run one campaign each, for as many seconds as `LB_VIP_SECONDS` says.

#![allow(clippy::unwrap_used, clippy::panic)]

mod client;
mod farm;
mod fault;
mod flap;
mod freezer;
mod load;
mod margin;
mod outages;
mod site;
mod soak;
mod starve;
mod stranger;
mod sys;
mod takeover;
mod world;
