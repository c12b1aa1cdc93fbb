//! The way from here to a server: what its line says of how connections are made.

use super::source::{Origin, Source};
use crate::exchange::Exchange;
use crate::server::ServerAddress;
use std::time::Duration;

/// What a server's line says of its connections (manual 5.2 "source", "socks4", "tcp-ut", "tfo").
#[derive(Debug, Default)]
pub struct Way {
    /// `source`.
    pub source: Source,
    /// `socks4`: the proxy to go through.
    pub socks: Option<ServerAddress>,
    /// `check-via-socks4`: checks go through it too.
    pub checks_via_socks: bool,
    /// `tcp-ut`: the longest time without an acknowledgement.
    pub user_timeout: Option<Duration>,
    /// `tfo`: the first bytes travel with the handshake.
    pub fast_open: bool,
}

impl Way {
    /// The way to `to` for an exchange.
    pub(crate) fn to(&self, to: ServerAddress, exchange: &Exchange) -> Route<'_> {
        Route { via: self.socks.as_ref(), from: self.source.of(Some(exchange)), ..self.plain(to) }
    }

    /// The way to `to` for a check, which may go through the proxy.
    pub(crate) fn check(&self, to: ServerAddress, through: bool) -> Route<'_> {
        let via = self.socks.as_ref().filter(|_| through);
        // Checks send nothing with the handshake.
        Route { via, fast_open: false, ..self.plain(to) }
    }

    fn plain(&self, to: ServerAddress) -> Route<'_> {
        let from = self.source.of(None);
        Route { to, from, via: None, user_timeout: self.user_timeout, fast_open: self.fast_open }
    }
}

/// Where a connection leads, and how it gets there.
#[derive(Debug)]
pub struct Route<'a> {
    /// Where it leads.
    pub to: ServerAddress,
    /// Where it comes from.
    pub from: Origin<'a>,
    /// The SOCKS4 proxy that it goes through.
    pub via: Option<&'a ServerAddress>,
    /// The longest time without an acknowledgement.
    pub user_timeout: Option<Duration>,
    /// The first bytes travel with the handshake.
    pub fast_open: bool,
}

impl Route<'_> {
    /// The straight way.
    pub fn straight(to: ServerAddress) -> Self {
        Self { to, from: Origin::default(), via: None, user_timeout: None, fast_open: false }
    }
}
