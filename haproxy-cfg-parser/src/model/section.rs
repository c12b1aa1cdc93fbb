//! Sections beside the proxies, one struct each.

use super::{Acl, Bind, Condition, LogFormat, LogFraming, LogTarget, Place, ServerLine};
use std::time::Duration;

/// A `cache` section (manual 6.2).
#[derive(Clone, Debug, Default)]
pub struct Cache {
    /// Its name.
    pub name: String,
    /// Where it starts.
    pub place: Place,
    /// Its size, in bytes.
    pub total_max_size: Option<u64>,
    /// The largest entry, in bytes.
    pub max_object_size: Option<u64>,
    /// How long an entry stays, in seconds.
    pub max_age: Option<u64>,
    /// Variants of one entry.
    pub max_secondary_entries: Option<u64>,
    /// Whether `Vary` makes variants.
    pub process_vary: Option<bool>,
    /// A size was written, and wrong.
    pub refused: bool,
}

/// A `ring` section (manual 3.9).
#[derive(Clone, Debug, Default)]
pub struct Ring {
    /// Its name.
    pub name: String,
    /// Where it starts.
    pub place: Place,
    /// `description`.
    pub description: Option<String>,
    /// `format` of its lines.
    pub format: Option<LogFraming>,
    /// `maxlen`: the longest line, in bytes.
    pub maxlen: Option<u64>,
    /// `size`, in bytes.
    pub size: Option<u64>,
    /// `backing-file`.
    pub backing_file: Option<String>,
    /// `timeout connect`.
    pub connect: Option<Duration>,
    /// `timeout server`.
    pub server: Option<Duration>,
    /// `server` lines.
    pub servers: Vec<ServerLine>,
}

/// A `log-forward` section (manual 3.10).
#[derive(Clone, Debug, Default)]
pub struct LogForward {
    /// Its name.
    pub name: String,
    /// Where it starts.
    pub place: Place,
    /// `bind` lines: TCP.
    pub binds: Vec<Bind>,
    /// `dgram-bind` lines: UDP.
    pub datagrams: Vec<Bind>,
    /// `log` lines.
    pub logs: Vec<LogTarget>,
    /// `maxconn`.
    pub maxconn: Option<u64>,
    /// `backlog`.
    pub backlog: Option<u32>,
    /// `timeout client`.
    pub client: Option<Duration>,
    /// `option dont-parse-log`.
    pub dont_parse_log: bool,
    /// `option assume-rfc6587-ntf`.
    pub assume_rfc6587_ntf: bool,
    /// `option host`: what becomes of the host's name.
    pub host: Option<String>,
}

/// A `log-profile` section (manual 3.11).
#[derive(Clone, Debug, Default)]
pub struct LogProfile {
    /// Its name.
    pub name: String,
    /// Where it starts.
    pub place: Place,
    /// `log-tag`.
    pub log_tag: Option<String>,
    /// `on` lines; the last one for a step counts.
    pub steps: Vec<LogStep>,
}

/// What a profile does at a step.
#[derive(Clone, Debug)]
pub struct LogStep {
    /// The step, e.g. `accept`, `any`.
    pub step: &'static str,
    /// Nothing is logged.
    pub drop: bool,
    /// `format`.
    pub format: Option<LogFormat>,
    /// `sd`: the structured data of RFC 5424.
    pub sd: Option<LogFormat>,
    /// Where.
    pub place: Place,
}

/// A `program` section (manual 3.6 up to version 3.2).
#[derive(Clone, Debug, Default)]
pub struct Program {
    /// Its name.
    pub name: String,
    /// Where it starts.
    pub place: Place,
    /// `command` and its arguments.
    pub command: Vec<String>,
    /// `user`.
    pub user: Option<String>,
    /// `group`.
    pub group: Option<String>,
    /// `no option start-on-reload` leaves it running.
    pub kept_on_reload: bool,
}

/// An `fcgi-app` section (manual 10.1).
#[derive(Clone, Debug, Default)]
pub struct FcgiApp {
    /// Its name.
    pub name: String,
    /// Where it starts.
    pub place: Place,
    /// `acl` lines.
    pub acls: Vec<Acl>,
    /// `docroot`.
    pub docroot: Option<String>,
    /// `index`.
    pub index: Option<String>,
    /// `path-info`: a regular expression.
    pub path_info: Option<String>,
    /// `log-stderr` lines.
    pub log_stderr: Vec<LogTarget>,
    /// `pass-header` lines: names, and when.
    pub pass_headers: Vec<(String, Option<Condition>)>,
    /// `set-param` lines: names, values, and when.
    pub params: Vec<(String, LogFormat, Option<Condition>)>,
    /// `option get-values`.
    pub get_values: bool,
    /// `option keep-conn`; none: on.
    pub keep_conn: Option<bool>,
    /// `option mpxs-conns`.
    pub mpxs_conns: bool,
    /// `option max-reqs`.
    pub max_reqs: Option<u32>,
}

/// A `crt-store` section (manual 3.12).
#[derive(Clone, Debug, Default)]
pub struct CrtStore {
    /// Its name; empty for the one without.
    pub name: String,
    /// Where it starts.
    pub place: Place,
    /// `crt-base`.
    pub crt_base: Option<String>,
    /// `key-base`.
    pub key_base: Option<String>,
    /// `load` lines.
    pub loads: Vec<CrtLoad>,
}

/// A certificate of a [`CrtStore`].
#[derive(Clone, Debug, Default)]
pub struct CrtLoad {
    /// `crt`: its file.
    pub crt: String,
    /// `alias`.
    pub alias: Option<String>,
    /// The other options in their order, with their arguments.
    pub options: Vec<(&'static str, String)>,
    /// Where.
    pub place: Place,
}

/// An `acme` section (manual 3.13).
#[derive(Clone, Debug, Default)]
pub struct Acme {
    /// Its name.
    pub name: String,
    /// Where it starts.
    pub place: Place,
    /// `directory`: the server's URL.
    pub directory: Option<String>,
    /// `contact`.
    pub contact: Option<String>,
    /// `account-key`.
    pub account_key: Option<String>,
    /// `challenge`.
    pub challenge: Option<&'static str>,
    /// `keytype`.
    pub keytype: Option<&'static str>,
    /// `bits` of RSA keys.
    pub bits: Option<u32>,
    /// `curves` of EC keys.
    pub curves: Option<String>,
    /// `reuse-key`.
    pub reuse_key: Option<bool>,
    /// `dns-delay`.
    pub dns_delay: Option<Duration>,
    /// `dns-timeout`.
    pub dns_timeout: Option<Duration>,
    /// Settings of one word that are passed on: each keyword and its word.
    pub texts: Vec<(&'static str, String)>,
}

/// A `trace` line of a `traces` section (manual 3.14).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// Its source, e.g. `h1`; `all` for all.
    pub source: String,
    /// The words after it, as those of the command `trace`.
    pub words: Vec<String>,
    /// Where.
    pub place: Place,
}
