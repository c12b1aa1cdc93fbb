//! The real program from outside, over the example's database and over Debian's PostgreSQL.
#![allow(clippy::unwrap_used)]

mod database;
mod notebook;
mod outage;

use lb_harness::{Answer, Launch, Proxy, ask, eventually, loopback};
use serde_json::Value;
use std::net::SocketAddr;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(20);

/// A running program.
struct App {
    program: Proxy,
    addr: SocketAddr,
}

impl App {
    fn start(url: &str, options: &[&str]) -> Self {
        let addr = loopback::free_port().unwrap();
        let mut launch = Launch::server(env!("CARGO_BIN_EXE_lb-example-app"))
            .env("DB_PASSWORD", database::PASSWORD)
            .arg("--listen")
            .arg(addr.to_string())
            .arg("--database")
            .arg(url)
            .listening_on(addr);
        for option in options {
            launch = launch.arg(option);
        }
        Self { program: launch.start().unwrap(), addr }
    }

    fn wait_until_ready(&self) {
        assert!(
            eventually(LIMIT, || self.ask("GET /api/notes", "").status == 200),
            "{}",
            self.program.stderr()
        );
    }

    fn ask(&self, request: &str, body: &str) -> Answer {
        ask(self.addr, request, &["Content-Type: application/json"], body).unwrap()
    }
}

fn json(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap_or_else(|_| panic!("no JSON: {}", answer.text()))
}
