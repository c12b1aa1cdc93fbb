//! Errors with the codes that PostgreSQL's clients know (its manual, appendix A, "PostgreSQL Error Codes").

use pgwire::error::{ErrorInfo, PgWireError};
use rusqlite::ErrorCode;
use rusqlite::ffi;

/// An error that the connection survives.
pub fn error(code: &str, message: impl Into<String>) -> PgWireError {
    PgWireError::UserError(Box::new(ErrorInfo::new("ERROR".to_owned(), code.to_owned(), message.into())))
}

/// An error that ends the connection.
pub fn fatal(code: &str, message: impl Into<String>) -> PgWireError {
    PgWireError::UserError(Box::new(ErrorInfo::new("FATAL".to_owned(), code.to_owned(), message.into())))
}

/// What SQLite said, with its code and, for faults in the text, the place.
pub fn from_sqlite(failure: &rusqlite::Error) -> PgWireError {
    let (cause, message, offset) = match failure {
        rusqlite::Error::SqliteFailure(cause, message) => {
            (Some(cause), message.clone().unwrap_or_else(|| cause.to_string()), None)
        }
        rusqlite::Error::SqlInputError { error, msg, offset, .. } => {
            (Some(error), msg.clone(), usize::try_from(*offset).ok())
        }
        other => (None, other.to_string(), None),
    };
    let code = cause.map_or("XX000", |cause| code(*cause, &message));
    let mut info = ErrorInfo::new("ERROR".to_owned(), code.to_owned(), message);
    info.position = offset.map(|offset| (offset + 1).to_string());
    PgWireError::UserError(Box::new(info))
}

/// The code for a failure of SQLite's. Its general error is told apart by the message; there is nothing else.
fn code(cause: ffi::Error, message: &str) -> &'static str {
    match (cause.code, cause.extended_code) {
        (_, ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY) => "23505",
        (_, ffi::SQLITE_CONSTRAINT_NOTNULL) => "23502",
        (_, ffi::SQLITE_CONSTRAINT_FOREIGNKEY) => "23503",
        (_, ffi::SQLITE_CONSTRAINT_CHECK) => "23514",
        (ErrorCode::ConstraintViolation, _) => "23000",
        (ErrorCode::DatabaseBusy, ffi::SQLITE_BUSY_SNAPSHOT) => "40001",
        (ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked, _) => "55P03",
        (ErrorCode::OperationInterrupted, _) => "57014",
        (ErrorCode::DiskFull, _) => "53100",
        (ErrorCode::OutOfMemory, _) => "53200",
        (ErrorCode::ReadOnly, _) => "25006",
        (ErrorCode::TooBig, _) => "54000",
        (ErrorCode::TypeMismatch, _) => "42804",
        (ErrorCode::SystemIoFailure | ErrorCode::CannotOpen, _) => "58030",
        (ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase, _) => "XX001",
        (ErrorCode::Unknown, ffi::SQLITE_ERROR) => match message {
            m if m.contains("syntax error") || m.contains("incomplete input") => "42601",
            m if m.contains("no such table") => "42P01",
            m if m.contains("no such column") || m.contains("has no column") => "42703",
            m if m.contains("no such function") => "42883",
            m if m.contains("already exists") => "42P07",
            _ => "42000",
        },
        _ => "XX000",
    }
}
