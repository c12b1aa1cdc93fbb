//! What a request gets when it does not get what it asked for: a status and a body of one form,
//! `{"error": {"code": "...", "message": "..."}}`.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use tokio_postgres::error::SqlState;

/// Why there is no answer.
#[derive(Debug)]
pub enum Problem {
    /// 400: the request makes no sense.
    Invalid(String),
    /// 413: the request is larger than any note.
    TooLarge,
    /// 404: there is no such note.
    NotFound,
    /// 409: somebody else changed the note first; it has this version now.
    Conflict(i64),
    /// 503: the database cannot be asked now. What a write has done is unknown.
    Unavailable(String),
    /// 500: the database refuses what the program does.
    Broken(String),
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, code, message) = match &self {
            Self::Invalid(message) => (StatusCode::BAD_REQUEST, "invalid", message.clone()),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too_large", "the request is too large".into()),
            Self::NotFound => (StatusCode::NOT_FOUND, "not_found", "there is no such note".into()),
            Self::Conflict(version) => (
                StatusCode::CONFLICT,
                "conflict",
                format!("the note has been changed: it has version {version} now"),
            ),
            // What the database said is for the operator, not for the visitor.
            Self::Unavailable(cause) => {
                eprintln!("the database cannot be asked: {cause}");
                (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "the database cannot be asked now".into())
            }
            Self::Broken(cause) => {
                eprintln!("the database refuses: {cause}");
                (StatusCode::INTERNAL_SERVER_ERROR, "internal", "something is wrong here".into())
            }
        };
        let mut response =
            (status, Json(json!({"error": {"code": code, "message": message}}))).into_response();
        if let Self::Unavailable(_) = self {
            response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("1"));
        }
        response
    }
}

impl From<deadpool_postgres::PoolError> for Problem {
    fn from(error: deadpool_postgres::PoolError) -> Self {
        match error {
            deadpool_postgres::PoolError::Backend(error) => error.into(),
            other => Self::Unavailable(other.to_string()),
        }
    }
}

impl From<tokio_postgres::Error> for Problem {
    /// Without a code the connection has failed. With one it depends: classes 08, 53, 57 and 58 are the server's state,
    /// and a conflict of transactions passes.
    fn from(error: tokio_postgres::Error) -> Self {
        let text = error.as_db_error().map_or_else(|| error.to_string(), ToString::to_string);
        let passes = |state: &SqlState| {
            ["08", "53", "57", "58"].iter().any(|class| state.code().starts_with(class))
                || *state == SqlState::LOCK_NOT_AVAILABLE
                || *state == SqlState::T_R_SERIALIZATION_FAILURE
        };
        if error.code().is_none_or(passes) { Self::Unavailable(text) } else { Self::Broken(text) }
    }
}
