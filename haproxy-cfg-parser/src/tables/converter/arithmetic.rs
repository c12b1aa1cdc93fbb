//! Converters of numbers and truth (manual 7.3.1).

use super::{Converter, converter};
use crate::tables::Type::{Bool, Sint};

#[rustfmt::skip]
pub(super) const ROWS: &[Converter] = &[
    converter("add", "number or variable", Sint, Sint, "Adds a number or a variable."),
    converter("and", "number or variable", Sint, Sint, "Binary AND with a number or a variable."),
    converter("bool", "", Sint, Bool, "True unless zero."),
    converter("cpl", "", Sint, Sint, "Every bit flipped."),
    converter("div", "number or variable", Sint, Sint, "Divides by a number or a variable."),
    converter("even", "", Sint, Bool, "True if even."),
    converter("mod", "number or variable", Sint, Sint, "The remainder after dividing by a number or a variable."),
    converter("mul", "number or variable", Sint, Sint, "Multiplies by a number or a variable."),
    converter("neg", "", Sint, Sint, "The number with its sign turned."),
    converter("not", "", Sint, Bool, "True if zero."),
    converter("odd", "", Sint, Bool, "True if odd."),
    converter("or", "number or variable", Sint, Sint, "Binary OR with a number or a variable."),
    converter("sub", "number or variable", Sint, Sint, "Subtracts a number or a variable."),
    converter("xor", "number or variable", Sint, Sint, "Binary exclusive OR with a number or a variable."),
];
