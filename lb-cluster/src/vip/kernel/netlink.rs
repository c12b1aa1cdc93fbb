//! Netlink: sockets, and the form of messages and attributes.

use netlink_packet_core::{NLA_F_NESTED, NLMSG_ALIGNTO};
use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, getsockname, recv, sendto,
    setsockopt, socket, sockopt::RcvBufForce,
};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

/// The longest answer or event.
const PACKET: usize = 64 << 10;
/// Bytes of events that may wait.
const EVENTS: usize = 4 << 20;
/// Length, type, flags, sequence and port.
const HEADER: usize = 16;
/// The type of errors and acknowledgements.
const ERROR: u16 = 2;

/// A socket to one part of the kernel.
#[derive(Debug)]
pub(super) struct Socket {
    fd: OwnedFd,
    buffer: Vec<u8>,
}

impl Socket {
    /// One that hears the groups of a mask, too.
    pub(super) fn open(protocol: SockProtocol, groups: u32) -> io::Result<Self> {
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let fd = socket(AddressFamily::Netlink, SockType::Raw, flags, protocol)?;
        if groups != 0 {
            // Others may change much at once, and an event that is lost counts as the worst.
            let _ = setsockopt(&fd, RcvBufForce, &EVENTS);
        }
        bind(fd.as_raw_fd(), &NetlinkAddr::new(0, groups))?;
        Ok(Self { fd, buffer: vec![0; PACKET] })
    }

    /// What the kernel knows it by, and names as the author of what it changes.
    pub(super) fn port(&self) -> io::Result<u32> {
        Ok(getsockname::<NetlinkAddr>(self.fd.as_raw_fd())?.pid())
    }

    /// Has something done: the kernel does it before this returns.
    ///
    /// # Errors
    /// The kernel's.
    pub(super) fn ask(&mut self, request: &[u8]) -> io::Result<()> {
        self.query(request, |_| ())
    }

    /// The same, and shows what it answers.
    ///
    /// # Errors
    /// As for [`Self::ask`].
    pub(super) fn query(&mut self, request: &[u8], mut show: impl FnMut(&Message<'_>)) -> io::Result<()> {
        // What a request that failed half-way has left is not this one's.
        while self.read(|_| ())? {}
        sendto(self.fd.as_raw_fd(), request, &NetlinkAddr::new(0, 0), MsgFlags::empty())?;
        let mut outcome = None;
        while outcome.is_none()
            && self.read(|message| match message.error() {
                Some(0) => outcome = Some(Ok(())),
                Some(code) => outcome = Some(Err(io::Error::from_raw_os_error(-code))),
                None => show(message),
            })?
        {}
        outcome.unwrap_or_else(|| Err(io::ErrorKind::TimedOut.into()))
    }

    /// Shows what the next packet holds. False: there is none now.
    ///
    /// # Errors
    /// The system's; `ENOBUFS` where some were lost.
    pub(super) fn read(&mut self, mut show: impl FnMut(&Message<'_>)) -> io::Result<bool> {
        let length = loop {
            match recv(self.fd.as_raw_fd(), &mut self.buffer, MsgFlags::empty()) {
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => return Ok(false),
                other => break other?,
            }
        };
        let mut rest = self.buffer.get(..length).unwrap_or_default();
        while let Some((message, after)) = Message::split(rest) {
            show(&message);
            rest = after;
        }
        Ok(true)
    }

    /// Shows all that has come. True: some was lost, whatever it was.
    pub(super) fn drain(&mut self, mut show: impl FnMut(&Message<'_>)) -> bool {
        let mut lost = false;
        loop {
            match self.read(&mut show) {
                Ok(true) => {}
                Ok(false) => return lost,
                Err(error) => {
                    lost = true;
                    if error.raw_os_error() != Some(Errno::ENOBUFS as i32) {
                        return lost;
                    }
                }
            }
        }
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// A message that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Message<'a> {
    pub(super) kind: u16,
    /// Who caused it, of events.
    pub(super) port: u32,
    pub(super) body: &'a [u8],
    /// With its header.
    pub(super) whole: &'a [u8],
}

impl<'a> Message<'a> {
    fn split(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let length = usize::try_from(u32::from_ne_bytes(bytes.first_chunk().copied()?)).ok()?;
        let whole = bytes.get(..length)?;
        let message = Self {
            kind: u16::from_ne_bytes(whole.get(4..6)?.try_into().ok()?),
            port: u32::from_ne_bytes(whole.get(12..16)?.try_into().ok()?),
            body: whole.get(HEADER..)?,
            whole,
        };
        Some((message, bytes.get(aligned(length)..).unwrap_or_default()))
    }

    /// The code, of an error; 0 of an acknowledgement.
    fn error(&self) -> Option<i32> {
        (self.kind == ERROR).then(|| self.body.first_chunk().map_or(0, |code| i32::from_ne_bytes(*code)))
    }
}

/// The attributes that follow a message's fixed part.
pub(super) fn attributes(mut bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let length = usize::from(u16::from_ne_bytes(bytes.first_chunk().copied()?));
        let kind = u16::from_ne_bytes(bytes.get(2..4)?.try_into().ok()?);
        let value = bytes.get(4..length)?;
        bytes = bytes.get(aligned(length)..).unwrap_or_default();
        Some((kind & !NLA_F_NESTED, value))
    })
}

const fn aligned(length: usize) -> usize {
    length.next_multiple_of(NLMSG_ALIGNTO as usize)
}

/// Bytes that attributes are appended to.
#[derive(Debug, Default)]
pub(super) struct Bytes(pub(super) Vec<u8>);

impl Bytes {
    /// A value.
    pub(super) fn put(&mut self, kind: u16, value: &[u8]) -> &mut Self {
        self.within(kind, |bytes| bytes.0.extend_from_slice(value))
    }

    /// A number, as nfnetlink has them.
    pub(super) fn number(&mut self, kind: u16, number: u32) -> &mut Self {
        self.put(kind, &number.to_be_bytes())
    }

    /// Text.
    pub(super) fn text(&mut self, kind: u16, text: &str) -> &mut Self {
        self.within(kind, |bytes| {
            bytes.0.extend_from_slice(text.as_bytes());
            bytes.0.push(0);
        })
    }

    /// Attributes within one.
    pub(super) fn nest(&mut self, kind: u16, fill: impl FnOnce(&mut Self)) -> &mut Self {
        self.within(kind | NLA_F_NESTED, fill)
    }

    fn within(&mut self, kind: u16, fill: impl FnOnce(&mut Self)) -> &mut Self {
        let start = self.0.len();
        self.0.extend_from_slice(&[0; 2]);
        self.0.extend_from_slice(&kind.to_ne_bytes());
        fill(self);
        // Values are of this crate's making, and far shorter.
        let length = u16::try_from(self.0.len() - start).unwrap_or(u16::MAX);
        if let Some(place) = self.0.get_mut(start..start + 2) {
            place.copy_from_slice(&length.to_ne_bytes());
        }
        self.0.resize(aligned(self.0.len()), 0);
        self
    }

    /// A message around what is filled in.
    pub(super) fn message(&mut self, kind: u16, flags: u16, fill: impl FnOnce(&mut Self)) -> &mut Self {
        let start = self.0.len();
        self.0.extend_from_slice(&[0; 4]);
        self.0.extend_from_slice(&kind.to_ne_bytes());
        self.0.extend_from_slice(&flags.to_ne_bytes());
        self.0.extend_from_slice(&[0; 8]);
        fill(self);
        let length = u32::try_from(self.0.len() - start).unwrap_or(u32::MAX);
        if let Some(place) = self.0.get_mut(start..start + 4) {
            place.copy_from_slice(&length.to_ne_bytes());
        }
        self
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut bytes = Bytes::default();
        bytes.message(7, 1, |body| {
            body.text(1, "lb").nest(2, |inner| {
                inner.number(3, 5);
            });
        });
        bytes.message(8, 1, |_| ());
        let (first, rest) = Message::split(&bytes.0).unwrap();
        let found: Vec<_> = attributes(first.body).collect();
        assert_eq!(found[0], (1, &b"lb\0"[..]));
        assert_eq!(found[1].0, 2);
        assert_eq!(attributes(found[1].1).collect::<Vec<_>>(), [(3, &[0, 0, 0, 5][..])]);
        let (second, rest) = Message::split(rest).unwrap();
        assert_eq!((second.kind, second.body, rest), (8, &[][..], &[][..]));
    }

    #[test]
    fn what_is_cut_short_is_no_message() {
        let mut bytes = Bytes::default();
        bytes.message(7, 1, |body| {
            body.number(1, 1);
        });
        for length in 0..bytes.0.len() {
            assert_eq!(Message::split(&bytes.0[..length]), None);
        }
        assert_eq!(attributes(&[9, 0, 1, 0, 1]).count(), 0);
    }
}
