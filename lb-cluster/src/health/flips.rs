//! Servers that turn too often: pure.

use crate::state::Ruling;
use std::collections::VecDeque;
use std::time::Duration;

/// So many turns ...
const TURNS: usize = 4;
/// ... within so many intervals are too many, and so many without a bad result make it well again.
const INTERVALS: u32 = 10;

/// When a server turned, by what was agreed of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flips {
    up: Option<bool>,
    times: VecDeque<Duration>,
}

impl Flips {
    /// Takes note of what is now agreed. That nodes see it differently is no turn.
    pub fn note(&mut self, ruling: Ruling, now: Duration) {
        let Some(up) = ruling.is_up() else { return };
        if self.up.replace(up).unwrap_or(true) != up {
            if self.times.len() == TURNS {
                self.times.pop_front();
            }
            self.times.push_back(now);
        }
    }

    /// To agree on this now would be one turn too many.
    pub fn too_many(&self, ruling: Ruling, inter: Duration, now: Duration) -> bool {
        let turns = ruling.is_up().is_some_and(|up| self.up.unwrap_or(true) != up);
        let window = inter * INTERVALS;
        let lately = self.times.iter().filter(|time| **time + window >= now).count();
        turns && lately + 1 >= TURNS
    }

    /// It was well for long enough to be let go.
    pub fn is_over(well_since: Option<Duration>, inter: Duration, now: Duration) -> bool {
        well_since.is_some_and(|since| since + inter * INTERVALS <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTER: Duration = Duration::from_secs(1);

    const fn at(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    #[test]
    fn the_fourth_turn_in_ten_intervals_is_one_too_many() {
        let mut flips = Flips::default();
        flips.note(Ruling::Up, at(0));
        flips.note(Ruling::Down, at(1));
        flips.note(Ruling::Disputed, at(2));
        flips.note(Ruling::Down, at(3));
        flips.note(Ruling::Up, at(4));
        assert!(!flips.too_many(Ruling::Down, INTER, at(5)));
        flips.note(Ruling::Down, at(5));
        assert!(flips.too_many(Ruling::Up, INTER, at(6)));
        assert!(
            !flips.too_many(Ruling::Down, INTER, at(6)) && !flips.too_many(Ruling::Disputed, INTER, at(6))
        );
        assert!(!flips.too_many(Ruling::Up, INTER, at(12)), "the first turn is forgotten");
    }

    #[test]
    fn it_has_to_be_well_for_a_while() {
        assert!(!Flips::is_over(None, INTER, at(99)));
        assert!(!Flips::is_over(Some(at(1)), INTER, at(10)) && Flips::is_over(Some(at(1)), INTER, at(11)));
    }
}
