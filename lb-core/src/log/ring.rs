//! Messages that are kept in memory for who asks (manual 3.9 `ring`, management guide 9.3 `show events`).

use haproxy_cfg_parser::model::{self, LogFraming};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// The ring that is there without a section.
const BUILT_IN: &str = "buf0";
/// Bytes of a ring, and of its longest message, where its section says nothing.
const SIZE: u64 = 16_384;
/// Most bytes of a ring.
const MOST: u64 = 1 << 30;
/// Bytes that are copied out of it at a time, and the rest of a line.
const PIECE: usize = 1 << 16;

/// The latest messages, as many as fit. It outlives plans as long as its section says the same.
#[derive(Debug)]
pub struct Ring {
    /// Its name.
    pub name: String,
    /// `description`, else the name.
    pub description: String,
    /// `format` of its lines.
    pub(super) framing: LogFraming,
    size: usize,
    longest: usize,
    kept: Mutex<Kept>,
    /// Tells that messages have come.
    arrived: watch::Sender<()>,
}

/// Lines one behind the other, each with its end.
#[derive(Debug, Default)]
struct Kept {
    bytes: VecDeque<u8>,
    /// How many bytes there were before the first of them.
    before: u64,
}

impl Kept {
    fn end(&self) -> u64 {
        self.before + self.bytes.len() as u64
    }

    /// Appends some lines from a place on; the place behind them.
    fn copy(&self, place: u64, lines: &mut Vec<u8>) -> u64 {
        let skipped = usize::try_from(place.saturating_sub(self.before)).unwrap_or(usize::MAX);
        let from = skipped.min(self.bytes.len());
        let wanted = (from + PIECE).min(self.bytes.len());
        let rest = self.bytes.range(wanted..).position(|byte| *byte == b'\n');
        let to = rest.map_or(self.bytes.len(), |rest| wanted + rest + 1);
        lines.extend(self.bytes.range(from..to));
        self.before + to as u64
    }
}

impl Ring {
    /// The built-in one, and those of sections; what says what it said before goes on.
    pub fn all(sections: &[model::Ring], previous: &[Arc<Self>]) -> Vec<Arc<Self>> {
        let mut own = Self::new(&model::Ring { name: BUILT_IN.into(), ..model::Ring::default() });
        own.framing = LogFraming::Timed;
        own.description = "in-memory ring buffer".into();
        let wanted = std::iter::once(own).chain(sections.iter().map(Self::new));
        let known = |wanted: Self| match previous.iter().find(|known| known.says_as(&wanted)) {
            Some(known) => Arc::clone(known),
            None => Arc::new(wanted),
        };
        wanted.map(known).collect()
    }

    fn new(section: &model::Ring) -> Self {
        let bytes = |bytes: u64| usize::try_from(bytes.min(MOST)).unwrap_or(usize::MAX);
        let size = section.size.unwrap_or(SIZE);
        Self {
            name: section.name.clone(),
            description: section.description.clone().unwrap_or_else(|| section.name.clone()),
            framing: section.format.unwrap_or(LogFraming::Raw),
            size: bytes(size),
            longest: bytes(section.maxlen.unwrap_or(SIZE).min(size.saturating_sub(1))),
            kept: Mutex::default(),
            arrived: watch::Sender::new(()),
        }
    }

    fn says_as(&self, other: &Self) -> bool {
        let said = |ring: &Self| (ring.framing, ring.size, ring.longest);
        self.name == other.name && self.description == other.description && said(self) == said(other)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a message that ends its line, cut to the longest; the oldest make place for it.
    pub(super) fn push(&self, message: &[u8]) {
        let text = message.strip_suffix(b"\n").unwrap_or(message);
        let text = text.get(..self.longest).unwrap_or(text);
        let mut kept = self.kept();
        while kept.bytes.len() + text.len() + 1 > self.size {
            let Some(end) = kept.bytes.iter().position(|byte| *byte == b'\n') else { break };
            kept.bytes.drain(..=end);
            kept.before += end as u64 + 1;
        }
        kept.bytes.extend(text);
        kept.bytes.push_back(b'\n');
        drop(kept);
        self.arrived.send_replace(());
    }

    /// What comes from now on is behind this place.
    pub fn end(&self) -> u64 {
        self.kept().end()
    }

    /// Lines from a place on that are still there, and the place behind them. 0 is before all. Who logs meanwhile does not wait
    /// for all of it.
    pub fn from(&self, mut place: u64) -> (Vec<u8>, u64) {
        let (mut lines, end) = (Vec::new(), self.end());
        while place < end {
            place = self.kept().copy(place, &mut lines);
        }
        (lines, place)
    }

    /// Waits until there is something behind a place; gives it as [`Self::from`] does.
    pub async fn next(&self, place: u64) -> (Vec<u8>, u64) {
        let mut arrived = self.arrived.subscribe();
        loop {
            arrived.borrow_and_update();
            let (lines, end) = self.from(place);
            // The sender lives as long as the ring.
            if !lines.is_empty() || arrived.changed().await.is_err() {
                return (lines, end);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(size: u64, maxlen: u64) -> Arc<Ring> {
        let section = model::Ring {
            name: "r".into(),
            size: Some(size),
            maxlen: Some(maxlen),
            ..model::Ring::default()
        };
        Ring::all(&[section], &[]).pop().unwrap_or_else(|| unreachable!())
    }

    #[test]
    fn the_oldest_make_place() {
        let ring = ring(10, 100);
        let push = |text: &str| ring.push(format!("{text}\n").as_bytes());
        ["aaa", "bbb"].into_iter().for_each(push);
        assert_eq!(ring.from(0), (b"aaa\nbbb\n".to_vec(), 8));
        assert_eq!(ring.from(4), (b"bbb\n".to_vec(), 8));
        push("ccc");
        assert_eq!(ring.from(0), (b"bbb\nccc\n".to_vec(), 12));
        assert_eq!(ring.from(2), (b"bbb\nccc\n".to_vec(), 12));
        // Longer than all of it: cut to what fits.
        push("0123456789abcdef");
        assert_eq!(ring.from(0).0, b"012345678\n");
        assert_eq!(ring.end(), ring.from(0).1);
    }

    #[test]
    fn much_is_copied_in_pieces_of_whole_lines() {
        let ring = ring(10 * PIECE as u64, 1000);
        let texts: Vec<_> = (0..5 * PIECE / 8).map(|number| format!("{number:07}\n")).collect();
        texts.iter().for_each(|text| ring.push(text.as_bytes()));
        assert_eq!(ring.from(0), (texts.concat().into_bytes(), ring.end()));
        let mut piece = Vec::new();
        let place = ring.kept().copy(4, &mut piece);
        assert!(piece.len() < 2 * PIECE && piece.ends_with(b"\n") && place < ring.end());
        // What is gone by the time of the next piece is whole lines as well.
        texts.iter().for_each(|text| ring.push(text.as_bytes()));
        let (rest, _) = ring.from(place);
        assert_eq!(rest.len() % 8, 0);
    }

    #[test]
    fn long_messages_are_cut() {
        let ring = ring(1000, 3);
        ring.push(b"abcdef\n");
        assert_eq!(ring.from(0).0, b"abc\n");
    }

    #[test]
    fn one_that_says_the_same_goes_on() {
        let section = model::Ring { name: "r".into(), ..model::Ring::default() };
        let before = Ring::all(std::slice::from_ref(&section), &[]);
        let same = Ring::all(std::slice::from_ref(&section), &before);
        assert!(before.iter().zip(&same).all(|(one, other)| Arc::ptr_eq(one, other)));
        let other = Ring::all(&[model::Ring { size: Some(99), ..section }], &before);
        let kept: Vec<_> = before.iter().zip(&other).map(|(one, other)| Arc::ptr_eq(one, other)).collect();
        assert_eq!(kept, [true, false]);
    }

    #[tokio::test]
    async fn who_waits_gets_what_comes() {
        let ring = ring(1000, 100);
        let place = ring.end();
        let (next, ()) = tokio::join!(ring.next(place), async {
            tokio::task::yield_now().await;
            ring.push(b"x\n");
        });
        assert_eq!(next, (b"x\n".to_vec(), 2));
    }
}
