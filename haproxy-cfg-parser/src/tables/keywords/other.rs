//! Sections of one name each, and their keywords.

use super::{BOTH, Keyword};
use crate::parse::{Args, Cx};
use crate::section::modifier::Modifier;
use crate::section::{
    acme, cache, crt_store, fcgi_app, log_forward, log_profile, peers, program, ring, traces,
};

/// A section, and what its lines are.
pub(crate) struct Section {
    /// The word that starts it.
    pub(crate) name: &'static str,
    /// It needs a name; what is said after the place if it has none.
    pub(crate) unnamed: Option<&'static str>,
    /// What is said after the place about an unknown keyword, `{}`.
    pub(crate) unknown: &'static str,
    /// Starts one of that name.
    pub(crate) open: fn(&mut Cx<'_>, &str),
    /// What it is for.
    pub(crate) doc: &'static str,
    /// Its keywords.
    pub(crate) keywords: &'static [Keyword<Modifier>],
}

/// The section that a word starts.
pub(crate) fn section(name: &str) -> Option<&'static Section> {
    SECTIONS.iter().find(|section| section.name == name)
}

const fn row(
    name: &'static str,
    parse: fn(&mut Cx<'_>, &mut Modifier, &Args<'_>),
    doc: &'static str,
    example: &'static str,
) -> Keyword<Modifier> {
    Keyword::new(name, BOTH, parse, doc, example)
}

/// The sections.
#[rustfmt::skip]
pub(crate) const SECTIONS: &[Section] = &[
    Section { name: "peers", doc: "Processes that share stick tables.", unnamed: Some(" : missing name for peers section."), unknown: " : unknown keyword '{}' in 'peers' section", open: peers::open, keywords: &[
        row("bind", peers::bind, "The local peer's listening socket.", "bind :1024"),
        row("default-bind", peers::bind, "Options of the listening socket.", "default-bind tfo"),
        row("default-server", peers::default_server, "Options of all peers.", "default-server ssl verify none"),
        row("disabled", peers::switch, "Turns the section off.", "disabled"),
        row("enabled", peers::switch, "Turns the section on.", "enabled"),
        row("log", peers::log, "Where to log.", "log 127.0.0.1:514 local0"),
        row("peer", peers::peer, "A peer and its address.", "peer a 127.0.0.1:1024"),
        row("server", peers::peer, "A peer, with options of a server.", "server a 127.0.0.1:1024 shard 1"),
        row("shards", peers::shards, "How many groups the peers are split into.", "shards 3"),
        row("table", peers::table, "A stick table.", "table t type ip size 1k store gpc0"),
    ]},
    Section { name: "cache", doc: "A cache of small responses.", unnamed: Some(" : 'cache' expects a <name> argument"), unknown: " : unknown keyword '{}' in 'cache' section", open: cache::open, keywords: &[
        row("max-age", cache::line, "Longest time that an entry stays.", "max-age 60"),
        row("max-object-size", cache::line, "Largest entry.", "max-object-size 1000"),
        row("max-secondary-entries", cache::line, "Variants of one entry.", "max-secondary-entries 10"),
        row("process-vary", cache::line, "Whether Vary makes variants.", "process-vary on"),
        row("total-max-size", cache::line, "Size of the cache, in megabytes.", "total-max-size 4"),
    ]},
    Section { name: "ring", doc: "A buffer for logs and traces.", unnamed: Some(" : missing ring name."), unknown: " : unknown statement '{}'.", open: ring::open, keywords: &[
        row("backing-file", ring::backing_file, "A file that keeps the buffer.", "backing-file /tmp/ring"),
        row("description", ring::description, "A text about it.", "description all logs"),
        row("format", ring::format, "Framing of the lines.", "format rfc5424"),
        row("maxlen", ring::maxlen, "Longest line.", "maxlen 1200"),
        row("server", ring::server, "Where the lines are sent.", "server s 127.0.0.1:514 log-proto octet-count"),
        row("size", ring::size, "Size of the buffer.", "size 32768"),
        row("timeout", ring::timeout, "Times for its servers.", "timeout connect 5s"),
    ]},
    Section { name: "log-forward", doc: "Receives logs and passes them on.", unnamed: Some(" : missing name for ip-forward section."), unknown: " : unknown keyword '{}' in log-forward section.", open: log_forward::open, keywords: &[
        row("backlog", log_forward::count, "Backlog of its listening sockets.", "backlog 100"),
        row("bind", log_forward::bind, "A TCP listening socket.", "bind 127.0.0.1:1514"),
        row("dgram-bind", log_forward::datagrams, "A UDP socket.", "dgram-bind 127.0.0.1:1514 transparent"),
        row("log", log_forward::log, "Where to send.", "log 127.0.0.1:514 local0"),
        row("maxconn", log_forward::count, "Connections at once.", "maxconn 100"),
        row("option", log_forward::option, "A switch.", "option dont-parse-log"),
        row("timeout", log_forward::timeout, "The client timeout.", "timeout client 10s"),
    ]},
    Section { name: "log-profile", doc: "What to log at which step.", unnamed: Some(" : missing name for log-profile section."), unknown: " : unknown keyword '{}' in 'log-profile' section", open: log_profile::open, keywords: &[
        row("log-tag", log_profile::tag, "The tag of its lines.", "log-tag lb"),
        row("on", log_profile::on, "The formats for a step.", "on any format %ci sd %cp"),
    ]},
    Section { name: "program", doc: "A program beside the workers.", unnamed: Some(" : 'program' expects an <id> argument"), unknown: " : unknown keyword '{}' in 'program' section", open: program::open, keywords: &[
        row("command", program::command, "What to run.", "command /bin/true now"),
        row("group", program::identity, "The group to run as.", "group daemon"),
        row("option", program::option, "A switch.", "option start-on-reload"),
        row("user", program::identity, "The user to run as.", "user daemon"),
    ]},
    Section { name: "fcgi-app", doc: "A FastCGI application.", unnamed: Some(": 'fcgi-app' expects <name> as argument."), unknown: ": unknown keyword '{}' in 'fcgi-app' section", open: fcgi_app::open, keywords: &[
        row("acl", fcgi_app::acl, "A test for its rules.", "acl a path /x"),
        row("docroot", fcgi_app::text, "The document root.", "docroot /srv/www"),
        row("index", fcgi_app::text, "The script of a folder.", "index index.php"),
        row("log-stderr", fcgi_app::log_stderr, "Where the application's errors go.", "log-stderr 127.0.0.1:514 local0"),
        row("option", fcgi_app::option, "A switch.", "option max-reqs 10"),
        row("pass-header", fcgi_app::pass_header, "A header that is passed on.", "pass-header Authorization if { path /x }"),
        row("path-info", fcgi_app::text, "How path info is cut off.", "path-info ^(/.+\\.php)(/.*)?$"),
        row("set-param", fcgi_app::set_param, "A parameter.", "set-param A %[path] unless { path /x }"),
    ]},
    Section { name: "crt-store", doc: "Certificates by name.", unnamed: None, unknown: " : unknown keyword '{}' in 'crt-store' section", open: crt_store::open, keywords: &[
        row("crt-base", crt_store::folder, "Folder of certificates.", "crt-base /etc/ssl"),
        row("key-base", crt_store::folder, "Folder of keys.", "key-base /etc/ssl/private"),
        row("load", crt_store::load, "A certificate with its key and files.", "load crt a.pem key a.key alias a ocsp-update on"),
    ]},
    Section { name: "acme", doc: "Certificates from an ACME server.", unnamed: Some(" : missing name for acme section."), unknown: " : unknown keyword '{}' in 'acme' section", open: acme::open, keywords: &[
        row("account-key", acme::text, "File of the account's key.", "account-key a.key"),
        row("acme-vars", acme::passed, "Variables for a script.", "acme-vars a=b"),
        row("bits", acme::bits, "Size of RSA keys.", "bits 2048"),
        row("challenge", acme::kind, "Kind of proof.", "challenge http-01"),
        row("challenge-ready", acme::passed, "When a proof is ready.", "challenge-ready cli"),
        row("contact", acme::text, "A mail address.", "contact a@example.com"),
        row("curves", acme::text, "Curve of EC keys.", "curves P-384"),
        row("directory", acme::text, "The server's URL.", "directory https://acme.example.com/directory"),
        row("dns-delay", acme::time, "Wait before a DNS proof is checked.", "dns-delay 30s"),
        row("dns-timeout", acme::time, "Longest wait for a DNS proof.", "dns-timeout 600s"),
        row("eab-key-id", acme::passed, "Id of an external account.", "eab-key-id a"),
        row("eab-mac-alg", acme::passed, "Algorithm of an external account.", "eab-mac-alg HS256"),
        row("eab-mac-key", acme::passed, "Key of an external account.", "eab-mac-key a"),
        row("keytype", acme::kind, "Kind of keys.", "keytype ECDSA"),
        row("map", acme::passed, "Map that holds proofs.", "map virt@acme"),
        row("profile", acme::passed, "Profile of certificates.", "profile classic"),
        row("provider-name", acme::passed, "Name of the DNS provider.", "provider-name a"),
        row("reuse-key", acme::reuse_key, "Whether keys are used again.", "reuse-key on"),
    ]},
    Section { name: "traces", doc: "Traces to start with.", unnamed: None, unknown: " : unknown keyword '{}' in 'traces' section", open: traces::open, keywords: &[
        row("trace", traces::trace, "A trace command.", "trace h1 sink stderr"),
    ]},
];
