//! The only room of this package that may hold `unsafe`.
#![allow(unsafe_code)]

use haproxy_cfg_parser::raw;
use nix::unistd::ForkResult;
use std::ffi::{CStr, OsStr};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;

/// Splits the process in two. Only while it has one thread: after `fork` the child has just the calling one,
/// and what the others had locked stays locked.
///
/// # Errors
/// The system's, or an own one if there is more than one thread.
pub(crate) fn fork() -> io::Result<ForkResult> {
    require_one_thread("fork")?;
    // SAFETY: there is only this thread, so the child finds every lock and the allocator in a whole state.
    Ok(unsafe { nix::unistd::fork() }?)
}

/// Makes the environment say exactly `wanted`. Only while the process has one thread.
///
/// # Errors
/// An own one if there is more than one thread.
pub(crate) fn replace_environment(wanted: &[(String, String)]) -> io::Result<()> {
    require_one_thread("change the environment")?;
    for (name, _) in std::env::vars_os() {
        if !wanted.iter().any(|(known, _)| OsStr::new(known) == name) {
            // SAFETY: there is only this thread, so nobody reads the environment meanwhile.
            unsafe { std::env::remove_var(&name) };
        }
    }
    for (name, value) in wanted {
        set_variable(name, OsStr::from_bytes(&raw::bytes(value)));
    }
    Ok(())
}

/// Sets variables of the environment. Only while the process has one thread.
///
/// # Errors
/// An own one if there is more than one thread.
pub(crate) fn add_environment(added: &[(&str, String)]) -> io::Result<()> {
    require_one_thread("change the environment")?;
    for (name, value) in added {
        set_variable(name, OsStr::new(value));
    }
    Ok(())
}

/// Called with one thread only.
fn set_variable(name: &str, value: &OsStr) {
    let valid = !name.is_empty() && !name.contains(['=', '\0']) && !value.as_encoded_bytes().contains(&0);
    if valid {
        // SAFETY: the callers have checked that there is only this thread, so nobody reads the environment
        // meanwhile; the name and the value are ones that `set_var` accepts.
        unsafe { std::env::set_var(name, value) };
    }
}

/// A descriptor that a message has just brought.
pub(crate) fn own(fd: RawFd) -> OwnedFd {
    // SAFETY: the kernel made this descriptor for the message's receiver, which is the caller; nobody else has it.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

/// One packet of a socket: its bytes, the descriptors that came with it, and whether some were lost since this process may not have as many.
///
/// # Errors
/// The system's.
pub(crate) fn receive(socket: BorrowedFd<'_>, longest: usize, most: usize) -> io::Result<Received> {
    let room = u32::try_from(most * size_of::<RawFd>()).map_err(io::Error::other)?;
    // SAFETY: computes a number from a number.
    let space = unsafe { libc::CMSG_SPACE(room) } as usize;
    let mut bytes = vec![0_u8; longest];
    // Of words, for the headers' alignment.
    let mut control = vec![0_u64; space.div_ceil(size_of::<u64>())];
    let mut part = libc::iovec { iov_base: bytes.as_mut_ptr().cast(), iov_len: bytes.len() };
    // SAFETY: all bytes zero is a valid value of this C struct.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_iov = &mut part;
    message.msg_iovlen = 1;
    message.msg_control = control.as_mut_ptr().cast();
    message.msg_controllen = space;
    // SAFETY: `message` names one part and one control buffer, which outlive the call and have the lengths that it says.
    let length = unsafe { libc::recvmsg(socket.as_raw_fd(), &mut message, libc::MSG_CMSG_CLOEXEC) };
    bytes.truncate(usize::try_from(length).map_err(|_| io::Error::last_os_error())?);
    let mut fds = Vec::new();
    // SAFETY: the kernel has filled the control buffer, whose length `message` says; these give headers within it, or null.
    let mut header = unsafe { libc::CMSG_FIRSTHDR(&message) };
    while !header.is_null() {
        // SAFETY: not null, so a whole header within the control buffer.
        let found = unsafe { &*header };
        if (found.cmsg_level, found.cmsg_type) == (libc::SOL_SOCKET, libc::SCM_RIGHTS) {
            // SAFETY: data of this kind are descriptors, as many as the header's length says beyond itself.
            let data = unsafe { libc::CMSG_DATA(header) }.cast::<RawFd>();
            // SAFETY: computes a number from a number.
            let before = unsafe { libc::CMSG_LEN(0) } as usize;
            for at in 0..(found.cmsg_len - before) / size_of::<RawFd>() {
                // SAFETY: `at` is below their count; they may stand unaligned.
                fds.push(own(unsafe { data.add(at).read_unaligned() }));
            }
        }
        // SAFETY: as for the first.
        header = unsafe { libc::CMSG_NXTHDR(&message, header) };
    }
    Ok(Received { bytes, fds, cut: message.msg_flags & libc::MSG_CTRUNC != 0 })
}

/// What [`receive`] gives.
pub(crate) struct Received {
    pub(crate) bytes: Vec<u8>,
    pub(crate) fds: Vec<OwnedFd>,
    pub(crate) cut: bool,
}

/// Has the calling thread step back behind others (nice(2)), and give way to one that wakes after a tenth of a millisecond; it
/// cannot come back.
pub(crate) fn step_back(by: i32) {
    // Linux 6.12 and later takes the run time for the slice of a thread that is none of real time, earlier ones pass over it. By
    // itself a slice is some milliseconds, whatever the priority.
    let attributes = libc::sched_attr {
        size: size_of::<libc::sched_attr>() as u32,
        sched_policy: libc::SCHED_OTHER as u32,
        sched_flags: 0,
        sched_nice: by,
        sched_priority: 0,
        sched_runtime: 100_000,
        sched_deadline: 0,
        sched_period: 0,
    };
    // SAFETY: takes and gives numbers only. What it says is dropped: without it the thread runs as before.
    unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, by) };
    // SAFETY: the kernel reads the attributes, of the size that they say, while the call lasts. What it says is dropped as well.
    unsafe { libc::syscall(libc::SYS_sched_setattr, 0, &raw const attributes, 0) };
}

fn require_one_thread(what: &str) -> io::Result<()> {
    // without /proc there is no count: then the callers' place, before the engine makes threads, has to do
    let threads = std::fs::read_dir("/proc/self/task").map_or(1, Iterator::count);
    if threads > 1 {
        return Err(io::Error::other(format!("cannot {what} while several threads run")));
    }
    Ok(())
}

/// A duplicate of a descriptor that this process was started with.
///
/// # Errors
/// The system's, if the number is not an open descriptor.
pub(crate) fn inherited(number: RawFd) -> io::Result<OwnedFd> {
    if number < 0 {
        return Err(io::Error::from_raw_os_error(libc::EBADF));
    }
    // SAFETY: the borrow lives for the call only, in which nothing of this process closes descriptors; for a number that
    // is not open, the system refuses to duplicate it.
    let borrowed = unsafe { BorrowedFd::borrow_raw(number) };
    borrowed.try_clone_to_owned()
}

/// The system's name of a signal, e.g. `Killed`.
pub(crate) fn signal_name(signal: i32) -> String {
    // SAFETY: strsignal takes any number; what it returns is a C string that lives until the next call by this
    // thread, and it is copied at once.
    let name = unsafe {
        let name = libc::strsignal(signal);
        if name.is_null() { None } else { Some(CStr::from_ptr(name).to_string_lossy().into_owned()) }
    };
    name.unwrap_or_else(|| format!("signal {signal}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_have_the_names_of_the_system() {
        assert_eq!(signal_name(libc::SIGKILL), "Killed");
        assert_eq!(signal_name(libc::SIGINT), "Interrupt");
        assert_eq!(signal_name(libc::SIGSEGV), "Segmentation fault");
    }

    #[test]
    fn nothing_forks_beside_other_threads() {
        let (stop, wait) = std::sync::mpsc::channel::<()>();
        let other = std::thread::spawn(move || wait.recv());
        assert!(fork().is_err());
        drop(stop);
        assert!(other.join().is_ok());
    }
}
