//! A value out of a JSON document by its path (manual 7.3.1: `json_query`; RFC 9535 for the paths it knows).
//!
//! The document is walked, not parsed: a body may end in the middle of it, and what comes before is still found.

use super::{Args, Row, convert, with};
use crate::sample::{Sample, Type, printf};

pub(super) const ROWS: &[Row] = &[convert("json_query", Type::Str, Type::Any, |args, _| {
    let query = Query::new(args, 0)?.ok_or("the path is missing")?;
    with(query, |query, input, _| query.run(&input.into_bytes()))
})];

/// A path and what numbers become.
pub(super) struct Query {
    path: Vec<Step>,
    integer: bool,
}

enum Step {
    Key(Vec<u8>),
    Index(usize),
}

impl Query {
    /// `path[,int]` from the argument `first` on; none where there is no path.
    pub(super) fn new(args: &Args<'_>, first: usize) -> Result<Option<Self>, String> {
        let Some(path) = args.text(first).filter(|path| !path.is_empty()) else { return Ok(None) };
        let integer = match args.text(first + 1) {
            None | Some("") => false,
            Some("int") => true,
            Some(other) => return Err(format!("invalid output type '{other}'; only 'int' is known")),
        };
        let path = path.strip_prefix('$').and_then(steps).ok_or("invalid JSON path; it begins with '$'")?;
        Ok(Some(Self { path, integer }))
    }

    /// The value; none where there is none, and for objects and `null`.
    pub(super) fn run(&self, document: &[u8]) -> Option<Sample<'static>> {
        let mut at = Cursor(document);
        for step in &self.path {
            match step {
                Step::Key(key) => at.enter_object(key)?,
                Step::Index(index) => at.enter_array(*index)?,
            }
        }
        at.space();
        match at.0.first()? {
            b'"' => at.string().map(Sample::owned),
            b'[' => {
                let start = at.0;
                at.skip(0)?;
                start.get(..start.len() - at.0.len()).map(|text| Sample::owned(text.to_vec()))
            }
            b't' => at.word(b"true").map(|()| Sample::Bool(true)),
            b'f' => at.word(b"false").map(|()| Sample::Bool(false)),
            b'-' | b'0'..=b'9' => {
                let number = at.number()?;
                Some(if self.integer {
                    Sample::Int(number as i64)
                } else {
                    Sample::owned(printf::general(number))
                })
            }
            _ => None,
        }
    }
}

/// `.key`, `[index]`, in turn; a backslash before a dot or a bracket takes it for a part of the key.
fn steps(path: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('[') {
            let (index, after) = after.split_once(']')?;
            steps.push(Step::Index(index.parse().ok()?));
            rest = after;
            continue;
        }
        let mut key = Vec::new();
        let mut bytes = rest.strip_prefix('.')?.as_bytes();
        while let Some((byte, after)) = bytes.split_first() {
            match (byte, after.first()) {
                (b'\\', Some(escaped @ (b'.' | b'[' | b'\\'))) => {
                    key.push(*escaped);
                    bytes = after.get(1..)?;
                }
                (b'.' | b'[', _) => break,
                (byte, _) => {
                    key.push(*byte);
                    bytes = after;
                }
            }
        }
        if key.is_empty() {
            return None;
        }
        steps.push(Step::Key(key));
        rest = rest.get(rest.len() - bytes.len()..)?;
    }
    Some(steps)
}

/// How deep values may be nested.
const DEPTH: usize = 32;

/// What is left of a document.
struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    fn space(&mut self) {
        self.0 = self.0.trim_ascii_start();
    }

    fn eat(&mut self, byte: u8) -> Option<()> {
        self.space();
        self.0 = self.0.strip_prefix(&[byte])?;
        Some(())
    }

    fn word(&mut self, word: &[u8]) -> Option<()> {
        self.0 = self.0.strip_prefix(word)?;
        Some(())
    }

    /// To the value of a key.
    fn enter_object(&mut self, key: &[u8]) -> Option<()> {
        self.eat(b'{')?;
        loop {
            self.space();
            let found = self.string()?;
            self.eat(b':')?;
            if found == key {
                return Some(());
            }
            self.skip(0)?;
            self.eat(b',')?;
        }
    }

    /// To a value by its number.
    fn enter_array(&mut self, index: usize) -> Option<()> {
        self.eat(b'[')?;
        for _ in 0..index {
            self.skip(0)?;
            self.eat(b',')?;
        }
        Some(())
    }

    /// Past a value.
    fn skip(&mut self, depth: usize) -> Option<()> {
        self.space();
        match self.0.first()? {
            b'"' => self.string().map(|_| ()),
            b'{' | b'[' if depth >= DEPTH => None,
            b'{' => {
                self.eat(b'{')?;
                self.items(b'}', |cursor| {
                    cursor.space();
                    cursor.string()?;
                    cursor.eat(b':')?;
                    cursor.skip(depth + 1)
                })
            }
            b'[' => {
                self.eat(b'[')?;
                self.items(b']', |cursor| cursor.skip(depth + 1))
            }
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            b'n' => self.word(b"null"),
            _ => self.number().map(|_| ()),
        }
    }

    /// Past items and the bracket behind them.
    fn items(&mut self, end: u8, item: impl Fn(&mut Self) -> Option<()>) -> Option<()> {
        if self.eat(end).is_some() {
            return Some(());
        }
        loop {
            item(self)?;
            if self.eat(end).is_some() {
                return Some(());
            }
            self.eat(b',')?;
        }
    }

    fn number(&mut self) -> Option<f64> {
        let digits = |byte: &u8| !matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9');
        let end = self.0.iter().position(digits).unwrap_or(self.0.len());
        let (number, rest) = self.0.split_at_checked(end)?;
        self.0 = rest;
        std::str::from_utf8(number).ok()?.parse().ok()
    }

    /// A string without its escapes.
    fn string(&mut self) -> Option<Vec<u8>> {
        self.0 = self.0.strip_prefix(b"\"")?;
        let mut out = Vec::new();
        loop {
            let end = memchr::memchr2(b'"', b'\\', self.0)?;
            out.extend_from_slice(self.0.get(..end)?);
            let escaped = self.0.get(end)? == &b'\\';
            self.0 = self.0.get(end + 1..)?;
            if !escaped {
                return Some(out);
            }
            let (kind, rest) = self.0.split_first()?;
            self.0 = rest;
            match kind {
                b'n' => out.push(b'\n'),
                b'r' => out.push(b'\r'),
                b't' => out.push(b'\t'),
                b'b' => out.push(8),
                b'f' => out.push(12),
                b'u' => {
                    let character = self.unit()?;
                    out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                }
                b'"' | b'\\' | b'/' => out.push(*kind),
                _ => return None,
            }
        }
    }

    /// The character behind `\u`; two of them may form one.
    fn unit(&mut self) -> Option<char> {
        let first = self.hex4()?;
        let mut units = vec![first];
        if (0xd800..0xdc00).contains(&first) {
            self.word(b"\\u")?;
            units.push(self.hex4()?);
        }
        char::decode_utf16(units).next()?.ok()
    }

    fn hex4(&mut self) -> Option<u16> {
        let (digits, rest) = self.0.split_at_checked(4)?;
        self.0 = rest;
        u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn query(path: &str, document: &str) -> Option<Sample<'static>> {
        Query { path: steps(path.strip_prefix('$').unwrap()).unwrap(), integer: false }
            .run(document.as_bytes())
    }

    #[test]
    fn keys_may_hold_dots_and_strings_escapes() {
        assert_eq!(query(r"$.k\.y", r#"{"k":{"y":1},"k.y":"dot"}"#), Some(Sample::str(b"dot")));
        assert_eq!(query("$.s", r#"{"s":"\u00e9\ud83d\ude00\n"}"#), Some(Sample::str("é😀\n".as_bytes())));
    }

    #[test]
    fn arrays_come_as_text_and_broken_documents_as_nothing() {
        assert_eq!(query("$.a", r#"{"a":[1, {"b":[]}] }"#), Some(Sample::str(br#"[1, {"b":[]}]"#)));
        for broken in ["", "{", r#"{"a""#, r#"{"a":[1"#, r#"{"b":tru,"a":1}"#, r#"{"a":{}}"#] {
            assert_eq!(query("$.a", broken), None, "{broken}");
        }
        assert_eq!(query("$.a", &format!("{{\"b\":{}1,\"a\":1}}", "[".repeat(100_000))), None);
    }
}
