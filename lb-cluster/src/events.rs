//! What happened in the cluster, as this node saw it: told to the operator, and kept for who asks later.

use crate::runtime::time_of_day;
use lb_core::process::{self, Severity};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

/// How many are kept.
const KEPT: usize = 256;

/// Something that happened.
#[derive(Clone, Debug)]
pub struct Event {
    /// When, by the wall clock.
    pub at: SystemTime,
    /// How bad it is.
    pub severity: Severity,
    /// What.
    pub text: String,
}

/// The latest events; clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Events {
    kept: Arc<Mutex<VecDeque<Event>>>,
}

impl Events {
    /// Tells the operator, and keeps it.
    pub fn tell(&self, severity: Severity, text: String) {
        #[cfg(test)]
        let told = crate::sim::tell(&text);
        #[cfg(not(test))]
        let told = false;
        if !told {
            process::tell(severity, &format!("cluster: {text}"));
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == KEPT {
            kept.pop_front();
        }
        kept.push_back(Event { at: time_of_day(), severity, text });
    }

    /// Those that are kept, oldest first.
    pub fn list(&self) -> Vec<Event> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_are_kept() {
        let events = Events::default();
        for number in 0..KEPT + 2 {
            events.tell(Severity::Notice, number.to_string());
        }
        let kept = events.list();
        assert_eq!(kept.len(), KEPT);
        assert_eq!(kept.first().map(|event| event.text.as_str()), Some("2"));
    }
}
