//! Samples: typed values fetched from an exchange and converted (manual 7.1.1, 7.3).
//!
//! An expression is compiled once, at load: its fetch and converters become objects with their arguments checked,
//! and evaluating one looks up no name. What a keyword is called and which arguments it takes stands in the
//! parser's tables; [`fetch::ROWS`] and [`converter::ROWS`] say what it does.

pub mod converter;
mod expr;
pub mod fetch;
mod number;
mod place;
mod printf;
#[cfg(test)]
mod tests;
mod value;
mod vars;

pub use expr::Expr;
pub use fetch::HeaderAddress;
pub(crate) use fetch::{basic_credentials, unhex};
pub use number::{parse_address, parse_int};
pub use place::{Needs, Place};
pub use value::{Sample, Type};
pub use vars::{VarKey, Vars};

use haproxy_cfg_parser::model::Class;

/// True when the fetch or converter of that name has a behaviour here.
pub fn supports(class: Class, name: &str) -> bool {
    match class {
        Class::Fetch => fetch::row(name).is_some(),
        Class::Converter => converter::row(name).is_some(),
        _ => false,
    }
}
