//! Words of a line: quotes, escapes, variables and comments, as a nom grammar.

use crate::environment::Environment;
use crate::raw;
use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{tag, take, take_while, take_while1};
use nom::combinator::{opt, verify};
use nom::error::{ErrorKind, ParseError};
use nom::multi::many0;
use std::borrow::Cow;

/// How many words a line may have.
pub(crate) const MAX_WORDS: usize = 64;

/// One word of a line, quotes and escapes undone, variables put in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word<'a> {
    /// Its text; bytes that are not UTF-8 are kept as [`crate::raw`] says.
    pub text: Cow<'a, str>,
    /// Byte range in the line as written.
    pub span: (u32, u32),
}

/// Why a line cannot be cut into words, and the byte where it shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LexError {
    /// A quote that is never closed.
    #[error("unmatched quote")]
    Quote(usize),
    /// `${NAME` without its brace.
    #[error("unmatched brace in environment variable name")]
    Brace(usize),
    /// `$` before something that is no name.
    #[error("forbidden first char in environment variable name")]
    VariableName(usize),
    /// `\x` without two hexadecimal digits.
    #[error("truncated or invalid hexadecimal sequence")]
    Hexadecimal(usize),
    /// `[` after a variable's name that is not `[*]`.
    #[error("truncated or invalid word expansion sequence")]
    Expansion(usize),
}

impl LexError {
    /// The byte where it shows.
    pub fn position(self) -> usize {
        match self {
            Self::Quote(at)
            | Self::Brace(at)
            | Self::VariableName(at)
            | Self::Hexadecimal(at)
            | Self::Expansion(at) => at,
        }
    }
}

/// A piece of a word before variables are put in.
enum Piece<'a> {
    Text(&'a str),
    Byte(u8),
    Variable { name: &'a str, spread: bool, default: Option<&'a str> },
}

/// The grammar's error: what is wrong and how many bytes were left.
struct Stuck(Option<fn(usize) -> LexError>, usize);

impl ParseError<&str> for Stuck {
    fn from_error_kind(input: &str, _: ErrorKind) -> Self {
        Self(None, input.len())
    }
    fn append(_: &str, _: ErrorKind, other: Self) -> Self {
        other
    }
}

type Parsed<'a, T> = nom::IResult<&'a str, T, Stuck>;

fn fail<'a, T>(at: &'a str, why: fn(usize) -> LexError) -> Parsed<'a, T> {
    Err(nom::Err::Failure(Stuck(Some(why), at.len())))
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\x0b' | '\x0c')
}

/// Cuts a line into words, resolving variables in `env`. A `#` outside quotes ends the line.
pub(crate) fn words<'a>(line: &'a str, env: &Environment) -> Result<Vec<Word<'a>>, LexError> {
    let mut words = Vec::new();
    let mut rest = line;
    loop {
        rest = rest.trim_start_matches(is_blank);
        if rest.is_empty() || rest.starts_with('#') {
            return Ok(words);
        }
        let start = line.len() - rest.len();
        // Most words have nothing to undo.
        let end = rest.bytes().position(|byte| {
            matches!(byte, b' ' | b'\t' | b'\r' | 0x0b | 0x0c | b'#' | b'\\' | b'"' | b'\'')
        });
        let (plain, after) = rest.split_at(end.unwrap_or(rest.len()));
        if !after.starts_with(['\\', '"', '\'']) {
            let span = (start as u32, (start + plain.len()) as u32);
            words.push(Word { text: Cow::Borrowed(plain), span });
            rest = after;
            continue;
        }
        match word(rest) {
            Ok((after, pieces)) => {
                let end = line.len() - after.len();
                resolve(pieces, (start as u32, end as u32), env, &mut words);
                rest = after;
            }
            Err(nom::Err::Error(Stuck(why, left)) | nom::Err::Failure(Stuck(why, left))) => {
                return Err(why.unwrap_or(LexError::Quote)(line.len() - left));
            }
            Err(nom::Err::Incomplete(_)) => return Err(LexError::Quote(line.len())),
        }
    }
}

fn word(input: &str) -> Parsed<'_, Vec<Piece<'_>>> {
    let (rest, groups) = many0(alt((unquoted, single_quoted, double_quoted))).parse(input)?;
    let mut pieces = Vec::new();
    for mut group in groups {
        pieces.append(&mut group);
    }
    Ok((rest, pieces))
}

fn unquoted(input: &str) -> Parsed<'_, Vec<Piece<'_>>> {
    let plain = take_while1(|c: char| !is_blank(c) && !matches!(c, '#' | '\\' | '"' | '\'')).map(Piece::Text);
    alt((plain, escape)).map(|piece| vec![piece]).parse(input)
}

fn single_quoted(input: &str) -> Parsed<'_, Vec<Piece<'_>>> {
    let (inside, _) = tag("'").parse(input)?;
    let (rest, text) = take_while(|c| c != '\'').parse(inside)?;
    match rest.strip_prefix('\'') {
        Some(rest) => Ok((rest, vec![Piece::Text(text)])),
        None => fail(input, LexError::Quote),
    }
}

fn double_quoted(input: &str) -> Parsed<'_, Vec<Piece<'_>>> {
    let (inside, _) = tag("\"").parse(input)?;
    let plain = take_while1(|c| !matches!(c, '"' | '\\' | '$')).map(Piece::Text);
    let (rest, mut pieces) = many0(alt((plain, escape, variable))).parse(inside)?;
    // An empty pair of quotes is still a word.
    pieces.push(Piece::Text(""));
    match rest.strip_prefix('"') {
        Some(rest) => Ok((rest, pieces)),
        None => fail(input, LexError::Quote),
    }
}

/// A backslash and what it escapes; before any other character it stands for itself.
fn escape(input: &str) -> Parsed<'_, Piece<'_>> {
    let (rest, _) = tag("\\").parse(input)?;
    let mut chars = rest.chars();
    let byte = match chars.next() {
        Some(c @ (' ' | '\\' | '#' | '\'' | '"' | '$')) => c as u8,
        Some('n') => b'\n',
        Some('r') => b'\r',
        Some('t') => b'\t',
        Some('x') => {
            let digits = rest.get(1..3).and_then(|digits| u8::from_str_radix(digits, 16).ok());
            return match (digits, rest.get(3..)) {
                (Some(byte), Some(after)) => Ok((after, Piece::Byte(byte))),
                _ => fail(input, LexError::Hexadecimal),
            };
        }
        _ => return Ok((rest, Piece::Text("\\"))),
    };
    Ok((chars.as_str(), Piece::Byte(byte)))
}

/// `$NAME`, `${NAME}`, `${NAME-default}`, `${NAME[*]}` (manual 2.3).
fn variable(input: &str) -> Parsed<'_, Piece<'_>> {
    let (rest, _) = tag("$").parse(input)?;
    let (rest, brace) = opt(tag("{")).parse(rest)?;
    let starts = |c: &str| c.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '.'));
    let name =
        |input| take_while::<_, &str, Stuck>(|c: char| c.is_ascii_alphanumeric() || c == '_').parse(input);
    let Ok((_, _)) = verify(take(1usize), starts).parse(rest) as Parsed<'_, &str> else {
        return fail(rest, LexError::VariableName);
    };
    let dot = usize::from(rest.starts_with('.'));
    let (after, tail) = name(rest.get(dot..).unwrap_or_default())?;
    let full = rest.get(..dot + tail.len()).unwrap_or_default();
    if brace.is_none() {
        return Ok((after, Piece::Variable { name: full, spread: false, default: None }));
    }
    let (after, spread) = opt(tag("[*]")).parse(after)?;
    if spread.is_none() && after.starts_with('[') {
        return fail(after, LexError::Expansion);
    }
    let (after, default) = match after.strip_prefix('-') {
        Some(text) => take_while(|c| c != '}').map(Some).parse(text)?,
        None => (after, None),
    };
    match after.strip_prefix('}') {
        Some(after) => Ok((after, Piece::Variable { name: full, spread: spread.is_some(), default })),
        None => fail(input.get(1..).unwrap_or_default(), LexError::Brace),
    }
}

/// Puts variables in; `[*]` may turn one word into none or several.
fn resolve<'a>(pieces: Vec<Piece<'a>>, span: (u32, u32), env: &Environment, words: &mut Vec<Word<'a>>) {
    if let [Piece::Text(text)] = pieces[..] {
        words.push(Word { text: Cow::Borrowed(text), span });
        return;
    }
    let mut bytes = Vec::new();
    let mut emit = !pieces.iter().any(|piece| matches!(piece, Piece::Variable { spread: true, .. }));
    let push = |bytes: &mut Vec<u8>, words: &mut Vec<Word<'a>>| {
        let text = raw::text(bytes).into_owned();
        bytes.clear();
        words.push(Word { text: Cow::Owned(text), span });
    };
    for piece in pieces {
        match piece {
            Piece::Text(text) => bytes.extend_from_slice(&raw::bytes(text)),
            Piece::Byte(byte) => bytes.push(byte),
            Piece::Variable { name, spread: false, default } => {
                bytes.extend_from_slice(&raw::bytes(env.get(name).or(default).unwrap_or_default()));
            }
            Piece::Variable { name, spread: true, default } => {
                let value = env.get(name).or(default).unwrap_or_default();
                let mut first = true;
                for part in value.split(is_blank).filter(|part| !part.is_empty()) {
                    if !first {
                        push(&mut bytes, words);
                    }
                    first = false;
                    bytes.extend_from_slice(&raw::bytes(part));
                    emit = true;
                }
            }
        }
    }
    if emit || !bytes.is_empty() {
        push(&mut bytes, words);
    }
}

/// A word as it can be written in a file: quoted where that is needed, so that it is read as the same word.
pub fn quoted(word: &str) -> Cow<'_, str> {
    let plain = |c: char| !is_blank(c) && !c.is_control() && !matches!(c, '"' | '\'' | '\\' | '#' | '$');
    if !word.is_empty() && word.chars().all(plain) {
        return Cow::Borrowed(word);
    }
    let mut out = String::from("\"");
    for c in word.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '"' | '\\' | '$' => out.extend(['\\', c]),
            c if c.is_ascii_control() => out.push_str(&format!("\\x{:02x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    fn texts(line: &str) -> Result<Vec<String>, LexError> {
        let env = Environment::new(vec![
            ("A".into(), "one".into()),
            ("L".into(), "x  y z".into()),
            ("E".into(), String::new()),
        ]);
        Ok(words(line, &env)?.into_iter().map(|word| word.text.into_owned()).collect())
    }

    #[test]
    fn quotes_escapes_comments() {
        assert_eq!(texts("  bind :80 # note").unwrap(), ["bind", ":80"]);
        assert_eq!(texts(r#"a "b c"'d e'f\ g"#).unwrap(), ["a", "b cd ef g"]);
        assert_eq!(texts(r#"a "" '' b"#).unwrap(), ["a", "", "", "b"]);
        assert_eq!(texts(r"a\#b c#d e").unwrap(), ["a#b", "c"]);
        assert_eq!(texts(r"\x41\n^\.js").unwrap(), ["A\n^\\.js"]);
        assert_eq!(texts(r"'$A' $A").unwrap(), ["$A", "$A"]);
    }

    #[test]
    fn bytes_that_are_no_text_are_kept() {
        let found = texts(r"a\xE0b \xC3\xA9").unwrap();
        assert_eq!(*raw::bytes(&found[0]), *b"a\xE0b");
        assert_eq!(found[1], "\u{e9}");
        assert_eq!(*raw::bytes(&texts(&raw::text(b"\"<\xFF$A>\"")).unwrap()[0]), *b"<\xFFone>");
    }

    #[test]
    fn quoted_words_are_read_back() {
        for word in ["", "a b", "a\\.b", "it's", "\"$A\" #1", "\n\t\r\u{1}", "plain"] {
            assert_eq!(texts(&quoted(word)).unwrap(), [word], "{word:?}");
        }
    }

    #[test]
    fn variables() {
        assert_eq!(texts(r#""$A-${A}" "${NONE-dflt}" "${NONE}""#).unwrap(), ["one-one", "dflt", ""]);
        assert_eq!(texts(r#"p "<${L[*]}>" "${E[*]}" q"#).unwrap(), ["p", "<x", "y", "z>", "q"]);
    }

    #[test]
    fn errors_have_positions() {
        assert_eq!(texts("a 'b"), Err(LexError::Quote(2)));
        assert_eq!(texts("a \"${A\""), Err(LexError::Brace(4)));
        assert_eq!(texts("a \"$1\""), Err(LexError::VariableName(4)));
        assert_eq!(texts(r"\xZZ"), Err(LexError::Hexadecimal(0)));
        assert_eq!(texts("\"${A[1]}\""), Err(LexError::Expansion(4)));
    }
}
