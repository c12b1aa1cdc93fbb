//! When a name is asked for, how often, and when to give up: one name's life, without sockets and clocks.
//!
//! A resolution asks all name servers at once, up to `resolve_retries` times, `timeout retry` apart. The first valid
//! answer ends it. Where all of them say that there is no address of the family that is preferred, the other family is
//! asked for at once; where there is none either, the next try begins with the first again. `timeout resolve` after its
//! end the next resolution begins.

use super::Record;
use super::message::{Question, Reply};
use haproxy_cfg_parser::model::Resolvers;
use std::time::{Duration, Instant};

/// What is wanted of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Wanted {
    /// Addresses, of IPv4 first.
    Ipv4First,
    /// Addresses, of IPv6 first.
    Ipv6First,
    /// Where a service is.
    Service,
}

impl Wanted {
    /// What is asked first, and what then.
    fn questions(self) -> (Question, Option<Question>) {
        match self {
            Self::Ipv4First => (Question::A, Some(Question::Aaaa)),
            Self::Ipv6First => (Question::Aaaa, Some(Question::A)),
            Self::Service => (Question::Srv, None),
        }
    }
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    Nx,
    Refused,
    Timeout,
    Other,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing but waiting for [`Machine::due`] or an answer.
    Wait,
    /// Ask this of all name servers, and say with [`Machine::asked`] how many were.
    Ask(Question),
    /// The resolution has ended with these records.
    Found(Vec<Record>),
    /// The resolution has ended without.
    Failed(Failure),
}

/// The times of a section.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timing {
    pub(super) tries: u32,
    pub(super) interval: Duration,
    pub(super) retry: Duration,
}

impl Timing {
    /// The times of a section, at least a millisecond each, so that nothing is due again at once.
    pub(super) fn new(config: &Resolvers) -> Self {
        let least = |time: Duration| time.max(Duration::from_millis(1));
        Self { tries: config.retries, interval: least(config.interval), retry: least(config.retry) }
    }
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// The next resolution begins then.
    Resting {
        until: Instant,
    },
    Asking(Asking),
}

#[derive(Clone, Copy, Debug)]
struct Asking {
    question: Question,
    /// Tries left, this one included.
    left: u32,
    since: Instant,
    /// Name servers that have not answered.
    open: usize,
    /// What the last of those said that had nothing to give.
    heard: Option<Failure>,
}

/// One name's resolutions.
#[derive(Clone, Debug)]
pub(super) struct Machine {
    wanted: Wanted,
    timing: Timing,
    state: State,
}

impl Machine {
    /// A name that is due at once.
    pub(super) fn new(wanted: Wanted, timing: Timing, now: Instant) -> Self {
        Self { wanted, timing, state: State::Resting { until: now } }
    }

    /// When [`Self::tick`] is to be called.
    pub(super) fn due(&self) -> Instant {
        match &self.state {
            State::Resting { until } => *until,
            State::Asking(asking) => asking.since + self.timing.retry,
        }
    }

    /// Nothing is under way.
    pub(super) fn is_resting(&self) -> bool {
        matches!(self.state, State::Resting { .. })
    }

    /// The question that is open.
    pub(super) fn open(&self) -> Option<Question> {
        match &self.state {
            State::Asking(asking) if asking.open > 0 => Some(asking.question),
            _ => None,
        }
    }

    /// Begins a resolution now, unless one is under way.
    pub(super) fn hurry(&mut self, now: Instant) {
        if let State::Resting { until } = &mut self.state {
            *until = (*until).min(now);
        }
    }

    /// The time has come.
    pub(super) fn tick(&mut self, now: Instant) -> Step {
        if now < self.due() {
            return Step::Wait;
        }
        match self.state {
            State::Resting { .. } => self.ask(self.wanted.questions().0, self.timing.tries.max(1), now),
            State::Asking(asking) if asking.left > 1 => {
                // Where nobody answers there is no reason to think that of the other family they would.
                let first = self.wanted.questions().0;
                let question = if asking.open == 0 { first } else { asking.question };
                self.ask(question, asking.left - 1, now)
            }
            State::Asking(asking) => self.fail(asking.heard.unwrap_or(Failure::Timeout), now),
        }
    }

    fn ask(&mut self, question: Question, left: u32, now: Instant) -> Step {
        // Until told otherwise one server was asked.
        self.state = State::Asking(Asking { question, left, since: now, open: 1, heard: None });
        Step::Ask(question)
    }

    /// The question went to that many name servers. With none it is tried again when the time has come.
    pub(super) fn asked(&mut self, servers: usize) {
        if let State::Asking(asking) = &mut self.state {
            asking.open = servers;
        }
    }

    /// A name server answered the open question.
    pub(super) fn answered(&mut self, reply: Reply, now: Instant) -> Step {
        let (failure, other_family) = match reply {
            Reply::Records { records, .. } => {
                self.rest(now);
                return Step::Found(records);
            }
            Reply::Nx => (Failure::Nx, true),
            Reply::Empty | Reply::DeadAlias => (Failure::Other, true),
            Reply::Refused => (Failure::Refused, true),
            Reply::Other | Reply::Truncated | Reply::Invalid => (Failure::Other, true),
        };
        let State::Asking(asking) = &mut self.state else { return Step::Wait };
        asking.heard = Some(failure);
        asking.open = asking.open.saturating_sub(1);
        if asking.open > 0 {
            return Step::Wait;
        }
        let (question, left) = (asking.question, asking.left);
        match self.wanted.questions() {
            (first, Some(second)) if question == first && other_family => self.ask(second, left, now),
            // The next try waits for its time, so that an angry server is not asked in a loop.
            _ if left > 1 => Step::Wait,
            _ => self.fail(failure, now),
        }
    }

    fn fail(&mut self, failure: Failure, now: Instant) -> Step {
        self.rest(now);
        Step::Failed(failure)
    }

    fn rest(&mut self, now: Instant) {
        self.state = State::Resting { until: now + self.timing.interval };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TIMING: Timing =
        Timing { tries: 2, interval: Duration::from_secs(1), retry: Duration::from_millis(300) };

    fn found() -> Reply {
        Reply::Records { records: vec![Record::Address([127, 0, 0, 1].into())], aliased: false }
    }

    #[test]
    fn silence_ends_after_all_tries() {
        let start = Instant::now();
        let mut machine = Machine::new(Wanted::Ipv6First, TIMING, start);
        assert_eq!(machine.tick(start), Step::Ask(Question::Aaaa));
        machine.asked(2);
        assert_eq!(machine.tick(start + Duration::from_millis(299)), Step::Wait);
        let second = start + TIMING.retry;
        assert_eq!(machine.tick(second), Step::Ask(Question::Aaaa));
        machine.asked(2);
        let end = second + TIMING.retry;
        assert_eq!(machine.tick(end), Step::Failed(Failure::Timeout));
        assert_eq!(machine.due(), end + TIMING.interval);
    }

    #[test]
    fn the_other_family_is_asked_when_all_have_none_of_the_first() {
        let now = Instant::now();
        let mut machine = Machine::new(Wanted::Ipv6First, TIMING, now);
        machine.tick(now);
        machine.asked(2);
        assert_eq!(machine.answered(Reply::Empty, now), Step::Wait);
        assert_eq!(machine.answered(Reply::Nx, now), Step::Ask(Question::A));
        machine.asked(2);
        assert_eq!(machine.answered(Reply::Nx, now), Step::Wait);
        assert!(matches!(machine.answered(found(), now), Step::Found(_)));
        assert_eq!(machine.due(), now + TIMING.interval);
    }

    #[test]
    fn refusals_are_tried_again_in_their_time() {
        let now = Instant::now();
        let mut machine = Machine::new(Wanted::Ipv4First, TIMING, now);
        machine.tick(now);
        machine.asked(1);
        assert_eq!(machine.answered(Reply::Refused, now), Step::Ask(Question::Aaaa));
        machine.asked(1);
        assert_eq!(machine.answered(Reply::Refused, now), Step::Wait);
        let later = now + TIMING.retry;
        assert_eq!(machine.tick(later), Step::Ask(Question::A));
        machine.asked(1);
        assert_eq!(machine.answered(Reply::Refused, later), Step::Ask(Question::Aaaa));
        machine.asked(1);
        assert_eq!(machine.answered(Reply::Nx, later), Step::Failed(Failure::Nx));
    }

    #[test]
    fn without_any_name_server_it_fails_in_its_time() {
        let now = Instant::now();
        let mut machine = Machine::new(Wanted::Service, TIMING, now);
        assert_eq!(machine.tick(now), Step::Ask(Question::Srv));
        machine.asked(0);
        assert_eq!(machine.tick(now + TIMING.retry), Step::Ask(Question::Srv));
        machine.asked(0);
        assert_eq!(machine.tick(now + 2 * TIMING.retry), Step::Failed(Failure::Timeout));
    }

    #[derive(Clone, Debug)]
    enum Input {
        Pass(u64),
        Answer(u8),
    }

    fn inputs() -> impl Strategy<Value = Vec<Input>> {
        let input = prop_oneof![(0..500u64).prop_map(Input::Pass), (0..6u8).prop_map(Input::Answer)];
        proptest::collection::vec(input, 0..200)
    }

    proptest! {
        /// Whatever comes and when, between two ends there are at most tries questions of each family, an end
        /// follows within the time for all tries, and no end comes without a question.
        #[test]
        fn every_resolution_ends(inputs in inputs(), servers in 1..4usize) {
            let mut now = Instant::now();
            let mut machine = Machine::new(Wanted::Ipv6First, TIMING, now);
            let (mut asked, mut began) = (0, now);
            for input in inputs {
                let step = match input {
                    Input::Pass(millis) => {
                        now = (now + Duration::from_millis(millis)).min(machine.due());
                        machine.tick(now)
                    }
                    Input::Answer(kind) if machine.open().is_some() => {
                        let reply = match kind {
                            0 => found(),
                            1 => Reply::Nx,
                            2 => Reply::Refused,
                            3 => Reply::Empty,
                            4 => Reply::Truncated,
                            _ => Reply::Invalid,
                        };
                        machine.answered(reply, now)
                    }
                    Input::Answer(_) => continue,
                };
                match step {
                    Step::Wait => {}
                    Step::Ask(_) => {
                        if asked == 0 {
                            began = now;
                        }
                        asked += 1;
                        machine.asked(servers);
                        prop_assert!(asked <= 2 * TIMING.tries);
                    }
                    Step::Found(_) | Step::Failed(_) => {
                        prop_assert!(asked > 0);
                        // Each family's question may begin its try's time anew.
                        prop_assert!(now - began <= 2 * TIMING.tries * TIMING.retry);
                        asked = 0;
                        prop_assert_eq!(machine.due(), now + TIMING.interval);
                    }
                }
            }
        }
    }
}
