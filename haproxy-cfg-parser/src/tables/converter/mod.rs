//! Converters (manual 7.3.1): name, arguments, type in and type out.

mod arithmetic;
mod binary;
mod map;
mod protocol;
mod proxy;
mod table;
mod text;
mod time;

use super::Type;
use std::collections::HashMap;
use std::sync::LazyLock;

/// The signature of a converter.
#[derive(Clone, Copy, Debug)]
pub struct Converter {
    /// Its name.
    pub name: &'static str,
    /// Its arguments, as `-dKcnv` prints them.
    pub args: &'static str,
    /// The type that it takes.
    pub input: Type,
    /// The type that it gives; [`Type::Any`] where it passes on what it took.
    pub output: Type,
    /// What it does.
    pub doc: &'static str,
}

const fn converter(
    name: &'static str,
    args: &'static str,
    input: Type,
    output: Type,
    doc: &'static str,
) -> Converter {
    Converter { name, args, input, output, doc }
}

/// Every converter.
pub fn all() -> impl Iterator<Item = &'static Converter> {
    let families = [
        arithmetic::ROWS,
        binary::ROWS,
        text::ROWS,
        time::ROWS,
        proxy::ROWS,
        protocol::ROWS,
        map::ROWS,
        table::ROWS,
    ];
    families.into_iter().flatten()
}

/// The converter of that name.
pub fn find(name: &str) -> Option<&'static Converter> {
    static INDEX: LazyLock<HashMap<&str, &Converter>> =
        LazyLock::new(|| all().map(|converter| (converter.name, converter)).collect());
    INDEX.get(name).copied()
}
