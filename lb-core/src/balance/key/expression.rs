//! `balance hash EXPR`: an expression's value as bytes.

use super::KeyFn;
use crate::sample::Expr;

/// The key of an expression; a value that has no bytes is no key.
pub fn key_of(expr: Expr) -> KeyFn {
    KeyFn(Box::new(move |exchange, hash| {
        if let Some(bytes) = expr.eval(exchange).and_then(|sample| sample.into_bin()) {
            hash(&bytes);
        }
    }))
}
