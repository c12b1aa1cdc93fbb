//! A byte buffer of a fixed size.

use std::ops::Range;

/// Bytes that were read and not yet used, in a buffer that never grows.
#[derive(Debug)]
pub struct Buffer {
    bytes: Box<[u8]>,
    start: usize,
    end: usize,
}

impl Buffer {
    /// An empty buffer of `size` bytes (at least one).
    pub fn new(size: usize) -> Self {
        Self { bytes: vec![0; size.max(1)].into_boxed_slice(), start: 0, end: 0 }
    }

    /// A buffer without any room, which costs nothing.
    pub fn none() -> Self {
        Self { bytes: Box::default(), start: 0, end: 0 }
    }

    /// The unused bytes.
    #[inline]
    pub fn filled(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// How many unused bytes there are.
    #[inline]
    pub fn len(&self) -> usize {
        self.end - self.start
    }

    /// True for no unused bytes.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// True when nothing more fits.
    pub fn is_full(&self) -> bool {
        self.len() == self.bytes.len()
    }

    /// Its size.
    pub fn capacity(&self) -> usize {
        self.bytes.len()
    }

    /// Room for more; unused bytes are moved to the front when the room at the end runs out.
    #[inline]
    pub fn space(&mut self) -> &mut [u8] {
        if self.start == self.end {
            self.clear();
        } else if self.end == self.bytes.len() && self.start > 0 {
            self.bytes.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        &mut self.bytes[self.end..]
    }

    /// Says that `n` bytes were written into [`Self::space`].
    #[inline]
    pub fn advance(&mut self, n: usize) {
        self.end = (self.end + n).min(self.bytes.len());
    }

    /// Drops the first `n` unused bytes.
    #[inline]
    pub fn consume(&mut self, n: usize) {
        self.start = (self.start + n).min(self.end);
    }

    /// Appends as much of `bytes` as fits and says how much.
    pub fn fill(&mut self, bytes: &[u8]) -> usize {
        let space = self.space();
        let n = bytes.len().min(space.len());
        space[..n].copy_from_slice(&bytes[..n]);
        self.advance(n);
        n
    }

    /// A part of the unused bytes.
    #[inline]
    pub fn slice(&self, range: Range<usize>) -> &[u8] {
        self.filled().get(range).unwrap_or_default()
    }

    /// Moves `n` bytes from offset `from` down to offset `to`, both counted in the unused bytes.
    #[inline]
    pub fn join(&mut self, to: usize, from: usize, n: usize) {
        if to != from && n > 0 {
            let (from, to) = (self.start + from, self.start + to);
            self.bytes.copy_within(from..from + n, to);
        }
    }

    /// Takes out the bytes between offsets `from` and `to`, by moving up what stands before them.
    #[inline]
    pub fn close_gap(&mut self, from: usize, to: usize) {
        if from < to {
            if self.start + to == self.end {
                self.end = self.start + from;
                return;
            }
            if from > 0 {
                self.bytes.copy_within(self.start..self.start + from, self.start + to - from);
            }
            self.start += to - from;
        }
    }

    /// Drops everything.
    #[inline]
    pub fn clear(&mut self) {
        self.start = 0;
        self.end = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_close_and_space_comes_back() {
        let mut buffer = Buffer::new(8);
        assert_eq!(buffer.fill(b"abXXcdef"), 8);
        buffer.close_gap(2, 4);
        assert_eq!(buffer.filled(), b"abcdef");
        buffer.consume(3);
        assert_eq!(buffer.fill(b"ghijklm"), 5);
        assert_eq!(buffer.filled(), b"defghijk");
        assert!(buffer.is_full());
    }
}
