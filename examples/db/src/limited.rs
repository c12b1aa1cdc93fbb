//! A bound on the size of a message, below the codec: `pgwire` would buffer up to a gigabyte.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The largest message that a client may send, in bytes.
const MESSAGE_LIMIT: usize = 2 << 20;

/// A stream that gives at most two megabytes until it is [allowed](Self::allow) to give more.
///
/// The codec reads on only while the message in its buffer is incomplete. So what it has read since the last complete one
/// is part of one message.
#[derive(Debug)]
pub struct Limited<S> {
    stream: S,
    left: usize,
}

impl<S> Limited<S> {
    /// Around this stream.
    pub fn new(stream: S) -> Self {
        Self { stream, left: MESSAGE_LIMIT }
    }

    /// Another message begins.
    pub fn allow(&mut self) {
        self.left = MESSAGE_LIMIT;
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Limited<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.left == 0 {
            let text = format!("a message of more than {MESSAGE_LIMIT} bytes");
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, text)));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut this.stream).poll_read(context, buffer))?;
        this.left = this.left.saturating_sub(buffer.filled().len() - before);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Limited<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}
