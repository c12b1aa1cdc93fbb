//! The life of the process, seen from outside: flags, exit codes, signals, monitor and worker, background, identity,
//! limits, threads.
//!
//! `PROCESS_TEST_PROGRAM=/usr/sbin/haproxy` runs the same tests on Debian's haproxy, except those of what only lb has.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod background;
mod drain;
mod flags;
mod handover;
mod identity;
mod life;
mod limits;
mod master;
mod program;
mod publish;
mod reload;
mod resolve;
mod rings;
mod sessions;
mod socket;
mod stats_file;
mod threads;
