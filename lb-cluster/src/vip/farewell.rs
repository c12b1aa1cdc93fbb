//! The good order in which a holder lets go when it has time: what runs may end, while new clients are served still; then for a
//! moment nobody is let in, so that what began meanwhile ends as well.

use std::time::Duration;

/// How long what ran when the end was asked for may go on.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long nobody is let in.
const MOMENT: Duration = Duration::from_millis(200);

/// What is to be done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing yet.
    Wait,
    /// Nobody new is to be let in.
    Refuse,
    /// The addresses may go.
    Leave,
}

/// How far it has come.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Farewell {
    /// When it was said that nobody is let in.
    refused: Option<Duration>,
}

impl Farewell {
    /// `since`: the time since the end was asked for; what runs that is older than that, and all that runs.
    pub(super) fn step(&mut self, since: Duration, earlier: usize, all: usize) -> Step {
        match self.refused {
            Some(at) if all == 0 || since >= at + MOMENT => Step::Leave,
            Some(_) => Step::Wait,
            None if earlier > 0 && since < PATIENCE => Step::Wait,
            None => {
                self.refused = Some(since);
                Step::Refuse
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn what_ran_may_end_and_then_what_began_since() {
        let mut farewell = Farewell::default();
        assert_eq!(farewell.step(ms(0), 2, 2), Step::Wait);
        assert_eq!(farewell.step(ms(80), 1, 9), Step::Wait);
        assert_eq!(farewell.step(ms(120), 0, 7), Step::Refuse);
        assert_eq!(farewell.step(ms(124), 0, 3), Step::Wait);
        assert_eq!(farewell.step(ms(128), 0, 0), Step::Leave);
    }

    #[test]
    fn nothing_is_waited_for_without_end() {
        let mut farewell = Farewell::default();
        assert_eq!(farewell.step(ms(4999), 1, 1), Step::Wait);
        assert_eq!(farewell.step(ms(5000), 1, 4), Step::Refuse);
        assert_eq!(farewell.step(ms(5199), 1, 2), Step::Wait);
        assert_eq!(farewell.step(ms(5200), 1, 1), Step::Leave);
    }

    #[test]
    fn where_nothing_runs_it_goes_fast() {
        let mut farewell = Farewell::default();
        assert_eq!([farewell.step(ms(0), 0, 0), farewell.step(ms(4), 0, 0)], [Step::Refuse, Step::Leave]);
    }
}
