//! The keeper at work: a thread that waits for orders, for what the kernel tells, and for what is due.

use super::wire::{PACKET, encode};
use super::{Keeper, Order, Remote, Report};
use crate::urgency;
use crate::vip::Moment;
use crate::vip::kernel::{Kernel, Linux, Told};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockType, recv, send, socketpair};
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// The way between who decides and who does it: an end for each, in one process or in two.
///
/// # Errors
/// The system's.
pub fn pair() -> io::Result<(Remote, OwnedFd)> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let (ours, theirs) = socketpair(AddressFamily::Unix, SockType::SeqPacket, None, flags)?;
    Ok((Remote::new(ours), theirs))
}

/// A keeper's thread. It ends when the other side of its way is closed, and then leaves nothing behind.
#[derive(Debug)]
pub struct Service(JoinHandle<()>);

impl Service {
    /// Starts one that opens the guard for a lease at most.
    ///
    /// # Errors
    /// There can be no thread.
    pub fn start(orders: OwnedFd, linux: Linux, lease: Duration) -> io::Result<Self> {
        let work = move || {
            urgency::claim();
            let mut keeper = Keeper::new(linux, lease);
            if let Err(error) = serve(&orders, &mut keeper) {
                tracing::debug!("cluster: the keeper of addresses ends: {error}");
            }
            keeper.end();
        };
        Ok(Self(thread::Builder::new().name("lb-address".into()).spawn(work)?))
    }

    /// Waits for its end.
    pub fn wait(self) {
        let _ = self.0.join();
    }
}

/// Serves until the other side is gone.
fn serve(orders: &OwnedFd, keeper: &mut Keeper<Linux>) -> io::Result<()> {
    let mut last = Report::default();
    loop {
        report(orders, keeper, &mut last)?;
        wait(orders, keeper)?;
        let told = keeper.kernel().told();
        turn(orders, keeper, told)?;
    }
}

/// Does what there is to do now.
pub(crate) fn turn<K: Kernel>(orders: &OwnedFd, keeper: &mut Keeper<K>, told: Told) -> io::Result<()> {
    // What the kernel tells may forbid what is ordered.
    keeper.hear(told);
    keeper.tick();
    while let Some(order) = next(orders)? {
        keeper.obey(order);
    }
    Ok(())
}

/// Says how it is, if that has changed.
pub(crate) fn report<K: Kernel>(orders: &OwnedFd, keeper: &Keeper<K>, last: &mut Report) -> io::Result<()> {
    let report = keeper.report();
    if report != *last {
        match send(orders.as_raw_fd(), &encode(&report), MsgFlags::MSG_NOSIGNAL) {
            Ok(_) => *last = report,
            // It is told later: whoever reads so slowly has its lease ended by time.
            Err(Errno::EAGAIN) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn wait(orders: &OwnedFd, keeper: &mut Keeper<Linux>) -> io::Result<()> {
    let timeout = match keeper.due() {
        Some(due) => timeout(due.saturating_sub(keeper.kernel().now())),
        None => PollTimeout::NONE,
    };
    let mut sources = vec![PollFd::new(orders.as_fd(), PollFlags::POLLIN)];
    sources.extend(keeper.kernel().sources().map(|fd| PollFd::new(fd, PollFlags::POLLIN)));
    match poll(&mut sources, timeout) {
        Ok(_) | Err(Errno::EINTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// In whole milliseconds, and not before.
fn timeout(time: Moment) -> PollTimeout {
    PollTimeout::try_from(time.as_millis().saturating_add(1)).unwrap_or(PollTimeout::MAX)
}

/// The next order. None: there is none now.
fn next(orders: &OwnedFd) -> io::Result<Option<Order>> {
    let mut packet = [0; PACKET];
    match recv(orders.as_raw_fd(), &mut packet, MsgFlags::empty()) {
        Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
        Ok(length) => {
            let order = postcard::from_bytes(packet.get(..length).unwrap_or_default());
            order.map(Some).map_err(|_| io::ErrorKind::InvalidData.into())
        }
        Err(Errno::EAGAIN | Errno::EINTR) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
