#![allow(clippy::unwrap_used, clippy::panic)]

mod model;
mod simulation;
mod steps;
