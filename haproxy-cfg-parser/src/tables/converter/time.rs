//! Converters of times (manual 7.3.1).

use super::{Converter, converter};
use crate::tables::Type::{Sint, Str};

#[rustfmt::skip]
pub(super) const ROWS: &[Converter] = &[
    converter("date", "", Str, Sint, "Text of an HTTP date as seconds since 1970."),
    converter("http_date", "[integer,string]", Sint, Str, "A time as an HTTP date."),
    converter("ltime", "string[,integer]", Sint, Str, "Seconds since 1970 as local time in a strftime format."),
    converter("ms_ltime", "string[,integer]", Sint, Str, "Milliseconds since 1970 as local time in a strftime format."),
    converter("ms_utime", "string[,integer]", Sint, Str, "Milliseconds since 1970 as UTC in a strftime format."),
    converter("us_ltime", "string[,integer]", Sint, Str, "Microseconds since 1970 as local time in a strftime format."),
    converter("us_utime", "string[,integer]", Sint, Str, "Microseconds since 1970 as UTC in a strftime format."),
    converter("utime", "string[,integer]", Sint, Str, "Seconds since 1970 as UTC in a strftime format."),
];
