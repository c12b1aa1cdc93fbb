//! Connections that begin with a PROXY header (manual 5.2 "send-proxy").

use super::dial::classify;
use super::{ConnectError, dial};
use crate::exchange::Exchange;
use crate::net::{Deadline, Fail, Io};
use crate::proxy_protocol::{self, tlv};
use crate::server::Server;

/// The header that a connection to `server` begins with; empty where it takes none.
pub fn introduction(server: &Server, exchange: &Exchange) -> Vec<u8> {
    let mut header = Vec::new();
    if let Some(style) = server.introduces {
        let addresses = exchange.src().zip(exchange.dst());
        let value = |kind| match kind {
            tlv::AUTHORITY => exchange.session.proxied.as_ref()?.tlv(kind),
            tlv::UNIQUE_ID => crate::log::unique_id(exchange),
            _ => None,
        };
        let further: Vec<_> =
            server.tlvs.iter().map(|(kind, format)| (*kind, format.text(exchange))).collect();
        proxy_protocol::write(style, addresses, value, &further, &mut header);
    }
    header
}

/// Connects to `server` for an exchange, as [`dial`] does, with the server's header in front of `first`: by the time
/// that there is a connection, all of the header has been sent.
///
/// # Errors
/// As [`dial`]'s.
pub async fn open(
    server: &Server,
    exchange: &Exchange,
    first: &[u8],
    deadline: &mut Deadline,
) -> Result<(Io, usize), ConnectError> {
    let route = server.route(exchange);
    let header = introduction(server, exchange);
    let bytes = [&header, first].concat();
    let (mut io, sent) = dial(&route, &bytes, deadline).await?;
    if let Some(left) = header.get(sent..).filter(|left| !left.is_empty()) {
        io.write_all(left, deadline).await.map_err(|fail| match fail {
            Fail::Timeout => ConnectError::Timeout,
            Fail::Io(error) => classify(error),
        })?;
    }
    Ok((io, sent.saturating_sub(header.len())))
}
