//! The routes, and what each takes and gives.

use crate::notes::{self, Draft, Note, Page};
use crate::problem::Problem;
use axum::body::Body;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{DefaultBodyLimit, Path, Query, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use deadpool_postgres::{Client, Pool};
use lb_example_service::Draining;
use serde::Deserialize;
use serde_json::json;
use std::time::Duration;
use tokio::time::timeout;
use uuid::Uuid;

/// The largest request body, in bytes.
const REQUEST_LIMIT: usize = 64 << 10;
/// How long a request may take.
const TIME_LIMIT: Duration = Duration::from_secs(8);
/// How long the readiness page waits for the database.
const READY_LIMIT: Duration = Duration::from_secs(1);

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What the handlers share.
#[derive(Clone, Debug)]
pub struct App {
    /// Connections to the database.
    pub pool: Pool,
    /// Whether the program is about to end.
    pub draining: Draining,
}

/// All routes.
pub fn routes(app: App) -> Router {
    Router::new()
        .route("/api/notes", get(list).post(create))
        .route("/api/notes/{id}", get(read).put(update).delete(delete))
        .route("/ready", get(ready))
        .fallback(async || Problem::NotFound)
        .layer(DefaultBodyLimit::max(REQUEST_LIMIT))
        .layer(from_fn(within_limits))
        .with_state(app)
}

/// Passes the request's identity through, or gives it one, and answers in time.
async fn within_limits(request: Request<Body>, next: Next) -> Response {
    let given = request.headers().get(REQUEST_ID).cloned();
    let fresh = || HeaderValue::from_str(&Uuid::now_v7().to_string());
    let id = given.map_or_else(fresh, Ok);
    let late = || Problem::Unavailable("it did not answer in time".into()).into_response();
    let mut response = timeout(TIME_LIMIT, next.run(request)).await.unwrap_or_else(|_| late());
    if let Ok(id) = id {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    // What one visitor reads is stale a moment later.
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

impl App {
    async fn database(&self) -> Result<Client, Problem> {
        Ok(self.pool.get().await?)
    }
}

/// Whether a request that needs the database would succeed.
async fn ready(State(app): State<App>) -> Response {
    let ask = async {
        let database = app.database().await?;
        database.simple_query("SELECT 1").await?;
        Ok::<_, Problem>(())
    };
    let database = matches!(timeout(READY_LIMIT, ask).await, Ok(Ok(())));
    let draining = app.draining.get();
    let status = if database && !draining { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = json!({"database": if database { "up" } else { "down" }, "draining": draining});
    (status, Json(body)).into_response()
}

#[derive(Debug, Deserialize)]
struct ListQuery {
    limit: Option<u8>,
    after: Option<String>,
    #[serde(default)]
    q: String,
}

async fn list(
    State(app): State<App>,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Json<Page>, Problem> {
    let Query(query) = query?;
    let limit = query.limit.unwrap_or(20);
    if !(1..=100).contains(&limit) {
        return Err(Problem::Invalid("limit: 1 to 100".into()));
    }
    if query.q.contains('\0') || query.after.as_ref().is_some_and(|after| !is_id(after)) {
        return Err(Problem::Invalid("after: the next of an earlier page".into()));
    }
    let database = app.database().await?;
    Ok(Json(notes::list(&database, query.after.as_deref(), &query.q, limit).await?))
}

async fn create(
    State(app): State<App>,
    draft: Result<Json<Draft>, JsonRejection>,
) -> Result<Response, Problem> {
    let Json(draft) = draft?;
    draft.check()?;
    let note = notes::create(&app.database().await?, &draft).await?;
    let place = format!("/api/notes/{}", note.id);
    Ok((StatusCode::CREATED, [(header::LOCATION, place)], Json(note)).into_response())
}

async fn read(State(app): State<App>, Path(id): Path<String>) -> Result<Json<Note>, Problem> {
    let id = known(id)?;
    Ok(Json(notes::read(&app.database().await?, &id).await?))
}

#[derive(Debug, Deserialize)]
struct Edit {
    #[serde(flatten)]
    draft: Draft,
    /// The version that the client has seen.
    version: i64,
}

async fn update(
    State(app): State<App>,
    Path(id): Path<String>,
    edit: Result<Json<Edit>, JsonRejection>,
) -> Result<Json<Note>, Problem> {
    let Json(edit) = edit?;
    edit.draft.check()?;
    let id = known(id)?;
    Ok(Json(notes::update(&app.database().await?, &id, &edit.draft, edit.version).await?))
}

async fn delete(State(app): State<App>, Path(id): Path<String>) -> Result<StatusCode, Problem> {
    let id = known(id)?;
    notes::delete(&app.database().await?, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What cannot be an identity names no note.
fn known(id: String) -> Result<String, Problem> {
    if is_id(&id) { Ok(id) } else { Err(Problem::NotFound) }
}

fn is_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            Self::TooLarge
        } else {
            Self::Invalid(rejection.body_text())
        }
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        Self::Invalid(rejection.body_text())
    }
}
