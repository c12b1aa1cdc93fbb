//! What an HTTP server behind a load balancer needs beside its own work: every answer names who gave it, a health
//! page tells the balancer when to stay away, and SIGTERM ends the server without losing a request.
//!
//! The order of the end: `/health` answers 503 and every answer says `Connection: close`, while requests are still
//! served; after [`Service::drain`] the balancer has seen it and sends nothing more; then the listening socket closes,
//! and what is under way gets ten more seconds. A second signal skips the waiting.

use axum::Router;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::get;
use axum::serve::ListenerExt as _;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;
use tokio::time::sleep;

/// How long requests under way may go on after the listening socket has closed.
const LAST_REQUESTS: Duration = Duration::from_secs(10);

/// Whether the server is about to end.
#[derive(Clone, Debug, Default)]
pub struct Draining(Arc<AtomicBool>);

impl Draining {
    /// Whether it is.
    #[must_use]
    pub fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A server, and how it appears to those around it.
#[derive(Debug)]
pub struct Service {
    /// Where it listens.
    pub listen: String,
    /// Its name, like `app1`.
    pub name: String,
    /// The header of every answer that has the name.
    pub header: HeaderName,
    /// How long the health page says no before the end. Longer than the balancer needs to see it.
    pub drain: Duration,
    /// Whether the end has begun.
    pub draining: Draining,
}

impl Service {
    /// Serves these routes and `/health`, until SIGTERM or SIGINT and what follows.
    ///
    /// # Errors
    /// That it cannot listen there.
    pub async fn run(self, routes: Router) -> io::Result<()> {
        let name = HeaderValue::from_str(&self.name).map_err(io::Error::other)?;
        let (header, draining) = (self.header, self.draining.clone());
        let health = draining.clone();
        let sign = move |mut response: Response| {
            response.headers_mut().insert(header.clone(), name.clone());
            if draining.get() {
                response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            std::future::ready(response)
        };
        let routes = routes
            .route("/health", get(move || std::future::ready(answer(&health))))
            .layer(map_response(sign));

        let listener = TcpListener::bind(&self.listen).await;
        let listener = listener.map_err(|error| {
            io::Error::new(error.kind(), format!("cannot listen on {}: {error}", self.listen))
        })?;
        eprintln!("{} on http://{}/", self.name, listener.local_addr()?);
        // Head and body are written apart; the second must not wait for the first's acknowledgement.
        let listener = listener.tap_io(|stream| {
            let _ = stream.set_nodelay(true); // without it answers are only slower
        });

        let (mut terminate, mut interrupt) =
            (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let (closing, closed) = oneshot::channel();
        let end = async move {
            tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
            self.draining.0.store(true, Ordering::Relaxed);
            // Told again, it ends at once.
            tokio::select! { () = sleep(self.drain) => {}, _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
            let _ = closing.send(()); // nobody waits for it once the server has ended by itself
        };
        let patience = async move {
            match closed.await {
                Ok(()) => sleep(LAST_REQUESTS).await,
                Err(_) => std::future::pending().await,
            }
        };
        tokio::select! {
            ended = async { axum::serve(listener, routes).with_graceful_shutdown(end).await } => ended,
            () = patience => Ok(()),
        }
    }
}

fn answer(draining: &Draining) -> (StatusCode, &'static str) {
    if draining.get() { (StatusCode::SERVICE_UNAVAILABLE, "draining\n") } else { (StatusCode::OK, "up\n") }
}
