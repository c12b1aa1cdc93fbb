//! Sections that are recognised, and their keywords.

use crate::parse::{Args, Cx};
use crate::section::{cache, fcgi_app, log_forward, other, peers, program, ring};

/// A section whose keywords are recorded as uses.
pub(crate) struct Section {
    /// The word that starts it.
    pub(crate) name: &'static str,
    /// It needs a name; what is said after the place if it has none.
    pub(crate) unnamed: Option<&'static str>,
    /// What is said after the place about an unknown keyword, `{}`.
    pub(crate) unknown: &'static str,
    /// Checks a line that starts with one of the keywords.
    pub(crate) line: fn(&mut Cx<'_>, &Args<'_>),
    /// What it is for.
    pub(crate) doc: &'static str,
    /// Its keywords with their docs.
    pub(crate) keywords: &'static [(&'static str, &'static str)],
}

/// The section that a word starts.
pub(crate) fn section(name: &str) -> Option<&'static Section> {
    SECTIONS.iter().find(|section| section.name == name)
}

/// The sections.
#[rustfmt::skip]
pub(crate) const SECTIONS: &[Section] = &[
    Section { name: "peers", doc: "Processes that share stick tables.", unnamed: Some(" : missing name for peers section."), unknown: " : unknown keyword '{}' in 'peers' section", line: peers::line, keywords: &[
        ("bind", "The local peer's listening socket."),
        ("default-bind", "Options of the listening socket."),
        ("default-server", "Options of all peers."),
        ("disabled", "Turns the section off."),
        ("enabled", "Turns the section on."),
        ("log", "Where to log."),
        ("peer", "A peer and its address."),
        ("server", "A peer, with options of a server."),
        ("shards", "How many groups the peers are split into."),
        ("table", "A stick table."),
    ]},
    Section { name: "cache", doc: "A cache of small responses.", unnamed: Some(" : 'cache' expects a <name> argument"), unknown: " : unknown keyword '{}' in 'cache' section", line: cache::line, keywords: &[
        ("max-age", "Longest time that an entry stays."),
        ("max-object-size", "Largest entry."),
        ("max-secondary-entries", "Variants of one entry."),
        ("process-vary", "Whether Vary makes variants."),
        ("total-max-size", "Size of the cache, in megabytes."),
    ]},
    Section { name: "ring", doc: "A buffer for logs and traces.", unnamed: Some(" : missing ring name."), unknown: " : unknown statement '{}'.", line: ring::line, keywords: &[
        ("backing-file", "A file that keeps the buffer."),
        ("description", "A text about it."),
        ("format", "Framing of the lines."),
        ("maxlen", "Longest line."),
        ("server", "Where the lines are sent."),
        ("size", "Size of the buffer."),
        ("timeout", "Times for its servers."),
    ]},
    Section { name: "log-forward", doc: "Receives logs and passes them on.", unnamed: Some(" : missing name for ip-forward section."), unknown: " : unknown keyword '{}' in log-forward section.", line: log_forward::line, keywords: &[
        ("backlog", "Backlog of its listening sockets."),
        ("bind", "A TCP listening socket."),
        ("dgram-bind", "A UDP socket."),
        ("log", "Where to send."),
        ("maxconn", "Connections at once."),
        ("option", "A switch."),
        ("timeout", "The client timeout."),
    ]},
    Section { name: "log-profile", doc: "What to log at which step.", unnamed: Some(" : missing name for log-profile section."), unknown: " : unknown keyword '{}' in 'log-profile' section", line: other::kept, keywords: &[
        ("log-tag", "The tag of its lines."),
        ("on", "The formats for a step."),
    ]},
    Section { name: "program", doc: "A program beside the workers.", unnamed: Some(" : 'program' expects an <id> argument"), unknown: " : unknown keyword '{}' in 'program' section", line: program::line, keywords: &[
        ("command", "What to run."),
        ("group", "The group to run as."),
        ("option", "A switch."),
        ("user", "The user to run as."),
    ]},
    Section { name: "fcgi-app", doc: "A FastCGI application.", unnamed: Some(": 'fcgi-app' expects <name> as argument."), unknown: ": unknown keyword '{}' in 'fcgi-app' section", line: fcgi_app::line, keywords: &[
        ("acl", "A test for its rules."),
        ("docroot", "The document root."),
        ("index", "The script of a folder."),
        ("log-stderr", "Where the application's errors go."),
        ("option", "A switch."),
        ("pass-header", "A header that is passed on."),
        ("path-info", "How path info is cut off."),
        ("set-param", "A parameter."),
    ]},
    Section { name: "crt-store", doc: "Certificates by name.", unnamed: None, unknown: " : unknown keyword '{}' in 'crt-store' section", line: other::kept, keywords: &[
        ("crt-base", "Folder of certificates."),
        ("key-base", "Folder of keys."),
        ("load", "A certificate with its key and files."),
    ]},
    Section { name: "acme", doc: "Certificates from an ACME server.", unnamed: Some(" : missing name for acme section."), unknown: " : unknown keyword '{}' in 'acme' section", line: other::kept, keywords: &[
        ("account-key", "File of the account's key."),
        ("acme-vars", "Variables for a script."),
        ("bits", "Size of RSA keys."),
        ("challenge", "Kind of proof."),
        ("challenge-ready", "When a proof is ready."),
        ("contact", "A mail address."),
        ("curves", "Curve of EC keys."),
        ("directory", "The server's URL."),
        ("dns-delay", "Wait before a DNS proof is checked."),
        ("dns-timeout", "Longest wait for a DNS proof."),
        ("eab-key-id", "Id of an external account."),
        ("eab-mac-alg", "Algorithm of an external account."),
        ("eab-mac-key", "Key of an external account."),
        ("keytype", "Kind of keys."),
        ("map", "Map that holds proofs."),
        ("profile", "Profile of certificates."),
        ("provider-name", "Name of the DNS provider."),
        ("reuse-key", "Whether keys are used again."),
    ]},
    Section { name: "traces", doc: "Traces to start with.", unnamed: None, unknown: " : unknown keyword '{}' in 'traces' section", line: other::kept, keywords: &[
        ("trace", "A trace command."),
    ]},
];
