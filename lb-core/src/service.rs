//! What answers a request in a server's place: the statistics page, metrics.
//!
//! A service reads the request and says what is to be sent and changed; the exchange loop does both. Long bodies come
//! in pieces, so that their memory stays bounded.

use crate::admin::{self, Change};
use crate::compile::Plan;
use crate::exchange::Exchange;
use crate::rule::Message;
use std::fmt;
use std::sync::Arc;

/// How long a piece of a body is, about: [`Pieces::next`] should stop soon after.
pub const PIECE: usize = 8 * 1024;

/// A service.
pub trait Service: fmt::Debug + Send + Sync {
    /// What logs name in the server's place.
    fn name(&self) -> &'static str;

    /// It looks at the request's body.
    fn reads_body(&self, exchange: &Exchange) -> bool;

    /// The answer. `body` is the request's as far as it was read; none: it is longer than a buffer or did not come.
    fn answer(self: Arc<Self>, exchange: &Exchange, body: Option<&[u8]>, present: &Present) -> Answer;
}

/// What there is while a service answers.
#[derive(Clone)]
pub struct Present {
    /// The plan that runs.
    pub plan: Arc<Plan>,
    /// The process, and who makes changes.
    pub admin: Arc<admin::Context>,
}

/// What a service answers.
pub enum Answer {
    /// A message.
    Message(Message),
    /// The head of a message, whose body comes in pieces.
    Pieces(Message, Box<dyn Pieces>),
    /// First these changes are made; then the first message is sent, or the second where one could not be made.
    Changes(Vec<Change>, Message, Message),
}

/// A body in pieces.
pub trait Pieces: Send {
    /// Appends the next piece to an empty text; false: that was the last.
    fn next(&mut self, out: &mut String) -> bool;
}

/// Undoes the encoding of a field of a form or query (`%41`, `+`).
pub(crate) fn decode_field(text: &[u8]) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        rest = tail;
        let escaped = tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match (first, escaped.and_then(|hex| u8::from_str_radix(hex, 16).ok())) {
            (b'%', Some(byte)) => {
                out.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            (b'+', _) => out.push(b' '),
            (byte, _) => out.push(*byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
