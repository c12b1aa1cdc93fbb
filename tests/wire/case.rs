//! What a case is.

use crate::outcome::Outcome;
use lb_harness::Step;
use std::time::Duration;

/// How long a `pause` lasts: long enough that what follows is read on its own.
pub(crate) const PAUSE: Duration = Duration::from_millis(40);

/// One conversation, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Case {
    /// Its name, unique in the record; also the name of its proxy section.
    pub(crate) name: String,
    /// What it is about.
    pub(crate) doc: Vec<String>,
    /// The configuration, `configs/NAME.cfg`.
    pub(crate) config: String,
    /// What the client does.
    pub(crate) client: Vec<Act>,
    /// What the server does for each request; none means the ordinary answer.
    pub(crate) server: Vec<Vec<Play>>,
    /// The program and version the outcome is from, and the outcome.
    pub(crate) record: Option<(String, Outcome)>,
    /// Where lb is to do something else: why, and the outcome.
    pub(crate) ours: Option<(String, Outcome)>,
}

/// Who plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// The haproxy that the record is from.
    Oracle,
    /// Our own.
    Lb,
}

impl Case {
    /// What is to become of it.
    pub(crate) fn expected(&self, side: Side) -> Option<&Outcome> {
        let ours = self.ours.as_ref().filter(|_| side == Side::Lb);
        ours.or(self.record.as_ref()).map(|(_, outcome)| outcome)
    }
}

/// Bytes as they were written in the record, and what they stand for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Block {
    /// The lines, escaped.
    pub(crate) lines: Vec<String>,
    /// The bytes.
    pub(crate) bytes: Vec<u8>,
}

/// One thing that the client does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Act {
    /// Sends the bytes at once.
    Send(Block),
    /// Sends the bytes one by one.
    Drip(Block),
    /// Waits a moment.
    Pause,
    /// Waits until these bytes came, behind those it awaited before.
    Await(String),
    /// Closes its sending half.
    HalfClose,
    /// Closes.
    Close,
    /// Resets.
    Reset,
}

/// One thing that the server does, as it is written and as it is played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Play {
    /// The word for it.
    pub(crate) word: &'static str,
    /// The bytes, for `send`.
    pub(crate) block: Block,
}

impl Play {
    /// The words for what a server can do.
    pub(crate) const WORDS: [&'static str; 8] =
        ["head", "request", "end", "send", "pause", "half-close", "close", "reset"];

    /// The step of the scripted server.
    pub(crate) fn step(&self) -> Step {
        match self.word {
            "head" => Step::Head,
            "request" => Step::Request,
            "end" => Step::End,
            "send" => Step::Send(self.block.bytes.clone()),
            "pause" => Step::Pause(PAUSE),
            "half-close" => Step::HalfClose,
            "close" => Step::Close,
            _ => Step::Reset,
        }
    }
}
