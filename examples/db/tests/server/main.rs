//! The real program from outside: a driver, `psql`, haproxy's check, signals.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod durability;
mod limits;
mod outside;
mod queries;

use lb_harness::{Launch, Proxy, loopback};
use std::net::SocketAddr;
use std::path::Path;
use tempfile::TempDir;
use tokio_postgres::{Client, Config, NoTls};

const PASSWORD: &str = "a password";

/// A running server, and the folder of its file.
struct Database {
    program: Proxy,
    addr: SocketAddr,
    folder: TempDir,
}

impl Database {
    fn start(options: &[&str]) -> Self {
        let (folder, addr) = (tempfile::tempdir().unwrap(), loopback::free_port().unwrap());
        Self { program: launch(addr, folder.path(), options), addr, folder }
    }

    /// Starts it again on the same address and file.
    fn start_again(&mut self) {
        self.program = launch(self.addr, self.folder.path(), &[]);
    }

    async fn connect(&self) -> Client {
        connect(self.addr, "app", PASSWORD).await.unwrap()
    }
}

fn launch(addr: SocketAddr, folder: &Path, options: &[&str]) -> Proxy {
    let mut launch = Launch::server(env!("CARGO_BIN_EXE_lb-example-db"))
        .env("DB_PASSWORD", PASSWORD)
        .arg("--listen")
        .arg(addr.to_string())
        .arg("--file")
        .arg(folder.join("test.db"))
        .listening_on(addr);
    for option in options {
        launch = launch.arg(option);
    }
    launch.start().unwrap()
}

async fn connect(addr: SocketAddr, user: &str, password: &str) -> Result<Client, tokio_postgres::Error> {
    let mut config = Config::new();
    config.host(addr.ip().to_string()).port(addr.port()).user(user).password(password).dbname("notes");
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// The code of an error that the server has sent.
fn code(error: &tokio_postgres::Error) -> &str {
    error.code().map_or("none", tokio_postgres::error::SqlState::code)
}
