//! `fcgi-app` sections (manual 10.1).

use super::modifier::Modifier;
use super::other::expects;
use super::{log, proxy::acl};
use crate::expr::{self, Acls, Site};
use crate::model::{Condition, FcgiApp, LogTarget, Mode, Proxy};
use crate::parse::{Args, Cx};
use crate::tables::reach::Stage;
use crate::value;
use crate::{Diagnostic, Severity};

pub(crate) fn open(cx: &mut Cx<'_>, name: &str) {
    let place = cx.place.clone();
    cx.acls = Acls::default();
    cx.config.fcgi_apps.push(FcgiApp { name: name.to_owned(), place, ..FcgiApp::default() });
}

fn change(cx: &mut Cx<'_>, with: impl FnOnce(&mut FcgiApp)) {
    if let Some(app) = cx.config.fcgi_apps.last_mut() {
        with(app);
    }
}

/// `docroot PATH`, `index FILE`, `path-info REGEX`.
pub(crate) fn text(cx: &mut Cx<'_>, _: &mut Modifier, args: &Args<'_>) {
    let (word, text) = (args.get(0), args.get(1));
    let what = match word {
        "docroot" => "<path>",
        "index" => "<filename>",
        _ => "<regex>",
    };
    if !expects(cx, args, &format!("'{word}' expects {what} as argument.")) || cx.too_many_for(args, 2, 1) {
        return;
    }
    if let Some((reason, at)) = Some(text).filter(|_| word == "path-info").and_then(value::regex_problem) {
        let wrong = format!("'{text}' : regex '{text}' is invalid (error={reason}, erroffset={at}).");
        cx.wrong(args, 1, wrong);
        return;
    }
    let value = Some(text.to_owned());
    change(cx, |app| match word {
        "docroot" => app.docroot = value,
        "index" => app.index = value,
        _ => app.path_info = value,
    });
}

/// `log-stderr ADDRESS FACILITY ...`.
pub(crate) fn log_stderr(cx: &mut Cx<'_>, _: &mut Modifier, args: &Args<'_>) {
    let app = cx.config.fcgi_apps.last_mut();
    let mut logs: Vec<LogTarget> = app.map(|app| std::mem::take(&mut app.log_stderr)).unwrap_or_default();
    log::line_of(cx, "log-stderr", &mut logs, args);
    change(cx, |app| app.log_stderr = logs);
}

/// `acl NAME TEST`.
pub(crate) fn acl(cx: &mut Cx<'_>, _: &mut Modifier, args: &Args<'_>) {
    let mut known = std::mem::take(&mut cx.acls);
    let acl = acl::read(cx, &mut known, args);
    cx.acls = known;
    if let Some(acl) = acl {
        change(cx, |app| app.acls.push(acl));
    }
}

/// `pass-header NAME [if|unless CONDITION]`.
pub(crate) fn pass_header(cx: &mut Cx<'_>, _: &mut Modifier, args: &Args<'_>) {
    if !expects(cx, args, "'pass-header' expects <name> as arguments.") {
        return;
    }
    let Some(condition) = condition(cx, args, 2) else { return };
    let name = args.get(1).to_owned();
    change(cx, |app| app.pass_headers.push((name, condition)));
}

/// `set-param NAME FORMAT [if|unless CONDITION]`.
pub(crate) fn set_param(cx: &mut Cx<'_>, _: &mut Modifier, args: &Args<'_>) {
    if args.get(2).is_empty() {
        cx.wrong(args, 0, "'set-param' expects <name> and <value> as arguments.");
        return;
    }
    let Some(condition) = condition(cx, args, 3) else { return };
    match expr::log_format(cx, args.get(2), Site::new(Stage::BackendRequest.bit())) {
        Ok(format) => {
            let name = args.get(1).to_owned();
            change(cx, |app| app.params.push((name, format, condition)));
        }
        Err(reason) => cx.wrong(args, 2, format!("'{}' : {reason}.", args.get(1))),
    }
}

/// The condition at word `at`, if there is one; none, and an error, if it is wrong.
fn condition(cx: &mut Cx<'_>, args: &Args<'_>, at: usize) -> Option<Option<Condition>> {
    let name = args.get(1);
    if !args.has(at) {
        return Some(None);
    }
    if !matches!(args.get(at), "if" | "unless") {
        cx.wrong(
            args,
            at,
            format!("'{name}' : unexpected '{}', 'if' or 'unless' may stand here.", args.get(at)),
        );
        return None;
    }
    let known = std::mem::take(&mut cx.acls);
    let read = expr::condition(cx, &known, &args.rest(at), &[Stage::BackendRequest]);
    cx.acls = known;
    read.map(Some).map_err(|reason| cx.wrong(args, at, format!("'{name}' : {reason}."))).ok()
}

/// `option NAME`.
pub(crate) fn option(cx: &mut Cx<'_>, modifier: &mut Modifier, args: &Args<'_>) {
    let (here, on) = (cx.here(), *modifier == Modifier::Set);
    match args.get(1) {
        "" => cx.alert_word(args, 0, format!("{here}: 'option' expects an option name.")),
        "max-reqs" if !on => {
            let text = format!("{here}: negation/default is not supported for option 'max-reqs'.");
            cx.alert_word(args, 1, text);
        }
        "max-reqs" if args.get(2).is_empty() => {
            cx.alert_word(args, 1, format!("{here}: option 'max-reqs' expects an integer argument."));
        }
        "max-reqs" => match u32::try_from(value::lenient_integer(args.get(2))) {
            _ if cx.too_many_for(args, 2, 2) => {}
            Ok(count) if count > 0 => change(cx, |app| app.max_reqs = Some(count)),
            _ => {
                let text = format!("{here}: option 'max-reqs' expects a strictly positive integer argument.");
                cx.alert_word(args, 2, text);
            }
        },
        "get-values" | "keep-conn" | "mpxs-conns" if cx.too_many_for(args, 2, 1) => {}
        "get-values" => change(cx, |app| app.get_values = on),
        "keep-conn" => change(cx, |app| app.keep_conn = Some(on)),
        "mpxs-conns" => change(cx, |app| app.mpxs_conns = on),
        other => cx.wrong(args, 1, format!("unknown option '{other}'.")),
    }
}

/// A backend whose application is unknown.
pub(crate) fn unknown(cx: &Cx<'_>, proxy: &Proxy, findings: &mut Vec<Diagnostic>) {
    let apps = proxy.others.iter().filter(|(word, ..)| *word == "use-fcgi-app" && proxy.kind.is_backend());
    for (_, words, place) in apps {
        let app = words.first().map(String::as_str).unwrap_or_default();
        if !cx.named.contains(&("fcgi-app", app.to_owned())) {
            let message = format!("proxy '{}' : fcgi-app '{app}' not found.", proxy.name);
            let place = Some(place.clone());
            findings.push(Diagnostic { severity: Severity::Alert, place, span: None, message, help: None });
        }
    }
}

/// Applications without scripts, and backends whose application has no server.
pub(crate) fn check(cx: &Cx<'_>) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    let mut alert = |place, message| {
        findings.push(Diagnostic {
            severity: Severity::Alert,
            place: Some(place),
            span: None,
            message,
            help: None,
        });
    };
    for proxy in cx.config.proxies.iter().filter(|proxy| !proxy.disabled && proxy.kind.is_backend()) {
        let name = &proxy.name;
        let speaks = |server: &crate::model::ServerLine| {
            server.others.iter().any(|(word, args)| *word == "proto" && args.iter().any(|arg| arg == "fcgi"))
        };
        let app = proxy.others.iter().find(|(word, ..)| *word == "use-fcgi-app");
        if let Some((.., place)) = app {
            if !proxy.servers.iter().any(|server| speaks(server)) {
                let text = format!("proxy '{name}': FCGI app configured but no FCGI server found.");
                alert(place.clone(), text);
            }
        } else if proxy.mode != Mode::Http {
            // Said already: a protocol of HTTP.
        } else if let Some(server) = proxy.servers.iter().find(|server| speaks(server)) {
            let text = format!("proxy '{name}': FCGI server '{}' has no FCGI app configured.", server.name);
            alert(server.place.clone(), text);
        }
    }
    let apps = cx.config.fcgi_apps.iter();
    for app in apps.filter(|app| app.docroot.is_none() && !cx.broken.contains(&app.place)) {
        alert(app.place.clone(), format!("fcgi-app '{}': no docroot configured.", app.name));
    }
    findings
}
