//! Frames: a version, a kind, a length, and a body.

use super::{Error, FRAME};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

/// The longest body, in bytes.
pub const MAX_BODY: usize = 1 << 20;
/// The version of frames and of what is in them.
const VERSION: u8 = 1;
const HEADER: usize = 6;

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    Greeting = 1,
    Request = 2,
    Answer = 3,
    Refusal = 4,
}

impl Kind {
    fn of(byte: u8) -> Option<Self> {
        [Self::Greeting, Self::Request, Self::Answer, Self::Refusal]
            .into_iter()
            .find(|kind| *kind as u8 == byte)
    }
}

/// Writes a frame, in one piece.
///
/// # Errors
/// The body is too long, or the connection broke, or took more than two seconds.
pub(super) async fn write(to: &mut (impl AsyncWrite + Unpin), kind: Kind, body: &[u8]) -> Result<(), Error> {
    let length = u32::try_from(body.len()).ok().filter(|_| body.len() <= MAX_BODY);
    let length = length.ok_or(Error::Malformed("longer than 1 MiB"))?;
    let mut frame = Vec::with_capacity(HEADER + body.len());
    frame.extend_from_slice(&[VERSION, kind as u8]);
    frame.extend_from_slice(&length.to_le_bytes());
    frame.extend_from_slice(body);
    let sent = async {
        to.write_all(&frame).await?;
        to.flush().await
    };
    Ok(timeout(FRAME, sent).await.map_err(|_| Error::Late(FRAME))??)
}

/// Reads a frame whose first byte may take `idle`; `None` when the peer closed the connection before it.
///
/// # Errors
/// It is malformed or too slow, or the connection broke.
pub(super) async fn read(
    from: &mut (impl AsyncRead + Unpin),
    idle: Duration,
) -> Result<Option<(Kind, Vec<u8>)>, Error> {
    let mut header = [0; HEADER];
    let (first, rest) = header.split_at_mut(1);
    if timeout(idle, from.read(first)).await.map_err(|_| Error::Late(idle))?? == 0 {
        return Ok(None);
    }
    if first != [VERSION] {
        return Err(Error::Malformed("of an unknown version"));
    }
    let remainder = async {
        from.read_exact(rest).await?;
        let [kind, length @ ..] = rest else {
            return Err(Error::Malformed("without a header"));
        };
        let kind = Kind::of(*kind).ok_or(Error::Malformed("of an unknown kind"))?;
        let length = length.iter().rev().fold(0, |length, byte| length << 8 | usize::from(*byte));
        if length > MAX_BODY {
            return Err(Error::Malformed("longer than 1 MiB"));
        }
        let mut body = vec![0; length];
        from.read_exact(&mut body).await?;
        Ok(Some((kind, body)))
    };
    timeout(FRAME, remainder).await.map_err(|_| Error::Malformed("too slow"))?
}
