//! The line between monitor and worker. One packet is one message; the end of either side shows as an end of file.

use crate::sys;
use lb_core::admin::Level;
use nix::sys::socket::{
    AddressFamily, ControlMessage, MsgFlags, SockFlag, SockType, send, sendmsg, socketpair,
};
use std::io::{self, IoSlice};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

/// One end.
#[derive(Debug)]
pub(crate) struct Channel(OwnedFd);

/// A message.
#[derive(Debug)]
pub(crate) enum Word {
    /// The worker accepts connections.
    Ready,
    /// The worker is to take a new configuration: what was read for it, sockets that were bound for it, and whether what
    /// runs on the one before ends at once.
    Reload(OwnedFd, Vec<OwnedFd>, bool),
    /// It did.
    Reloaded,
    /// It did not, and why.
    Refused(String),
    /// Something came whose descriptors found no place in this process; `asked`: the other side waits for an answer.
    Lost { asked: bool },
    /// The worker is to serve a session of the runtime API on this socket.
    Session(Session),
}

/// A session of the runtime API that began on the master socket.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) socket: OwnedFd,
    /// What it may do.
    pub(crate) level: Level,
    /// What its client has said already.
    pub(crate) said: Vec<u8>,
}

const READY: &[u8] = b"ready";
const RELOADED: &[u8] = b"reloaded";
const REFUSED: &[u8] = b"refused ";
/// Descriptors of a reload that come in several packets; the last one is [`GO`] or [`HARD`].
const PART: &[u8] = b"part";
const GO: &[u8] = b"go";
/// The same where what runs ends at once.
const HARD: &[u8] = b"hard";
/// A session; its level and what was said follow.
const SESSION: &[u8] = b"session ";

/// Descriptors in one packet; the kernel takes 253.
const FDS: usize = 200;
/// Longest reason.
const LONGEST: usize = 16 * 1024;
/// Longest packet: a reason, or what a session's client has said.
const PACKET: usize = LONGEST + 64;

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

    /// Has the worker serve a session.
    ///
    /// # Errors
    /// As for [`Self::send_ready`]; or more was said than a packet holds.
    pub(crate) fn send_session(&self, session: Session) -> io::Result<()> {
        let level = match session.level {
            Level::User => b'u',
            Level::Operator => b'o',
            Level::Admin => b'a',
        };
        let packet = [SESSION, &[level], &session.said].concat();
        if packet.len() > PACKET {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let fds = [session.socket.as_raw_fd()];
        let control = [ControlMessage::ScmRights(&fds)];
        sendmsg::<()>(self.0.as_raw_fd(), &[IoSlice::new(&packet)], &control, MsgFlags::MSG_NOSIGNAL, None)?;
        Ok(())
    }

    fn send(&self, packet: &[u8]) -> io::Result<()> {
        send(self.0.as_raw_fd(), packet, MsgFlags::MSG_NOSIGNAL)?;
        Ok(())
    }

    /// Has the worker take a new configuration.
    ///
    /// # Errors
    /// As for [`Self::send_ready`].
    pub(crate) fn send_reload(&self, bundle: OwnedFd, sockets: Vec<OwnedFd>, hard: bool) -> io::Result<()> {
        let all: Vec<OwnedFd> = std::iter::once(bundle).chain(sockets).collect();
        let raw: Vec<_> = all.iter().map(AsRawFd::as_raw_fd).collect();
        let last = raw.len().div_ceil(FDS);
        for (number, fds) in raw.chunks(FDS).enumerate() {
            let word = match (number + 1 == last, hard) {
                (false, _) => PART,
                (true, false) => GO,
                (true, true) => HARD,
            };
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
        let (mut fds, mut cut) = (Vec::new(), false);
        loop {
            let packet = self.packet(&mut fds, &mut cut)?;
            return match &*packet {
                b"" => Ok(None),
                PART => continue,
                READY => Ok(Some(Word::Ready)),
                RELOADED => Ok(Some(Word::Reloaded)),
                GO | HARD if cut => Ok(Some(Word::Lost { asked: true })),
                other if cut && other.starts_with(SESSION) => Ok(Some(Word::Lost { asked: false })),
                word @ (GO | HARD) if !fds.is_empty() => {
                    let bundle = fds.remove(0);
                    Ok(Some(Word::Reload(bundle, fds, word == HARD)))
                }
                other => match (other.strip_prefix(REFUSED), session(other, &mut fds)) {
                    (Some(why), _) => Ok(Some(Word::Refused(String::from_utf8_lossy(why).into_owned()))),
                    (None, Some(session)) => Ok(Some(Word::Session(session))),
                    (None, None) => Err(io::ErrorKind::InvalidData.into()),
                },
            };
        }
    }

    /// One packet; its descriptors are appended. `cut` becomes true when some were lost.
    fn packet(&self, fds: &mut Vec<OwnedFd>, cut: &mut bool) -> io::Result<Vec<u8>> {
        loop {
            match sys::receive(self.0.as_fd(), PACKET, FDS) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
                Ok(received) => {
                    fds.extend(received.fds);
                    *cut |= received.cut;
                    return Ok(received.bytes);
                }
            }
        }
    }
}

fn session(packet: &[u8], fds: &mut Vec<OwnedFd>) -> Option<Session> {
    let (level, said) = packet.strip_prefix(SESSION)?.split_first()?;
    let level = match level {
        b'u' => Level::User,
        b'o' => Level::Operator,
        b'a' => Level::Admin,
        _ => return None,
    };
    Some(Session { socket: fds.pop()?, level, said: said.to_vec() })
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
    fn sessions_arrive_with_what_was_said() {
        let (one, other) = Channel::pair().unwrap();
        let (near, far) = std::os::unix::net::UnixStream::pair().unwrap();
        let said = b"show info\nshow".to_vec();
        one.send_session(Session { socket: far.into(), level: Level::Operator, said: said.clone() }).unwrap();
        let Some(Word::Session(session)) = other.receive().unwrap() else { panic!("no session") };
        assert_eq!((session.level, session.said), (Level::Operator, said));
        drop(session.socket);
        assert_eq!(std::io::Read::read(&mut &near, &mut [0; 8]).unwrap(), 0);
        let (_near, far) = std::os::unix::net::UnixStream::pair().unwrap();
        let long = Session { socket: far.into(), level: Level::Operator, said: vec![b'x'; PACKET] };
        assert!(one.send_session(long).is_err(), "what would arrive cut short is not sent");
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
        one.send_reload(bundle, fds.collect(), true).unwrap();
        let Some(Word::Reload(bundle, sockets, true)) = other.receive().unwrap() else { panic!("no reload") };
        let found: Vec<_> = std::iter::once(&bundle).chain(&sockets).map(inode).collect();
        assert_eq!(found, expected);
    }
}
