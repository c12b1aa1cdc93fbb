//! A small static web tier to put a proxy in front of: the same site on each of the given addresses, with a header
//! and a `/whoami` that tell which of them answered.
//!
//! `lb-example-web [ADDRESS...]`; without addresses those of `examples/haproxy.cfg`.

use axum::Router;
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::get;
use axum::serve::ListenerExt as _;
use std::process::ExitCode;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tower_http::services::ServeDir;

/// The servers of `examples/haproxy.cfg`.
const ADDRESSES: [&str; 2] = ["127.0.0.1:8081", "127.0.0.1:8082"];

/// The pages.
const SITE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/site");

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let mut addresses: Vec<String> = std::env::args().skip(1).collect();
    if addresses.is_empty() {
        addresses = ADDRESSES.map(str::to_owned).into();
    }
    let mut servers = JoinSet::new();
    for address in addresses {
        match TcpListener::bind(&address).await {
            Ok(listener) => {
                eprintln!("web server on http://{address}/");
                let site = site(&address);
                // Head and body are written apart; the second must not wait for the first's acknowledgement.
                let listener = listener.tap_io(|stream| {
                    let _ = stream.set_nodelay(true); // without it answers are only slower
                });
                servers.spawn(async move { axum::serve(listener, site).await });
            }
            Err(error) => {
                eprintln!("cannot listen on {address}: {error}");
                return ExitCode::FAILURE;
            }
        }
    }
    // A web server has no end of its own: one that ends has failed.
    servers.join_next().await;
    ExitCode::FAILURE
}

/// The site as the server of that address gives it.
fn site(address: &str) -> Router {
    let name = address.to_owned();
    let stamp = HeaderValue::from_str(address).ok();
    let sign = move |mut response: Response| {
        if let Some(stamp) = stamp.clone() {
            response.headers_mut().insert(HeaderName::from_static("x-served-by"), stamp);
        }
        std::future::ready(response)
    };
    Router::new()
        .route("/whoami", get(async move || name + "\n"))
        .fallback_service(ServeDir::new(SITE))
        .layer(map_response(sign))
}
