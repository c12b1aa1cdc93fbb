//! When the addresses are announced: at once and often after a move, then ever more seldom, for ever. A neighbour that
//! was cut off at the move heals itself.

use super::Moment;
use std::time::Duration;

/// How many follow one another quickly.
const BURST: u32 = 6;
const QUICK: Duration = Duration::from_millis(50);
/// The pauses after that: each twice the one before.
const FIRST: Duration = Duration::from_millis(500);
const LAST: Duration = Duration::from_secs(30);
/// Bursts may come one after the other; announcements do not come faster than this.
const LEAST: Duration = Duration::from_millis(20);

/// A schedule.
#[derive(Clone, Copy, Debug, Default)]
pub struct Announcer {
    sent: u32,
    last: Option<Moment>,
}

impl Announcer {
    /// Begins anew: the address was taken, a link or a member came back, or another claimed the address.
    pub fn burst(&mut self) {
        self.sent = 0;
    }

    /// True when one is due; it then counts as sent.
    pub fn due(&mut self, now: Moment) -> bool {
        let due = self.last.is_none_or(|last| now >= last + self.pause());
        if due {
            self.sent = self.sent.saturating_add(1);
            self.last = Some(now);
        }
        due
    }

    fn pause(&self) -> Duration {
        match self.sent.checked_sub(BURST) {
            None if self.sent == 0 => LEAST,
            None => QUICK,
            Some(slow) => FIRST.saturating_mul(1 << slow.min(16)).min(LAST),
        }
    }
}
