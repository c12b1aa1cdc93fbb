//! The only room of this crate that may hold `unsafe`.
#![allow(unsafe_code)]

use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::Arc;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Has a thread that gets this signal leave its processor to others that want it.
pub(crate) fn yield_at(signal: Signal) -> nix::Result<()> {
    extern "C" fn leave(_: libc::c_int) {
        // SAFETY: it takes nothing, and on Linux never fails, so that it leaves `errno` alone.
        unsafe { libc::sched_yield() };
    }
    let action = SigAction::new(SigHandler::Handler(leave), SaFlags::SA_RESTART, SigSet::empty());
    // SAFETY: the handler makes one system call, which handlers of signals may make, and touches no memory.
    unsafe { sigaction(signal, &action) }.map(drop)
}

/// Sets an integer TCP option that no wrapper crate knows.
pub(crate) fn set_tcp_option(socket: &impl AsFd, name: libc::c_int, value: libc::c_int) -> io::Result<()> {
    let size = std::mem::size_of::<libc::c_int>() as libc::socklen_t;
    // SAFETY: the pointer and the size are those of `value`, which outlives the call; the descriptor is borrowed.
    let done = unsafe {
        libc::setsockopt(
            socket.as_fd().as_raw_fd(),
            libc::IPPROTO_TCP,
            name,
            (&raw const value).cast::<libc::c_void>(),
            size,
        )
    };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// What the kernel knows of a TCP connection (`TCP_INFO`); what an older one does not know is zero.
pub(crate) fn tcp_info(socket: &impl AsFd) -> io::Result<libc::tcp_info> {
    let mut info = std::mem::MaybeUninit::<libc::tcp_info>::zeroed();
    let mut size = std::mem::size_of::<libc::tcp_info>() as libc::socklen_t;
    // SAFETY: the pointer and the size are those of `info`, which outlives the call; the descriptor is borrowed.
    let done = unsafe {
        libc::getsockopt(
            socket.as_fd().as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_INFO,
            info.as_mut_ptr().cast::<libc::c_void>(),
            &raw mut size,
        )
    };
    // SAFETY: it consists of integers, for which zeroes are values, and the kernel wrote no more than the size.
    if done == 0 { Ok(unsafe { info.assume_init() }) } else { Err(io::Error::last_os_error()) }
}

/// A descriptor that the process inherited, checked to be open.
pub(crate) fn inherited_fd(fd: i32) -> io::Result<BorrowedFd<'static>> {
    if fd < 0 {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    // SAFETY: fd is not -1, and the borrow is only used for one fcntl that fails on a descriptor that isn't open.
    let borrowed = unsafe { BorrowedFd::borrow_raw(fd) };
    nix::fcntl::fcntl(borrowed, nix::fcntl::FcntlArg::F_GETFD)?;
    Ok(borrowed)
}

/// Moves up to `length` bytes from one descriptor to another, one of which is a pipe, inside the kernel. Never waits.
pub(crate) fn splice(from: BorrowedFd<'_>, to: BorrowedFd<'_>, length: usize) -> io::Result<usize> {
    let flags = libc::SPLICE_F_MOVE | libc::SPLICE_F_NONBLOCK;
    // SAFETY: both descriptors are borrowed for the call, null offsets stand for "as they are", no memory is passed.
    let moved = unsafe {
        libc::splice(
            from.as_raw_fd(),
            std::ptr::null_mut(),
            to.as_raw_fd(),
            std::ptr::null_mut(),
            length,
            flags,
        )
    };
    usize::try_from(moved).map_err(|_| io::Error::last_os_error())
}

/// Accepts a connection that does not block, with its source: one system call, where the standard library's is blocking.
pub(crate) fn accept(listener: &TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
    let flags = libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    // SAFETY: the kernel writes an address of at most `length` bytes into the storage, and its length into `length`; what
    // it returns, when not negative, is a descriptor that nobody else has.
    let (accepted, source) = unsafe {
        socket2::SockAddr::try_init(|storage, length| {
            let fd = libc::accept4(listener.as_raw_fd(), storage.cast(), length, flags);
            if fd < 0 { Err(io::Error::last_os_error()) } else { Ok(OwnedFd::from_raw_fd(fd)) }
        })
    }?;
    let source = source.as_socket().ok_or(io::ErrorKind::InvalidData)?;
    Ok((accepted.into(), source))
}

/// Has the event loop watch a connection.
pub(crate) fn watch(socket: &Arc<TcpStream>) -> io::Result<AsyncFd<Arc<TcpStream>>> {
    // SAFETY: what is registered holds the socket open, and its descriptor is the same for all its life.
    Ok(unsafe { AsyncFd::register(Arc::clone(socket)) }?)
}

/// Has the event loop watch a listening socket for connections.
pub(crate) fn watch_listener(socket: TcpListener) -> io::Result<AsyncFd<TcpListener>> {
    // SAFETY: what is registered holds the socket open, and its descriptor is the same for all its life.
    Ok(unsafe { AsyncFd::register_with_interest(socket, Interest::READABLE) }?)
}

/// A program gives these up before it begins.
pub(crate) fn deny(command: &mut Command, resources: &'static [Resource]) {
    let give_up = move || {
        resources.iter().try_for_each(|resource| setrlimit(*resource, 0, 0))?;
        Ok(())
    };
    // SAFETY: between fork and exec it makes system calls alone, and neither allocates nor locks.
    unsafe { command.pre_exec(give_up) };
}

/// A descriptor that a message has just brought.
pub(crate) fn own(fd: RawFd) -> OwnedFd {
    // SAFETY: the kernel made this descriptor for the message's receiver, which is the caller; nobody else has it.
    unsafe { OwnedFd::from_raw_fd(fd) }
}
