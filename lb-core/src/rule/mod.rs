//! Rules: actions under conditions.
use crate::exchange::*;
/// Rules of one kind, in order.
#[derive(Debug, Default)]
pub struct Ruleset;
impl Ruleset {
    /// x
    pub fn run(&self, _e: &mut Exchange) -> Verdict {
        Verdict::Continue
    }
}
/// x
#[allow(missing_docs)]
#[derive(Debug)]
pub enum Verdict {
    Continue,
    Accept,
    Reply(Reply),
    Tarpit(Reply),
    Reject,
    SilentDrop,
}
/// x
#[allow(missing_docs)]
#[derive(Debug, Clone, Default)]
pub struct Reply {
    pub denied: bool,
    pub cause: Cause,
    pub body: Vec<u8>,
}
impl Reply {
    /// x
    pub fn fill(&self, _r: &mut crate::http::Response) {}
}
/// Answers that lb gives itself: `errorfile`s over the built-in texts.
#[derive(Debug, Default)]
pub struct Replies;
impl Replies {
    /// x
    pub fn raw(&self, _s: u16) -> &[u8] {
        b"HTTP/1.1 400 Bad request\r\n\r\n"
    }
    /// x
    pub fn get(&self, _s: u16) -> Reply {
        Reply::default()
    }
}
