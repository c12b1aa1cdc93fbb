//! The notebook: notes, and what can be done with them. The SQL is what PostgreSQL and SQLite both understand.
//!
//! Every parameter is sent with its type, so that a statement takes one round trip and none is kept on a connection.

use crate::problem::Problem;
use deadpool_postgres::Client;
use serde::{Deserialize, Serialize};
use std::time::SystemTime;
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;

/// The longest title, in characters.
const TITLE_LIMIT: usize = 200;
/// The longest text, in characters.
const BODY_LIMIT: usize = 10_000;

/// The columns of a note, in the order that `Note::from_row` reads them.
macro_rules! columns {
    () => {
        "id, title, body, version, created, updated"
    };
}

/// A note.
#[derive(Debug, Serialize)]
pub struct Note {
    /// 32 hexadecimal digits, in the order of their making (UUID version 7).
    pub id: String,
    /// Its first line.
    pub title: String,
    /// Its text.
    pub body: String,
    /// How many times it was written.
    pub version: i64,
    /// When it was made, in milliseconds since 1970.
    pub created: i64,
    /// When it was last written, in milliseconds since 1970.
    pub updated: i64,
}

/// What a client writes.
#[derive(Debug, Deserialize)]
pub struct Draft {
    /// At most 200 characters, not only spaces.
    pub title: String,
    /// At most 10,000 characters.
    #[serde(default)]
    pub body: String,
}

/// A part of the list, the newest first.
#[derive(Debug, Serialize)]
pub struct Page {
    /// The notes.
    pub notes: Vec<Note>,
    /// Where the next page begins, if there is one.
    pub next: Option<String>,
}

impl Draft {
    /// Checks the lengths.
    ///
    /// # Errors
    /// Which is wrong.
    pub fn check(&self) -> Result<(), Problem> {
        if self.title.trim().is_empty() || self.title.chars().count() > TITLE_LIMIT {
            return Err(Problem::Invalid(format!("title: 1 to {TITLE_LIMIT} characters")));
        }
        if self.body.chars().count() > BODY_LIMIT {
            return Err(Problem::Invalid(format!("body: at most {BODY_LIMIT} characters")));
        }
        // PostgreSQL has no text with it.
        if self.title.contains('\0') || self.body.contains('\0') {
            return Err(Problem::Invalid("no NUL characters".into()));
        }
        Ok(())
    }
}

/// Makes a note.
///
/// # Errors
/// The database's.
pub async fn create(database: &Client, draft: &Draft) -> Result<Note, Problem> {
    let (id, time) = (Uuid::now_v7().simple().to_string(), now());
    let sql =
        concat!("INSERT INTO notes (", columns!(), ") VALUES ($1, $2, $3, 1, $4, $4) RETURNING ", columns!());
    let values = [
        (&id as _, Type::TEXT),
        (&draft.title as _, Type::TEXT),
        (&draft.body as _, Type::TEXT),
        (&time as _, Type::INT8),
    ];
    let rows = database.query_typed(sql, &values).await?;
    rows.first().map(note).transpose()?.ok_or_else(|| Problem::Broken("a new note did not come back".into()))
}

/// At most `limit` notes older than `after` that contain `search`, the newest first.
///
/// # Errors
/// The database's.
pub async fn list(database: &Client, after: Option<&str>, search: &str, limit: u8) -> Result<Page, Problem> {
    let sql = concat!(
        "SELECT ",
        columns!(),
        r" FROM notes WHERE id < $1 AND (lower(title) LIKE $2 ESCAPE '\' OR lower(body) LIKE $2 ESCAPE '\')",
        " ORDER BY id DESC LIMIT $3"
    );
    // Greater than every identity: those are hexadecimal.
    let after = after.unwrap_or("g");
    let (pattern, limit) = (pattern(search), usize::from(limit));
    // One more shows whether there is a next page.
    let count = i64::try_from(limit + 1).unwrap_or(i64::MAX);
    let values = [(&after as _, Type::TEXT), (&pattern as _, Type::TEXT), (&count as _, Type::INT8)];
    let rows = database.query_typed(sql, &values).await?;
    let mut notes = rows.iter().map(note).collect::<Result<Vec<_>, _>>()?;
    let more = notes.len() > limit;
    notes.truncate(limit);
    let next = notes.last().filter(|_| more).map(|note| note.id.clone());
    Ok(Page { notes, next })
}

/// One note.
///
/// # Errors
/// That there is none; the database's.
pub async fn read(database: &Client, id: &str) -> Result<Note, Problem> {
    let sql = concat!("SELECT ", columns!(), " FROM notes WHERE id = $1");
    let rows = database.query_typed(sql, &[(&id, Type::TEXT)]).await?;
    rows.first().map(note).transpose()?.ok_or(Problem::NotFound)
}

/// Writes a note anew, if it still has this version.
///
/// # Errors
/// That there is none, or that it has another version; the database's.
pub async fn update(database: &Client, id: &str, draft: &Draft, version: i64) -> Result<Note, Problem> {
    let sql = concat!(
        "UPDATE notes SET title = $1, body = $2, version = version + 1, updated = $3 WHERE id = $4 AND version = $5 RETURNING ",
        columns!()
    );
    let time = now();
    let values = [
        (&draft.title as _, Type::TEXT),
        (&draft.body as _, Type::TEXT),
        (&time as _, Type::INT8),
        (&id as _, Type::TEXT),
        (&version as _, Type::INT8),
    ];
    let rows = database.query_typed(sql, &values).await?;
    match rows.first() {
        Some(row) => note(row),
        None => Err(Problem::Conflict(read(database, id).await?.version)),
    }
}

/// Deletes a note.
///
/// # Errors
/// That there is none; the database's.
pub async fn delete(database: &Client, id: &str) -> Result<(), Problem> {
    let rows =
        database.query_typed("DELETE FROM notes WHERE id = $1 RETURNING id", &[(&id, Type::TEXT)]).await?;
    if rows.is_empty() { Err(Problem::NotFound) } else { Ok(()) }
}

fn note(row: &Row) -> Result<Note, Problem> {
    Ok(Note {
        id: row.try_get(0)?,
        title: row.try_get(1)?,
        body: row.try_get(2)?,
        version: row.try_get(3)?,
        created: row.try_get(4)?,
        updated: row.try_get(5)?,
    })
}

/// A pattern for `LIKE` that finds the text anywhere, in small letters.
fn pattern(search: &str) -> String {
    let mut pattern = String::from("%");
    for character in search.to_lowercase().chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_like_treats_specially_is_searched_for_as_it_is() {
        assert_eq!(pattern(""), "%%");
        assert_eq!(pattern(r"50%_\ Ä"), r"%50\%\_\\ ä%");
    }

    #[test]
    fn drafts_have_limits() {
        let check =
            |title: &str, body: &str| Draft { title: title.into(), body: body.into() }.check().is_ok();
        assert!(check("a", ""));
        assert!(check(&"ä".repeat(200), &"b".repeat(10_000)));
        assert!(!check(" ", ""));
        assert!(!check(&"a".repeat(201), ""));
        assert!(!check("a", &"b".repeat(10_001)));
        assert!(!check("a\0", ""));
    }
}
