//! `http-check` and `tcp-check` rules.

mod expect;
mod request;
mod step;

pub(crate) use step::address;

use crate::check::Turn;
use crate::expr;
use crate::model::{self, CheckAction, CheckKind, CheckRequest, CheckStep, Expr, LogFormat, Mode};
use crate::parse::{Args, Cx};
use crate::section::draft::Draft;
use crate::tables::reach::Stage;
use crate::{Diagnostic, Severity};

/// What a section says about scripted checks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Checks {
    /// `option httpchk` is on.
    pub(crate) http_enabled: bool,
    /// `option tcp-check` is on.
    pub(crate) tcp_enabled: bool,
    /// It has `http-check` rules.
    http_rules: bool,
    /// It has `tcp-check` rules.
    tcp_rules: bool,
    /// Rules seen in this section, not in its defaults.
    own_http: bool,
    own_tcp: bool,
    own_option: bool,
}

/// Where the samples of checks are taken.
pub(super) const SITE: u32 = Stage::Check.bit();

impl Checks {
    /// A section starts from its defaults: rules of its own replace theirs.
    pub(crate) fn inherit(&mut self) {
        self.own_http = false;
        self.own_tcp = false;
        self.own_option = false;
    }
}

/// `http-check`.
pub(crate) fn http_check(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    let checks = &mut draft.proxy.checks;
    match args.get(1) {
        "disable-on-404" => checks.disable_on_404 |= !cx.too_many(&args.skip(1), 0),
        "send-state" => checks.send_state |= !cx.too_many(&args.skip(1), 0),
        _ => {
            if !std::mem::replace(&mut draft.checks.own_http, true) {
                checks.http.clear();
                if let CheckKind::Http(request) = &mut checks.kind
                    && !draft.checks.own_option
                {
                    *request = None;
                }
            }
            draft.checks.http_rules = true;
            let step = step(cx, args, &checks.http, true);
            // Before the option the rules are not in use, and HAProxy lets any order pass.
            let in_use = draft.checks.http_enabled;
            let ordered = |step: &CheckStep| if in_use { request_order(&checks.http, step) } else { Ok(()) };
            match step.and_then(|step| ordered(&step).map(|()| step)) {
                Ok(step) => add_http(checks, step),
                Err(reason) => wrong(cx, args, &reason),
            }
        }
    }
}

/// Adds a rule; the first request takes up the one of the option.
fn add_http(checks: &mut model::Checks, mut step: CheckStep) {
    if let (CheckAction::Request(request), CheckKind::Http(of_option)) = (&mut step.action, &mut checks.kind)
        && let Some(mut first) = of_option.take()
    {
        first.overwrite(std::mem::take(request));
        *request = first;
    }
    checks.http.push(step);
}

/// `tcp-check`.
pub(crate) fn tcp_check(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    if !std::mem::replace(&mut draft.checks.own_tcp, true) {
        draft.proxy.checks.tcp.clear();
    }
    draft.checks.tcp_rules = true;
    match step(cx, args, &draft.proxy.checks.tcp, false) {
        Ok(step) => draft.proxy.checks.tcp.push(step),
        Err(reason) => wrong(cx, args, &reason),
    }
}

fn wrong(cx: &mut Cx<'_>, args: &Args<'_>, reason: &str) {
    cx.wrong(args, 1, format!("'{} {}' : {reason}.", args.get(0), args.get(1)));
}

fn step(cx: &mut Cx<'_>, args: &Args<'_>, before: &[CheckStep], http: bool) -> Result<CheckStep, String> {
    match args.get(1).split('(').next().unwrap_or_default() {
        "comment" => step::comment(cx, args),
        "connect" => step::connect(cx, args, before),
        "expect" => expect::expect(cx, args, http),
        "send" if http => request::send(cx, args),
        "set-var" => step::variable(cx, args, "set-var"),
        "set-var-fmt" => step::variable(cx, args, "set-var-fmt"),
        "unset-var" => step::variable(cx, args, "unset-var"),
        _ => step::send(cx, args),
    }
}

/// In HTTP checks a request follows a connection, an expectation a request, a connection an expectation.
fn request_order(before: &[CheckStep], step: &CheckStep) -> Result<(), String> {
    let is_turn =
        |step: &&CheckStep| !matches!(step.action, CheckAction::Comment(_) | CheckAction::Variable(_));
    let Some(last) = before.iter().rev().find(is_turn) else { return Ok(()) };
    let (what, missing) = match (&last.action, &step.action) {
        (CheckAction::Connect(_), CheckAction::Request(_)) => return Ok(()),
        (_, CheckAction::Request(_)) => ("send", "connect"),
        (CheckAction::Connect(_), CheckAction::Expect(_)) => ("expect", "send"),
        (CheckAction::Connect(_) | CheckAction::Request(_), CheckAction::Connect(_)) => ("connect", "expect"),
        _ => return Ok(()),
    };
    let number = before.len() + 1;
    Err(format!("unable to add http-check {what} rule at step {number} (missing {missing} rule)."))
}

/// A log format of a check.
fn format(cx: &mut Cx<'_>, text: &str) -> Result<LogFormat, String> {
    expr::log_format(cx, text, expr::Site::new(SITE))
        .map_err(|error| format!("'{text}' invalid log-format string ({error}).\n"))
}

/// An expression of a check.
fn sample(cx: &mut Cx<'_>, text: &str, what: &str) -> Result<Expr, String> {
    let typed = expr::sample(cx, text)
        .map_err(|error| format!("error detected while parsing {what} : {}", error.into_text()))?;
    if typed.reach & SITE == 0 {
        return Err(format!(
            "error detected while parsing {what} :  fetch method '{text}' extracts information from '{}', none of which is available here.\n",
            expr::source_name(typed.reach)
        ));
    }
    Ok(typed.expr)
}

/// `option httpchk ...`: an error says why it is wrong.
pub(crate) fn httpchk(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    match request::of_option(cx, args) {
        Ok(request) => {
            // The option in a section of its own starts from no rules of its defaults.
            if !draft.checks.own_http {
                draft.proxy.checks.http.clear();
            }
            draft.checks.http_enabled = true;
            draft.checks.tcp_enabled = false;
            draft.checks.own_option = true;
            set_request(&mut draft.proxy.checks, request);
        }
        Err(reason) => cx.wrong(args, 1, format!("'option httpchk' : {reason}.")),
    }
}

/// Behind rules, the option's request goes into theirs.
fn set_request(checks: &mut model::Checks, request: CheckRequest) {
    let first = checks.http.iter_mut().find(|step| {
        !matches!(step.action, CheckAction::Comment(_) | CheckAction::Variable(_) | CheckAction::Connect(_))
    });
    checks.kind = CheckKind::Http(match first.map(|step| &mut step.action) {
        Some(CheckAction::Request(explicit)) => {
            explicit.overwrite(request);
            None
        }
        _ => Some(Box::new(request)),
    });
}

/// `option tcp-check`.
pub(crate) fn tcp(draft: &mut Draft) {
    if !draft.checks.own_tcp {
        draft.proxy.checks.tcp.clear();
    }
    draft.checks.tcp_enabled = true;
    draft.checks.http_enabled = false;
    draft.proxy.checks.kind = CheckKind::Tcp;
}

/// The other kinds: `option smtpchk` and the like.
pub(crate) fn kind(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    let (first, second) = (args.get(2), args.get(3));
    let name = args.get(1);
    let kind = match name {
        "smtpchk" if matches!(first, "HELO" | "EHLO") && !second.is_empty() => {
            CheckKind::Smtp(format!("{first} {second}"))
        }
        "smtpchk" => CheckKind::Smtp("HELO localhost".into()),
        "pgsql-check" if first == "user" && !second.is_empty() => CheckKind::PgSql(second.into()),
        "pgsql-check" if first.is_empty() || second.is_empty() => {
            let place = cx.here();
            return cx.alert_word(
                args,
                1,
                format!("{place} : 'option pgsql-check' expects 'user <username>' as argument."),
            );
        }
        "mysql-check" if first.is_empty() => CheckKind::MySql(None),
        "mysql-check" if first == "user" && second.is_empty() => {
            return cx.wrong(
                args,
                2,
                format!("'option mysql-check' : '{first}' expects <username> as argument."),
            );
        }
        "mysql-check" if first == "user" => match args.get(4) {
            "" | "post-41" => CheckKind::MySql(Some((second.into(), false))),
            "pre-41" => CheckKind::MySql(Some((second.into(), true))),
            other => {
                let text = format!("keyword 'user' only supports 'post-41' and 'pre-41' (got '{other}').");
                return cx.wrong(args, 4, text);
            }
        },
        "mysql-check" | "pgsql-check" => {
            let text = format!("'option {name}' only supports optional values: 'user' (got '{first}').");
            return cx.wrong(args, 2, text);
        }
        _ if cx.too_many(&args.skip(1), 0) => return,
        "ldap-check" => CheckKind::Ldap,
        "redis-check" => CheckKind::Redis,
        "spop-check" => CheckKind::Spop,
        "ssl-hello-chk" => CheckKind::SslHello,
        _ => CheckKind::External,
    };
    draft.checks.tcp_enabled = false;
    draft.checks.http_enabled = false;
    draft.proxy.checks.kind = kind;
}

/// `external-check command|path`.
pub(crate) fn external(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    let text = args.get(2);
    if text.is_empty() {
        return cx.wrong(args, 1, format!("missing argument after '{}'.", args.get(1)));
    }
    if !cx.too_many(&args.skip(1), 1) {
        let checks = &mut draft.proxy.checks;
        *(if args.get(1) == "command" { &mut checks.command } else { &mut checks.path }) = Some(text.into());
    }
}

/// Warns about rules that no option turns on, and about a log option of the wrong mode.
pub(crate) fn end(cx: &mut Cx<'_>, draft: &Draft) {
    let title = draft.title();
    let checks = &draft.checks;
    let mut warn = |turn: Turn, message: String, help: String| {
        let place = Some(draft.proxy.place.clone());
        let finding =
            Diagnostic { severity: Severity::Warning, place, span: None, message, help: Some(help) };
        cx.late.push((cx.config.proxies.len(), turn, finding));
    };
    let rules = [
        (Turn::HttpCheck, "http-check", "httpchk", checks.http_rules && !checks.http_enabled),
        (Turn::TcpCheck, "tcp-check", "tcp-check", checks.tcp_rules && !checks.tcp_enabled),
    ];
    for (turn, rules, option, _) in rules.into_iter().filter(|(.., lonely)| *lonely) {
        warn(
            turn,
            format!("{title} uses {rules} rules without 'option {option}', so the rules are ignored."),
            format!("add `option {option}`"),
        );
    }
    let option = if draft.proxy.options.httpslog { "httpslog" } else { "httplog" };
    let http_log = draft.proxy.options.httplog.is_some() || draft.proxy.options.httpslog;
    let unfit = http_log && draft.proxy.kind.is_frontend() && draft.proxy.mode != Mode::Http;
    if let Some(place) = draft.log_option.as_ref().filter(|_| unfit) {
        let falls = "(needs 'mode http'). Falling back to 'option tcplog'.";
        warn(
            Turn::LogOption,
            format!("parsing [{place}] : 'option {option}' not usable with {title} {falls}"),
            "write `option tcplog`, or add `mode http`".into(),
        );
    }
}
