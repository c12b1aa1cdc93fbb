//! Three lb processes on loopback that are told things by their runtime API: what one knows, all know, in one order, and keep.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod commands;
mod history;
mod latency;
mod linear;
mod repeated;
mod trio;
