//! The tables, brought from any earlier version to today's when the program starts.

use crate::problem::Problem;
use deadpool_postgres::Client;

/// What leads from each version to the next. Only ever added to.
const MIGRATIONS: [&str; 1] = ["CREATE TABLE notes (
    id TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    version BIGINT NOT NULL,
    created BIGINT NOT NULL,
    updated BIGINT NOT NULL
)"];

/// Applies what is missing, all of it or nothing. Several programs may try at once: the others wait, and find it done.
///
/// # Errors
/// The database's.
pub async fn migrate(database: &mut Client) -> Result<(), Problem> {
    // Two that make a table at once may collide in PostgreSQL in spite of IF NOT EXISTS; the caller tries again.
    database
        .batch_execute(
            "CREATE TABLE IF NOT EXISTS schema_version (id BIGINT PRIMARY KEY, version BIGINT NOT NULL)",
        )
        .await?;
    database
        .batch_execute("INSERT INTO schema_version (id, version) VALUES (1, 0) ON CONFLICT DO NOTHING")
        .await?;
    let transaction = database.transaction().await?;
    // Writing the row locks it, or the file, until the end.
    let rows = transaction
        .query_typed("UPDATE schema_version SET version = version WHERE id = 1 RETURNING version", &[])
        .await?;
    let version: i64 = rows.first().map_or(Ok(0), |row| row.try_get(0))?;
    let done = usize::try_from(version).unwrap_or(0);
    for migration in MIGRATIONS.iter().skip(done) {
        transaction.batch_execute(migration).await?;
    }
    if done < MIGRATIONS.len() {
        transaction
            .batch_execute(&format!("UPDATE schema_version SET version = {}", MIGRATIONS.len()))
            .await?;
    }
    transaction.commit().await?;
    Ok(())
}
