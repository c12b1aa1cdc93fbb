//! Why the engine refuses a word.

use haproxy_cfg_parser::model::Class;

/// What a pattern is compared with.
#[derive(Clone, Copy)]
enum Of {
    Any,
    /// Words of a class.
    Class(Class),
    /// The whole of a section: its name, and every keyword in it.
    Section(&'static str),
}

use Of::{Any, Class as In, Section};

/// No row is about the word.
pub(super) const UNKNOWN: &str = "lb has nothing that does it";

/// Of options of servers in `ring` sections.
pub(super) const RING_SERVER: &str = "a server of a ring has an address and a 'log-proto' alone";

/// Words and why they are refused; the first row counts. A pattern is the whole word, or its start (`ssl*`), its end (`*_bin`) or
/// a part of it (`*gpc*`).
#[rustfmt::skip]
const REASONS: &[(Of, &[&str], &str)] = &[
    // Sections.
    (Section("acme"), &[], "lb asks no ACME server for certificates; have a client write the files, and reload"),
    (Section("cache"), &[], "lb keeps no responses yet"),
    (Section("crt-store"), &[], "certificates are named by their files only so far"),
    (Section("fcgi-app"), &[], "lb speaks no FastCGI; put a web server before the application"),
    (Section("log-forward"), &[], "lb passes on no logs of others; have the sender name the log server"),
    (Section("log-profile"), &[], "a proxy has one log format so far"),
    (Section("peers"), &[], "lb's processes share no tables yet"),
    (Section("program"), &[], "lb starts no programs (HAProxy 3.3 removed this section as well); use the system's service manager"),
    (Section("ring"), &[], "lb keeps rings in memory alone; a server of the ring gets what comes"),
    (Section("traces"), &[], "the traces are of HAProxy's own inside"),
    // What lb leaves out.
    (Any, &["*quic*", "quic-cc-algo"], "lb speaks no QUIC"),
    (Any, &["*lua*"], "lb runs no Lua"),
    (Any, &["*spoe*", "*spop*"], "lb asks no SPOE agents"),
    (Any, &["*fcgi*"], "lb speaks no FastCGI; put a web server before the application"),
    (Any, &["51degrees-*", "deviceatlas-*", "wurfl-*"], "lb has no database of devices"),
    (Any, &["filter opentracing"], "lb emits no traces of OpenTracing"),
    (Any, &["filter trace", "internal.*", "debug", "*.debug_str", "stress-level", "force-cfg-parser-pause", "*glitch*", "*settings_streams_limit"], "it shows or tunes HAProxy's own inside"),
    (Any, &["cpu_calls", "cpu_ns_*", "lat_ns_*", "cpu_usage_*"], "it shows HAProxy's scheduler"),
    (Any, &["npn", "ssl_*_npn"], "NPN is gone from TLS; use ALPN"),
    (Any, &["*sslv3", "ssl-engine", "ssl-mode-async", "ssl-propquery", "ssl-provider*"], "the TLS library that lb is built on does not have it"),
    (Any, &["namespace"], "lb stays in the network namespace that it was started in"),
    (Any, &["redir"], "lb sends no request elsewhere in a server's place; write `http-request redirect`"),
    (Any, &["grace"], "lb stops listening at once when it stops, and lets connections end"),
    (Any, &["shm-stats-file*"], "lb's statistics are in its own memory"),
    (Any, &["ktls", "tcp-md5sig", "tcp-ss", "cc"], "lb does not set this option of sockets"),
    (Any, &["label"], "lb's listeners are told apart by `name` alone"),
    (Any, &["*-preserve-affinity"], "what a hash does with a full server cannot be chosen yet"),
    (Any, &["cpu-affinity", "cpu-set", "max-threads-per-group", "thread-hard-limit", "renice*"], "lb's threads are placed by nbthread and cpu-map alone"),
    (Any, &["mworker-max-reloads"], "a reload leaves no old worker behind that could add up"),
    (Any, &["nogetaddrinfo", "noreuseport", "insecure-setuid-wanted", "setcap", "unix-bind", "issuers-chain-path", "warn-blocked-traffic-after", "expose-deprecated-directives", "cluster-secret", "pp2-never-send-local", "dns-accept-family", "httpclient.*", "jwt.*", "limited-quic", "filter-sequence", "harden.*"], "this setting of the process is not built yet"),
    (Any, &["*attach-srv", "rhttp*"], "lb takes no reverse connections"),
    // By subject.
    (Any, &["h1-*", "h2-*", "option *h2*", "option *h1*", "option accept-*", "option http-drop-*", "option *http-pretend-*", "early-hint", "*early-hint", "*headers-bin", "*hdrs_bin", "ws", "proto", "option disable-h2-upgrade", "option checkcache"], "this part of HTTP is not built yet"),
    (Any, &["*x509*", "*jwt*", "aes_*"], "this part of cryptography is not built yet"),
    (Any, &["*ssl*", "*tls*", "crt*", "ca-*", "*sni*", "*alpn*", "ciphers*", "*sigalgs", "curves", "ecdhe", "crl-file", "default-crt", "generate-certificates", "verify*", "*-verify*", "allow-0rtt", "*ocsp*", "no-ca-names", "prefer-client-ciphers", "*renegotiate", "no-verifyhost", "option httpslog"], "this part of TLS is not built yet"),
    (Any, &["*gpc*", "*gpt*", "stick*", "*non-stick", "*track-sc", "sc_*", "sc0_*", "sc1_*", "sc2_*", "src_*", "table_*", "in_table", "http-err-codes", "http-fail-codes", "shard", "*tracked"], "this part of stick tables is not built yet"),
    (Any, &["compression *", "filter comp*", "max*comp*", "maxzlibmem", "res.comp*"], "lb compresses nothing yet"),
    (Any, &["*cache*"], "lb keeps no responses yet"),
    (Any, &["filter bwlim*", "*bandwidth-limit", "max-session-srv-conns", "max-keep-alive-queue", "monitor-net"], "this limit is not built yet"),
    (Any, &["*-map", "*-acl", "map_*_key", "acl"], "rules change no maps yet; use the runtime API"),
    (Any, &["idle-ping"], "this option of sockets is not built yet"),
    (Any, &["*log*", "log-*", "capture-re*"], "this part of logging is not built yet"),
    (Any, &["*-persist", "force-be-switch", "dynamic-cookie-key", "use-server", "be-unpublished", "http-send-name-header"], "this part of persistence and routing is not built yet"),
    (Any, &["healthcheck", "check-*", "no-check-*", "observe*"], "this part of health checks is not built yet"),
    (In(Class::Server), &["strict-maxconn", "pool-conn-name", "*"], "this option of servers is not built yet"),
    (In(Class::Bind), &["*"], "this option of listening sockets is not built yet"),
    (Any, &["rfc7239_*", "option forwarded"], "the Forwarded header is not built yet"),
    (Any, &["ip.*", "tcp.*", "eth.*", "*saved_syn"], "lb does not see packets"),
    (Any, &["mqtt_*", "fix_*", "distcc_*"], "lb does not read this protocol yet"),
    (In(Class::Action), &["*"], "this action is not built yet"),
    (In(Class::Converter), &["*"], "this converter is not built yet"),
    (In(Class::Fetch), &["*"], "lb does not know it of a request yet"),
    (Any, &["default-path", "acme.*"], "this setting is not built yet"),
];

/// Why a word is refused.
pub(super) fn of(class: Class, section: &str, name: &str) -> &'static str {
    let about = |of: Of, patterns: &[&str]| match of {
        Any => patterns.iter().any(|pattern| fits(pattern, name)),
        In(of) => of == class && patterns.iter().any(|pattern| fits(pattern, name)),
        Section(of) => (section == of && class == Class::Keyword) || (class == Class::Section && name == of),
    };
    REASONS.iter().find(|(of, patterns, _)| about(*of, patterns)).map_or(UNKNOWN, |row| row.2)
}

fn fits(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some(("", "")) => true,
        Some(("", rest)) => match rest.strip_suffix('*') {
            Some(part) => name.contains(part),
            None => name.ends_with(rest),
        },
        Some((start, rest)) => match rest.strip_suffix('*') {
            Some(part) => name.strip_prefix(start).is_some_and(|tail| tail.contains(part)),
            None => name.strip_prefix(start).is_some_and(|tail| tail.ends_with(rest)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, name, good) in [
            ("ssl*", "ssl_fc", true),
            ("ssl*", "no-ssl", false),
            ("*_key", "map_beg_key", true),
            ("*gpc*", "sc_get_gpc0", true),
            ("map_*_key", "map_int_key", true),
            ("map_*_key", "map_int", false),
            ("max*comp*", "maxcompcpuusage", true),
            ("guid", "guid-prefix", false),
        ] {
            assert_eq!(fits(pattern, name), good, "{pattern} {name}");
        }
    }
}
