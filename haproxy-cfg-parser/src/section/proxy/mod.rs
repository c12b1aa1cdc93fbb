//! Lines of `defaults`, `frontend`, `listen` and `backend` sections (manual 4).

pub(crate) mod acl;
pub(crate) mod balance;
pub(crate) mod check;
pub(crate) mod cookie;
pub(crate) mod email;
pub(crate) mod error_page;
pub(crate) mod filter;
pub(crate) mod identity;
pub(crate) mod kept;
pub(crate) mod limit;
pub(crate) mod logging;
pub(crate) mod option;
pub(crate) mod order;
pub(crate) mod outdated;
pub(crate) mod probes;
pub(crate) mod routing;
pub(crate) mod rules;
pub(crate) mod source;
pub(crate) mod stats;
pub(crate) mod timeout;

use super::draft::Draft;
use super::modifier::Modifier;
use crate::check::references;
use crate::model::Class;
use crate::parse::{Args, Cx};
use crate::suggest::Words;
use crate::tables::keywords::{BE, BOTH, FE, Keyword, Sides, proxy, timeout as timeouts};
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

static INDEX: LazyLock<HashMap<&str, &Keyword<Draft>>> =
    LazyLock::new(|| proxy::ROWS.iter().chain(timeouts::ROWS).map(|row| (row.name, row)).collect());

/// Words that a misspelt keyword may stand for besides those of the tables.
const OTHERS: [&str; 9] =
    ["option", "log", "listen", "frontend", "backend", "defaults", "contimeout", "clitimeout", "srvtimeout"];

/// First words whose second word belongs to the name.
static FAMILIES: LazyLock<HashSet<&str>> =
    LazyLock::new(|| INDEX.keys().filter_map(|name| Some(name.split_once(' ')?.0)).collect());

/// The sides that a section has.
pub(super) fn sides(draft: &Draft) -> Sides {
    let kind = draft.proxy.kind;
    let side = |has, bit| if has { bit } else { 0 };
    if draft.is_defaults { BOTH } else { side(kind.is_frontend(), FE) | side(kind.is_backend(), BE) }
}

/// One line of the section.
pub(super) fn line(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>, modifier: Modifier) {
    let word = args.get(0);
    match word {
        "option" => return option::line(cx, draft, args, modifier),
        "log" => {
            cx.uses(Class::Keyword, "log");
            return super::log::line(cx, &mut draft.proxy.logs, args, modifier, false);
        }
        _ => {}
    }
    let row = find(args);
    let Some(row) = row else {
        if outdated::line(cx, draft, args) || family(cx, draft, args) {
            return;
        }
        static NAMES: LazyLock<Words> = LazyLock::new(|| {
            Words::sorted(INDEX.keys().map(|name| name.split(' ').next().unwrap_or(name)).chain(OTHERS))
        });
        super::other::unknown(cx, args, draft.kind(), NAMES.closest(word));
        return;
    };
    if draft.is_defaults && !row.defaults {
        let text = format!("'{word}' not allowed in 'defaults' section.");
        if row.strict {
            let place = cx.place.to_string();
            cx.alert_word(args, 0, format!("[{place}] : {text}"));
        } else {
            cx.wrong(args, 0, text);
        }
        return;
    }
    if row.sides & sides(draft) == 0 {
        if row.strict {
            let (title, side) = (draft.title(), missing_side(row.sides));
            let place = cx.place.to_string();
            cx.alert_word(
                args,
                0,
                format!("[{place}] : parsing [{place}] : '{word}' not allowed because {title} has no {side} capability."),
            );
        } else if word == "declare" {
            cx.wrong(args, 0, "'declare' only available in frontend or listen section");
        } else if word == "retry-on" {
            cx.wrong(args, 0, "'retry-on' only available in backend or listen section");
        } else if word == "tcp-response" {
            let name = row.name;
            cx.wrong(
                args,
                0,
                format!("{name} is only allowed in 'backend' sections or 'defaults' section with a name"),
            );
        } else if row.name == "tcp-request connection" || row.name == "tcp-request session" {
            let (name, title) = (row.name, format!("{} {}", draft.kind(), draft.proxy.name));
            cx.wrong(args, 0, format!("{name} is not allowed because {title} is not a frontend"));
        } else if word == "timeout" || word == "rate-limit" {
            let (title, side) = (draft.title(), missing_side(row.sides));
            let name = if word == "timeout" { format!("'{}'", row.name) } else { row.name.to_owned() };
            cx.warn(args, 0, format!("{name} will be ignored because {title} has no {side} capability"));
        } else {
            misplaced(cx, draft, args, 0, word, row.sides, row.hint);
            idle(cx, draft, args, row);
        }
        return;
    }
    cx.uses(Class::Keyword, row.name);
    cx.setting = references::setting(row.name, args);
    (row.parse)(cx, draft, args);
    cx.setting = "";
}

/// Reads a line that acts on nothing, for what is wrong with its words.
fn idle(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>, row: &Keyword<Draft>) {
    let (uses, references, late) = (cx.config.uses.len(), cx.references.len(), cx.late.len());
    let mut aside = draft.aside(cx);
    (row.parse)(cx, &mut aside, args);
    draft.acls = aside.acls;
    // HAProxy keeps such rules, and warns of their order.
    draft.order = aside.order;
    cx.config.uses.truncate(uses);
    cx.references.truncate(references);
    cx.late.truncate(late);
}

fn missing_side(sides: Sides) -> &'static str {
    if sides == FE { "frontend" } else { "backend" }
}

/// The warning about a keyword in a section that has no use for it.
fn misplaced(
    cx: &mut Cx<'_>,
    draft: &Draft,
    args: &Args<'_>,
    index: usize,
    word: &str,
    sides: Sides,
    hint: &str,
) {
    let (title, side) = (draft.title(), missing_side(sides));
    let hint = if hint.is_empty() { String::new() } else { format!(" {hint}") };
    cx.warn(args, index, format!("'{word}' ignored because {title} has no {side} capability.{hint}"));
}

/// The error of a family whose second word is unknown; false if the word starts no family.
fn family(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) -> bool {
    let word = args.get(0);
    let second = args.get(1);
    let title = draft.title();
    let text = match word {
        "timeout" => format!(
            "'timeout' supports 'client', 'server', 'connect', 'check', 'queue', 'http-keep-alive', 'http-request', 'tunnel', 'tarpit', 'client-fin' and 'server-fin' (got '{second}')"
        ),
        "rate-limit" => format!("'rate-limit' only supports 'sessions' (got '{second}')"),
        "monitor" => "'monitor' only supports 'fail'.".into(),
        "capture" => "'capture' expects 'cookie' or 'request header' or 'response header'.".into(),
        "declare" if second.is_empty() => {
            "'declare' needs a second keyword that specify the type of declaration ('capture')".into()
        }
        "declare" => format!("unknown declaration type '{second}' (supports 'capture')"),
        "tcp-request" if second.is_empty() => format!("missing argument for 'tcp-request' in {title}"),
        "tcp-request" => format!(
            "'tcp-request' expects 'inspect-delay', 'connection', or 'content' in {title} (got '{second}')"
        ),
        "tcp-response" if second.is_empty() => format!("missing argument for 'tcp-response' in {title}"),
        "tcp-response" => {
            format!("'tcp-response' expects 'inspect-delay' or 'content' in {title} (got '{second}')")
        }
        "persist" if second.is_empty() => "missing persist method.".into(),
        "persist" => "unknown persist method.".into(),
        "external-check" if second.is_empty() => "missing argument after 'external-check'.".into(),
        "external-check" => {
            format!("'external-check' only supports 'command' and 'path'. but got '{second}'.")
        }
        "email-alert" if second.is_empty() => "missing argument after 'email-alert'.".into(),
        "email-alert" => format!("email-alert: unknown argument '{second}'."),
        "compression" => "'compression' expects 'algo', 'type' or 'offload'".into(),
        "stick" => "'stick' expects 'on', 'match', or 'store'.".into(),
        "filter" if second.is_empty() => format!("{} : missing argument for 'filter' in {title}.", cx.here()),
        "filter" => format!("'filter' : unknown keyword '{second}'."),
        "http-check" => format!(
            "'http-check' only supports 'disable-on-404', 'send-state', 'comment', 'connect', 'send', 'expect', 'set-var-fmt(*)', 'set-var(*)', 'unset-var(*)'. but got '{second}'"
        ),
        "tcp-check" => format!(
            "'tcp-check' only supports 'comment', 'connect', 'send', 'send-binary', 'expect', 'set-var-fmt(*)', 'set-var(*)', 'unset-var(*)'. but got '{second}'"
        ),
        "stats" => {
            let here = cx.here();
            let expects = "expects 'admin', 'uri', 'realm', 'auth', 'scope', 'enable', 'hide-version', 'show-node', 'show-desc' or 'show-legends'.";
            let text = if second.is_empty() {
                format!("{here}: missing keyword in 'stats', {expects}")
            } else {
                format!("{here}: unknown stats parameter '{second}', {expects}")
            };
            cx.alert_word(args, 1, text);
            return true;
        }
        _ => return false,
    };
    cx.wrong(args, 1, text);
    true
}

/// The row of a line's keyword. Names of two words may have arguments in parentheses: `http-check set-var(x)`.
fn find(args: &Args<'_>) -> Option<&'static Keyword<Draft>> {
    let word = args.get(0);
    if FAMILIES.contains(word) {
        let second = args.get(1).split('(').next().unwrap_or_default();
        let name = [word, second].join(" ");
        if let Some(row) = INDEX.get(name.as_str()) {
            return Some(row);
        }
    }
    INDEX.get(word).copied()
}

/// The canonical name of a line's keyword.
fn name_of(args: &Args<'_>) -> Option<&'static str> {
    find(args).map(|row| row.name)
}
