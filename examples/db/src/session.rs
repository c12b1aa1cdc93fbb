//! One client's view of the database: its SQLite connection, its transaction, its limits. Every call blocks.

use crate::sqlstate::{error, from_sqlite};
use crate::statement::{self, Kind};
use crate::value::{self, Column};
use pgwire::api::portal::Format;
use pgwire::api::results::{DataRowEncoder, FieldInfo};
use pgwire::error::{PgWireError, PgWireResult};
use pgwire::messages::data::DataRow;
use rusqlite::limits::Limit;
use rusqlite::types::Value;
use rusqlite::{CachedStatement, Connection, InterruptHandle};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long a writer waits for another one.
const WRITER_WAIT: Duration = Duration::from_secs(5);
/// How long one statement may run.
const STATEMENT_LIMIT: Duration = Duration::from_secs(30);
/// The largest value, in bytes.
const VALUE_LIMIT: i32 = 1 << 20;
/// The largest result, in bytes.
const RESULT_LIMIT: usize = 8 << 20;
/// After how many steps of SQLite's the time is looked at.
const STEPS: i32 = 10_000;

/// A statement that SQLite has understood.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// Its text.
    pub sql: Arc<str>,
    /// What it does.
    pub kind: Kind,
    /// What it returns.
    pub columns: Vec<Column>,
    /// How many parameters it takes.
    pub parameters: usize,
}

/// What a statement did.
#[derive(Debug)]
pub enum Outcome {
    /// It returned rows; the word begins its completion.
    Rows(&'static str, Arc<Vec<FieldInfo>>, Vec<DataRow>),
    /// It changed this many rows.
    Changed(&'static str, usize),
    /// It did something that has no number.
    Done(&'static str),
    /// A transaction is open now.
    Begun,
    /// No transaction is open now.
    Ended(&'static str),
    /// There was nothing to do.
    Nothing,
}

/// One client's connection to the file.
#[derive(Debug)]
pub struct Session {
    database: Connection,
    /// A statement of the open transaction has failed; only its end is accepted.
    failed: bool,
    /// When the running statement must end, in milliseconds since `start`.
    deadline: Arc<AtomicU64>,
    start: Instant,
}

impl Session {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn open(file: &Path) -> rusqlite::Result<Self> {
        let database = Connection::open(file)?;
        // The journal is written and synced before a commit is acknowledged: it survives the process and the machine.
        database.pragma_update(None, "journal_mode", "WAL")?;
        database.pragma_update(None, "synchronous", "FULL")?;
        database.pragma_update(None, "foreign_keys", true)?;
        database.busy_timeout(WRITER_WAIT)?;
        database.set_limit(Limit::SQLITE_LIMIT_LENGTH, VALUE_LIMIT)?;
        database.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
        let start = Instant::now();
        let deadline = Arc::new(AtomicU64::new(u64::MAX));
        let limit = Arc::clone(&deadline);
        database.progress_handler(STEPS, Some(move || milliseconds(start) > limit.load(Ordering::Relaxed)));
        Ok(Self { database, failed: false, deadline, start })
    }

    /// Moves the journal into the file and removes it, if no other connection is left.
    ///
    /// # Errors
    /// What SQLite says. Nothing is lost then: the next start reads the journal.
    pub fn close(self) -> rusqlite::Result<()> {
        self.database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(()))?;
        self.database.close().map_err(|(_, error)| error)
    }

    /// What ends the running statement from another thread.
    pub fn interrupt_handle(&self) -> InterruptHandle {
        self.database.get_interrupt_handle()
    }

    /// Whether a transaction is open.
    pub fn in_transaction(&self) -> bool {
        self.failed || !self.database.is_autocommit()
    }

    /// Notes that something of the transaction has failed, if one is open.
    pub fn fail(&mut self) {
        self.failed = self.in_transaction();
    }

    /// Reads one statement without running it.
    ///
    /// # Errors
    /// 42601 for a fault in its text or more than one statement, 0A000 for what this server does not do.
    pub fn prepare(&mut self, sql: &str) -> PgWireResult<Prepared> {
        let parts = statement::split(sql);
        let sql = match *parts {
            [] => "",
            [one] => one,
            _ => return Err(error("42601", "cannot insert multiple commands into a prepared statement")),
        };
        let kind = kind(sql)?;
        self.refuse_if_failed(kind)?;
        let (mut columns, mut parameters) = (Vec::new(), 0);
        if matches!(kind, Kind::Select | Kind::Change(_) | Kind::Define(_)) {
            let statement = self.database.prepare_cached(sql).map_err(|error| from_sqlite(&error))?;
            columns = self::columns(&statement);
            parameters = statement.parameter_count();
        }
        Ok(Prepared { sql: sql.into(), kind, columns, parameters })
    }

    /// Runs a prepared statement.
    ///
    /// # Errors
    /// What SQLite says, and 54000 for a result that is too large.
    pub fn execute(
        &mut self,
        prepared: &Prepared,
        values: &[Value],
        format: &Format,
    ) -> PgWireResult<Outcome> {
        self.refuse_if_failed(prepared.kind)?;
        self.run(prepared.kind, &prepared.sql, values, Some((&prepared.columns, format)))
    }

    /// Runs a text of one or more statements, up to the first that fails. Where it begins no transaction itself, all of it
    /// is one.
    pub fn execute_all(&mut self, sql: &str) -> Vec<PgWireResult<Outcome>> {
        let parts = statement::split(sql);
        let kinds: Vec<_> = parts.iter().map(|part| kind(part)).collect();
        let own = |kind: &PgWireResult<Kind>| {
            matches!(kind, Ok(Kind::Begin { .. } | Kind::Commit | Kind::Rollback))
        };
        let implicit = parts.len() > 1 && !self.in_transaction() && !kinds.iter().any(own);
        let mut outcomes = Vec::new();
        if implicit && let Err(error) = self.statement("BEGIN IMMEDIATE") {
            return vec![Err(error)];
        }
        for (part, kind) in parts.iter().zip(kinds) {
            let outcome = kind.and_then(|kind| {
                self.refuse_if_failed(kind)?;
                self.run(kind, part, &[], None)
            });
            let failed = outcome.is_err();
            outcomes.push(outcome);
            if failed {
                break;
            }
        }
        if implicit {
            let good = outcomes.iter().all(Result::is_ok);
            if let Err(error) = self.statement(if good { "COMMIT" } else { "ROLLBACK" }) {
                outcomes = vec![Err(error)];
            }
        } else if outcomes.iter().any(Result::is_err) {
            self.fail();
        }
        outcomes
    }

    /// In a failed transaction only its end is accepted.
    fn refuse_if_failed(&self, kind: Kind) -> PgWireResult<()> {
        if self.failed && !matches!(kind, Kind::Commit | Kind::Rollback) {
            let message = "current transaction is aborted, commands ignored until end of transaction block";
            return Err(error("25P02", message));
        }
        Ok(())
    }

    fn run(
        &mut self,
        kind: Kind,
        sql: &str,
        values: &[Value],
        described: Option<(&[Column], &Format)>,
    ) -> PgWireResult<Outcome> {
        match kind {
            Kind::Select => self.query("SELECT", sql, values, described),
            Kind::Change(tag) => self.query(tag, sql, values, described),
            Kind::Define(tag) => {
                self.statement(sql)?;
                Ok(Outcome::Done(tag))
            }
            Kind::Begin { read_only } => {
                if !self.in_transaction() {
                    // A transaction that will write takes the lock first: it waits for others, and never fails for them.
                    self.statement(if read_only { "BEGIN DEFERRED" } else { "BEGIN IMMEDIATE" })?;
                    self.set_read_only(read_only)?;
                }
                Ok(Outcome::Begun)
            }
            Kind::Commit if !self.failed => {
                if self.in_transaction() {
                    self.statement("COMMIT")?;
                }
                self.set_read_only(false)?;
                Ok(Outcome::Ended("COMMIT"))
            }
            Kind::Commit | Kind::Rollback => {
                self.failed = false;
                // SQLite may have rolled back by itself, after a full disk for one.
                if self.in_transaction() {
                    self.statement("ROLLBACK")?;
                }
                self.set_read_only(false)?;
                Ok(Outcome::Ended("ROLLBACK"))
            }
            Kind::Set => Ok(Outcome::Done("SET")),
            Kind::Empty => Ok(Outcome::Nothing),
        }
    }

    fn set_read_only(&self, read_only: bool) -> PgWireResult<()> {
        self.database.pragma_update(None, "query_only", read_only).map_err(|error| from_sqlite(&error))
    }

    fn statement(&self, sql: &str) -> PgWireResult<()> {
        self.limit_time();
        self.database.execute(sql, ()).map_err(|error| from_sqlite(&error))?;
        Ok(())
    }

    fn query(
        &self,
        tag: &'static str,
        sql: &str,
        values: &[Value],
        described: Option<(&[Column], &Format)>,
    ) -> PgWireResult<Outcome> {
        let sqlite = |error: rusqlite::Error| from_sqlite(&error);
        self.limit_time();
        let mut statement = self.database.prepare_cached(sql).map_err(sqlite)?;
        if statement.parameter_count() != values.len() {
            let (wanted, given) = (statement.parameter_count(), values.len());
            let message = format!("{given} parameters are bound, but the statement has {wanted}");
            return Err(error("08P01", message));
        }
        for (at, value) in values.iter().enumerate() {
            // SQLite numbers $1 by its first appearance.
            let place = statement.parameter_index(&format!("${}", at + 1)).map_err(sqlite)?;
            statement.raw_bind_parameter(place.unwrap_or(at + 1), value).map_err(sqlite)?;
        }
        let columns = columns(&statement);
        if columns.is_empty() {
            return Ok(Outcome::Changed(tag, statement.raw_execute().map_err(sqlite)?));
        }
        let (columns, format) = described.unwrap_or((&columns, &Format::UnifiedText));
        if columns.len() != statement.column_count() {
            return Err(error("0A000", "cached plan must not change result type"));
        }
        let fields = Arc::new(value::fields(columns, format));
        let (mut rows, mut size) = (Vec::new(), 0);
        let mut found = statement.raw_query();
        while let Some(row) = found.next().map_err(sqlite)? {
            let mut encoder = DataRowEncoder::new(Arc::clone(&fields));
            for (at, column) in columns.iter().enumerate() {
                value::encode(&mut encoder, column, row.get_ref(at).map_err(sqlite)?)?;
            }
            let row = encoder.finish()?;
            size += row.data.len() + size_of::<DataRow>();
            if size > RESULT_LIMIT {
                return Err(error("54000", format!("the result is larger than {RESULT_LIMIT} bytes")));
            }
            rows.push(row);
        }
        Ok(Outcome::Rows(tag, fields, rows))
    }

    fn limit_time(&self) {
        let limit = milliseconds(self.start) + u64::try_from(STATEMENT_LIMIT.as_millis()).unwrap_or(u64::MAX);
        self.deadline.store(limit, Ordering::Relaxed);
    }
}

fn kind(sql: &str) -> PgWireResult<Kind> {
    statement::kind(sql).map_err(|words| -> PgWireError {
        error("0A000", format!("\"{words}\" is not supported by this server"))
    })
}

fn columns(statement: &CachedStatement<'_>) -> Vec<Column> {
    let columns = statement.columns();
    let column = |column: &rusqlite::Column<'_>| Column {
        name: column.name().to_owned(),
        kind: value::declared(column.decl_type()),
    };
    columns.iter().map(column).collect()
}

fn milliseconds(start: Instant) -> u64 {
    u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX)
}
