//! Sections that are recognised, and their keywords.

/// A section whose keywords are recorded as uses.
pub(crate) struct Section {
    /// The word that starts it.
    pub(crate) name: &'static str,
    /// It needs a name.
    pub(crate) named: bool,
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
    Section { name: "resolvers", named: true, doc: "Name servers and how answers are kept.", keywords: &[
        ("accepted_payload_size", "Largest UDP answer."),
        ("hold", "How long a kind of answer stays valid."),
        ("nameserver", "A name server."),
        ("parse-resolv-conf", "Takes name servers from /etc/resolv.conf."),
        ("resolve_retries", "Queries before giving up."),
        ("timeout", "Time for a resolution or a retry."),
    ]},
    Section { name: "peers", named: true, doc: "Processes that share stick tables.", keywords: &[
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
    Section { name: "cache", named: true, doc: "A cache of small responses.", keywords: &[
        ("max-age", "Longest time that an entry stays."),
        ("max-object-size", "Largest entry."),
        ("max-secondary-entries", "Variants of one entry."),
        ("process-vary", "Whether Vary makes variants."),
        ("total-max-size", "Size of the cache, in megabytes."),
    ]},
    Section { name: "mailers", named: true, doc: "Mail servers for alerts.", keywords: &[
        ("mailer", "A mail server."),
        ("timeout", "Time for sending a mail."),
    ]},
    Section { name: "ring", named: true, doc: "A buffer for logs and traces.", keywords: &[
        ("backing-file", "A file that keeps the buffer."),
        ("description", "A text about it."),
        ("format", "Framing of the lines."),
        ("maxlen", "Longest line."),
        ("server", "Where the lines are sent."),
        ("size", "Size of the buffer."),
        ("timeout", "Times for its servers."),
    ]},
    Section { name: "log-forward", named: true, doc: "Receives logs and passes them on.", keywords: &[
        ("backlog", "Backlog of its listening sockets."),
        ("bind", "A TCP listening socket."),
        ("dgram-bind", "A UDP socket."),
        ("log", "Where to send."),
        ("maxconn", "Connections at once."),
        ("option", "A switch."),
        ("timeout", "The client timeout."),
    ]},
    Section { name: "log-profile", named: true, doc: "What to log at which step.", keywords: &[
        ("log-tag", "The tag of its lines."),
        ("on", "The formats for a step."),
    ]},
    Section { name: "program", named: true, doc: "A program beside the workers.", keywords: &[
        ("command", "What to run."),
        ("group", "The group to run as."),
        ("option", "A switch."),
        ("user", "The user to run as."),
    ]},
    Section { name: "fcgi-app", named: true, doc: "A FastCGI application.", keywords: &[
        ("acl", "A test for its rules."),
        ("docroot", "The document root."),
        ("index", "The script of a folder."),
        ("log-stderr", "Where the application's errors go."),
        ("option", "A switch."),
        ("pass-header", "A header that is passed on."),
        ("path-info", "How path info is cut off."),
        ("set-param", "A parameter."),
    ]},
    Section { name: "crt-store", named: false, doc: "Certificates by name.", keywords: &[
        ("crt-base", "Folder of certificates."),
        ("key-base", "Folder of keys."),
        ("load", "A certificate with its key and files."),
    ]},
    Section { name: "acme", named: true, doc: "Certificates from an ACME server.", keywords: &[
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
    Section { name: "traces", named: false, doc: "Traces to start with.", keywords: &[
        ("trace", "A trace command."),
    ]},
    Section { name: "cluster", named: true, doc: "Nodes that share a virtual address and agree on health.", keywords: &[
        ("ca-file", "Authorities of the nodes' certificates."),
        ("crt", "This node's certificate."),
        ("data-dir", "Folder of the replicated log."),
        ("election-timeout", "Shortest and longest wait before an election."),
        ("node", "A node and its address."),
        ("secret-file", "File of the nodes' shared secret."),
        ("virtual-ip", "An address that the leader holds."),
    ]},
];
