//! At most fifty frames a second, whatever is announced how often.

use crate::vip::Moment;
use std::time::Duration;

/// So many may go at once.
const BURST: u32 = 10;
/// Then one each so often: with the burst, fifty in any second.
const EACH: Duration = Duration::from_millis(25);

/// What may be sent now.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pace {
    /// When all of the burst may go again.
    full: Moment,
}

impl Pace {
    /// True: one may go, and counts as gone.
    pub(super) fn take(&mut self, now: Moment) -> bool {
        let may = now >= self.next();
        if may {
            self.full = self.full.max(now) + EACH;
        }
        may
    }

    /// When the next one may go.
    pub(super) fn next(&self) -> Moment {
        self.full.saturating_sub(EACH * (BURST - 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_second_sees_more_than_fifty() {
        let mut pace = Pace::default();
        let moments = (10_000..20_000).map(Duration::from_millis);
        let sent: Vec<Moment> = moments.filter(|now| pace.take(*now)).collect();
        assert!(sent.windows(51).all(|window| window[50] - window[0] > Duration::from_secs(1)));
        assert!(sent.len() > 390, "{}", sent.len());
    }

    #[test]
    fn a_burst_goes_at_once() {
        let mut pace = Pace::default();
        let now = Duration::from_secs(5);
        assert_eq!((0..20).filter(|_| pace.take(now)).count(), 10);
        assert_eq!(pace.next(), now + EACH);
    }
}
