//! What the outside tests share.
//!
//! The tests in `tests/` look at a proxy from outside only: they start the real program, speak raw bytes
//! to it, and play the server behind it. This crate holds the pieces:
//!
//! - [`Launch`] and [`Proxy`]: a proxy program (ours, or Debian's haproxy) with a configuration text, started in
//!   the foreground, stopped by its pid when dropped;
//! - [`loopback`]: an address of 127/8 that no other test process uses, and free ports on it;
//! - [`Client`]: sends exactly the bytes it is given and records what comes back, and how it ends;
//! - [`ask`]: one plain HTTP request, and the [`Answer`];
//! - [`command`]: one line for the runtime API, and what it answers;
//! - [`Answering`]: a server that says `ok` to everybody;
//! - [`Server`]: accepts connections, records what it is sent, and answers by a [`Script`];
//! - [`NameServer`]: answers questions about names truly, late, wrongly or not at all;
//! - [`Syslog`]: a UDP log target that keeps the lines, and [`HttpLog`]: the fields of `option httplog`;
//! - [`escape`]: bytes as text that a human can read, and back.
//!
//! Nothing here waits without a limit, and nothing asserts an absolute time: to wait is to poll for a condition
//! until a [`Duration`](std::time::Duration) has passed.
//!
//! ```no_run
//! use lb_harness::{Client, Launch, Script, Server, loopback};
//! use std::time::Duration;
//!
//! # fn main() -> std::io::Result<()> {
//! let server = Server::start(Script::answer(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))?;
//! let front = loopback::free_port()?;
//! let config = format!(
//!     "defaults\n mode http\n timeout client 5s\n timeout connect 5s\n timeout server 5s\n\
//!      listen web\n bind {front}\n server s {}\n",
//!     server.addr()
//! );
//! let mut proxy = Launch::new("/usr/sbin/haproxy").config(&config).listening_on(front).start()?;
//! let client = Client::connect(front)?;
//! client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")?;
//! assert!(client.wait_for(|heard| heard.bytes.ends_with(b"ok"), Duration::from_secs(5)));
//! assert!(proxy.is_running());
//! # Ok(())
//! # }
//! ```

pub mod cpu;
pub mod debian;
pub mod debian_source;
pub mod escape;
pub mod framing;
pub mod leftovers;
pub mod loopback;
pub mod regtest;
pub mod suite;
pub mod varnishtest;

mod answering;
mod ask;
mod client;
mod command;
mod connection;
mod heard;
mod httplog;
mod launch;
mod nameserver;
mod server;
mod syslog;
mod wait;

pub use answering::Answering;
pub use ask::{Answer, ask, glance};
pub use client::Client;
pub use command::command;
pub use heard::{End, Heard};
pub use httplog::HttpLog;
pub use launch::{Launch, Proxy};
pub use nameserver::{NameServer, Say};
pub use server::{Exchange, Script, Server, Step};
pub use syslog::Syslog;
pub use wait::eventually;
