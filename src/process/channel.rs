//! The line between monitor and worker. One packet is one message; the end of either side shows as an end of file.

use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockType, recv, send, socketpair};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

/// One end.
#[derive(Debug)]
pub(crate) struct Channel(OwnedFd);

/// What the worker tells the monitor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    /// It accepts connections.
    Ready,
}

const READY: &[u8] = b"ready";

impl Channel {
    /// Both ends.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn pair() -> io::Result<(Self, Self)> {
        let (one, other) =
            socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC)?;
        Ok((Self(one), Self(other)))
    }

    /// Sends a word.
    ///
    /// # Errors
    /// The system's; the other side may be gone.
    pub(crate) fn send(&self, word: Word) -> io::Result<()> {
        let packet = match word {
            Word::Ready => READY,
        };
        send(self.0.as_raw_fd(), packet, MsgFlags::MSG_NOSIGNAL)?;
        Ok(())
    }

    /// Waits for a word. None: the other side is gone.
    ///
    /// # Errors
    /// The system's, or a packet that is no word.
    pub(crate) fn receive(&self) -> io::Result<Option<Word>> {
        let mut packet = [0; 64];
        let length = loop {
            match recv(self.0.as_raw_fd(), &mut packet, MsgFlags::empty()) {
                Err(nix::Error::EINTR) => {}
                other => break other?,
            }
        };
        match packet.get(..length) {
            Some(b"") => Ok(None),
            Some(READY) => Ok(Some(Word::Ready)),
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }
}

impl AsFd for Channel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn words_arrive_and_the_end_shows() {
        let (one, other) = Channel::pair().unwrap();
        one.send(Word::Ready).unwrap();
        drop(one);
        assert_eq!(other.receive().unwrap(), Some(Word::Ready));
        assert_eq!(other.receive().unwrap(), None);
        assert!(other.send(Word::Ready).is_err());
    }
}
