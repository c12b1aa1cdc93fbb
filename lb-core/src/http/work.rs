//! Memory that an exchange needs while it runs. An idle connection holds none of it.

use super::message::{Request, Response};
use crate::net::Buffer;
use crate::sample::Vars;
use std::cell::RefCell;

/// Buffers and messages of one running exchange, kept by the thread between exchanges.
#[derive(Debug)]
pub struct Work {
    /// Bytes from the client not used yet.
    pub client: Buffer,
    /// Bytes from the server not used yet.
    pub server: Buffer,
    /// Bytes about to be sent.
    pub out: Vec<u8>,
    /// Parts of the exchange that own memory, lent to it while it runs.
    pub parts: Parts,
}

/// Parts of an [`crate::exchange::Exchange`] whose memory is worth keeping.
#[derive(Debug, Default)]
pub struct Parts {
    pub request: Request,
    pub response: Response,
    pub request_body: Vec<u8>,
    pub vars: Vars,
}

/// Most sets that one thread keeps.
const KEPT: usize = 128;

/// Sets that lie ready, and how few of them there were since the last [`trim`].
#[expect(
    clippy::vec_box,
    reason = "sets go out and come back boxed: to move them by value would copy them twice"
)]
struct Free {
    sets: Vec<Box<Work>>,
    fewest: usize,
}

thread_local! {
    static FREE: RefCell<Free> = const { RefCell::new(Free { sets: Vec::new(), fewest: 0 }) };
    static LARGE: RefCell<Vec<Buffer>> = const { RefCell::new(Vec::new()) };
}

/// Size of the buffer lent to a long body.
pub const LARGE_BUFFER: usize = 128 * 1024;

/// A set of buffers of `bufsize` bytes each.
#[inline]
pub fn take(bufsize: usize) -> Box<Work> {
    let free = FREE.with_borrow_mut(|free| {
        let set = free.sets.pop();
        free.fewest = free.fewest.min(free.sets.len());
        set
    });
    match free {
        Some(work) if work.client.capacity() == bufsize => work,
        _ => Box::new(Work {
            client: Buffer::new(bufsize),
            server: Buffer::new(bufsize),
            out: Vec::with_capacity(1024),
            parts: Parts::default(),
        }),
    }
}

/// Gives a set back.
#[inline]
pub fn give(mut work: Box<Work>) {
    work.client.clear();
    work.server.clear();
    work.out.clear();
    work.out.shrink_to(64 * 1024);
    FREE.with_borrow_mut(|free| {
        if free.sets.len() < KEPT {
            free.sets.push(work);
        }
    });
}

/// Gives memory back that nobody needed since the last call. Called about once a second.
pub fn trim() {
    FREE.with_borrow_mut(|free| {
        let unused = free.fewest;
        free.sets.drain(..unused.min(free.sets.len()));
        free.sets.shrink_to(KEPT);
        free.fewest = free.sets.len();
    });
    LARGE.with_borrow_mut(Vec::clear);
}

/// How many sets and large buffers lie ready on this thread.
pub fn kept() -> (usize, usize) {
    (FREE.with_borrow(|free| free.sets.len()), LARGE.with_borrow(Vec::len))
}

/// A buffer for a long body.
pub fn take_large() -> Buffer {
    LARGE.with_borrow_mut(Vec::pop).unwrap_or_else(|| Buffer::new(LARGE_BUFFER))
}

/// Gives a long body's buffer back.
pub fn give_large(mut buffer: Buffer) {
    buffer.clear();
    LARGE.with_borrow_mut(|free| {
        if free.len() < 4 {
            free.push(buffer);
        }
    });
}
