//! Where a fetch may stand: one bit per place, in the order of `-dKsmp`'s columns.

/// A place where a sample is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs)]
pub enum Stage {
    FrontendConnection,
    FrontendSession,
    FrontendContent,
    FrontendRequest,
    FrontendRequestBody,
    UseBackend,
    BackendContent,
    BackendRequest,
    BackendRequestBody,
    UseServer,
    ServerSource,
    BackendResponseContent,
    BackendResponse,
    BackendResponseBody,
    StickStore,
    FrontendResponseContent,
    FrontendResponse,
    FrontendResponseBody,
    Log,
    Check,
    Parser,
    Cli,
}

impl Stage {
    /// Its bit in a reach.
    pub const fn bit(self) -> u32 {
        1 << self as u8
    }

    /// How a message names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::FrontendConnection => "frontend tcp-request connection rule",
            Self::FrontendSession => "frontend tcp-request session rule",
            Self::FrontendContent => "frontend tcp-request content rule",
            Self::FrontendRequest => "frontend http-request header rule",
            Self::FrontendRequestBody => "frontend http-request body rule",
            Self::UseBackend => "frontend use-backend rule",
            Self::BackendContent => "backend tcp-request content rule",
            Self::BackendRequest => "backend http-request header rule",
            Self::BackendRequestBody => "backend http-request body rule",
            Self::UseServer => "backend use-server, balance or stick-match rule",
            Self::ServerSource => "server source selection",
            Self::BackendResponseContent => "backend tcp-response content rule",
            Self::BackendResponse => "backend http-response header rule",
            Self::BackendResponseBody => "backend http-response body rule",
            Self::StickStore => "backend stick-store rule",
            Self::FrontendResponseContent => "frontend tcp-response content rule",
            Self::FrontendResponse => "frontend http-response header rule",
            Self::FrontendResponseBody => "frontend http-response body rule",
            Self::Log => "logs",
            Self::Check => "backend tcp-check rule",
            Self::Parser => "configuration parser",
            Self::Cli => "CLI parser",
        }
    }
}

const fn columns(text: &str) -> u32 {
    let bytes = text.as_bytes();
    let mut mask = 0;
    let mut index = 0;
    while index < bytes.len() {
        if bytes[index] == b'Y' {
            mask |= 1 << index;
        }
        index += 1;
    }
    mask
}

/// Constants and what the process knows from its start.
pub const CONSTANT: u32 = columns("YYYYYYYYYYYYYYYYYYYYYY");
/// What the process knows at run time.
pub const ALWAYS: u32 = columns("YYYYYYYYYYYYYYYYYYYY.Y");
/// Needs the client's connection.
pub const CONNECTION: u32 = columns("YYYYYYYYYYYYYYYYYYYY..");
/// Needs the client's session: after the TLS handshake.
pub const CONNECTION_TLS: u32 = columns(".YYYYYYYYYYYYYYYYYY...");
/// Needs the frontend.
pub const FRONTEND: u32 = columns("YYYYYYYYYYYYYYYYYYY...");
/// Needs the request, before it is sent.
pub const REQUEST: u32 = columns("..YYYYYYYYY...........");
/// Needs a request or response buffer.
pub const BUFFER: u32 = columns("..YYYYYYYYYYYYYYYY.Y..");
/// Needs a transaction: anywhere from the request's headers to the log.
pub const TRANSACTION: u32 = columns("..YYYYYYYYYYYYYYYYY...");
/// Needs the backend.
pub const BACKEND: u32 = columns("......YYYYYYYYYYYYYY..");
/// Needs the request to be on its way.
pub const FORWARDED: u32 = columns(".........YYYYYYYYYY...");
/// Needs the server to be chosen.
pub const SERVER: u32 = columns("..........YYYYYYYYYY..");
/// Needs the server's connection.
pub const SERVER_SIDE: u32 = columns("...........YYYYYYYYY..");
/// Needs the response, before it is sent.
pub const RESPONSE: u32 = columns("...........YYYYYYY.Y..");
