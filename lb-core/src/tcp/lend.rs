//! Buffers that a thread lends to its sessions: one that is idle holds none.

use crate::net::Buffer;
use std::cell::RefCell;

/// Most buffers that lie ready on one thread.
const KEPT: usize = 64;

thread_local! {
    static FREE: RefCell<Vec<Buffer>> = const { RefCell::new(Vec::new()) };
}

/// An empty buffer of `size` bytes.
#[inline]
pub(super) fn take(size: usize) -> Buffer {
    match FREE.with_borrow_mut(Vec::pop) {
        Some(buffer) if buffer.capacity() == size => buffer,
        _ => Buffer::new(size),
    }
}

/// Gives a buffer back; what is in it is lost.
#[inline]
pub(super) fn give(mut buffer: Buffer) {
    buffer.clear();
    FREE.with_borrow_mut(|free| {
        if free.len() < KEPT {
            free.push(buffer);
        }
    });
}

/// Gives memory back to the system. Called about once a second.
pub(crate) fn trim() {
    FREE.with_borrow_mut(|free| {
        let half = free.len() / 2;
        free.truncate(half);
    });
}
