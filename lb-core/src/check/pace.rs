//! When the next check is due.

use super::health::Health;
use haproxy_cfg_parser::model::CheckOptions;
use std::time::Duration;

/// Time between checks where the file has none.
const INTER: Duration = Duration::from_secs(2);
/// Parts of an interval: checks in one are made together.
const SLOTS: u128 = 64;
/// Checks that are more frequent than this do not decide how far the first ones are spread.
const SHORT: Duration = Duration::from_secs(1);

/// The times between the checks of a server (manual 5.2 "inter").
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// `inter`.
    pub inter: Duration,
    fast: Duration,
    down: Duration,
}

impl Pace {
    /// Those of health checks.
    pub fn of_health(options: &CheckOptions) -> Self {
        let inter = options.inter.unwrap_or(INTER);
        Self { inter, fast: options.fastinter.unwrap_or(inter), down: options.downinter.unwrap_or(inter) }
    }

    /// Those of agent checks.
    pub fn of_agent(options: &CheckOptions) -> Self {
        let inter = options.agent.inter.or(options.inter).unwrap_or(INTER);
        Self { inter, fast: inter, down: inter }
    }

    /// Time to the next check: while all is well, while it is down, or while it changes.
    pub fn interval(&self, health: &Health, down: bool) -> Duration {
        if health.is_full() {
            self.inter
        } else if down && health.value() == 0 {
            self.down
        } else {
            self.fast
        }
    }
}

/// An interval that is up to `percent` shorter or longer (`spread-checks`); `random` is from 0 to 1.
pub fn spread(interval: Duration, percent: u32, random: f64) -> Duration {
    let part = interval.mul_f64(f64::from(percent.min(50)) / 100.0);
    interval.saturating_add(part).saturating_sub(part.mul_f64(2.0 * random.clamp(0.0, 1.0)))
}

/// Checks that are due at nearly the same time are made together, so that thousands of them do not wake this process, and
/// the servers, one by one: the time since some start, moved by less than a hundredth part of the interval.
pub fn together(due: Duration, interval: Duration) -> Duration {
    let slot = interval.as_nanos() / SLOTS;
    let late = due.as_nanos().checked_rem(slot).unwrap_or_default();
    let nanos = |part: u128| Duration::from_nanos(u64::try_from(part).unwrap_or(u64::MAX));
    if late * 2 < slot { due.saturating_sub(nanos(late)) } else { due.saturating_add(nanos(slot - late)) }
}

/// How long after the start each of the checks is first made: as far from each other as the shortest interval of a
/// second or more lets them, in the order given (manual 3.1 "max-spread-checks").
pub fn first(intervals: &[Duration], most: Option<Duration>) -> Vec<Duration> {
    let shortest = intervals.iter().copied().filter(|interval| *interval >= SHORT).min().unwrap_or_default();
    let count = u32::try_from(intervals.len()).unwrap_or(u32::MAX).max(1);
    let most = most.filter(|most| !most.is_zero()).unwrap_or(Duration::MAX);
    let delay = |(interval, position): (&Duration, u32)| {
        shortest.max(*interval).min(most).mul_f64(f64::from(position) / f64::from(count))
    };
    intervals.iter().zip(0..).map(delay).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn the_interval_follows_the_health() {
        let pace = Pace { inter: ms(1000), fast: ms(100), down: ms(5000) };
        let mut health = Health::new(2, 3);
        assert_eq!(pace.interval(&health, false), ms(100), "not sure yet");
        health.set(4);
        assert_eq!(pace.interval(&health, false), ms(1000));
        health.set(0);
        assert_eq!((pace.interval(&health, true), pace.interval(&health, false)), (ms(5000), ms(100)));
        health.set(1);
        assert_eq!(pace.interval(&health, true), ms(100), "on its way up");
    }

    #[test]
    fn first_checks_are_spread() {
        assert_eq!(first(&[ms(2000); 4], None), [ms(0), ms(500), ms(1000), ms(1500)]);
        assert_eq!(first(&[ms(2000); 2], Some(ms(100))), [ms(0), ms(50)]);
        assert_eq!(first(&[ms(100), ms(100)], None), [ms(0), ms(50)]);
        assert_eq!(first(&[ms(100), ms(4000), ms(2000)], None)[2].as_millis(), 1333);
    }

    proptest! {
        #[test]
        fn together_means_little_later_or_sooner(due in 0_u64..1_000_000, interval in 0_u64..10_000) {
            let found = together(ms(due), ms(interval));
            prop_assert!(found.abs_diff(ms(due)) <= ms(interval) / 100);
            prop_assert_eq!(together(found, ms(interval)), found, "it stays in its place");
        }

        #[test]
        fn spreading_stays_within_bounds(millis in 1_u64..100_000, percent in 0_u32..51, random in 0.0_f64..1.0) {
            let (interval, found) = (ms(millis), spread(ms(millis), percent, random));
            let part = interval.mul_f64(f64::from(percent) / 100.0 + 1e-6);
            prop_assert!(found + part >= interval && found <= interval + part);
        }

        #[test]
        fn first_checks_come_within_their_interval(intervals in prop::collection::vec(100_u64..5000, 1..50)) {
            let intervals: Vec<_> = intervals.into_iter().map(ms).collect();
            let longest = intervals.iter().copied().max().unwrap_or_default();
            for delay in first(&intervals, None) {
                prop_assert!(delay < longest);
            }
        }
    }
}
