//! Whether a frontend accepts connections: commands pause it, open it again, or shut it.

use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicU8, Ordering};

/// What a frontend does with new connections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[repr(u8)]
pub enum Entrance {
    /// It accepts them.
    #[default]
    Open = 0,
    /// Its addresses refuse them for now (`disable frontend`).
    Paused = 1,
    /// They refuse them until a reload (`shutdown frontend`).
    Shut = 2,
}

/// A frontend's entrance. It outlives plans.
#[derive(Debug, Default)]
pub struct Gate(AtomicU8);

impl Gate {
    /// What it is.
    #[inline]
    pub fn get(&self) -> Entrance {
        match self.0.load(Ordering::Relaxed) {
            0 => Entrance::Open,
            1 => Entrance::Paused,
            _ => Entrance::Shut,
        }
    }

    /// Changes it; who accepts finds out when it is woken.
    pub fn set(&self, entrance: Entrance) {
        self.0.store(entrance as u8, Ordering::Relaxed);
    }

    /// Connections are accepted.
    #[inline]
    pub fn is_open(&self) -> bool {
        self.get() == Entrance::Open
    }
}
