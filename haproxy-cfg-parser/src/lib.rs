//! Reads HAProxy's configuration language into a typed [`Config`] and a list of [`Diagnostic`]s.
//!
//! The crate is pure: files, environment and feature answers come through the [`World`] trait, so that
//! a configuration can be checked anywhere. Parsing never stops at the first error.

pub mod diagnostic;
pub mod model;

pub use diagnostic::{Diagnostic, Severity};
pub use model::Config;
