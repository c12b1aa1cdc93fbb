//! How good and bad results add up: the counter between down and up.

use haproxy_cfg_parser::model::InitState;

/// A counter from 0 to `rise + fall - 1`; at `rise` and above the server is up (manual 5.2 "rise", "fall").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Health {
    rise: u32,
    fall: u32,
    value: u32,
}

impl Health {
    /// Trusted at first, but the first bad result in a row of `fall` counts from here: `rise`.
    pub fn new(rise: u32, fall: u32) -> Self {
        let rise = rise.max(1);
        Self { rise, fall: fall.max(1), value: rise }
    }

    /// Thinks so of a server that was not checked yet (`init-state`).
    pub fn assume(&mut self, state: InitState) {
        self.value = match state {
            InitState::FullyUp => self.top(),
            InitState::Up => self.rise,
            InitState::Down => self.rise - 1,
            InitState::FullyDown => 0,
        };
    }

    /// Good results that turn it up.
    pub fn rise(&self) -> u32 {
        self.rise
    }

    /// Bad results that turn it down.
    pub fn fall(&self) -> u32 {
        self.fall
    }

    /// The counter.
    pub fn value(&self) -> u32 {
        self.value
    }

    /// As well as can be.
    pub fn top(&self) -> u32 {
        self.rise.saturating_add(self.fall).saturating_sub(1)
    }

    /// It counts as up.
    pub fn is_up(&self) -> bool {
        self.value >= self.rise
    }

    /// As well as can be.
    pub fn is_full(&self) -> bool {
        self.value == self.top()
    }

    /// A good result; true when that changed the counter.
    pub fn pass(&mut self) -> bool {
        if self.is_full() {
            return false;
        }
        self.value += 1;
        if self.is_up() {
            self.value = self.top();
        }
        true
    }

    /// A bad result; true when that changed the counter.
    pub fn fail(&mut self) -> bool {
        if self.value == 0 {
            return false;
        }
        self.value -= 1;
        if !self.is_up() {
            self.value = 0;
        }
        true
    }

    /// Sets the counter, within its bounds.
    pub fn set(&mut self, value: u32) {
        self.value = value.min(self.top());
    }

    /// `N/M` as statistics and logs show it: how far it is from the other state.
    pub fn progress(&self) -> (u32, u32) {
        if self.is_up() { (self.value - self.rise + 1, self.fall) } else { (self.value, self.rise) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_assumed() {
        for (state, up, results) in [
            (InitState::FullyUp, true, &[false, false, false][..]),
            (InitState::Up, true, &[false]),
            (InitState::Down, false, &[true]),
            (InitState::FullyDown, false, &[true, true]),
        ] {
            let mut health = Health::new(2, 3);
            health.assume(state);
            for (index, good) in results.iter().enumerate() {
                assert_eq!(health.is_up(), up, "{state:?} after {index}");
                if *good {
                    health.pass()
                } else {
                    health.fail()
                };
            }
            assert_eq!(health.is_up(), !up, "{state:?}");
        }
    }

    #[test]
    fn falls_and_rises_as_haproxy_shows() {
        let mut health = Health::new(2, 3);
        assert_eq!((health.value(), health.top(), health.is_up()), (2, 4, true));
        assert!(health.fail());
        assert_eq!((health.value(), health.is_up()), (0, false), "one bad result is enough at the start");
        assert!(!health.fail());
        assert!(health.pass());
        assert_eq!((health.progress(), health.is_up()), ((1, 2), false));
        assert!(health.pass());
        assert_eq!((health.progress(), health.is_full()), ((3, 3), true));
        assert!(!health.pass());
        assert!(health.fail());
        assert_eq!(health.progress(), (2, 3));
        assert!(health.pass());
        assert_eq!(health.progress(), (3, 3), "one good result forgets the bad ones");
    }

    proptest! {
        /// Up turns down after exactly `fall` bad results in a row, and down turns up after `rise` good ones.
        #[test]
        fn thresholds_hold(rise in 1_u32..9, fall in 1_u32..9, results in prop::collection::vec(any::<bool>(), 0..200)) {
            let mut health = Health::new(rise, fall);
            health.set(u32::MAX);
            let (mut up, mut streak) = (true, 0);
            for good in results {
                let was = health.is_up();
                prop_assert_eq!(was, up);
                if good { health.pass() } else { health.fail() };
                streak = if good == up { 0 } else { streak + 1 };
                if streak == if up { fall } else { rise } {
                    up = !up;
                    streak = 0;
                }
                prop_assert_eq!(health.is_up(), up);
                prop_assert!(health.value() <= health.top());
            }
        }
    }
}
