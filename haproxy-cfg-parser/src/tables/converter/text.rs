//! Converters of text (manual 7.3.1).

use super::{Converter, converter};
use crate::tables::Type::{Any, Bin, Bool, Sint, Str};

#[rustfmt::skip]
pub(super) const ROWS: &[Converter] = &[
    converter("add_item", "string,string[,string]", Str, Str, "Appends an item to a delimited list."),
    converter("concat", "[string,string,string]", Str, Str, "Appends a text, a variable and a text."),
    converter("cut_crlf", "", Str, Str, "Cuts at the first CR or LF."),
    converter("field", "integer,string[,integer]", Str, Str, "A field by its number and the separators."),
    converter("has_ctl", "[string]", Bin, Bool, "True if there is a control character."),
    converter("host_only", "", Str, Str, "The host of a Host header, port removed."),
    converter("iif", "string,string", Bool, Str, "One of two texts by truth."),
    converter("json", "string", Str, Str, "Escapes for a JSON string."),
    converter("json_query", "string[,string]", Str, Any, "A value of a JSON document by its path."),
    converter("language", "string[,string]", Str, Str, "The best language of an Accept-Language header out of a list."),
    converter("lower", "", Str, Str, "In lower case."),
    converter("ltrim", "string", Str, Str, "Removes characters from the start."),
    converter("param", "string[,string]", Str, Str, "A parameter of a delimited list."),
    converter("port_only", "", Str, Sint, "The port of a Host header."),
    converter("regsub", "regex,string[,string]", Str, Str, "Replaces what a regular expression matches."),
    converter("reverse", "", Str, Str, "The text backwards."),
    converter("reverse_dom", "", Str, Str, "A domain name with its labels in reverse order."),
    converter("rtrim", "string", Str, Str, "Removes characters from the end."),
    converter("strcmp", "variable", Str, Sint, "Compares with a variable: below, at or above zero."),
    converter("upper", "", Str, Str, "In upper case."),
    converter("url_dec", "[integer]", Str, Str, "Decodes percent escapes."),
    converter("url_enc", "string", Str, Str, "Encodes with percent escapes."),
    converter("word", "integer,string[,integer]", Str, Str, "A word by its number and the separators."),
];
