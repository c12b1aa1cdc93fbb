//! What the engine acts on. The parser knows the whole language; what it knows and this room does not name is refused.

use haproxy_cfg_parser::model::{Class, Config, Use};
use haproxy_cfg_parser::{Diagnostic, Severity};

/// What the engine does about a keyword.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// It acts on it, or it means nothing without another keyword that is refused.
    Full,
    /// It tunes what only HAProxy has inside, or asks for what lb does anyway: ignored with a warning.
    Ignored,
    /// It would change what traffic sees, and does not yet.
    None,
}

/// Keywords that start a line.
const KEYWORDS: &[&str] = &[
    // Process.
    "chroot",
    "cpu-map",
    "daemon",
    "description",
    // What is on trial in HAProxy needs no leave here.
    "expose-experimental-directives",
    "fd-hard-limit",
    "gid",
    "group",
    "hard-stop-after",
    "id",
    "localpeer",
    "log",
    "log-send-hostname",
    "log-tag",
    "master-worker",
    "maxconn",
    "nbthread",
    "node",
    "pidfile",
    "presetenv",
    "quiet",
    "resetenv",
    "server-state-base",
    "server-state-file",
    "set-var",
    "set-var-fmt",
    "setenv",
    "stats maxconn",
    "stats socket",
    "stats timeout",
    "strict-limits",
    "uid",
    "ulimit-n",
    "unsetenv",
    "user",
    "zero-warning",
    "accepted_payload_size",
    "hold",
    "nameserver",
    "parse-resolv-conf",
    "resolve_retries",
    "tune.bufsize",
    "tune.http.maxhdr",
    "tune.maxrewrite",
    // Proxies.
    "acl",
    "backlog",
    "balance",
    "bind",
    "capture cookie",
    "capture request",
    "capture response",
    "cookie",
    "declare capture",
    "default-server",
    "default_backend",
    "disabled",
    "enabled",
    "error-log-format",
    "errorfile",
    "errorfiles",
    "errorloc",
    "errorloc302",
    "errorloc303",
    "fullconn",
    "hash-balance-factor",
    "hash-type",
    "http-after-response",
    "http-request",
    "http-response",
    "http-reuse",
    "load-server-state-from-file",
    "log-format",
    "mode",
    "monitor fail",
    "monitor-uri",
    "redirect",
    "retries",
    "retry-on",
    "server",
    "server-state-file-name",
    "server-template",
    "source",
    "stats admin",
    "stats auth",
    "stats enable",
    "stats hide-version",
    "stats http-request",
    "stats realm",
    "stats refresh",
    "stats scope",
    "stats show-desc",
    "stats show-legends",
    "stats show-modules",
    "stats show-node",
    "stats uri",
    "tcp-request connection",
    "tcp-request content",
    "tcp-request inspect-delay",
    "tcp-request session",
    "timeout",
    "option",
    "timeout client",
    "timeout client-hs",
    "timeout connect",
    "timeout http-keep-alive",
    "timeout http-request",
    "timeout queue",
    "timeout server",
    "timeout tarpit",
    "timeout tunnel",
    "unique-id-format",
    "unique-id-header",
    "use-server",
    "use_backend",
    "option abortonclose",
    "option allbackups",
    "option dontlog-normal",
    "option dontlognull",
    "option forwardfor",
    "option http-buffer-request",
    "option http-ignore-probes",
    "option http-keep-alive",
    "option http-server-close",
    "option http-use-proxy-header",
    "option httpclose",
    "option httplog",
    "option originalto",
    "option persist",
    "option redispatch",
    // Health checks and mails.
    "email-alert from",
    "email-alert level",
    "email-alert mailers",
    "email-alert myhostname",
    "email-alert to",
    "maxpipes",
    "nosplice",
    "persist rdp-cookie",
    "option nolinger",
    "option splice-auto",
    "option splice-request",
    "option splice-response",
    "option tcplog",
    "tcp-response content",
    "tcp-response inspect-delay",
    "timeout client-fin",
    "timeout server-fin",
    "external-check",
    "external-check command",
    "external-check path",
    "http-check comment",
    "http-check connect",
    "http-check disable-on-404",
    "http-check expect",
    "http-check send",
    "http-check send-state",
    "http-check set-var",
    "http-check set-var-fmt",
    "http-check unset-var",
    "insecure-fork-wanted",
    "mailer",
    "max-spread-checks",
    "option external-check",
    "option httpchk",
    "option ldap-check",
    "option log-health-checks",
    "option mysql-check",
    "option pgsql-check",
    "option redis-check",
    "option smtpchk",
    "option spop-check",
    "option ssl-hello-chk",
    "option tcp-check",
    "spread-checks",
    "tcp-check comment",
    "tcp-check connect",
    "tcp-check expect",
    "tcp-check send",
    "tcp-check send-binary",
    "tcp-check send-binary-lf",
    "tcp-check send-lf",
    "tcp-check set-var",
    "tcp-check set-var-fmt",
    "tcp-check unset-var",
    "timeout check",
];

/// Keywords without effect as long as what they belong to (checks, TLS, tcp mode, Lua, ...) is not asked for, which is refused.
const IDLE_KEYWORDS: &[&str] = &[
    "ca-base",
    "crt-base",
    "key-base",
    "ssl-default-bind-ciphers",
    "ssl-default-bind-ciphersuites",
    "ssl-default-bind-curves",
    "ssl-default-bind-options",
    "ssl-default-bind-sigalgs",
    "ssl-default-server-ciphers",
    "ssl-default-server-ciphersuites",
    "ssl-default-server-curves",
    "ssl-default-server-options",
    "ssl-default-server-sigalgs",
    "ssl-dh-param-file",
    "ssl-load-extra-files",
    "ssl-server-verify",
    "tune.ssl.default-dh-param",
    "tune.ssl.cachesize",
    "tune.ssl.lifetime",
    "tune.ssl.maxrecord",
    "option http-no-delay",
];

/// Keywords of HAProxy's own inside, or hints whose absence no client or server can see.
const IGNORED_KEYWORDS: &[&str] = &[
    "busy-polling",
    "close-spread-time",
    "no-memory-trimming",
    "noepoll",
    "noevports",
    "nokqueue",
    "nopoll",
    "noktls",
    "numa-cpu-mapping",
    "option contstats",
    "option socket-stats",
    "option tcp-smart-accept",
    "option tcp-smart-connect",
    "profiling.memory",
    "profiling.tasks",
    "set-dumpable",
    "prealloc-fd",
    "thread-groups",
    "thread-group",
    "cpu-policy",
    "option prefer-last-server",
];

/// Options of `bind` lines.
const BIND: &[&str] = &[
    "accept-proxy",
    "backlog",
    "defer-accept",
    "expose-fd",
    "gid",
    "group",
    "id",
    "interface",
    "level",
    "maxconn",
    "mode",
    "mss",
    "name",
    "severity-output",
    "tcp-ut",
    "tfo",
    "transparent",
    "uid",
    "user",
    "v4v6",
    "v6only",
];
/// Options of `bind` lines that are hints.
const IGNORED_BIND: &[&str] = &["nice", "process", "shards", "thread", "nbconn"];

/// Options of `server` lines.
const SERVER: &[&str] = &[
    "backup",
    "cookie",
    "disabled",
    "enabled",
    "id",
    "init-addr",
    "maxconn",
    "maxqueue",
    "minconn",
    "pool-low-conn",
    "pool-max-conn",
    "pool-purge-delay",
    "resolve-net",
    "resolve-opts",
    "resolve-prefer",
    "resolvers",
    "proxy-v2-options",
    "send-proxy",
    "send-proxy-v2",
    "send-proxy-v2-ssl",
    "send-proxy-v2-ssl-cn",
    "no-send-proxy-v2-ssl",
    "no-send-proxy-v2-ssl-cn",
    "source",
    "weight",
    // Health checks.
    "addr",
    "agent-addr",
    "agent-check",
    "agent-inter",
    "agent-port",
    "agent-send",
    "check",
    "downinter",
    "error-limit",
    "fall",
    "fastinter",
    "inter",
    "no-agent-check",
    "no-check",
    "no-check-send-proxy",
    "no-check-ssl",
    "observe",
    "on-error",
    "port",
    "rise",
    "track",
    "no-ssl",
    "no-backup",
    "no-send-proxy",
    "no-send-proxy-v2",
    "verify",
    "no-tfo",
];
/// Options of `server` lines that are hints.
const IGNORED_SERVER: &[&str] = &["log-bufsize", "max-reuse"];

/// What the engine does about a keyword of the language's tables.
pub fn supports(class: Class, name: &str) -> Support {
    let full = match class {
        Class::Section => matches!(name, "http-errors" | "mailers" | "resolvers" | "userlist"),
        Class::Keyword => KEYWORDS.contains(&name) || IDLE_KEYWORDS.contains(&name),
        Class::Bind => BIND.contains(&name),
        Class::Server => SERVER.contains(&name),
        Class::Action => crate::rule::supports(name),
        Class::Fetch | Class::Converter => crate::sample::supports(class, name),
        Class::Matcher => crate::acl::supports(name),
    };
    let ignored = match class {
        Class::Keyword => IGNORED_KEYWORDS.contains(&name) || name.starts_with("tune."),
        Class::Bind => IGNORED_BIND.contains(&name),
        Class::Server => IGNORED_SERVER.contains(&name),
        _ => false,
    };
    match (full, ignored) {
        (true, _) => Support::Full,
        (false, true) => Support::Ignored,
        (false, false) => Support::None,
    }
}

/// A finding for each use of what the engine does not act on.
pub(super) fn check(config: &Config) -> Vec<Diagnostic> {
    let mut findings: Vec<Diagnostic> = config.uses.iter().filter_map(finding).collect();
    // A line in a defaults section is used by each proxy that it is for; one word about it is enough.
    let mut seen = std::collections::HashSet::new();
    findings.retain(|finding| seen.insert((finding.place.clone(), finding.message.clone())));
    findings
}

fn finding(used: &Use) -> Option<Diagnostic> {
    let Use { class, name, section, place } = used;
    let kind = match class {
        Class::Section => "section",
        Class::Keyword => "keyword",
        Class::Bind => "'bind' option",
        Class::Server => "'server' option",
        Class::Action => "action",
        Class::Fetch => "sample fetch",
        Class::Converter => "converter",
        Class::Matcher => "ACL matcher or flag",
    };
    let (severity, text) = match supports(*class, name) {
        Support::Full => return None,
        Support::Ignored => (
            Severity::Warning,
            format!("{kind} '{name}' in section '{section}' has no meaning for lb and is ignored."),
        ),
        Support::None => {
            (Severity::Alert, format!("{kind} '{name}' in section '{section}' is not supported by lb yet."))
        }
    };
    Some(Diagnostic {
        severity,
        place: Some(place.clone()),
        span: None,
        message: format!("parsing [{place}] : {text}"),
        help: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use haproxy_cfg_parser::tables;
    use std::collections::HashSet;

    #[test]
    fn no_behaviour_without_a_signature() {
        let rows: HashSet<_> = tables::rows().iter().map(|row| (row.class, row.name)).collect();
        let lists = [
            (Class::Keyword, KEYWORDS),
            (Class::Keyword, IDLE_KEYWORDS),
            (Class::Keyword, IGNORED_KEYWORDS),
            (Class::Bind, BIND),
            (Class::Bind, IGNORED_BIND),
            (Class::Server, SERVER),
            (Class::Server, IGNORED_SERVER),
        ];
        for (class, names) in lists {
            for name in names {
                assert!(rows.contains(&(class, *name)), "{class:?} {name}");
            }
        }
    }

    #[test]
    fn every_name_once() {
        let mut seen = HashSet::new();
        for name in KEYWORDS.iter().chain(IDLE_KEYWORDS).chain(IGNORED_KEYWORDS) {
            assert!(seen.insert(name), "{name}");
        }
    }
}
