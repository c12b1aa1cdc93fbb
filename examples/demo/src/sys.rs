//! The one thing that needs `unsafe`.
#![allow(unsafe_code)]

use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// The program that is started ends with us, however we end.
pub fn end_with_us(command: &mut Command) {
    let tie = || nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL).map_err(io::Error::from);
    // SAFETY: between fork and exec only async-signal-safe functions may be called, and prctl is one system call.
    unsafe { command.pre_exec(tie) };
}
