//! Conditions of `.if` and `-cc`: predicates, `!`, `&&`, `||` and parentheses (manual 2.4).

use super::version;
use crate::World;
use crate::environment::Environment;
use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{is_not, tag, take_while, take_while1};
use nom::character::complete::char;
use nom::combinator::{opt, recognize};
use nom::multi::{many0, separated_list0};
use nom::sequence::{delimited, preceded};
use std::cmp::Ordering;

/// A condition that cannot be evaluated, and the byte where that shows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct ConditionError {
    /// What is wrong, in HAProxy's words.
    pub reason: String,
    /// Offset in the text.
    pub at: usize,
}

/// Evaluates a condition as `haproxy -cc` does, with the world's environment.
pub fn evaluate_condition(text: &str, world: &dyn World) -> Result<bool, ConditionError> {
    let env = Environment::new(world.env());
    let words = crate::lex::words(text, &env)
        .map_err(|error| ConditionError { reason: error.to_string(), at: error.position() })?;
    let joined: Vec<&str> = words.iter().map(|word| word.text.as_ref()).collect();
    evaluate(&joined.join(" "), world, &env)
}

/// Evaluates a condition in the given environment.
pub(crate) fn evaluate(text: &str, world: &dyn World, env: &Environment) -> Result<bool, ConditionError> {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Ok(false);
    }
    let error = |rest: &str, reason: String| ConditionError { reason, at: text.len() - rest.len() };
    let unparsable = |rest: &str| error(rest, format!("unparsable conditional expression '{rest}'"));
    let start = text.trim_start();
    let (rest, tree) = any(start, 0).map_err(|stuck| match stuck {
        nom::Err::Error(stuck) | nom::Err::Failure(stuck) => unparsable(stuck.input),
        nom::Err::Incomplete(_) => unparsable(start),
    })?;
    if !rest.trim().is_empty() {
        let odd = rest.trim_start().chars().next().unwrap_or(' ');
        let reason = format!("unexpected character '{odd}' at the end of conditional expression '{text}'");
        return Err(error(rest, reason));
    }
    tree.holds(&Asked { text, world, env })
}

enum Tree<'a> {
    Any(Vec<Tree<'a>>),
    All(Vec<Tree<'a>>),
    Not(Box<Tree<'a>>),
    Number(i64),
    Call { name: &'a str, args: Vec<&'a str> },
}

type Parsed<'a, T> = nom::IResult<&'a str, T>;

const MAX_NESTING: usize = 64;

fn blanks(input: &str) -> Parsed<'_, &str> {
    take_while(|c: char| c.is_ascii_whitespace()).parse(input)
}

fn any(input: &str, depth: usize) -> Parsed<'_, Tree<'_>> {
    let (mut rest, first) = all(input, depth)?;
    let mut terms = vec![first];
    while let (after, Some(_)) = opt(preceded(blanks, tag("||"))).parse(rest)? {
        let (after, term) = all(right_side(rest, after)?, depth)?;
        terms.push(term);
        rest = after;
    }
    Ok((rest, Tree::Any(terms)))
}

fn all(input: &str, depth: usize) -> Parsed<'_, Tree<'_>> {
    let (mut rest, first) = term(input, depth)?;
    let mut terms = vec![first];
    while let (after, Some(_)) = opt(preceded(blanks, tag("&&"))).parse(rest)? {
        let (after, next) = term(right_side(rest, after)?, depth)?;
        terms.push(next);
        rest = after;
    }
    Ok((rest, Tree::All(terms)))
}

/// What follows an operator; without anything, the operator is what cannot be read.
fn right_side<'a>(
    operator: &'a str,
    after: &'a str,
) -> Result<&'a str, nom::Err<nom::error::Error<&'a str>>> {
    if after.trim_start().is_empty() {
        let input = operator.trim_start();
        return Err(nom::Err::Failure(nom::error::Error::new(input, nom::error::ErrorKind::Eof)));
    }
    Ok(after)
}

fn term(input: &str, depth: usize) -> Parsed<'_, Tree<'_>> {
    let (input, _) = blanks(input)?;
    if depth > MAX_NESTING {
        return Err(nom::Err::Failure(nom::error::Error::new(input, nom::error::ErrorKind::TooLarge)));
    }
    if let Some(rest) = input.strip_prefix('!') {
        let (rest, tree) = term(rest, depth + 1)?;
        return Ok((rest, Tree::Not(Box::new(tree))));
    }
    if let Some(inside) = input.strip_prefix('(') {
        let (rest, tree) = any(inside, depth + 1)?;
        let (rest, _) = preceded(blanks, char(')')).parse(rest)?;
        return Ok((rest, tree));
    }
    if input.starts_with(|c: char| c.is_ascii_digit() || c == '-') {
        let (rest, digits) =
            recognize((opt(char('-')), take_while1(|c: char| c.is_ascii_digit()))).parse(input)?;
        return Ok((rest, Tree::Number(digits.parse().unwrap_or(1))));
    }
    let (rest, name) = take_while1(|c: char| c.is_ascii_alphanumeric() || c == '_').parse(input)?;
    let quoted = |quote| {
        delimited(char(quote), recognize(opt(is_not(if quote == '"' { "\"" } else { "'" }))), char(quote))
    };
    let plain = recognize(many0(alt((
        is_not("\"',()\\"),
        recognize((char('\\'), nom::character::complete::anychar)),
        recognize(quoted('"')),
        recognize(quoted('\'')),
    ))));
    let (rest, args) = delimited(char('('), separated_list0(char(','), plain), char(')'))
        .parse(rest)
        .map_err(|_: nom::Err<nom::error::Error<&str>>| {
            nom::Err::Failure(nom::error::Error::new(input, nom::error::ErrorKind::Char))
        })?;
    Ok((rest, Tree::Call { name, args }))
}

struct Asked<'a> {
    text: &'a str,
    world: &'a dyn World,
    env: &'a Environment,
}

/// An argument with its quotes and escapes undone.
fn unquote(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut quote = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, quote) {
            ('\'' | '"', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            ('\\', None | Some('"')) => out.extend(chars.next()),
            (c, _) => out.push(c),
        }
    }
    out
}

impl Tree<'_> {
    fn holds(&self, asked: &Asked<'_>) -> Result<bool, ConditionError> {
        match self {
            Self::Any(terms) => terms.iter().try_fold(false, |sum, term| Ok(sum | term.holds(asked)?)),
            Self::All(terms) => terms.iter().try_fold(true, |product, term| Ok(product & term.holds(asked)?)),
            Self::Not(tree) => Ok(!tree.holds(asked)?),
            Self::Number(number) => Ok(*number != 0),
            Self::Call { name, args } => call(name, args, asked),
        }
    }
}

fn call(name: &str, args: &[&str], asked: &Asked<'_>) -> Result<bool, ConditionError> {
    // The offset of a slice of the text, for errors.
    let at = asked.text.find(name).unwrap_or(0);
    let wanted = match name {
        "streq" | "strneq" | "strstr" => 2,
        "defined"
        | "feature"
        | "version_atleast"
        | "version_before"
        | "openssl_version_atleast"
        | "openssl_version_before"
        | "ssllib_name_startswith"
        | "enabled"
        | "awslc_api_atleast"
        | "awslc_api_before" => 1,
        _ => {
            let rest = asked.text.get(at..).unwrap_or_default();
            return Err(ConditionError { reason: format!("unparsable conditional expression '{rest}'"), at });
        }
    };
    let given = if args.len() == 1 && args.first() == Some(&"") { 0 } else { args.len() };
    if given != wanted && !(wanted == 1 && given == 0) {
        let inside = |index: usize| {
            format!("in argument {index} of predicate '{name}' used in conditional expression")
        };
        // It shows at the parenthesis that closes too early, or at the comma before what is too much.
        let length = |count: usize| args.iter().take(count).map(|arg| arg.len() + 1).sum::<usize>();
        let (reason, length) = if given < wanted {
            let text =
                format!("missing arguments (got {given}/{wanted}), type 'string' expected {}", inside(given));
            (text, length(given))
        } else {
            let extra = args.get(wanted..).unwrap_or_default().join(",");
            (format!("expected ')' before ',{extra})' {}", inside(wanted)), length(wanted))
        };
        return Err(ConditionError { reason, at: at + name.len() + length });
    }
    let args: Vec<String> = args.iter().map(|arg| unquote(arg)).collect();
    let first = args.first().map(String::as_str).unwrap_or_default();
    let second = args.get(1).map(String::as_str).unwrap_or_default();
    let world = asked.world;
    let tls = || world.tls_library();
    Ok(match name {
        "streq" => first == second,
        "strneq" => first != second,
        "strstr" => first.contains(second),
        "defined" => asked.env.get(first).is_some(),
        "feature" => world.feature(first),
        "enabled" => world.enabled(first),
        "version_atleast" => version::compare(&world.version(), first) != Ordering::Less,
        "version_before" => version::compare(&world.version(), first) == Ordering::Less,
        "openssl_version_atleast" => version::compare(&tls().1, first) != Ordering::Less,
        "openssl_version_before" => version::compare(&tls().1, first) == Ordering::Less,
        "ssllib_name_startswith" => tls().0.starts_with(first),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use crate::SystemWorld;

    fn check(text: &str) -> Result<bool, ConditionError> {
        let world = SystemWorld { features: vec!["OPENSSL".into()], ..SystemWorld::default() };
        evaluate(text, &world, &Environment::new(vec![("A".into(), "1".into())]))
    }

    #[test]
    fn holds() {
        for (text, expected) in [
            ("", false),
            ("1", true),
            ("0", false),
            ("!0", true),
            ("defined(A)", true),
            ("defined(B) || defined(A)", true),
            ("defined(B) && defined(A)", false),
            ("!(defined(B) || 0) && feature(OPENSSL)", true),
            ("feature(QUIC)", false),
            ("streq(a,a)", true),
            ("streq(\"a b\",'a b')", true),
            ("strneq(a,b)", true),
            ("strstr(haystack,stack)", true),
            ("version_atleast(2.4-dev0)", true),
            ("version_before(3.5)", false),
            ("ssllib_name_startswith(OpenSSL)", true),
        ] {
            assert_eq!(check(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn refuses() {
        for text in ["foo(", "foo(a)", "streq(a)", "defined(A", "1 1", "(1", "streq(a,b,c)", "&& 1"] {
            assert!(check(text).is_err(), "{text}");
        }
        assert!(check(&"(".repeat(100_000)).is_err());
        assert!(check(&"!".repeat(100_000)).is_err());
    }
}
