//! Options of `bind` lines (manual 5.1).

use crate::parse::Cx;
use crate::section::bind::set;

/// An option of a `bind` line.
pub(crate) struct BindOption {
    /// Its name.
    pub(crate) name: &'static str,
    /// How many words follow it.
    pub(crate) args: usize,
    pub(crate) parse: set::Parse,
    /// One line of doc.
    pub(crate) doc: &'static str,
    /// Its words in an example.
    pub(crate) example: &'static str,
}

const fn flag(name: &'static str, parse: set::Parse, doc: &'static str) -> BindOption {
    BindOption { name, args: 0, parse, doc, example: "" }
}

const fn one(name: &'static str, parse: set::Parse, doc: &'static str, example: &'static str) -> BindOption {
    BindOption { name, args: 1, parse, doc, example }
}

/// Keeps the option as written.
fn kept(
    _: &mut Cx<'_>,
    bind: &mut crate::model::BindOptions,
    name: &'static str,
    value: &str,
) -> Result<(), String> {
    let takes_word = ROWS.iter().any(|row| row.name == name && row.args > 0);
    if takes_word && value.is_empty() {
        let what = if matches!(name, "crt" | "default-crt") { "certificate location" } else { "value" };
        return Err(format!("'{name}' : missing {what}"));
    }
    let value = takes_word.then(|| value.to_owned());
    bind.others.push((name, value.into_iter().collect()));
    Ok(())
}

/// The rows.
#[rustfmt::skip]
pub(crate) const ROWS: &[BindOption] = &[
    one("accept-netscaler-cip", set::accept_netscaler, "Reads the client's address from a NetScaler header with this magic number.", "1"),
    flag("accept-proxy", set::accept_proxy, "Reads the client's address from a PROXY header."),
    flag("allow-0rtt", kept, "Accepts early data."),
    one("alpn", kept, "Protocols offered by ALPN.", "h2,http/1.1"),
    one("backlog", set::backlog, "Connections that the kernel queues.", "100"),
    one("ca-file", kept, "Authorities of clients' certificates.", "f.pem"),
    one("ca-ignore-err", kept, "Errors above the certificate that are ignored.", "all"),
    one("ca-sign-file", kept, "Authority that signs made certificates.", "f.pem"),
    one("ca-sign-pass", kept, "Pass phrase of that authority.", "x"),
    one("ca-verify-file", kept, "Authorities used only to verify.", "f.pem"),
    one("cc", kept, "Congestion control algorithm.", "cubic"),
    one("ciphers", kept, "Cipher suites up to TLS 1.2.", "HIGH"),
    one("ciphersuites", kept, "Cipher suites of TLS 1.3.", "TLS_AES_128_GCM_SHA256"),
    one("client-sigalgs", kept, "Signature algorithms of clients' certificates.", "RSA+SHA256"),
    flag("cluster-write", set::cluster_write, "Commands may change what the nodes of a cluster share."),
    one("crl-file", kept, "Revoked certificates.", "f.pem"),
    one("crt", kept, "A certificate, or a folder of them.", "f.pem"),
    one("crt-ignore-err", kept, "Errors of the certificate that are ignored.", "all"),
    one("crt-list", kept, "A list of certificates with options.", "f.list"),
    one("curves", kept, "Curves for the key exchange.", "X25519"),
    one("default-crt", kept, "The certificate when none fits.", "f.pem"),
    flag("defer-accept", set::defer_accept, "Accepts only when data has come."),
    one("ecdhe", kept, "The curve up to TLS 1.2.", "prime256v1"),
    one("expose-fd", set::expose_fd, "Passes listening sockets to a new process.", "listeners"),
    flag("force-sslv3", kept, "SSLv3 only."),
    flag("force-tlsv10", kept, "TLS 1.0 only."),
    flag("force-tlsv11", kept, "TLS 1.1 only."),
    flag("force-tlsv12", kept, "TLS 1.2 only."),
    flag("force-tlsv13", kept, "TLS 1.3 only."),
    flag("generate-certificates", kept, "Makes a certificate for each server name."),
    one("gid", set::gid, "Group number of a unix socket.", "0"),
    one("group", set::group, "Group of a unix socket.", "root"),
    one("guid-prefix", kept, "Start of a name that lasts over reloads.", "a"),
    one("id", set::id, "The socket's number.", "1"),
    one("idle-ping", kept, "Time between pings on idle connections.", "10s"),
    one("interface", set::interface, "The interface to listen on.", "lo"),
    one("ktls", kept, "TLS in the kernel.", "on"),
    one("label", kept, "A name for grouping.", "a"),
    one("level", set::level, "What commands may do.", "admin"),
    one("maxconn", set::maxconn, "Connections at once.", "10"),
    one("mode", set::mode, "Permissions of a unix socket, in octal.", "600"),
    one("mss", set::mss, "Largest segment.", "1400"),
    one("name", set::name, "The socket's name.", "a"),
    one("namespace", kept, "The network namespace.", "a"),
    one("nbconn", kept, "Connections that are opened in reverse.", "1"),
    one("nice", set::nice, "Scheduling of its connections.", "0"),
    flag("no-alpn", kept, "Offers nothing by ALPN."),
    flag("no-ca-names", kept, "Sends no names of authorities."),
    flag("no-sslv3", kept, "No SSLv3."),
    flag("no-strict-sni", kept, "Takes the default certificate for unknown names."),
    flag("no-tls-tickets", kept, "No session tickets."),
    flag("no-tlsv10", kept, "No TLS 1.0."),
    flag("no-tlsv11", kept, "No TLS 1.1."),
    flag("no-tlsv12", kept, "No TLS 1.2."),
    flag("no-tlsv13", kept, "No TLS 1.3."),
    one("npn", kept, "Protocols offered by NPN.", "h2"),
    flag("prefer-client-ciphers", kept, "Takes the client's order of cipher suites."),
    one("process", kept, "Processes that accept, of which there is one today; threads after a slash.", "1/all"),
    one("proto", set::proto, "The protocol, without negotiation.", "h1"),
    one("quic-cc-algo", kept, "Congestion control of QUIC.", "cubic"),
    flag("quic-force-retry", kept, "Always sends a QUIC retry."),
    one("quic-socket", kept, "How QUIC uses sockets.", "listener"),
    one("severity-output", set::severity_output, "How messages show their severity.", "none"),
    one("shards", set::shards, "Listening sockets per address.", "1"),
    one("sigalgs", kept, "Signature algorithms.", "RSA+SHA256"),
    flag("ssl", set::ssl, "TLS."),
    one("ssl-max-ver", kept, "Highest version of TLS.", "TLSv1.3"),
    one("ssl-min-ver", kept, "Lowest version of TLS.", "TLSv1.2"),
    flag("strict-sni", kept, "Refuses unknown server names."),
    one("tcp-md5sig", kept, "Password of TCP signatures.", "x"),
    one("tcp-ss", kept, "Keeps SYN packets.", "1"),
    one("tcp-ut", set::tcp_ut, "Longest time without an acknowledgement.", "30s"),
    flag("tfo", set::tfo, "TCP fast open."),
    one("thread", set::thread, "Threads that accept.", "all"),
    one("tls-ticket-keys", kept, "File of session ticket keys.", "f"),
    flag("tls-tickets", kept, "Session tickets."),
    flag("transparent", set::transparent, "Listens on foreign addresses."),
    one("uid", set::uid, "User number of a unix socket.", "0"),
    one("user", set::user, "User of a unix socket.", "root"),
    flag("v4v6", set::v4v6, "IPv4 too on an IPv6 socket."),
    flag("v6only", set::v6only, "IPv6 only."),
    one("verify", kept, "Whether clients need a certificate.", "none"),
];
