//! What a text of SQL consists of, as far as the server must know before SQLite sees it: where its statements end, and
//! of which kind each is. Pure text; no database.

use std::ops::Range;

/// What a statement does, and the word that its completion begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Returns rows: `SELECT`, `VALUES`.
    Select,
    /// Changes rows: `INSERT`, `UPDATE`, `DELETE`, perhaps with `RETURNING`.
    Change(&'static str),
    /// Changes the schema.
    Define(&'static str),
    /// Opens a transaction.
    Begin {
        /// `READ ONLY` was asked for.
        read_only: bool,
    },
    /// Ends a transaction and keeps what it did.
    Commit,
    /// Ends a transaction and forgets it.
    Rollback,
    /// `SET`, of a parameter that changes nothing here.
    Set,
    /// Nothing between two semicolons.
    Empty,
}

/// The statements of `sql`, without their semicolons. Semicolons in quotes and comments are text.
pub fn split(sql: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    for token in tokens(sql) {
        if sql.get(token.clone()) == Some(";") {
            parts.push(sql.get(start..token.start).unwrap_or_default());
            start = token.end;
        }
    }
    parts.push(sql.get(start..).unwrap_or_default());
    parts.retain(|part| !matches!(kind(part), Ok(Kind::Empty)));
    parts
}

/// Of which kind one statement is.
///
/// # Errors
/// The words that this server does not do. Only what is known is let through: `ATTACH`, `PRAGMA` and `VACUUM INTO` would
/// reach other files.
pub fn kind(sql: &str) -> Result<Kind, String> {
    let words = top_words(sql);
    let word = |at: usize| words.get(at).map_or("", String::as_str);
    let refused = || Err([word(0), word(1)].join(" ").trim_end().to_owned());
    Ok(match (word(0), word(1)) {
        ("", _) if tokens(sql).next().is_none() => Kind::Empty,
        ("SELECT" | "VALUES", _) => Kind::Select,
        ("INSERT", _) => Kind::Change("INSERT 0"),
        ("UPDATE", _) => Kind::Change("UPDATE"),
        ("DELETE", _) => Kind::Change("DELETE"),
        ("WITH", _) => {
            let main = words.iter().find_map(|word| match word.as_str() {
                "SELECT" | "VALUES" => Some(Kind::Select),
                "INSERT" => Some(Kind::Change("INSERT 0")),
                "UPDATE" => Some(Kind::Change("UPDATE")),
                "DELETE" => Some(Kind::Change("DELETE")),
                _ => None,
            });
            return main.map_or_else(refused, Ok);
        }
        ("CREATE", "TABLE") => Kind::Define("CREATE TABLE"),
        ("CREATE", "INDEX" | "UNIQUE") => Kind::Define("CREATE INDEX"),
        ("CREATE", "VIEW") => Kind::Define("CREATE VIEW"),
        ("ALTER", "TABLE") => Kind::Define("ALTER TABLE"),
        ("DROP", "TABLE") => Kind::Define("DROP TABLE"),
        ("DROP", "INDEX") => Kind::Define("DROP INDEX"),
        ("DROP", "VIEW") => Kind::Define("DROP VIEW"),
        ("BEGIN", _) | ("START", "TRANSACTION") => {
            Kind::Begin { read_only: words.windows(2).any(|pair| pair == ["READ", "ONLY"]) }
        }
        ("COMMIT" | "END", second) if second != "PREPARED" => Kind::Commit,
        ("ROLLBACK" | "ABORT", second) if second != "PREPARED" && !words.iter().any(|word| word == "TO") => {
            Kind::Rollback
        }
        ("SET", "APPLICATION_NAME" | "CLIENT_ENCODING" | "EXTRA_FLOAT_DIGITS") => Kind::Set,
        _ => return refused(),
    })
}

/// The words outside of parentheses and quotes, in capitals.
fn top_words(sql: &str) -> Vec<String> {
    let mut depth = 0_usize;
    let mut words = Vec::new();
    for token in tokens(sql) {
        match sql.get(token).unwrap_or_default() {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            word if depth == 0 && word.starts_with(|c: char| c.is_ascii_alphabetic()) => {
                words.push(word.to_ascii_uppercase());
            }
            _ => {}
        }
    }
    words
}

/// The tokens of `sql`, as SQLite sees them: words, quoted texts, and single characters. White space and comments are
/// between them.
fn tokens(sql: &str) -> impl Iterator<Item = Range<usize>> {
    let bytes = sql.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let rest = bytes.get(at..)?;
            let start = at;
            match *rest {
                [] => return None,
                [b'-', b'-', ..] => at += length_to(rest, |byte| byte == b'\n'),
                [b'/', b'*', ..] => {
                    let end = rest.get(2..)?.windows(2).position(|pair| pair == b"*/");
                    at += end.map_or(rest.len(), |end| end + 4);
                }
                [quote @ (b'\'' | b'"' | b'`'), ..] => {
                    // A doubled quote is two quoted texts in a row here, which ends at the same place.
                    at += 1 + length_to(rest.get(1..)?, |byte| byte == quote) + 1;
                    at = at.min(bytes.len());
                    return Some(start..at);
                }
                [byte, ..] if byte.is_ascii_whitespace() => at += 1,
                [byte, ..] if is_word(byte) => {
                    at += length_to(rest, |byte| !is_word(byte));
                    return Some(start..at);
                }
                _ => {
                    at += 1;
                    return Some(start..at);
                }
            }
        }
    })
}

/// Whether this can be in the middle of a word; any byte of a letter beyond ASCII can.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}

/// How many bytes come before the first that `is_end`.
fn length_to(bytes: &[u8], is_end: impl Fn(u8) -> bool) -> usize {
    bytes.iter().position(|&byte| is_end(byte)).unwrap_or(bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn semicolons_in_quotes_and_comments_do_not_end_a_statement() {
        let sql = "SELECT ';', \"a;b\" -- c;d\n; /* ;; */ INSERT INTO t VALUES ('it''s; so') ;; ";
        assert_eq!(
            split(sql),
            ["SELECT ';', \"a;b\" -- c;d\n", " /* ;; */ INSERT INTO t VALUES ('it''s; so') "]
        );
        assert_eq!(split(" -- only a remark"), [""; 0]);
        assert_eq!(split("SELECT 'open ; quote"), ["SELECT 'open ; quote"]);
        assert_eq!(split("SELECT 1 /* open ; remark"), ["SELECT 1 /* open ; remark"]);
        assert_eq!(split("SELECT 'ä;' ; SELECT ö"), ["SELECT 'ä;' ", " SELECT ö"]);
    }

    #[test]
    fn kinds_are_told_by_their_words() {
        for (sql, expected) in [
            ("select 1", Kind::Select),
            ("/* hint */ Insert INTO t VALUES (1)", Kind::Change("INSERT 0")),
            ("WITH a AS (SELECT 1) DELETE FROM t", Kind::Change("DELETE")),
            ("WITH a AS (DELETE FROM t) SELECT * FROM a", Kind::Select),
            ("create unique index i on t (a)", Kind::Define("CREATE INDEX")),
            ("START TRANSACTION READ ONLY", Kind::Begin { read_only: true }),
            ("begin work", Kind::Begin { read_only: false }),
            ("END", Kind::Commit),
            ("abort", Kind::Rollback),
            ("SET client_encoding TO 'UTF8'", Kind::Set),
            ("", Kind::Empty),
        ] {
            let found = kind(sql);
            assert_eq!(found, Ok(expected), "{sql}");
        }
    }

    #[test]
    fn what_reaches_other_files_is_refused() {
        for sql in [
            "ATTACH '/etc/passwd' AS p",
            "PRAGMA journal_mode = off",
            "VACUUM INTO '/tmp/copy'",
            "COPY t TO '/tmp/t'",
            "ROLLBACK TO a",
            "SET search_path TO x",
            "1",
        ] {
            assert!(kind(sql).is_err(), "{sql}");
        }
    }
}
