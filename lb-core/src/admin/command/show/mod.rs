//! `show ...`.

pub(super) mod backend;
pub(super) mod cli;
pub(super) mod defaults;
pub(super) mod dev;
pub(super) mod env;
pub(super) mod errors;
pub(super) mod events;
pub(super) mod fd;
pub(super) mod info;
pub(super) mod resolvers;
pub(super) mod servers;
pub(super) mod sess;
pub(super) mod stat;
pub(super) mod threads;

use super::{Call, Command, Level, Outcome};
