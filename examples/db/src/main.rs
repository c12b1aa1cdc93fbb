//! The database tier: a server that speaks PostgreSQL's wire protocol, version 3, over an embedded SQLite file.
//!
//! `psql`, `pg_isready`, drivers and `option pgsql-check` of a load balancer work with it. The SQL is SQLite's; what is
//! refused, is refused with PostgreSQL's codes. One account, SCRAM-SHA-256, no encryption: for loopback and private
//! networks. The password comes from the environment, where other users cannot read it.

mod auth;
mod cancel;
mod limited;
mod server;
mod session;
mod sqlstate;
mod statement;
mod value;
mod wire;

use server::Settings;
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

const USAGE: &str = "\
usage: lb-example-db [OPTION...]
  --listen ADDRESS        where to listen (127.0.0.1:5432)
  --file FILE             the database (notes.db)
  --user NAME             the only account (app)
  --max-connections N     how many clients at once (100)
The account's password is DB_PASSWORD of the environment. SIGTERM ends the server when the open transactions have
ended, at most five seconds later.";

struct Options {
    listen: String,
    file: PathBuf,
    user: String,
    max_connections: usize,
}

fn options() -> Result<Option<Options>, lexopt::Error> {
    use lexopt::prelude::{Long, Short, ValueExt as _};
    let mut options = Options {
        listen: "127.0.0.1:5432".into(),
        file: "notes.db".into(),
        user: "app".into(),
        max_connections: 100,
    };
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("listen") => options.listen = arguments.value()?.string()?,
            Long("file") => options.file = arguments.value()?.into(),
            Long("user") => options.user = arguments.value()?.string()?,
            Long("max-connections") => options.max_connections = arguments.value()?.parse()?,
            Long("help") | Short('h') => return Ok(None),
            other => return Err(other.unexpected()),
        }
    }
    Ok(Some(options))
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> ExitCode {
    let options = match options() {
        Ok(Some(options)) => options,
        Ok(None) => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("lb-example-db: {error}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match run(options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lb-example-db: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options) -> Result<(), Box<dyn Error>> {
    let password = std::env::var("DB_PASSWORD").map_err(|_| "DB_PASSWORD is not in the environment")?;
    let account = auth::Account::new(&options.user, &password)?;
    // Opening it once shows now what is wrong with it, and finishes what a crash has left.
    let first = session::Session::open(&options.file)
        .map_err(|error| format!("cannot open {}: {error}", options.file.display()))?;
    let listener = TcpListener::bind(&options.listen)
        .await
        .map_err(|error| format!("cannot listen on {}: {error}", options.listen))?;
    let (stop, stopping) = watch::channel(false);
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::spawn(async move {
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
        stop.send_replace(true);
    });
    eprintln!("database on {}, in {}", listener.local_addr()?, options.file.display());
    let settings = Settings { file: options.file, account, max_connections: options.max_connections };
    server::serve(listener, settings, stopping).await;
    Ok(first.close()?)
}
