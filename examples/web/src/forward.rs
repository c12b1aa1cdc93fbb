//! Forwarding to the application tier.

use axum::body::Body;
use axum::extract::Request;
use axum::http::uri::{Authority, PathAndQuery, Scheme};
use axum::http::{HeaderMap, HeaderName, StatusCode, Uri, Version, header};
use axum::response::{IntoResponse, Response};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use std::time::Duration;
use tokio::time::timeout;

/// How long a connection may take.
const CONNECT_LIMIT: Duration = Duration::from_secs(2);
/// How long the answer may take. More than the application gives itself.
const ANSWER_LIMIT: Duration = Duration::from_secs(12);
/// How long a connection is kept unused. Less than the balancer keeps it (`timeout http-keep-alive`).
const IDLE_LIMIT: Duration = Duration::from_secs(5);
/// How many unused connections are kept.
const IDLE_CONNECTIONS: usize = 64;

/// What concerns one connection only (RFC 9110, section 7.6.1).
const HOP_BY_HOP: [HeaderName; 6] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::UPGRADE,
];

/// The way to one address, which answers for the application tier.
#[derive(Clone, Debug)]
pub struct Forward {
    address: String,
    client: Client<HttpConnector, Body>,
}

impl Forward {
    /// To this address, as `HOST:PORT`.
    pub fn new(address: String) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(CONNECT_LIMIT));
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE_LIMIT)
            .pool_max_idle_per_host(IDLE_CONNECTIONS)
            .pool_timer(TokioTimer::new())
            .build(connector);
        Self { address, client }
    }

    /// Asks there what was asked here. What identifies the visitor and the request passes through.
    pub async fn ask(&self, mut request: Request) -> Response {
        let path = request.uri().path_and_query().cloned();
        let Some(target) = self.target(path) else {
            return problem(StatusCode::BAD_GATEWAY, "bad_gateway", "the application's address is wrong");
        };
        *request.uri_mut() = target;
        *request.version_mut() = Version::HTTP_11;
        remove_hop_by_hop(request.headers_mut());
        match timeout(ANSWER_LIMIT, self.client.request(request)).await {
            Ok(Ok(mut response)) => {
                remove_hop_by_hop(response.headers_mut());
                response.map(Body::new)
            }
            Ok(Err(error)) if error.is_connect() => {
                eprintln!("the application cannot be reached at {}: {error}", self.address);
                problem(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "unavailable",
                    "the application cannot be reached now",
                )
            }
            Ok(Err(error)) => {
                eprintln!("the application has not answered: {error}");
                problem(StatusCode::BAD_GATEWAY, "bad_gateway", "the application has not answered")
            }
            Err(_) => {
                problem(StatusCode::GATEWAY_TIMEOUT, "timeout", "the application has not answered in time")
            }
        }
    }

    fn target(&self, path: Option<PathAndQuery>) -> Option<Uri> {
        let authority: Authority = self.address.parse().ok()?;
        let path = path.unwrap_or_else(|| PathAndQuery::from_static("/"));
        Uri::builder().scheme(Scheme::HTTP).authority(authority).path_and_query(path).build().ok()
    }
}

/// Removes what concerns the connection, also what `Connection` names.
fn remove_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named.iter().chain(&HOP_BY_HOP) {
        headers.remove(name);
    }
}

/// An error in the application's own form.
fn problem(status: StatusCode, code: &str, message: &str) -> Response {
    let body = format!(r#"{{"error":{{"code":"{code}","message":"{message}"}}}}"#);
    let mut response = (status, [(header::CONTENT_TYPE, "application/json")], body).into_response();
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("1"));
    }
    response
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_concerns_one_connection_is_removed() {
        let mut headers = HeaderMap::new();
        for (name, value) in
            [("connection", "X-Mine, close"), ("x-mine", "1"), ("te", "trailers"), ("x-request-id", "7")]
        {
            headers.insert(HeaderName::from_static(name), value.parse().unwrap());
        }
        remove_hop_by_hop(&mut headers);
        assert_eq!(headers.keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["x-request-id"]);
    }

    #[test]
    fn the_path_and_the_query_stay() {
        let forward = Forward::new("127.0.0.1:8090".into());
        let target = forward.target(Some(PathAndQuery::from_static("/api/notes?q=a%20b"))).unwrap();
        assert_eq!(target.to_string(), "http://127.0.0.1:8090/api/notes?q=a%20b");
        assert!(Forward::new("not an address".into()).target(None).is_none());
    }
}
