//! The application tier: a shared notebook as an HTTP API, over any PostgreSQL.
//!
//! | request | answer |
//! |---|---|
//! | `POST /api/notes` `{"title", "body"}` | 201, the note, and its place in `Location` |
//! | `GET /api/notes?limit=&after=&q=` | `{"notes": [...], "next": ...}`, the newest first; `next` is `after` of the next page |
//! | `GET /api/notes/{id}` | the note |
//! | `PUT /api/notes/{id}` `{"title", "body", "version"}` | the note; 409 when it has another version by now |
//! | `DELETE /api/notes/{id}` | 204 |
//! | `GET /health` | 200, or 503 once the program is about to end: what a balancer asks |
//! | `GET /ready` | 200 when the database answers, else 503: what an operator asks |
//!
//! Errors are `{"error": {"code", "message"}}`: 400 `invalid`, 404 `not_found`, 409 `conflict`, 413
//! `too_large`, 503 `unavailable` with
//! `Retry-After`. A write that got 503 may have been done or not.

mod api;
mod notes;
mod problem;
mod schema;

use axum::http::HeaderName;
use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use lb_example_service::{Draining, Service};
use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;
use tokio::time::sleep;
use tokio_postgres::{Config, NoTls};

const USAGE: &str = "\
usage: lb-example-app [OPTION...]
  --listen ADDRESS        where to listen (127.0.0.1:8091)
  --name NAME             what the answers say in X-App (app1)
  --database URL          postgresql://USER@HOST:PORT/DATABASE (postgresql://app@127.0.0.1:5432/notes)
  --pool N                connections to the database (8)
  --drain SECONDS         how long /health says 503 before the end (3)
The database's password is DB_PASSWORD of the environment, if it is not in the URL.";

/// How long a connection to the database may take, and how long a request waits for one.
const CONNECT_LIMIT: Duration = Duration::from_secs(2);

struct Options {
    service: Service,
    database: Config,
    pool: usize,
}

fn options() -> Result<Option<Options>, lexopt::Error> {
    use lexopt::prelude::{Long, Short, ValueExt as _};
    let mut service = Service {
        listen: "127.0.0.1:8091".into(),
        name: "app1".into(),
        header: HeaderName::from_static("x-app"),
        drain: Duration::from_secs(3),
        draining: Draining::default(),
    };
    let mut database: Config = "postgresql://app@127.0.0.1:5432/notes".parse().map_err(|_| "URL")?;
    let mut pool = 8;
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("listen") => service.listen = arguments.value()?.string()?,
            Long("name") => service.name = arguments.value()?.string()?,
            Long("database") => database = arguments.value()?.parse()?,
            Long("pool") => pool = arguments.value()?.parse()?,
            Long("drain") => service.drain = Duration::from_secs(arguments.value()?.parse()?),
            Long("help") | Short('h') => return Ok(None),
            other => return Err(other.unexpected()),
        }
    }
    Ok(Some(Options { service, database, pool }))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let options = match options() {
        Ok(Some(options)) => options,
        Ok(None) => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("lb-example-app: {error}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match run(options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lb-example-app: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options) -> Result<(), Box<dyn Error>> {
    let Options { service, mut database, pool } = options;
    if let (None, Ok(password)) = (database.get_password(), std::env::var("DB_PASSWORD")) {
        database.password(password);
    }
    database.connect_timeout(CONNECT_LIMIT);
    database.application_name(&service.name);
    // Fast: a connection that has ended is known to have; asking on each use would double the round trips.
    let recycle = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let pool = Pool::builder(Manager::from_config(database, NoTls, recycle))
        .max_size(pool)
        .runtime(Runtime::Tokio1)
        .wait_timeout(Some(CONNECT_LIMIT))
        .create_timeout(Some(CONNECT_LIMIT))
        .build()?;
    // The database may come later than this program; until then requests are answered that it cannot be asked.
    tokio::spawn(migrate(pool.clone()));
    let app = api::App { pool, draining: service.draining.clone() };
    service.run(api::routes(app)).await?;
    Ok(())
}

async fn migrate(pool: Pool) {
    loop {
        let done = async { schema::migrate(&mut pool.get().await?).await };
        match done.await {
            Ok(()) => return,
            Err(problem) => eprintln!("the tables cannot be made yet: {problem:?}"),
        }
        sleep(Duration::from_millis(500)).await;
    }
}
