//! The only room of this crate that may hold `unsafe`.
#![allow(unsafe_code)]

use nix::sys::socket::{LinkAddr, SockaddrLike};
use std::io;

/// Ethernet's broadcast address, as long as the system keeps one.
const EVERYBODY: [u8; 8] = [0xff; 8];
/// Of which so much counts.
const LENGTH: u8 = 6;

/// Frames of a protocol on an interface, for whoever is there: what a packet socket is bound to or sends to. No wrapper crate
/// makes one.
pub(crate) fn link_address(index: u32, protocol: u16) -> Option<LinkAddr> {
    let address = libc::sockaddr_ll {
        sll_family: u16::try_from(libc::AF_PACKET).ok()?,
        sll_protocol: protocol.to_be(),
        sll_ifindex: i32::try_from(index).ok()?,
        sll_hatype: 0,
        sll_pkttype: 0,
        sll_halen: LENGTH,
        sll_addr: EVERYBODY,
    };
    let length = libc::socklen_t::try_from(size_of::<libc::sockaddr_ll>()).ok()?;
    // SAFETY: the pointer and the length are those of a whole address of that family, which is copied.
    unsafe { LinkAddr::from_raw((&raw const address).cast(), Some(length)) }
}

/// Makes the calling thread one of real time; threads and processes that it starts are not.
///
/// # Errors
/// It may not be.
pub(crate) fn real_time(priority: i32) -> io::Result<()> {
    let priority = libc::sched_param { sched_priority: priority };
    let policy = libc::SCHED_RR | libc::SCHED_RESET_ON_FORK;
    // SAFETY: 0 means the calling thread; the parameter is whole, and only read.
    done(unsafe { libc::sched_setscheduler(0, policy, &raw const priority) })
}

/// Has the calling thread run before all others that are not of real time; threads and processes that it starts do not.
///
/// # Errors
/// It may not.
pub(crate) fn nicest() -> io::Result<()> {
    let priority = libc::sched_param { sched_priority: 0 };
    let policy = libc::SCHED_OTHER | libc::SCHED_RESET_ON_FORK;
    // SAFETY: 0 means the calling thread; the parameter is whole, and only read.
    done(unsafe { libc::sched_setscheduler(0, policy, &raw const priority) })?;
    // SAFETY: it takes numbers alone; 0 means the calling thread, which is what the call is about on Linux.
    done(unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, -20) })
}

fn done(result: libc::c_int) -> io::Result<()> {
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    #[test]
    fn an_address_says_what_it_was_made_of() {
        let address = super::link_address(3, 0x0806).unwrap();
        assert_eq!((address.ifindex(), address.protocol(), address.halen()), (3, 0x0806_u16.to_be(), 6));
    }
}
