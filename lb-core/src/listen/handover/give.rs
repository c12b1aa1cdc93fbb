//! Giving a process what it asks for.

use super::wire::Label;
use super::{ACKNOWLEDGED, BATCH};
use nix::sys::socket::{ControlMessage, MsgFlags, sendmsg};
use socket2::Socket;
use std::io::{self, IoSlice};
use std::os::fd::{AsRawFd, RawFd};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::UnixStream;

/// A process that does not acknowledge a batch within this time is gone.
const PATIENCE: Duration = Duration::from_secs(1);

/// Gives sockets to the process at the other end.
///
/// # Errors
/// It is gone, or takes too long.
pub(in super::super) async fn give(stream: &mut UnixStream, sockets: &[Socket]) -> io::Result<()> {
    let count = i32::try_from(sockets.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    stream.write_all(&count.to_ne_bytes()).await?;
    let mut batches = sockets.chunks(BATCH).peekable();
    while let Some(batch) = batches.next() {
        send(stream, batch).await?;
        if batches.peek().is_some() {
            let mut acknowledged = ACKNOWLEDGED;
            tokio::time::timeout(PATIENCE, stream.read_exact(&mut acknowledged)).await??;
        }
    }
    Ok(())
}

async fn send(stream: &mut UnixStream, batch: &[Socket]) -> io::Result<()> {
    let mut labels = Vec::new();
    for socket in batch {
        let interface = socket.device().ok().flatten().unwrap_or_default();
        Label { interface, ..Label::default() }.write(&mut labels);
    }
    let fds: Vec<RawFd> = batch.iter().map(AsRawFd::as_raw_fd).collect();
    let send = || {
        let control = [ControlMessage::ScmRights(&fds)];
        let bytes = [IoSlice::new(&labels)];
        Ok(sendmsg::<()>(stream.as_raw_fd(), &bytes, &control, MsgFlags::MSG_NOSIGNAL, None)?)
    };
    let sent = tokio::time::timeout(PATIENCE, stream.async_io(Interest::WRITABLE, send)).await??;
    // Descriptors go with the first byte.
    stream.write_all(labels.get(sent..).unwrap_or_default()).await
}
