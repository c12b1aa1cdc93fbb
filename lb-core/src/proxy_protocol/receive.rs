//! Reading a header from a connection just accepted (`accept-proxy`, `tcp-request connection expect-proxy`, and those of
//! NetScaler's).

use super::{Header, Kind, Refusal, Refused};
use crate::net::{Deadline, Io};
use std::cell::RefCell;
use std::future::poll_fn;
use std::task::{Context, Poll, ready};

thread_local! {
    static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Takes the header off the connection, and no byte more. `size` bounds it.
///
/// # Errors
/// Why there is none.
pub async fn receive(
    kind: Kind,
    io: &mut Io,
    deadline: &mut Deadline,
    size: usize,
) -> Result<Header, Refused> {
    poll_fn(|cx| match SCRATCH.with_borrow_mut(|scratch| poll(cx, kind, io, scratch, size)) {
        Poll::Pending if deadline.poll(cx) => Poll::Ready(Err((Refusal::TimedOut, None))),
        poll => poll,
    })
    .await
}

fn poll(
    cx: &mut Context<'_>,
    kind: Kind,
    io: &mut Io,
    scratch: &mut Vec<u8>,
    size: usize,
) -> Poll<Result<Header, Refused>> {
    scratch.resize(size, 0);
    let seen = match ready!(io.poll_peek(cx, scratch)) {
        Ok(0) => return Poll::Ready(Err((Refusal::Closed, None))),
        Ok(seen) => seen,
        Err(_) => return Poll::Ready(Err((Refusal::Failed, None))),
    };
    let (header, length) = match kind.parse(scratch.get(..seen).unwrap_or_default()) {
        Ok(found) => found,
        Err(refused) => return Poll::Ready(Err(refused)),
    };
    // It has arrived, so reading it takes no wait; none but this task reads.
    let place = scratch.get_mut(..length).unwrap_or_default();
    match io.poll_read(cx, place) {
        Poll::Ready(Ok(read)) if read == length => Poll::Ready(Ok(header)),
        _ => Poll::Ready(Err((Refusal::Failed, header.addresses))),
    }
}
