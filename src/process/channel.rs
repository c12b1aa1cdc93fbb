//! The line between monitor and worker. One packet is one message; the end of either side shows as an end of file.

use nix::sys::socket::{
    AddressFamily, ControlMessage, ControlMessageOwned, MsgFlags, SockFlag, SockType, recvmsg, send, sendmsg,
    socketpair,
};
use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

/// One end.
#[derive(Debug)]
pub(crate) struct Channel(OwnedFd);

/// A message.
#[derive(Debug)]
pub(crate) enum Word {
    /// The worker accepts connections.
    Ready,
    /// The worker is to take a new configuration: what was read for it, and sockets that were bound for it.
    Reload(OwnedFd, Vec<OwnedFd>),
    /// It did.
    Reloaded,
    /// It did not, and why.
    Refused(String),
}

const READY: &[u8] = b"ready";
const RELOADED: &[u8] = b"reloaded";
const REFUSED: &[u8] = b"refused ";
/// Descriptors of a reload that come in several packets; the last one is [`GO`].
const PART: &[u8] = b"part";
const GO: &[u8] = b"go";

/// Descriptors in one packet; the kernel takes 253.
const FDS: usize = 200;
/// Longest reason.
const LONGEST: usize = 16 * 1024;

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

    /// Tells that the worker accepts connections.
    ///
    /// # Errors
    /// The system's; the other side may be gone.
    pub(crate) fn send_ready(&self) -> io::Result<()> {
        self.send(READY)
    }

    /// Answers a reload.
    ///
    /// # Errors
    /// As for [`Self::send_ready`].
    pub(crate) fn answer(&self, outcome: &Result<(), String>) -> io::Result<()> {
        match outcome {
            Ok(()) => self.send(RELOADED),
            Err(why) => {
                let text = why.as_bytes();
                self.send(&[REFUSED, text.get(..LONGEST).unwrap_or(text)].concat())
            }
        }
    }

    fn send(&self, packet: &[u8]) -> io::Result<()> {
        send(self.0.as_raw_fd(), packet, MsgFlags::MSG_NOSIGNAL)?;
        Ok(())
    }

    /// Has the worker take a new configuration.
    ///
    /// # Errors
    /// As for [`Self::send_ready`].
    pub(crate) fn send_reload(&self, bundle: OwnedFd, sockets: Vec<OwnedFd>) -> io::Result<()> {
        let all: Vec<OwnedFd> = std::iter::once(bundle).chain(sockets).collect();
        let raw: Vec<_> = all.iter().map(AsRawFd::as_raw_fd).collect();
        let last = raw.len().div_ceil(FDS);
        for (number, fds) in raw.chunks(FDS).enumerate() {
            let word = if number + 1 == last { GO } else { PART };
            let control = [ControlMessage::ScmRights(fds)];
            let bytes = [IoSlice::new(word)];
            sendmsg::<()>(self.0.as_raw_fd(), &bytes, &control, MsgFlags::MSG_NOSIGNAL, None)?;
        }
        Ok(())
    }

    /// Waits for a word. None: the other side is gone.
    ///
    /// # Errors
    /// The system's, or a packet that is no word.
    pub(crate) fn receive(&self) -> io::Result<Option<Word>> {
        let mut fds = Vec::new();
        loop {
            let packet = self.packet(&mut fds)?;
            return match &*packet {
                b"" => Ok(None),
                PART => continue,
                READY => Ok(Some(Word::Ready)),
                RELOADED => Ok(Some(Word::Reloaded)),
                GO if !fds.is_empty() => {
                    let bundle = fds.remove(0);
                    Ok(Some(Word::Reload(bundle, fds)))
                }
                other => match other.strip_prefix(REFUSED) {
                    Some(why) => Ok(Some(Word::Refused(String::from_utf8_lossy(why).into_owned()))),
                    None => Err(io::ErrorKind::InvalidData.into()),
                },
            };
        }
    }

    /// One packet; its descriptors are appended.
    fn packet(&self, fds: &mut Vec<OwnedFd>) -> io::Result<Vec<u8>> {
        let mut packet = vec![0; LONGEST + REFUSED.len()];
        let mut space = nix::cmsg_space!([std::os::fd::RawFd; FDS]);
        loop {
            let mut bytes = [IoSliceMut::new(&mut packet)];
            let flags = MsgFlags::MSG_CMSG_CLOEXEC;
            let message = match recvmsg::<()>(self.0.as_raw_fd(), &mut bytes, Some(&mut space), flags) {
                Err(nix::Error::EINTR) => continue,
                other => other?,
            };
            let length = message.bytes;
            for control in message.cmsgs()? {
                if let ControlMessageOwned::ScmRights(raw) = control {
                    fds.extend(raw.into_iter().map(crate::sys::own));
                }
            }
            packet.truncate(length);
            return Ok(packet);
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
        one.send_ready().unwrap();
        one.answer(&Err("why".into())).unwrap();
        drop(one);
        assert!(matches!(other.receive().unwrap(), Some(Word::Ready)));
        assert!(matches!(other.receive().unwrap(), Some(Word::Refused(why)) if why == "why"));
        assert!(other.receive().unwrap().is_none());
        assert!(other.send_ready().is_err());
    }

    #[test]
    fn many_descriptors_arrive_in_order() {
        let (one, other) = Channel::pair().unwrap();
        let pipes: Vec<_> = (0..450).map(|_| std::io::pipe().unwrap().0).collect();
        let inode = |fd: &OwnedFd| nix::sys::stat::fstat(fd).unwrap().st_ino;
        let fds: Vec<OwnedFd> = pipes.into_iter().map(OwnedFd::from).collect();
        let expected: Vec<_> = fds.iter().map(inode).collect();
        let mut fds = fds.into_iter();
        let bundle = fds.next().unwrap();
        one.send_reload(bundle, fds.collect()).unwrap();
        let Some(Word::Reload(bundle, sockets)) = other.receive().unwrap() else { panic!("no reload") };
        let found: Vec<_> = std::iter::once(&bundle).chain(&sockets).map(inode).collect();
        assert_eq!(found, expected);
    }
}
