//! `option NAME ...`.

use super::{check, outdated};
use crate::Severity;
use crate::model::{Class, ForwardFor, KeepAlive, UnusualNames};
use crate::parse::{Args, Cx};
use crate::section::draft::Draft;
use crate::section::modifier::Modifier;
use crate::suggest::Words;
use crate::tables::keywords::option::{Kind, ProxyOption, ROWS};
use crate::value;
use std::collections::HashMap;
use std::sync::LazyLock;

/// Parses an `option` line.
pub(super) fn line(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>, modifier: Modifier) {
    static INDEX: LazyLock<HashMap<&str, &ProxyOption>> = LazyLock::new(|| {
        ROWS.iter().filter_map(|row| Some((row.name.strip_prefix("option ")?, row))).collect()
    });
    let name = args.get(1);
    let here = cx.here();
    if name.is_empty() {
        cx.alert_word(args, 0, format!("{here}: 'option' expects an option name."));
        return;
    }
    let on = modifier == Modifier::Set;
    let Some(row) = INDEX.get(name) else {
        if outdated::option(cx, draft, args, on) {
            return;
        }
        if !on {
            cx.alert_word(args, 1, format!("{here}: negation/default is not supported for option '{name}'."));
            return;
        }
        static NAMES: LazyLock<Words> = LazyLock::new(|| Words::sorted(INDEX.keys().copied()));
        let best = NAMES.closest(name);
        match best {
            Some(best) => {
                cx.wrong(args, 1, format!("unknown option '{name}'; did you mean '{best}' maybe ?"));
                cx.help(format!("did you mean `option {best}`?"));
            }
            None => cx.wrong(args, 1, format!("unknown option '{name}'.")),
        }
        return;
    };
    let sides = super::sides(draft);
    if row.sides & sides == 0 {
        let title = draft.title();
        if matches!(name, "httplog" | "tcplog" | "httpslog") {
            cx.warn(args, 1, format!("{title} : 'option {name}' directive is ignored in backends."));
        } else {
            super::misplaced(cx, draft, args, 1, name, row.sides, "");
        }
        return;
    }
    match row.kind {
        Kind::Switch(set) => {
            extra(cx, args);
            set(&mut draft.proxy.options, on);
        }
        Kind::Untyped => {
            extra(cx, args);
            draft.proxy.options.others.retain(|other| other.0 != row.name);
            if on {
                draft.proxy.options.others.push((row.name, Vec::new()));
            }
        }
        Kind::Negatable(set) => set(cx, draft, args, !on),
        Kind::Words(_) | Kind::Kept if !on => {
            cx.alert_word(args, 1, format!("{here}: negation/default is not supported for option '{name}'."));
        }
        Kind::Words(set) => set(cx, draft, args),
        Kind::Kept => {
            kept(cx, args);
            draft.proxy.options.others.retain(|other| other.0 != row.name);
            draft.proxy.options.others.push((row.name, args.owned(2)));
        }
    }
    if on {
        cx.uses(Class::Keyword, row.name);
    }
}

/// An error about a word after an option that takes none.
fn extra(cx: &mut Cx<'_>, args: &Args<'_>) {
    if args.has(2) {
        let text = format!("'option {}' cannot handle unexpected argument '{}'.", args.get(1), args.get(2));
        cx.wrong(args, 2, text);
    }
}

/// Checks the words of options that are kept as written.
fn kept(cx: &mut Cx<'_>, args: &Args<'_>) {
    let name = args.get(1);
    match name {
        "mysql-check" | "pgsql-check" if args.has(2) && args.get(2) != "user" => {
            let text =
                format!("'option {name}' only supports optional values: 'user' (got '{}').", args.get(2));
            cx.wrong(args, 2, text);
        }
        "redis-check" | "ssl-hello-chk" | "ldap-check" | "external-check" | "spop-check" => {
            extra(cx, args);
        }
        _ => {}
    }
}

pub(crate) fn restrict_req_hdr_names(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    draft.proxy.options.unusual_names = match args.get(2) {
        "preserve" => UnusualNames::Preserve,
        "delete" => UnusualNames::Delete,
        "reject" => UnusualNames::Reject,
        _ => {
            let name = args.get(1);
            let text =
                format!("missing parameter. 'option {name}' expects 'preserve', 'delete' or 'reject'.");
            cx.wrong(args, 1, text);
            return;
        }
    };
}

fn mode(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>, mode: KeepAlive, off: bool) {
    extra(cx, args);
    let slot = &mut draft.proxy.options.keep_alive;
    match off {
        false => *slot = mode,
        true if *slot == mode => *slot = KeepAlive::default(),
        true => {}
    }
}

pub(crate) fn http_keep_alive(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>, off: bool) {
    mode(cx, draft, args, KeepAlive::KeepAlive, off);
}

pub(crate) fn http_server_close(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>, off: bool) {
    mode(cx, draft, args, KeepAlive::ServerClose, off);
}

pub(crate) fn httpclose(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>, off: bool) {
    mode(cx, draft, args, KeepAlive::Close, off);
}

pub(crate) fn redispatch(_: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>, off: bool) {
    draft.proxy.options.redispatch = match (off, args.get(2)) {
        (true, _) => None,
        (_, "") => Some(-1),
        (_, text) => Some(value::lenient_integer(text) as i32),
    };
}

pub(crate) fn httplog(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    let clf = args.get(2) == "clf";
    if args.has(2) && !clf {
        cx.wrong(args, 2, "keyword 'httplog' only supports option 'clf'.");
        return;
    }
    log_option(cx, draft, args, if clf { "option httplog clf" } else { "option httplog" });
    draft.proxy.options.httplog = Some(clf);
}

pub(crate) fn tcplog(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    let clf = args.get(2) == "clf";
    if args.has(2) && !clf {
        let text = format!("'option tcplog' cannot handle unexpected argument '{}'.", args.get(2));
        cx.wrong(args, 2, text);
    }
    log_option(cx, draft, args, "option tcplog");
    draft.proxy.options.tcplog = true;
}

pub(crate) fn httpslog(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    extra(cx, args);
    // HAProxy calls it so.
    log_option(cx, draft, args, "option httplog");
    draft.proxy.options.httpslog = true;
}

/// A warning if a defaults section has a log format already; `new`: what is said now.
pub(super) fn overrides(cx: &mut Cx<'_>, draft: &Draft, args: &Args<'_>, new: &str) {
    let options = &draft.proxy.options;
    let old = match options.httplog {
        Some(true) => "option httplog clf",
        Some(false) => "option httplog",
        None if options.tcplog => "option tcplog",
        None if options.httpslog => "option httpslog",
        None if draft.proxy.log_format.is_some() => "log-format",
        None => return,
    };
    if draft.is_defaults {
        let text = format!("{}: '{new}' overrides previous '{old}' in 'defaults' section.", cx.here());
        cx.report(Severity::Warning, args.span(0), text);
    }
}

/// The last of the log options and `log-format` counts.
fn log_option(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>, name: &str) {
    overrides(cx, draft, args, name);
    draft.log_option = Some(cx.place.clone());
    let options = &mut draft.proxy.options;
    options.httplog = None;
    options.tcplog = false;
    options.httpslog = false;
    draft.proxy.log_format = None;
}

pub(crate) fn tcpka(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    extra(cx, args);
    draft.proxy.options.tcpka = (true, true);
}

pub(crate) fn tcp_check(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    cx.too_many(&args.skip(1), 0);
    check::tcp(draft);
}

pub(crate) fn httpchk(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    if args.has(5) {
        let text = format!("'option httpchk' cannot handle unexpected argument '{}'.", args.get(5));
        cx.wrong(args, 5, text);
    }
    outdated::httpchk_version(cx, args);
    check::httpchk(cx, draft, args);
}

pub(crate) fn log_health_checks(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>, off: bool) {
    cx.too_many(&args.skip(1), 0);
    draft.proxy.checks.log = !off;
}

pub(crate) fn forwardfor(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    if let Some(option) = forward(cx, args, "X-Forwarded-For", true) {
        draft.proxy.options.forwardfor = Some(option);
    }
}

pub(crate) fn originalto(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    if let Some(option) = forward(cx, args, "X-Original-To", false) {
        draft.proxy.options.originalto = Some(option);
    }
}

fn forward(cx: &mut Cx<'_>, args: &Args<'_>, header: &str, if_none: bool) -> Option<ForwardFor> {
    let name = args.get(1);
    let mut option = ForwardFor { except: Vec::new(), header: header.into(), if_none: false };
    let mut index = 2;
    while args.has(index) {
        match args.get(index) {
            "except" => {
                let Some(network) = value::network(args.get(index + 1)) else {
                    cx.wrong(
                        args,
                        index + 1,
                        format!("'option {name} except' expects <address>[/mask] as argument."),
                    );
                    return None;
                };
                option.except.push(network);
                index += 2;
            }
            "header" => {
                let header = args.get(index + 1);
                if header.is_empty() {
                    cx.wrong(
                        args,
                        index,
                        format!("'option {name} header' expects <header_name> as argument."),
                    );
                    return None;
                }
                option.header = header.into();
                index += 2;
            }
            "if-none" if if_none => {
                option.if_none = true;
                index += 1;
            }
            _ => {
                let words =
                    if if_none { "'except', 'header' and 'if-none'" } else { "'except' and 'header'" };
                cx.wrong(args, index, format!("'option {name}' only supports optional values: {words}."));
                return None;
            }
        }
    }
    Some(option)
}
