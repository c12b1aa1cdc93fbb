//! Statistics: one table of columns for proxies and servers, one of fields for the process, and their printed forms.

pub(crate) mod column;
pub(crate) mod file;
mod health;
mod info;
pub mod page;
mod print;
mod process;
pub mod prometheus;
mod row;
mod value;

pub use column::{COLUMNS, Column};
pub(crate) use health::of as health;
pub use info::{FIELDS, Field, Source};
pub use print::{Style, json_text, print_info, print_stat};
pub use process::Process;
pub use row::{Only, Row, Walk, rows};
pub use value::{Tags, Value};

#[cfg(test)]
pub(crate) mod tests;
