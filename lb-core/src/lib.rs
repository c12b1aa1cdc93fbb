//! Turns a configuration into a running proxy: listening sockets, HTTP exchanges, rules, balancing, logs.
//!
//! The rooms, in the order in which a request meets them, are listed in `ARCHITECTURE.md`.

pub mod acl;
pub mod admin;
pub mod balance;
pub mod check;
pub mod clock;
pub mod compile;
pub mod connect;
pub mod engine;
pub mod exchange;
pub mod extension;
pub mod http;
pub mod listen;
pub mod log;
mod mail;
pub mod net;
pub mod process;
pub mod proxy;
pub mod proxy_protocol;
pub mod rdp;
pub mod resolve;
pub mod roll;
pub mod rule;
pub mod sample;
pub mod server;
pub mod service;
pub mod stats;
mod sys;
pub mod tcp;
#[cfg(test)]
mod testing;
pub mod thread;
pub mod tls_hello;
