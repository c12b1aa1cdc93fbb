//! Numbers of servers in this process: small, for threads keep arrays by them, and given again once a server is gone.

use std::sync::{Mutex, PoisonError};

static NUMBERS: Mutex<Numbers> = Mutex::new(Numbers { next: 0, free: Vec::new() });

struct Numbers {
    next: usize,
    free: Vec<usize>,
}

/// A number that no other server has for as long as this lives.
#[derive(Debug)]
pub(super) struct Lease(usize);

impl Lease {
    pub(super) fn take() -> Self {
        let mut numbers = NUMBERS.lock().unwrap_or_else(PoisonError::into_inner);
        let number = numbers.free.pop().unwrap_or_else(|| {
            numbers.next += 1;
            numbers.next - 1
        });
        Self(number)
    }

    pub(super) fn number(&self) -> usize {
        self.0
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        NUMBERS.lock().unwrap_or_else(PoisonError::into_inner).free.push(self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_unique_while_they_are_held() {
        let held: Vec<Lease> = (0..100).map(|_| Lease::take()).collect();
        let mut numbers: Vec<usize> = held.iter().map(Lease::number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), 100);
    }
}
