//! The only room of this test that may hold `unsafe`.
#![allow(unsafe_code)]

use nix::sys::socket::{LinkAddr, SockaddrLike};

/// Frames of all protocols.
pub(crate) const ALL: u16 = 3;

/// Frames of a protocol, for everybody on an interface.
pub(crate) fn frames_on(index: u32, protocol: u16) -> LinkAddr {
    let address = libc::sockaddr_ll {
        sll_family: libc::AF_PACKET as u16,
        sll_protocol: protocol.to_be(),
        sll_ifindex: i32::try_from(index).unwrap(),
        sll_hatype: 0,
        sll_pkttype: 0,
        sll_halen: 6,
        sll_addr: [0xff; 8],
    };
    let length = size_of::<libc::sockaddr_ll>() as libc::socklen_t;
    // SAFETY: the pointer and the length are those of a whole address of that family, which is copied.
    unsafe { LinkAddr::from_raw((&raw const address).cast(), Some(length)) }.unwrap()
}
