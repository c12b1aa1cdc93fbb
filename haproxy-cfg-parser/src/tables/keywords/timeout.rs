//! `timeout NAME TIME` (manual 4.2).

use super::{BE, BOTH, FE, Keyword};
use crate::section::draft::Draft;
use crate::section::proxy::timeout as set;

/// The rows.
#[rustfmt::skip]
pub(crate) const ROWS: &[Keyword<Draft>] = &[
    Keyword::new("timeout check", BE, set::check, "Time for a health check after its connection.", "timeout check 2s"),
    Keyword::new("timeout client", FE, set::client, "Longest silence of the client.", "timeout client 30s"),
    Keyword::new("timeout client-fin", FE, set::client_fin, "Longest silence of a client that was half closed.", "timeout client-fin 5s"),
    Keyword::new("timeout client-hs", FE, set::client_hs, "Time for the client's handshakes.", "timeout client-hs 5s"),
    Keyword::new("timeout connect", BE, set::connect, "Time for connecting to a server.", "timeout connect 5s"),
    Keyword::new("timeout http-keep-alive", BOTH, set::http_keep_alive, "Time until the next request starts.", "timeout http-keep-alive 10s"),
    Keyword::new("timeout http-request", BOTH, set::http_request, "Time for a whole request header.", "timeout http-request 10s"),
    Keyword::new("timeout queue", BE, set::queue, "Time in a queue.", "timeout queue 30s"),
    Keyword::new("timeout server", BE, set::server, "Longest silence of the server.", "timeout server 30s"),
    Keyword::new("timeout server-fin", BE, set::server_fin, "Longest silence of a server that was half closed.", "timeout server-fin 5s"),
    Keyword::new("timeout tarpit", BOTH, set::tarpit, "How long a tarpit holds.", "timeout tarpit 10s"),
    Keyword::new("timeout tunnel", BE, set::tunnel, "Longest silence of a tunnel.", "timeout tunnel 1h"),
];
