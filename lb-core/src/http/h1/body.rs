//! Bodies: which of the bytes at hand are data, and when the body ends. No bytes are copied.

use crate::http::message::Framing;
use memchr::memchr;

/// Where the reading of a body stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Body {
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Done,
    Length(u64),
    UntilClose,
    /// At a chunk's size line.
    Size,
    /// In a chunk's data, that many bytes left.
    Data(u64),
    /// At the line end after a chunk's data.
    DataEnd,
    /// Before the trailers.
    Trailers,
}

/// What the bytes at hand are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// That many bytes of framing come first: drop them and ask again.
    Skip(usize),
    /// That many bytes are data (at least one).
    Data(usize),
    /// The body ends after that many bytes: trailer lines of the first number, then framing.
    End(usize, usize),
    /// More bytes are needed.
    More,
}

/// Broken chunked coding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodyError;

/// Longest size line with its extensions; a longer one is refused.
const MAX_SIZE_LINE: usize = 4096;

impl Body {
    /// A body that has not been read yet.
    pub fn new(framing: Framing) -> Self {
        let state = match framing {
            Framing::None | Framing::Length(0) => State::Done,
            Framing::Length(length) => State::Length(length),
            Framing::Chunked => State::Size,
            Framing::UntilClose => State::UntilClose,
        };
        Self { state }
    }

    /// True when all of it has been read.
    #[inline]
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// True when the end of the connection is its proper end.
    pub fn ends_at_close(&self) -> bool {
        self.state == State::UntilClose
    }

    /// Data bytes still to come, where the framing says so.
    pub fn remaining(&self) -> Option<u64> {
        match self.state {
            State::Done => Some(0),
            State::Length(left) => Some(left),
            _ => None,
        }
    }

    /// Looks at the bytes at hand. What it reports must be consumed before the next call.
    #[inline]
    pub fn step(&mut self, input: &[u8]) -> Result<Progress, BodyError> {
        match self.state {
            State::Done => Ok(Progress::End(0, 0)),
            _ if input.is_empty() => Ok(Progress::More),
            State::UntilClose => Ok(Progress::Data(input.len())),
            State::Length(left) => {
                let n = clamp(left, input.len());
                self.state = if left == n as u64 { State::Done } else { State::Length(left - n as u64) };
                Ok(Progress::Data(n))
            }
            State::Data(left) => {
                let n = clamp(left, input.len());
                self.state = if left == n as u64 { State::DataEnd } else { State::Data(left - n as u64) };
                Ok(Progress::Data(n))
            }
            State::DataEnd => match input {
                [b'\r', b'\n', ..] => self.skip(2, State::Size),
                [b'\r'] => Ok(Progress::More),
                _ => Err(BodyError),
            },
            State::Size => self.size_line(input),
            State::Trailers => self.trailers(input),
        }
    }

    fn skip(&mut self, n: usize, next: State) -> Result<Progress, BodyError> {
        self.state = next;
        Ok(Progress::Skip(n))
    }

    /// `hex[;extensions]CRLF`.
    fn size_line(&mut self, input: &[u8]) -> Result<Progress, BodyError> {
        let digits = input.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        let significant = input[..digits].iter().skip_while(|digit| **digit == b'0');
        if (digits == 0 && !input.is_empty()) || significant.clone().count() > 16 {
            return Err(BodyError);
        }
        let blanks = input[digits..].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let at = digits + blanks;
        let end = match &input[at..] {
            [] | [b'\r'] => return self.unfinished(input),
            [b'\r', b'\n', ..] => at + 2,
            [b';', ..] => match memchr(b'\n', &input[at..]) {
                None => return self.unfinished(input),
                Some(offset) => {
                    let extension = &input[at..at + offset];
                    if memchr(b'\r', extension) != Some(offset - 1) {
                        return Err(BodyError);
                    }
                    at + offset + 1
                }
            },
            _ => return Err(BodyError),
        };
        if end > MAX_SIZE_LINE {
            return Err(BodyError);
        }
        let size = significant.fold(0_u64, |sum, digit| (sum << 4) | hex(*digit));
        if size > i64::MAX as u64 {
            return Err(BodyError);
        }
        self.skip(end, if size == 0 { State::Trailers } else { State::Data(size) })
    }

    fn unfinished(&self, input: &[u8]) -> Result<Progress, BodyError> {
        if input.len() > MAX_SIZE_LINE { Err(BodyError) } else { Ok(Progress::More) }
    }

    /// All trailer lines and the blank line after them.
    fn trailers(&mut self, input: &[u8]) -> Result<Progress, BodyError> {
        let mut at = 0;
        loop {
            let rest = &input[at..];
            let blank = match rest {
                [b'\r', b'\n', ..] => 2,
                [b'\n', ..] => 1,
                _ => 0,
            };
            if blank > 0 {
                self.state = State::Done;
                return Ok(Progress::End(at, blank));
            }
            match memchr(b'\n', rest) {
                Some(end) => at += end + 1,
                None => return Ok(Progress::More),
            }
        }
    }
}

fn clamp(left: u64, have: usize) -> usize {
    usize::try_from(left).unwrap_or(usize::MAX).min(have)
}

fn hex(digit: u8) -> u64 {
    u64::from(match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => digit.wrapping_sub(b'A').wrapping_add(10) & 0xf,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(framing: Framing, mut input: &[u8]) -> Result<(Vec<u8>, bool, usize), BodyError> {
        let mut body = Body::new(framing);
        let mut out = Vec::new();
        loop {
            match body.step(input)? {
                Progress::Skip(n) => input = &input[n..],
                Progress::Data(n) => {
                    out.extend_from_slice(&input[..n]);
                    input = &input[n..];
                }
                Progress::End(lines, blank) => return Ok((out, true, input.len() - lines - blank)),
                Progress::More => return Ok((out, false, input.len())),
            }
        }
    }

    #[test]
    fn chunks_are_decoded() {
        assert_eq!(
            data(Framing::Chunked, b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: v\r\n\r\nrest"),
            Ok((b"abcde".to_vec(), true, 4))
        );
        assert_eq!(data(Framing::Chunked, b"3\r\nab"), Ok((b"ab".to_vec(), false, 0)));
        for bad in [
            &b"x\r\n"[..],
            b"3\r\nabcd\r\n",
            b"-1\r\n",
            b"11111111111111111\r\n",
            b"ffffffffffffffff\r\n",
            b"3\nabc\n",
            b"3;x\n",
            b"3 x\r\n",
        ] {
            assert_eq!(data(Framing::Chunked, bad), Err(BodyError), "{bad:?}");
        }
    }

    #[test]
    fn lengths_end() {
        assert_eq!(data(Framing::Length(3), b"abcd"), Ok((b"abc".to_vec(), true, 1)));
        assert_eq!(data(Framing::None, b"abcd"), Ok((vec![], true, 4)));
        assert_eq!(data(Framing::UntilClose, b"abcd"), Ok((b"abcd".to_vec(), false, 0)));
    }
}
