//! The web tier: a page of static files, and `/api`, which is asked of the application tier.
//!
//! Files come with `Last-Modified`, ranges, types, and compressed where a `.gz` lies beside them. What the page asks
//! for under `/api` goes to one address, which is a load balancer's: it knows which application servers are well.

mod forward;

use axum::Router;
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::{any, get};
use forward::Forward;
use lb_example_service::{Draining, Service};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use tower_http::services::ServeDir;

const USAGE: &str = "\
usage: lb-example-web [OPTION...]
  --listen ADDRESS        where to listen (127.0.0.1:8081)
  --name NAME             what the answers say in X-Web (web1)
  --api HOST:PORT         who is asked for /api (127.0.0.1:8090)
  --site FOLDER           the files (those of the source)
  --drain SECONDS         how long /health says 503 before the end (3)";

struct Options {
    service: Service,
    api: String,
    site: PathBuf,
}

fn options() -> Result<Option<Options>, lexopt::Error> {
    use lexopt::prelude::{Long, Short, ValueExt as _};
    let mut service = Service {
        listen: "127.0.0.1:8081".into(),
        name: "web1".into(),
        header: HeaderName::from_static("x-web"),
        drain: Duration::from_secs(3),
        draining: Draining::default(),
    };
    let mut api = "127.0.0.1:8090".into();
    let mut site = concat!(env!("CARGO_MANIFEST_DIR"), "/site").into();
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("listen") => service.listen = arguments.value()?.string()?,
            Long("name") => service.name = arguments.value()?.string()?,
            Long("api") => api = arguments.value()?.string()?,
            Long("site") => site = arguments.value()?.into(),
            Long("drain") => service.drain = Duration::from_secs(arguments.value()?.parse()?),
            Long("help") | Short('h') => return Ok(None),
            other => return Err(other.unexpected()),
        }
    }
    Ok(Some(Options { service, api, site }))
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
            eprintln!("lb-example-web: {error}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let routes = routes(options.service.name.clone(), options.site, Forward::new(options.api));
    match options.service.run(routes).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lb-example-web: {error}");
            ExitCode::FAILURE
        }
    }
}

fn routes(name: String, site: PathBuf, forward: Forward) -> Router {
    // A browser asks each time whether its copy is still good, and is mostly told so in a few bytes.
    let fresh = |mut response: Response| {
        let revalidate = HeaderValue::from_static("no-cache");
        response.headers_mut().insert(header::CACHE_CONTROL, revalidate);
        std::future::ready(response)
    };
    let files = Router::new()
        .route("/whoami", get(async move || name + "\n"))
        .fallback_service(ServeDir::new(site).precompressed_gzip())
        .layer(map_response(fresh));
    let api = any(move |request| async move { forward.ask(request).await });
    Router::new().route("/api/{*path}", api).fallback_service(files)
}
