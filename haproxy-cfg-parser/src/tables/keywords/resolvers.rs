//! Keywords of `resolvers` sections (manual 5.3.2).

use super::{BOTH, Keyword};
use crate::section::resolvers;

/// The rows.
#[rustfmt::skip]
pub(crate) const ROWS: &[Keyword<()>] = &[
    Keyword::new("accepted_payload_size", BOTH, resolvers::payload, "Largest UDP answer.", "accepted_payload_size 8192"),
    Keyword::new("hold", BOTH, resolvers::hold, "How long a kind of answer stays valid.", "hold valid 10s"),
    Keyword::new("nameserver", BOTH, resolvers::nameserver, "A name server.", "nameserver ns1 127.0.0.1:53"),
    Keyword::new("parse-resolv-conf", BOTH, resolvers::resolv_conf, "Takes name servers from /etc/resolv.conf.", "parse-resolv-conf"),
    Keyword::new("resolve_retries", BOTH, resolvers::retries, "Queries before giving up.", "resolve_retries 3"),
    Keyword::new("timeout", BOTH, resolvers::timeout, "Time for a resolution or a retry.", "timeout retry 1s"),
];
