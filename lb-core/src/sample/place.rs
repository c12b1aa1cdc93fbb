//! Where an expression stands, and what can be known there.

/// Where an expression, condition or format is evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// `tcp-request connection`.
    TcpConnection,
    /// `tcp-request session`.
    TcpSession,
    /// `tcp-request content`.
    TcpRequest,
    /// `http-request` of a frontend, `use_backend`, `redirect`, `monitor fail`, `unique-id-format`.
    HttpRequestFrontend,
    /// `http-request` of a backend or listen section, `use-server`.
    HttpRequestBackend,
    /// `tcp-response content`.
    TcpResponse,
    /// `http-response`, `http-after-response`.
    HttpResponse,
    /// Log formats.
    Log,
    /// Process-wide rules at load.
    Configuration,
}

impl Place {
    /// True while the response is the message at hand: `hdr` then reads its headers.
    pub fn is_response(self) -> bool {
        matches!(self, Self::TcpResponse | Self::HttpResponse)
    }

    /// How error messages name the ruleset.
    pub fn describe(self) -> &'static str {
        match self {
            Self::TcpConnection => "frontend tcp-request connection rule",
            Self::TcpSession => "frontend tcp-request session rule",
            Self::TcpRequest => "tcp-request content rule",
            Self::HttpRequestFrontend => "frontend http-request header rule",
            Self::HttpRequestBackend => "backend http-request header rule",
            Self::TcpResponse => "tcp-response content rule",
            Self::HttpResponse => "http-response header rule",
            Self::Log => "logs",
            Self::Configuration => "configuration parser",
        }
    }
}

/// What a fetch reads, which decides where it can stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Nothing of the exchange, or only the process.
    Nothing,
    /// The client's connection and the frontend.
    Client,
    /// The request's head.
    Request,
    /// The request's body.
    RequestBody,
    /// The request's head as it was (`capture.req.*`): kept until the end.
    RequestHistory,
    /// The backend.
    Backend,
    /// The server.
    Server,
    /// The response's head.
    Response,
    /// The response's head as it was (`capture.res.*`, `status` in logs).
    ResponseHistory,
    /// The response's status line as it was, which request rules may ask for and do not find.
    Kept,
    /// The request's head in request rules, the response's in response rules (`hdr`).
    Message,
    /// Bytes of the request.
    RequestBytes,
    /// Bytes of the response.
    ResponseBytes,
    /// Bytes of the request in request rules, of the response in response rules.
    Bytes,
    /// Known when the exchange is over.
    End,
}

impl Needs {
    /// True when it is there at `place`.
    pub fn met_at(self, place: Place) -> bool {
        use Place::*;
        match self {
            Self::Nothing => true,
            Self::Client => place != Configuration,
            Self::Request | Self::RequestBody | Self::RequestBytes => {
                matches!(place, TcpRequest | HttpRequestFrontend | HttpRequestBackend)
            }
            Self::RequestHistory => !matches!(place, TcpConnection | TcpSession | Configuration),
            Self::Backend => {
                matches!(place, HttpRequestBackend | TcpRequest | TcpResponse | HttpResponse | Log)
            }
            Self::Server => matches!(place, TcpResponse | HttpResponse | Log),
            Self::Response | Self::ResponseBytes => matches!(place, TcpResponse | HttpResponse),
            Self::ResponseHistory => matches!(place, TcpResponse | HttpResponse | Log),
            Self::Kept => !matches!(place, TcpConnection | TcpSession | Configuration),
            Self::Message | Self::Bytes => Self::Request.met_at(place) || Self::Response.met_at(place),
            Self::End => place == Log,
        }
    }

    /// How HAProxy's messages name it.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Nothing => "internal data",
            Self::Client => "session",
            Self::Request | Self::Message => "HTTP request headers",
            Self::RequestBody => "HTTP request body",
            Self::RequestHistory => "HTTP request line",
            Self::Backend => "backend",
            Self::Server => "server",
            Self::Response => "HTTP response headers",
            Self::ResponseHistory | Self::Kept => "HTTP response status line",
            Self::RequestBytes | Self::Bytes => "L6 sample",
            Self::ResponseBytes => "L6 response sample",
            Self::End => "end of session",
        }
    }
}
