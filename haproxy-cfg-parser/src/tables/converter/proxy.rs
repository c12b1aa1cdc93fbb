//! Converters that reach into the running proxy (manual 7.3.1).

use super::{Converter, converter};
use crate::tables::Type::{Addr, Any, Bool, Sint, Str};

#[rustfmt::skip]
pub(super) const ROWS: &[Converter] = &[
    converter("capture-req", "integer", Str, Str, "Stores into a request capture slot."),
    converter("capture-res", "integer", Str, Str, "Stores into a response capture slot."),
    converter("debug", "[string,string]", Any, Any, "Sends the sample to a debugging sink and passes it on."),
    converter("fe_exists", "", Str, Bool, "True if a frontend has this name."),
    converter("ipmask", "IPv4 mask[,IPv6 mask]", Addr, Addr, "Masks an address."),
    converter("nbsrv", "", Str, Sint, "Servers that are up in the backend of this name."),
    converter("set-var", "variable[,string,string,string,string]", Any, Any, "Stores into a variable and passes it on."),
    converter("srv_is_up", "", Str, Bool, "True if the server named `backend/server` is up."),
    converter("srv_queue", "", Str, Sint, "Requests waiting for the server named `backend/server`."),
    converter("unset-var", "variable", Any, Any, "Forgets a variable and passes the sample on."),
    converter("when", "string[,string,string]", Any, Any, "Passes the sample on only under a condition."),
];
