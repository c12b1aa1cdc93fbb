//! Which traffic thread is running, and values that each thread keeps for itself.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};

/// Most traffic threads that one process may have (`nbthread`).
pub const MAX_THREADS: usize = 256;

thread_local! {
    static INDEX: Cell<usize> = const { Cell::new(0) };
}

/// Says which traffic thread the calling OS thread is, from 0. Threads that carry no traffic stay at 0
/// and must only read counters.
pub fn set_index(index: usize) {
    INDEX.set(index.min(MAX_THREADS - 1));
}

/// The calling traffic thread, from 0.
#[inline]
pub fn index() -> usize {
    INDEX.get()
}

/// A value on cache lines of its own.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Padded<T>(T);

/// One `T` for each traffic thread; writers touch their own, readers combine all.
#[derive(Debug)]
pub struct PerThread<T> {
    slots: Box<[Padded<T>]>,
}

impl<T: Default> PerThread<T> {
    /// Slots for `threads` traffic threads (at least one).
    pub fn new(threads: usize) -> Self {
        Self { slots: (0..threads.clamp(1, MAX_THREADS)).map(|_| Padded::default()).collect() }
    }
}

impl<T> PerThread<T> {
    /// The calling thread's own value.
    #[inline]
    pub fn mine(&self) -> &T {
        let last = self.slots.len() - 1;
        &self.slots[index().min(last)].0
    }

    /// The other threads' values, from the next thread's on.
    pub fn others(&self) -> impl Iterator<Item = &T> {
        let own = index().min(self.slots.len() - 1);
        let (before, after) = self.slots.split_at(own);
        after.iter().skip(1).chain(before).map(|slot| &slot.0)
    }

    /// All threads' values.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.slots.iter().map(|slot| &slot.0)
    }

    /// The sum of one number over all threads.
    pub fn sum(&self, read: impl Fn(&T) -> u64) -> u64 {
        self.iter().map(read).fold(0, u64::wrapping_add)
    }

    /// The largest of one number over all threads.
    pub fn max(&self, read: impl Fn(&T) -> u64) -> u64 {
        self.iter().map(read).max().unwrap_or(0)
    }
}

/// A number that one thread writes and any may read: a plain load and store, no locked instruction.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds `n`. Only the thread that owns the counter may call this.
    #[inline]
    pub fn add(&self, n: u64) {
        self.0.store(self.0.load(Ordering::Relaxed).wrapping_add(n), Ordering::Relaxed);
    }

    /// Adds one.
    #[inline]
    pub fn inc(&self) {
        self.add(1);
    }

    /// The value.
    #[inline]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Replaces the value (`clear counters`, maxima).
    #[inline]
    pub fn set(&self, n: u64) {
        self.0.store(n, Ordering::Relaxed);
    }

    /// Keeps the larger of the value and `n`.
    #[inline]
    pub fn raise(&self, n: u64) {
        if n > self.get() {
            self.set(n);
        }
    }
}
