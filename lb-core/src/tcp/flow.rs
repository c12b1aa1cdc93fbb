//! One direction of a session: bytes from a sender to a receiver.

use super::lend;
use super::pipe::{self, Pipe};
use crate::http::work::{LARGE_BUFFER, give_large, take_large};
use crate::net::{Buffer, Io};
use std::io;
use std::task::{Context, Poll};

/// What a flow did when it was polled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Moved {
    /// Bytes were read, or the sender ended.
    pub(super) read: bool,
    /// Bytes were written.
    pub(super) wrote: bool,
}

/// So many reads of a buffer or more in a row make a stream that is worth splicing.
const RICH_READS: u32 = 4;
/// A read so small that copying costs less than the pipe.
const POOR_READ: usize = 4096;

/// Which transport failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failed {
    /// The sender's.
    Read,
    /// The receiver's.
    Write,
}

/// Bytes from a sender to a receiver, through a buffer that is there only while it holds some.
#[derive(Debug)]
pub(super) struct Flow {
    buffer: Option<Buffer>,
    size: usize,
    /// Sent before all that the sender says: a PROXY header.
    before: Vec<u8>,
    /// The last read filled the buffer: more is to come, so a larger one pays.
    bulk: bool,
    /// Most pipes that the process may use for splicing; 0: this flow is copied.
    pipes: u32,
    /// Large reads in a row.
    rich: u32,
    /// The pipe, while it holds bytes or is filled.
    pipe: Option<Pipe>,
    /// Nothing is passed on: rules look at what has been read.
    pub(super) held: bool,
    /// Nothing more is read.
    pub(super) ended: bool,
    /// The receiver has been told the end.
    pub(super) shut: bool,
    /// Bytes read from the sender.
    pub(super) total: u64,
}

impl Flow {
    /// A flow with buffers of `size` bytes, of which `buffer` may hold some already.
    pub(super) fn new(size: usize, buffer: Option<Buffer>) -> Self {
        let total = buffer.as_ref().map_or(0, |buffer| buffer.len() as u64);
        let mut flow = Self {
            buffer,
            size,
            before: Vec::new(),
            bulk: false,
            pipes: 0,
            rich: 0,
            pipe: None,
            held: false,
            ended: false,
            shut: false,
            total,
        };
        flow.release();
        flow
    }

    /// Lets the kernel move the bytes of a long stream, through at most `pipes` pipes of the process.
    pub(super) fn splice_through(&mut self, pipes: u32) {
        self.pipes = pipes;
    }

    /// Has these bytes sent first.
    pub(super) fn send_first(&mut self, bytes: Vec<u8>) {
        self.before = bytes;
    }

    /// Whether bytes wait for the receiver.
    #[inline]
    pub(super) fn is_pending(&self) -> bool {
        !self.before.is_empty()
            || self.pipe.is_some()
            || self.buffer.as_ref().is_some_and(|buffer| !buffer.is_empty())
    }

    /// What has been read and not passed on, for rules to look at; to be put back by [`Self::put_back`].
    pub(super) fn take_buffer(&mut self) -> Buffer {
        self.buffer.take().unwrap_or_else(|| lend::take(self.size))
    }

    /// Puts back what [`Self::take_buffer`] took.
    pub(super) fn put_back(&mut self, buffer: Buffer) {
        self.buffer = Some(buffer);
        self.release();
    }

    /// Whether another read can be done.
    #[inline]
    pub(super) fn wants_more(&self) -> bool {
        !self.ended && self.buffer.as_ref().is_none_or(|buffer| !buffer.is_full())
    }

    /// Drops what waits.
    pub(super) fn discard(&mut self) {
        self.before.clear();
        if let Some(buffer) = &mut self.buffer {
            buffer.clear();
        }
        self.pipe = None;
        self.release();
    }

    /// Moves what can be moved now.
    #[inline]
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, from: &mut Io, to: &mut Io) -> Result<Moved, Failed> {
        let mut moved = Moved::default();
        loop {
            if self.rich >= RICH_READS && self.pipes > 0 && !self.held && self.buffer.is_none() {
                self.splice(cx, from, to, &mut moved)?;
                if self.rich >= RICH_READS {
                    return Ok(moved);
                }
            }
            if !self.held {
                moved.wrote |= self.write(cx, to).map_err(|_| Failed::Write)?;
            }
            if self.ended {
                break;
            }
            let size = if self.bulk { LARGE_BUFFER } else { self.size };
            let buffer = self
                .buffer
                .get_or_insert_with(|| if size == LARGE_BUFFER { take_large() } else { lend::take(size) });
            let space = buffer.space();
            if space.is_empty() {
                break;
            }
            match from.poll_read(cx, space) {
                Poll::Ready(Ok(0)) => {
                    self.ended = true;
                    moved.read = true;
                }
                Poll::Ready(Ok(n)) => {
                    self.rich = if n >= self.size { self.rich.saturating_add(1) } else { 0 };
                    self.bulk = n == space.len() || (self.bulk && n >= self.size);
                    buffer.advance(n);
                    self.total += n as u64;
                    moved.read = true;
                }
                Poll::Ready(Err(_)) => return Err(Failed::Read),
                Poll::Pending => break,
            }
        }
        self.release();
        Ok(moved)
    }

    /// Moves bytes through a pipe. Falls back to copies, by forgetting that reads were rich, when little comes or there
    /// is no pipe.
    fn splice(
        &mut self,
        cx: &mut Context<'_>,
        from: &mut Io,
        to: &mut Io,
        moved: &mut Moved,
    ) -> Result<(), Failed> {
        loop {
            if let Some(pipe) = &mut self.pipe {
                while pipe.held > 0 {
                    match to.poll_splice_to(cx, pipe.exit(), pipe.held) {
                        Poll::Ready(Ok(n)) if n > 0 => {
                            pipe.held -= n.min(pipe.held);
                            moved.wrote = true;
                        }
                        Poll::Ready(_) => return Err(Failed::Write),
                        Poll::Pending => return Ok(()),
                    }
                }
            }
            if self.ended || self.rich < RICH_READS || from.poll_read_ready(cx).is_pending() {
                break;
            }
            let Some(pipe) = self.pipe.take().or_else(|| pipe::take(self.pipes)) else {
                self.rich = 0;
                break;
            };
            let came = from.poll_splice_from(cx, pipe.entry(), pipe::SIZE);
            let pipe = self.pipe.insert(pipe);
            match came {
                Poll::Ready(Ok(0)) => {
                    self.ended = true;
                    moved.read = true;
                }
                Poll::Ready(Ok(n)) => {
                    pipe.held = n;
                    self.total += n as u64;
                    moved.read = true;
                    if n < POOR_READ {
                        self.rich = 0;
                    }
                }
                Poll::Ready(Err(_)) => return Err(Failed::Read),
                Poll::Pending => break,
            }
        }
        if let Some(pipe) = self.pipe.take() {
            pipe::give(pipe);
        }
        Ok(())
    }

    /// Writes what waits, as far as the receiver takes it.
    fn write(&mut self, cx: &mut Context<'_>, to: &mut Io) -> io::Result<bool> {
        let mut wrote = false;
        loop {
            let bytes = match (&self.before[..], &self.buffer) {
                ([], Some(buffer)) if !buffer.is_empty() => buffer.filled(),
                ([], _) => return Ok(wrote),
                (before, _) => before,
            };
            match to.poll_write(cx, bytes) {
                Poll::Ready(Ok(0)) => return Err(io::ErrorKind::WriteZero.into()),
                Poll::Ready(Ok(n)) => {
                    wrote = true;
                    if self.before.is_empty() {
                        if let Some(buffer) = &mut self.buffer {
                            buffer.consume(n);
                        }
                    } else {
                        self.before.drain(..n.min(self.before.len()));
                    }
                }
                Poll::Ready(Err(error)) => return Err(error),
                Poll::Pending => return Ok(wrote),
            }
        }
    }

    /// Gives an empty buffer back.
    #[inline]
    fn release(&mut self) {
        if self.buffer.as_ref().is_some_and(Buffer::is_empty)
            && let Some(buffer) = self.buffer.take()
        {
            if buffer.capacity() == LARGE_BUFFER && self.size != LARGE_BUFFER {
                give_large(buffer);
            } else {
                lend::give(buffer);
            }
        }
    }
}

impl Drop for Flow {
    fn drop(&mut self) {
        self.discard();
    }
}
