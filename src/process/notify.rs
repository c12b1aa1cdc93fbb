//! What systemd is told with `-Ws` (sd_notify(3)). Errors are dropped: the service runs all the same.

use sd_notify::NotifyState;
use std::process;

/// Tells systemd, if it wants to know.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Notify {
    /// `-Ws`.
    pub(crate) enabled: bool,
}

impl Notify {
    /// The worker accepts connections.
    pub(crate) fn ready(self) {
        self.tell(&[NotifyState::Ready, NotifyState::MainPid(process::id()), NotifyState::Status("Ready.")]);
    }

    /// The configuration is read again.
    pub(crate) fn reloading(self) {
        if let Ok(now) = NotifyState::monotonic_usec_now() {
            self.tell(&[NotifyState::Reloading, NotifyState::Status("Reloading Configuration."), now]);
        }
    }

    /// A reload was refused; the running configuration stays.
    pub(crate) fn reload_failed(self) {
        self.tell(&[NotifyState::Ready, NotifyState::Status("Reload failed!")]);
    }

    /// The end has begun.
    pub(crate) fn stopping(self) {
        self.tell(&[NotifyState::Stopping]);
    }

    fn tell(self, states: &[NotifyState<'_>]) {
        if self.enabled {
            let _ = sd_notify::notify(false, states);
        }
    }
}
