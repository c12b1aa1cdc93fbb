//! Asking a running process for its sockets.

use super::offered::Offered;
use super::wire::Label;
use super::{ACKNOWLEDGED, BATCH, MOST};
use crate::sys;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg};
use socket2::Socket;
use std::io::{self, IoSliceMut, Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// A process that says nothing for so long has nothing to give.
const PATIENCE: Duration = Duration::from_secs(1);

/// Takes the listening sockets of the process behind a stats socket with `expose-fd listeners`.
///
/// # Errors
/// Nobody is there, it gives none, or what it says is no answer.
pub fn take(path: &Path) -> io::Result<Offered> {
    let mut stream = UnixStream::connect(path)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(b"_getsocks\n")?;
    let mut count = [0; 4];
    stream.read_exact(&mut count)?;
    let count = usize::try_from(i32::from_ne_bytes(count)).ok().filter(|count| *count <= MOST);
    let count = count.ok_or(io::ErrorKind::InvalidData)?;
    let (mut sockets, mut labels, mut said) = (Vec::new(), Vec::new(), Vec::new());
    while sockets.len() < count || labels.len() < count {
        let before = sockets.len();
        receive(&stream, &mut said, &mut sockets)?;
        let mut left = &said[..];
        labels.extend(std::iter::from_fn(|| Label::read(&mut left)));
        let read = said.len() - left.len();
        said.drain(..read);
        if sockets.len() > before {
            // After the last batch nobody may listen any more.
            let _ = stream.write_all(&ACKNOWLEDGED);
        }
    }
    Ok(Offered::new(sockets.into_iter().zip(labels)))
}

/// One message: bytes and descriptors are appended.
fn receive(stream: &UnixStream, said: &mut Vec<u8>, sockets: &mut Vec<Socket>) -> io::Result<()> {
    let mut bytes = [0; 16 * 1024];
    let mut parts = [IoSliceMut::new(&mut bytes)];
    let mut space = nix::cmsg_space!([RawFd; BATCH]);
    let flags = MsgFlags::MSG_CMSG_CLOEXEC;
    let message = recvmsg::<()>(stream.as_raw_fd(), &mut parts, Some(&mut space), flags)?;
    let length = message.bytes;
    for control in message.cmsgs()? {
        if let ControlMessageOwned::ScmRights(fds) = control {
            sockets.extend(fds.into_iter().map(|fd| Socket::from(sys::own(fd))));
        }
    }
    if length == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    said.extend_from_slice(bytes.get(..length).unwrap_or_default());
    Ok(())
}
