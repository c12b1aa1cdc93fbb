//! Cancellation: another connection names a running one by its number and its secret.

use async_trait::async_trait;
use pgwire::api::cancel::CancelHandler;
use pgwire::messages::cancel::CancelRequest;
use pgwire::messages::startup::SecretKey;
use rusqlite::InterruptHandle;
use std::collections::HashMap;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The connections that can be cancelled.
#[derive(Default)]
pub struct Cancels {
    next: AtomicI32,
    running: Mutex<HashMap<i32, (i32, InterruptHandle)>>,
}

/// A connection's place among them, given up when dropped.
pub struct Ticket {
    cancels: Arc<Cancels>,
    number: i32,
    secret: i32,
}

impl Cancels {
    /// Adds a connection.
    ///
    /// # Errors
    /// That the system has no random numbers.
    pub fn register(self: &Arc<Self>, handle: InterruptHandle) -> Result<Ticket, getrandom::Error> {
        let number = self.next.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        let mut secret = [0; 4];
        getrandom::fill(&mut secret)?;
        let secret = i32::from_ne_bytes(secret);
        self.running.lock().unwrap_or_else(PoisonError::into_inner).insert(number, (secret, handle));
        Ok(Ticket { cancels: Arc::clone(self), number, secret })
    }
}

impl Ticket {
    /// What the client is told to name.
    pub fn key(&self) -> (i32, SecretKey) {
        (self.number, SecretKey::I32(self.secret))
    }

    /// Ends the connection's running statement.
    pub fn interrupt(&self) {
        if let Some((_, handle)) =
            self.cancels.running.lock().unwrap_or_else(PoisonError::into_inner).get(&self.number)
        {
            handle.interrupt();
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.cancels.running.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.number);
    }
}

#[async_trait]
impl CancelHandler for Cancels {
    async fn on_cancel_request(&self, request: CancelRequest) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((secret, handle)) = running.get(&request.pid)
            && request.secret_key.as_i32() == Some(*secret)
        {
            handle.interrupt();
        }
    }
}
