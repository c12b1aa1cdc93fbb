//! Reads HAProxy's configuration language into a typed [`Config`] and a list of [`Diagnostic`]s.
//!
//! The crate is pure: files, environment and feature answers come through the [`World`] trait, so that
//! a configuration can be checked anywhere. Parsing never stops at the first error.
//!
//! ```
//! use haproxy_cfg_parser::{Severity, Source, SystemWorld, parse};
//!
//! let source = Source::new("a.cfg", "frontend web\n    bind :8080\n    default_backend nope\n");
//! let (config, diagnostics) = parse(&[source], &SystemWorld::default());
//! assert_eq!(config.proxies[0].name, "web");
//! assert!(diagnostics.iter().any(|d| d.severity == Severity::Alert && d.message.contains("'nope'")));
//! ```

mod check;
pub mod diagnostic;
mod directive;
mod environment;
mod expr;
pub mod lex;
pub mod model;
mod modernise;
mod parse;
mod print;
pub mod raw;
mod render;
mod rule;
mod section;
mod source;
mod suggest;
pub mod tables;
mod value;
mod world;

pub use diagnostic::{Diagnostic, Severity};
pub use directive::{ConditionError, evaluate_condition};
pub use model::Config;
pub use modernise::modernise;
pub use parse::parse;
pub use print::print;
pub use render::{errors_found, fatal_errors, render, render_caret, render_carets, warnings_found};
pub use source::{LoadError, Source, load};
pub use world::{SystemWorld, World};
