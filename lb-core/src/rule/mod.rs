//! Rules: actions under conditions (manual 4.2, "http-request" and its kin).

pub mod action;
mod builtin;
mod message;
mod replies;
mod ruleset;
#[cfg(test)]
mod tests;

pub use message::Message;
pub use replies::{Replies, error_reply};
pub use ruleset::{Kind, Reply, Ruleset, Verdict, Wait};

/// True when an action, named with its ruleset (`http-request set-header`), has a behaviour here.
pub fn supports(full_name: &str) -> bool {
    full_name.rsplit_once(' ').is_some_and(|(keyword, name)| {
        Kind::of(keyword).is_some_and(|kind| action::row(name, kind).is_some())
    })
}
