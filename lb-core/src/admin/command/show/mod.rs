//! `show ...`.

pub(super) mod backend;
pub(super) mod cli;
pub(super) mod env;
pub(super) mod info;
pub(super) mod resolvers;
pub(super) mod servers;
pub(super) mod stat;

use super::{Call, Command, Level, Outcome};
