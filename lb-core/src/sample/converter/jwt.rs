//! JSON Web Tokens (manual 7.3.1: `jwt_*`; RFC 7515, RFC 7518).

mod key;

use super::json_query::Query;
use super::{Args, Built, Row, convert, with};
use crate::compile::Context;
use crate::sample::{Sample, Type, VarKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use key::{Algorithm, Key};

pub(super) const ROWS: &[Row] = &[
    convert("jwt_header_query", Type::Bin, Type::Any, |args, _| part(args, 0)),
    convert("jwt_payload_query", Type::Bin, Type::Any, |args, _| part(args, 1)),
    convert("jwt_verify", Type::Bin, Type::Int, verify),
];

/// What `jwt_verify` answers beside 0 (the signature is wrong) and 1 (it is right).
const UNKNOWN_ALGORITHM: i64 = -1;
const INVALID_TOKEN: i64 = -3;
const UNKNOWN_KEY: i64 = -5;

/// The three parts of a signed token.
fn parts(token: &[u8]) -> Option<[&[u8]; 3]> {
    let mut parts = token.split(|byte| *byte == b'.');
    let found = [parts.next()?, parts.next()?, parts.next()?];
    parts.next().is_none().then_some(found)
}

/// A decoded part of a token, or a value in it.
fn part(args: &Args<'_>, index: usize) -> Built {
    with(Query::new(args, 0)?, move |query, input, _| {
        let token = input.into_bytes();
        let decoded = URL_SAFE_NO_PAD.decode(parts(&token)?.get(index)?).ok()?;
        match query {
            Some(query) => query.run(&decoded),
            None => Some(Sample::owned(decoded)),
        }
    })
}

/// An argument that is fixed, or a variable's value.
enum Given<T> {
    Fixed(T),
    Variable(VarKey),
}

/// `jwt_verify(alg,key)`. Keys that are files are read now; none is read while traffic flows.
fn verify(args: &Args<'_>, context: &mut Context<'_>) -> Built {
    let name = args.required(0)?;
    let algorithm = match (Algorithm::of(name.as_bytes()), VarKey::parse(name)) {
        (Some(algorithm), _) => Given::Fixed(algorithm),
        (None, Some(key)) => Given::Variable(key),
        (None, None) => {
            return Err(format!(
                "unknown JWT algorithm '{name}'; use 'HS256', 'RS256', 'ES256' and the like, 'none', or a variable"
            ));
        }
    };
    let text = args.required(1)?;
    let key = match (VarKey::parse(text), &algorithm) {
        (Some(key), _) => Given::Variable(key),
        (None, Given::Fixed(algorithm)) if !algorithm.needs_file() => {
            Given::Fixed(Key::secret(text.as_bytes()))
        }
        (None, Given::Fixed(_)) => Given::Fixed(Key::read(text, context)?),
        // Only the token knows: the text may be a secret, or the name of a file.
        (None, Given::Variable(_)) => Given::Fixed(Key::either(text, context)),
    };
    with((algorithm, key), |(algorithm, key), input, exchange| {
        let algorithm = match algorithm {
            Given::Fixed(algorithm) => *algorithm,
            Given::Variable(variable) => match Algorithm::of(&exchange.var(*variable)?.into_bytes()) {
                Some(algorithm) => algorithm,
                None => return Some(Sample::Int(UNKNOWN_ALGORITHM)),
            },
        };
        let secret;
        let key = match key {
            Given::Fixed(key) => key,
            Given::Variable(variable) => {
                secret = Key::secret(&exchange.var(*variable)?.into_bytes());
                &secret
            }
        };
        Some(Sample::Int(check(&input.into_bytes(), algorithm, key)))
    })
}

fn check(token: &[u8], algorithm: Algorithm, key: &Key) -> i64 {
    let Some([header, payload, signature]) = parts(token) else { return INVALID_TOKEN };
    let signed = token.get(..header.len() + 1 + payload.len()).unwrap_or_default();
    match (algorithm, signature.is_empty()) {
        (Algorithm::None, empty) => return i64::from(empty),
        (_, true) => return INVALID_TOKEN,
        (_, false) => {}
    }
    let Ok(signature) = URL_SAFE_NO_PAD.decode(signature) else { return INVALID_TOKEN };
    key.verify(algorithm, signed, &signature).map_or(UNKNOWN_KEY, i64::from)
}
