//! Bodies from one side to the other: one pump per direction, polled together.

use super::h1::{Body, Progress, chunk_header, write_trailers};
use super::message::Framing;
use super::work::{LARGE_BUFFER, give_large, take_large};
use crate::net::{Buffer, Io};
use std::io::{self, IoSlice};
use std::task::{Context, Poll};
use std::time::Instant;

/// What a pump waits for when it is pending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// Bytes from the sender.
    Read,
    /// Room at the receiver.
    Write,
}

/// Why a pump stopped before the end of its body.
#[derive(Debug)]
pub enum Stop {
    /// The sender ended its side within the body.
    Truncated,
    /// The sender's transport failed.
    ReadFailed,
    /// The receiver's transport failed.
    WriteFailed,
    /// The sender broke the coding.
    Malformed,
}

/// Moves one body from a sender to a receiver: decodes its framing and writes it anew.
#[derive(Debug)]
pub struct Pump {
    body: Body,
    chunked: bool,
    /// Framing or head bytes to be written before the data.
    before: Vec<u8>,
    before_at: usize,
    /// Data bytes at the front of the buffer.
    data: usize,
    /// Framing bytes after the data: offset into [`TAIL`] of what is left.
    after: &'static [u8],
    /// Trailers seen, for the end of a chunked body.
    trailers: Vec<u8>,
    /// What is read is dropped: the receiver is gone, but the sender is to come to its end.
    discard: bool,
    /// The buffer that a larger one stands in for while the body is long.
    lent: Option<Buffer>,
    /// What the sender sends beyond the body is its next message, and must not get lost.
    keeps_surplus: bool,
    finished: bool,
    /// What it waits for.
    pub waiting: Waiting,
    /// When bytes last moved.
    pub moved_at: Instant,
    /// Bytes taken from the sender's buffer.
    pub taken: u64,
    /// Bytes written to the receiver.
    pub written: u64,
    /// Size of the body as HAProxy counts it: its data, its trailers' names and values, one for a chunked end.
    pub weight: u64,
}

impl Pump {
    /// A pump for a body; `head` is sent before it in the same write. `chunked`: the receiver gets chunks.
    pub fn new(framing: Framing, chunked: bool, head: Vec<u8>, now: Instant) -> Self {
        let body = Body::new(framing);
        Self {
            body,
            chunked,
            before: head,
            before_at: 0,
            data: 0,
            after: b"",
            trailers: Vec::new(),
            discard: false,
            weight: 0,
            lent: None,
            keeps_surplus: false,
            finished: body.is_done(),
            waiting: Waiting::Read,
            moved_at: now,
            taken: 0,
            written: 0,
        }
    }

    /// The same for a sender that may go on with its next message behind the body: a client.
    pub fn keeping_surplus(mut self) -> Self {
        self.keeps_surplus = true;
        self
    }

    /// The same with so many bytes of the head sent already.
    pub fn already_sent(mut self, bytes: usize) -> Self {
        self.before_at = bytes.min(self.before.len());
        self.written = self.before_at as u64;
        self
    }

    /// From now on the body is read to its end and dropped.
    pub fn discard(&mut self) {
        self.discard = true;
    }

    /// Gives the head's memory back.
    pub fn into_head(self) -> Vec<u8> {
        self.before
    }

    /// True when the body is through and all of it written.
    pub fn is_done(&self) -> bool {
        self.finished && !self.has_output()
    }

    /// True when the sender's bytes are all taken, though some may not be written yet.
    pub fn all_read(&self) -> bool {
        self.body.is_done()
    }

    #[inline]
    fn has_output(&self) -> bool {
        self.before_at < self.before.len() || self.data > 0 || !self.after.is_empty()
    }

    /// Moves what can be moved now. Ready: the body is through, or it can't be.
    pub fn poll(
        &mut self,
        cx: &mut Context<'_>,
        from: &mut Io,
        buffer: &mut Buffer,
        to: &mut Io,
    ) -> Poll<Result<(), Stop>> {
        loop {
            if self.data == 0 && self.after.is_empty() && !self.finished {
                self.prepare(buffer)?;
            }
            if self.discard {
                self.drop_output(buffer);
            }
            if self.has_output() {
                match self.poll_write(cx, buffer, to) {
                    Poll::Ready(Ok(())) => continue,
                    Poll::Ready(Err(_)) => return Poll::Ready(Err(Stop::WriteFailed)),
                    Poll::Pending => {
                        self.waiting = Waiting::Write;
                        return Poll::Pending;
                    }
                }
            }
            if self.finished {
                self.give_buffer_back(buffer);
                return Poll::Ready(Ok(()));
            }
            if self.lent.is_none() && self.is_long(buffer) {
                self.lent = Some(std::mem::replace(buffer, take_large()));
            }
            let limit = self.read_limit();
            let space = buffer.space();
            let length = space.len().min(limit);
            match from.poll_read(cx, &mut space[..length]) {
                Poll::Ready(Ok(0)) if self.body.ends_at_close() => self.end(),
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(Stop::Truncated)),
                Poll::Ready(Ok(n)) => {
                    buffer.advance(n);
                    self.moved_at = Instant::now();
                }
                Poll::Ready(Err(_)) => return Poll::Ready(Err(Stop::ReadFailed)),
                Poll::Pending => {
                    self.waiting = Waiting::Read;
                    return Poll::Pending;
                }
            }
        }
    }

    /// True when what is still to come would take several rounds of a small buffer.
    #[inline]
    fn is_long(&self, buffer: &Buffer) -> bool {
        let long = buffer.capacity() as u64;
        buffer.is_empty()
            && long < LARGE_BUFFER as u64
            && match self.body.remaining() {
                Some(left) => left > long,
                // The end of chunks can't be foreseen, nor how much comes behind it.
                None => self.taken > 2 * long && (!self.keeps_surplus || self.body.ends_at_close()),
            }
    }

    /// Into a large buffer no more is read than the body and what the sender's own buffer can take over.
    #[inline]
    fn read_limit(&self) -> usize {
        match (&self.lent, self.body.remaining()) {
            (Some(own), Some(left)) => {
                usize::try_from(left).unwrap_or(usize::MAX).saturating_add(own.capacity())
            }
            _ => usize::MAX,
        }
    }

    /// Puts the sender's own buffer back in place of the large one.
    fn give_buffer_back(&mut self, buffer: &mut Buffer) {
        if let Some(mut own) = self.lent.take() {
            // Only bytes beyond the body are left: those of a client fit, those of a server are not to be trusted.
            own.clear();
            own.fill(buffer.filled());
            give_large(std::mem::replace(buffer, own));
        }
    }

    /// Finds the data in the buffer and the framing that goes around it.
    pub fn prepare(&mut self, buffer: &mut Buffer) -> Result<(), Stop> {
        // The head stays where it is on the first round, later rounds start from nothing.
        if self.before_at >= self.before.len() {
            self.before.clear();
            self.before_at = 0;
        }
        let mut data = 0;
        // Where the next undecoded byte is; data that follows framing is moved to join the data before it.
        let mut at = 0;
        while !self.finished {
            let step = self.body.step(buffer.slice(at..buffer.len())).map_err(|_| Stop::Malformed)?;
            match step {
                Progress::Skip(n) if data == 0 && at == 0 => {
                    buffer.consume(n);
                    self.taken += n as u64;
                }
                Progress::Skip(n) => at += n,
                Progress::Data(n) => {
                    buffer.join(data, at, n);
                    data += n;
                    at += n;
                }
                Progress::End(lines, blank) => {
                    let trailers = buffer.slice(at..at + lines);
                    self.weight +=
                        write_trailers(trailers, &mut self.trailers).map_err(|_| Stop::Malformed)? + 1;
                    at += lines + blank;
                    self.finished = true;
                }
                Progress::More if buffer.is_full() && data == 0 => return Err(Stop::Malformed),
                Progress::More => break,
            }
            if self.body.is_done() && matches!(step, Progress::Data(_)) {
                self.finished = true;
            }
        }
        // Decoded framing between data and the rest is dropped together with the data.
        buffer.close_gap(data, at);
        self.taken += at as u64;
        self.weight += data as u64;
        self.data = data;
        if self.chunked {
            if data > 0 {
                chunk_header(data, &mut self.before);
            }
            if self.finished {
                self.finish_chunks(data > 0);
            } else if data > 0 {
                self.after = b"\r\n";
            }
        }
        Ok(())
    }

    /// The last chunk and the trailers. Trailers are rare, so they are written on their own round.
    fn finish_chunks(&mut self, data: bool) {
        self.after = match (data, self.trailers.is_empty()) {
            (true, true) => b"\r\n0\r\n\r\n",
            (false, true) => b"0\r\n\r\n",
            (true, false) => b"\r\n0\r\n",
            (false, false) => b"0\r\n",
        };
    }

    /// The sender ended its side, which ends the body.
    fn end(&mut self) {
        self.finished = true;
        if self.chunked {
            self.finish_chunks(false);
        }
    }

    fn drop_output(&mut self, buffer: &mut Buffer) {
        self.before.clear();
        self.before_at = 0;
        buffer.consume(self.data);
        self.data = 0;
        self.after = b"";
        self.trailers.clear();
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, buffer: &mut Buffer, to: &mut Io) -> Poll<io::Result<()>> {
        let before = self.before.get(self.before_at..).unwrap_or_default();
        let data = buffer.slice(0..self.data);
        let written = match (before.is_empty(), data.is_empty(), self.after.is_empty()) {
            (false, true, true) => to.poll_write(cx, before),
            (true, false, true) => to.poll_write(cx, data),
            (true, true, false) => to.poll_write(cx, self.after),
            _ => {
                let parts = [IoSlice::new(before), IoSlice::new(data), IoSlice::new(self.after)];
                to.poll_write_vectored(cx, &parts)
            }
        };
        match written {
            Poll::Ready(Ok(0)) => Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
            Poll::Ready(Ok(n)) => {
                self.wrote(n, buffer);
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => Poll::Pending,
        }
    }

    fn wrote(&mut self, n: usize, buffer: &mut Buffer) {
        self.written += n as u64;
        let before = n.min(self.before.len() - self.before_at);
        self.before_at += before;
        let data = (n - before).min(self.data);
        buffer.consume(data);
        self.data -= data;
        self.after = self.after.get(n - before - data..).unwrap_or_default();
        if self.after.is_empty() && self.finished && !self.trailers.is_empty() && self.data == 0 {
            self.before = std::mem::take(&mut self.trailers);
            self.before.extend_from_slice(b"\r\n");
            self.before_at = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::http::h1::Body as Framed;
    use std::future::poll_fn;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::UnixStream;

    /// Sends `input` through a pump; gives what came out, and what is left for the next message.
    async fn pump(framing: Framing, input: Vec<u8>, body_is_whole: usize) -> (Vec<u8>, Vec<u8>) {
        let (mut client, from) = UnixStream::pair().unwrap();
        let (to, mut server) = UnixStream::pair().unwrap();
        let sender = tokio::spawn(async move {
            client.write_all(&input).await.unwrap();
            client.shutdown().await.unwrap();
            client
        });
        let receiver = tokio::spawn(async move {
            let mut out = Vec::new();
            server.read_to_end(&mut out).await.unwrap();
            out
        });
        let (mut from, mut to) = (Io::Unix(from), Io::Unix(to));
        let mut buffer = Buffer::new(16384);
        let mut pump = Pump::new(framing, framing == Framing::Chunked, b"head ".to_vec(), Instant::now())
            .keeping_surplus();
        poll_fn(|cx| pump.poll(cx, &mut from, &mut buffer, &mut to)).await.unwrap();
        assert!(pump.is_done());
        assert_eq!(pump.taken, body_is_whole as u64);
        assert_eq!(buffer.capacity(), 16384);
        drop(to);
        let mut left = buffer.filled().to_vec();
        if let Io::Unix(stream) = &mut from {
            stream.read_to_end(&mut left).await.unwrap();
        }
        drop(sender.await.unwrap());
        (receiver.await.unwrap(), left)
    }

    #[tokio::test]
    async fn what_comes_behind_a_long_body_is_kept() {
        let body: Vec<u8> = (0..300_000_u32).map(|n| n as u8).collect();
        let next: Vec<u8> = b"next ".repeat(10_000);
        let (out, left) = pump(Framing::Length(300_000), [&body[..], &next].concat(), 300_000).await;
        assert_eq!(out, [b"head ", &body[..]].concat());
        assert_eq!(left, next);
    }

    #[tokio::test]
    async fn chunks_are_coded_anew() {
        let mut input = Vec::new();
        let mut data = Vec::new();
        for size in [1_usize, 10, 5_000, 40_000, 3, 70_000] {
            let piece = vec![b'a' + (size % 7) as u8; size];
            input.extend_from_slice(format!("{size:x};ext\r\n").as_bytes());
            input.extend_from_slice(&piece);
            input.extend_from_slice(b"\r\n");
            data.extend_from_slice(&piece);
        }
        input.extend_from_slice(b"0\r\nX-T: y\r\n\r\n");
        let whole = input.len();
        input.extend_from_slice(b"GET /next");
        let (out, left) = pump(Framing::Chunked, input, whole).await;
        assert_eq!(left, b"GET /next");
        // The same data behind other chunk sizes, the trailer in lower case.
        let coded = out.strip_prefix(b"head ").unwrap();
        assert!(coded.ends_with(b"\r\n0\r\nx-t: y\r\n\r\n"));
        let (mut body, mut at, mut seen) = (Framed::new(Framing::Chunked), 0, Vec::new());
        loop {
            match body.step(&coded[at..]).unwrap() {
                Progress::Skip(n) => at += n,
                Progress::Data(n) => {
                    seen.extend_from_slice(&coded[at..at + n]);
                    at += n;
                }
                Progress::End(lines, blank) => break assert_eq!(at + lines + blank, coded.len()),
                Progress::More => unreachable!("the body is whole"),
            }
        }
        assert!(seen == data);
    }
}
