//! `option NAME` (manual 4.2).

use super::{BE, BOTH, FE, Sides};
use crate::model::Options;
use crate::parse::{Args, Cx};
use crate::section::draft::Draft;
use crate::section::proxy::{check, option as set};

/// An option of a proxy.
pub(crate) struct ProxyOption {
    /// Its canonical name: `option httplog`.
    pub(crate) name: &'static str,
    pub(crate) sides: Sides,
    pub(crate) kind: Kind,
    /// One line of doc.
    pub(crate) doc: &'static str,
    /// A line that parses.
    pub(crate) example: &'static str,
}

/// How an option is set.
pub(crate) enum Kind {
    /// On or off; `no` turns it off.
    Switch(fn(&mut Options, bool)),
    /// On or off, not typed yet.
    Untyped,
    /// With words of its own; `no` is an error.
    Words(fn(&mut Cx<'_>, &mut Draft, &Args<'_>)),
    /// With words of its own; true for `no`.
    Negatable(fn(&mut Cx<'_>, &mut Draft, &Args<'_>, bool)),
    /// Kept as written with its words.
    Kept,
}

use Kind::{Kept, Negatable, Switch, Untyped, Words};

const fn option(
    name: &'static str,
    sides: Sides,
    kind: Kind,
    doc: &'static str,
    example: &'static str,
) -> ProxyOption {
    ProxyOption { name, sides, kind, doc, example }
}

/// The rows.
#[rustfmt::skip]
pub(crate) const ROWS: &[ProxyOption] = &[
    option("option abortonclose", BOTH, Switch(|o, on| o.abortonclose = Some(on)), "Gives up a waiting request whose client has gone.", "option abortonclose"),
    option("option accept-invalid-http-request", FE, Switch(|o, on| o.accept_invalid_request = on), "Lets some malformed requests through.", "option accept-invalid-http-request"),
    option("option accept-invalid-http-response", BE, Switch(|o, on| o.accept_invalid_response = on), "Lets some malformed responses through.", "option accept-invalid-http-response"),
    option("option accept-unsafe-violations-in-http-request", FE, Switch(|o, on| o.accept_invalid_request = on), "Lets some malformed requests through.", "option accept-unsafe-violations-in-http-request"),
    option("option accept-unsafe-violations-in-http-response", BE, Switch(|o, on| o.accept_invalid_response = on), "Lets some malformed responses through.", "option accept-unsafe-violations-in-http-response"),
    option("option allbackups", BE, Switch(|o, on| o.allbackups = on), "Uses all backup servers at once.", "option allbackups"),
    option("option checkcache", BE, Untyped, "Refuses cacheable responses that set cookies.", "option checkcache"),
    option("option clitcpka", FE, Switch(|o, on| o.tcpka.0 = on), "TCP keep-alive to clients.", "option clitcpka"),
    option("option contstats", FE, Untyped, "Updates byte counters during transfers.", "option contstats"),
    option("option disable-h2-upgrade", FE, Untyped, "Refuses HTTP/2 on clear-text connections.", "option disable-h2-upgrade"),
    option("option dontlog-normal", FE, Switch(|o, on| o.dontlog_normal = on), "Logs only what went wrong.", "option dontlog-normal"),
    option("option dontlognull", FE, Switch(|o, on| o.dontlognull = on), "Does not log connections without a request.", "option dontlognull"),
    option("option external-check", BE, Words(check::kind), "Checks health with a program.", "option external-check"),
    option("option forwarded", BE, Kept, "Adds a Forwarded header.", "option forwarded"),
    option("option forwardfor", BOTH, Words(set::forwardfor), "Adds a header with the client's address.", "option forwardfor except 127.0.0.0/8 header X-A if-none"),
    option("option h1-case-adjust-bogus-client", FE, Switch(|o, on| o.h1_case_adjust.0 = on), "Adjusts the case of header names for clients.", "option h1-case-adjust-bogus-client"),
    option("option h1-case-adjust-bogus-server", BE, Switch(|o, on| o.h1_case_adjust.1 = on), "Adjusts the case of header names for servers.", "option h1-case-adjust-bogus-server"),
    option("option http-buffer-request", BOTH, Switch(|o, on| o.http_buffer_request = on), "Waits for the body before going on.", "option http-buffer-request"),
    option("option http-drop-request-trailers", BE, Untyped, "Drops trailers of requests.", "option http-drop-request-trailers"),
    option("option http-drop-response-trailers", FE, Untyped, "Drops trailers of responses.", "option http-drop-response-trailers"),
    option("option http-ignore-probes", FE, Switch(|o, on| o.http_ignore_probes = on), "Ignores connections that browsers open ahead.", "option http-ignore-probes"),
    option("option http-keep-alive", BOTH, Negatable(set::http_keep_alive), "Keeps both sides' connections.", "option http-keep-alive"),
    option("option http-no-delay", BOTH, Switch(|o, on| o.http_no_delay = on), "Sends every piece at once.", "option http-no-delay"),
    option("option http-pretend-keepalive", BE, Switch(|o, on| o.http_pretend_keepalive = on), "Closes servers' connections without telling them.", "option http-pretend-keepalive"),
    option("option http-restrict-req-hdr-names", BOTH, Words(set::restrict_req_hdr_names), "What happens to unusual header names.", "option http-restrict-req-hdr-names delete"),
    option("option http-server-close", BOTH, Negatable(set::http_server_close), "Closes the server's side after each response.", "option http-server-close"),
    option("option http-use-proxy-header", FE, Switch(|o, on| o.http_use_proxy_header = on), "Uses Proxy-Connection for proxies' clients.", "option http-use-proxy-header"),
    option("option httpchk", BE, Words(set::httpchk), "Checks health with HTTP requests.", "option httpchk GET /x"),
    option("option httpclose", BOTH, Negatable(set::httpclose), "Closes both sides after each response.", "option httpclose"),
    option("option httplog", FE, Words(set::httplog), "Logs in the HTTP format.", "option httplog"),
    option("option httpslog", FE, Words(set::httpslog), "Logs in the HTTPS format.", "option httpslog"),
    option("option idle-close-on-response", FE, Untyped, "Keeps idle connections until they can be closed cleanly.", "option idle-close-on-response"),
    option("option independent-streams", BOTH, Untyped, "Times both directions apart.", "option independent-streams"),
    option("option ldap-check", BE, Words(check::kind), "Checks health with LDAP.", "option ldap-check"),
    option("option log-health-checks", BE, Negatable(set::log_health_checks), "Logs every change of a check.", "option log-health-checks"),
    option("option log-separate-errors", FE, Switch(|o, on| o.log_separate_errors = on), "Logs errors at a higher level.", "option log-separate-errors"),
    option("option logasap", FE, Switch(|o, on| o.logasap = on), "Logs before the end of the transfer.", "option logasap"),
    option("option mysql-check", BE, Words(check::kind), "Checks health with MySQL.", "option mysql-check user a"),
    option("option nolinger", BOTH, Switch(|o, on| o.nolinger = on), "Closes with a reset.", "option nolinger"),
    option("option originalto", BOTH, Words(set::originalto), "Adds a header with the address that the client connected to.", "option originalto"),
    option("option persist", BE, Switch(|o, on| o.persist = on), "Keeps clients on servers that are down.", "option persist"),
    option("option pgsql-check", BE, Words(check::kind), "Checks health with PostgreSQL.", "option pgsql-check user a"),
    option("option prefer-last-server", BE, Switch(|o, on| o.prefer_last_server = on), "Keeps a connection's requests on one server.", "option prefer-last-server"),
    option("option redis-check", BE, Words(check::kind), "Checks health with Redis.", "option redis-check"),
    option("option redispatch", BE, Negatable(set::redispatch), "Tries another server after failures.", "option redispatch 1"),
    option("option smtpchk", BE, Words(check::kind), "Checks health with SMTP.", "option smtpchk HELO a.test"),
    option("option socket-stats", FE, Untyped, "Counts each listening socket apart.", "option socket-stats"),
    option("option splice-auto", BOTH, Switch(|o, on| o.splice.2 = on), "Splices where it seems worthwhile.", "option splice-auto"),
    option("option splice-request", BOTH, Switch(|o, on| o.splice.0 = on), "Splices requests in the kernel.", "option splice-request"),
    option("option splice-response", BOTH, Switch(|o, on| o.splice.1 = on), "Splices responses in the kernel.", "option splice-response"),
    option("option spop-check", BE, Words(check::kind), "Checks health with SPOP.", "option spop-check"),
    option("option srvtcpka", BE, Switch(|o, on| o.tcpka.1 = on), "TCP keep-alive to servers.", "option srvtcpka"),
    option("option ssl-hello-chk", BE, Words(check::kind), "Checks health with a TLS hello.", "option ssl-hello-chk"),
    option("option tcp-check", BE, Words(set::tcp_check), "Checks health with a script.", "option tcp-check"),
    option("option tcp-smart-accept", FE, Untyped, "Saves an ACK when accepting.", "option tcp-smart-accept"),
    option("option tcp-smart-connect", BE, Untyped, "Saves an ACK when connecting.", "option tcp-smart-connect"),
    option("option tcpka", BOTH, Words(set::tcpka), "TCP keep-alive to both sides.", "option tcpka"),
    option("option tcplog", FE, Words(set::tcplog), "Logs in the TCP format.", "option tcplog"),
    option("option transparent", BE, Untyped, "Connects to where the client wanted to go.", "option transparent"),
];
