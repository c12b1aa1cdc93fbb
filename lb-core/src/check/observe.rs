//! Errors in traffic that count as failed checks (manual 5.2 "observe").

use super::health::Health;
use haproxy_cfg_parser::model::Observe;

/// What was seen of a server in traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // each has its text below
pub enum Event {
    Connected,
    NotConnected,
    GoodResponse,
    BadStatus,
    BadHeaders,
    BadResponse,
    ReadError,
    ReadTimeout,
    BrokenPipe,
}

impl Event {
    /// The text of log lines.
    pub fn text(self) -> &'static str {
        match self {
            Self::Connected => "L4 successful connection",
            Self::NotConnected => "L4 unsuccessful connection",
            Self::GoodResponse => "Correct http response",
            Self::BadStatus => "Wrong http response",
            Self::BadHeaders => "Invalid http response (headers)",
            Self::BadResponse => "Invalid http response",
            Self::ReadError => "Read error (http)",
            Self::ReadTimeout => "Read timeout (http)",
            Self::BrokenPipe => "Close from server (http)",
        }
    }

    /// Whether it is an error at a layer; none: it says nothing there.
    pub fn is_error(self, layer: Observe) -> Option<bool> {
        match (self, layer) {
            (Self::Connected, Observe::Layer4) | (Self::GoodResponse, Observe::Layer7) => Some(false),
            (Self::Connected, Observe::Layer7) | (_, Observe::Layer4) if self != Self::NotConnected => None,
            _ => Some(true),
        }
    }
}

/// What too many errors in a row lead to (manual 5.2 "on-error").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reaction {
    /// The next check comes sooner.
    CheckSoon,
    /// As a failed check.
    #[default]
    FailCheck,
    /// One more failed check turns it down.
    SuddenDeath,
    /// It is down.
    MarkDown,
}

impl Reaction {
    /// Prepares the counter for the failed check that follows; false: none follows.
    pub fn prepare(self, health: &mut Health) -> bool {
        match self {
            Self::CheckSoon => return false,
            Self::FailCheck => {}
            Self::SuddenDeath if health.value() > health.rise() => health.set(health.rise() + 1),
            Self::SuddenDeath => {}
            Self::MarkDown => health.set(health.rise()),
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_see_their_own_errors() {
        let seen = |event: Event| (event.is_error(Observe::Layer4), event.is_error(Observe::Layer7));
        assert_eq!(seen(Event::Connected), (Some(false), None));
        assert_eq!(seen(Event::NotConnected), (Some(true), Some(true)));
        assert_eq!(seen(Event::GoodResponse), (None, Some(false)));
        assert_eq!(seen(Event::BadStatus), (None, Some(true)));
        assert_eq!(seen(Event::ReadTimeout), (None, Some(true)));
    }

    #[test]
    fn reactions_prepare_the_counter() {
        let after = |reaction: Reaction| {
            let mut health = Health::new(2, 5);
            health.set(6);
            let fails = reaction.prepare(&mut health);
            if fails {
                health.fail();
            }
            (fails, health.value())
        };
        assert_eq!(after(Reaction::CheckSoon), (false, 6));
        assert_eq!(after(Reaction::FailCheck), (true, 5));
        assert_eq!(after(Reaction::SuddenDeath), (true, 2), "the next one turns it down");
        assert_eq!(after(Reaction::MarkDown), (true, 0));
    }
}
