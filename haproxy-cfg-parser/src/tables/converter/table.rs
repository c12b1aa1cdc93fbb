//! Converters that look a stick table up (manual 7.3.1).

use super::{Converter, converter};
use crate::tables::Type::{Any, Bool, Sint};

#[rustfmt::skip]
pub(super) const ROWS: &[Converter] = &[
    converter("in_table", "table", Any, Bool, "True if the key is in the table."),
    converter("table_bytes_in_rate", "table", Any, Sint, "Bytes per period received from the key, looked up in a stick table."),
    converter("table_bytes_out_rate", "table", Any, Sint, "Bytes per period sent to the key, looked up in a stick table."),
    converter("table_clr_gpc", "integer,table", Any, Sint, "Clears a general purpose counter and gives its value before, looked up in a stick table."),
    converter("table_clr_gpc0", "table", Any, Sint, "Clears the first general purpose counter and gives its value before, looked up in a stick table."),
    converter("table_clr_gpc1", "table", Any, Sint, "Clears the second general purpose counter and gives its value before, looked up in a stick table."),
    converter("table_conn_cnt", "table", Any, Sint, "Connections of the key so far, looked up in a stick table."),
    converter("table_conn_cur", "table", Any, Sint, "Connections of the key now open, looked up in a stick table."),
    converter("table_conn_rate", "table", Any, Sint, "New connections per period of the key, looked up in a stick table."),
    converter("table_expire", "table[,integer]", Any, Sint, "Milliseconds until the key's entry expires."),
    converter("table_glitch_cnt", "table", Any, Sint, "Protocol oddities of the key, looked up in a stick table."),
    converter("table_glitch_rate", "table", Any, Sint, "Protocol oddities per period of the key, looked up in a stick table."),
    converter("table_gpc", "integer,table", Any, Sint, "A general purpose counter of the key."),
    converter("table_gpc0", "table", Any, Sint, "The first general purpose counter of the key."),
    converter("table_gpc0_rate", "table", Any, Sint, "How fast the first general purpose counter grows, looked up in a stick table."),
    converter("table_gpc1", "table", Any, Sint, "The second general purpose counter of the key."),
    converter("table_gpc1_rate", "table", Any, Sint, "How fast the second general purpose counter grows, looked up in a stick table."),
    converter("table_gpc_rate", "integer,table", Any, Sint, "How fast a general purpose counter grows, looked up in a stick table."),
    converter("table_gpt", "integer,table", Any, Sint, "A general purpose tag of the key."),
    converter("table_gpt0", "table", Any, Sint, "The first general purpose tag of the key."),
    converter("table_http_err_cnt", "table", Any, Sint, "HTTP client errors of the key, looked up in a stick table."),
    converter("table_http_err_rate", "table", Any, Sint, "HTTP client errors per period of the key, looked up in a stick table."),
    converter("table_http_fail_cnt", "table", Any, Sint, "HTTP server failures of the key, looked up in a stick table."),
    converter("table_http_fail_rate", "table", Any, Sint, "HTTP server failures per period of the key, looked up in a stick table."),
    converter("table_http_req_cnt", "table", Any, Sint, "HTTP requests of the key, looked up in a stick table."),
    converter("table_http_req_rate", "table", Any, Sint, "HTTP requests per period of the key, looked up in a stick table."),
    converter("table_idle", "table[,integer]", Any, Sint, "Milliseconds since the key's entry was last used."),
    converter("table_inc_gpc", "integer,table", Any, Sint, "Increments a general purpose counter and gives its new value, looked up in a stick table."),
    converter("table_inc_gpc0", "table", Any, Sint, "Increments the first general purpose counter and gives its new value, looked up in a stick table."),
    converter("table_inc_gpc1", "table", Any, Sint, "Increments the second general purpose counter and gives its new value, looked up in a stick table."),
    converter("table_kbytes_in", "table", Any, Sint, "Kilobytes received from the key, looked up in a stick table."),
    converter("table_kbytes_out", "table", Any, Sint, "Kilobytes sent to the key, looked up in a stick table."),
    converter("table_server_id", "table", Any, Sint, "The server that the key is bound to."),
    converter("table_sess_cnt", "table", Any, Sint, "Sessions of the key, looked up in a stick table."),
    converter("table_sess_rate", "table", Any, Sint, "New sessions per period of the key, looked up in a stick table."),
    converter("table_trackers", "table", Any, Sint, "How many sessions track the key."),
];
