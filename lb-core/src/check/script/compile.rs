//! From the lines of a configuration to a script.

use super::builtin::{self, search};
use super::request::Request;
use super::{Action, Code, Connect, Expect, Match, Script, Search, Send, Step, Template, Text};
use crate::acl::Pattern;
use crate::check::Status;
use crate::compile::Context;
use crate::log::{Format, Style};
use crate::rule::{Kind, Ruleset};
use crate::sample::{Expr, Place};
use crate::server::ServerAddress;
use haproxy_cfg_parser::model::{
    self, CheckAction, CheckConnect, CheckExpect, CheckKind, CheckMatch, CheckPattern, CheckRequest,
    CheckStep, CheckText,
};
use haproxy_cfg_parser::raw;

/// Expressions of checks see what rules on a response see: the answer, the server, the backend.
const PLACE: Place = Place::HttpResponse;

/// The health check of a proxy's servers.
pub(crate) fn checks(proxy: &model::Proxy, context: &mut Context<'_>) -> Script {
    let checks = &proxy.checks;
    let http = matches!(checks.kind, CheckKind::Http(_));
    let told = matches!(checks.kind, CheckKind::Tcp);
    let steps = match &checks.kind {
        CheckKind::Tcp => configured(&checks.tcp, checks, context),
        CheckKind::Http(request) => {
            let mut lines = checks.http.clone();
            if let Some(request) = request {
                let action = CheckAction::Request(request.clone());
                let step = CheckStep { action, comment: None, place: proxy.place.clone() };
                let connects =
                    matches!(lines.first().map(|line| &line.action), Some(CheckAction::Connect(_)));
                lines.insert(usize::from(connects), step);
            }
            let mut steps = configured(&lines, checks, context);
            if matches!(steps.last().map(|step| &step.action), Some(Action::Request(_))) {
                let expect = search(Search::Status(vec![(200, 399)]));
                let number = steps.len() + 1;
                steps.push(Step { action: Action::Expect(Box::new(expect)), comment: None, number });
            }
            steps
        }
        kind => builtin::steps(kind).unwrap_or_default(),
    };
    script(steps, http, told, checks.disable_on_404 && http)
}

/// The question to a server's agent.
pub(crate) fn agent(question: Option<&str>) -> Script {
    script(builtin::agent(question), false, false, false)
}

fn script(mut steps: Vec<Step>, http: bool, told: bool, disable_on_404: bool) -> Script {
    let first = steps.iter().find(|step| !matches!(step.action, Action::Variable(_)));
    if !matches!(first.map(|step| &step.action), Some(Action::Connect(_))) {
        let connect = Connect { implicit: true, ..Connect::default() };
        steps.insert(0, Step { action: Action::Connect(connect), comment: None, number: 0 });
    }
    set_heads(&mut steps);
    let evaluates = steps.iter().any(|step| step.action.evaluates());
    Script { steps, http, told, evaluates, disable_on_404 }
}

/// A search starts over from the first inverse expectation of those that stand together.
fn set_heads(steps: &mut [Step]) {
    let (mut head, mut chain) = (None, false);
    for (index, step) in steps.iter_mut().enumerate() {
        match &mut step.action {
            Action::Expect(expect) => {
                if !chain {
                    head = None;
                }
                expect.head = head.unwrap_or(index);
                if expect.inverse && head.is_none() {
                    head = Some(index);
                }
                chain = true;
            }
            Action::Variable(_) => {}
            _ => chain = false,
        }
    }
}

impl Action {
    fn evaluates(&self) -> bool {
        match self {
            Self::Connect(connect) => connect.port_expr.is_some(),
            Self::Send(Send::Format(format) | Send::Binary(format)) => format.constant().is_none(),
            Self::Send(_) => false,
            Self::Request(request) => {
                request.uri.evaluates()
                    || request.body.evaluates()
                    || request.headers.iter().any(|(_, format)| format.constant().is_none())
            }
            Self::Expect(expect) => {
                let text = |text: &Option<Text>| matches!(text, Some(Text::Format(format)) if format.constant().is_none());
                let of = |side: &Match| match side {
                    Match::Exact(text)
                    | Match::Prefix(text)
                    | Match::Suffix(text)
                    | Match::Contains(text) => text.evaluates(),
                    Match::Regex(_) => false,
                };
                let pattern = match &expect.pattern {
                    Search::Format(format) | Search::BinaryFormat(format) => format.constant().is_none(),
                    Search::Header { name, value, .. } => of(name) || value.as_ref().is_some_and(of),
                    _ => false,
                };
                pattern
                    || text(&expect.on_success)
                    || text(&expect.on_error)
                    || matches!(expect.code, Some(Code::Expr(_)))
            }
            Self::Variable(_) => true,
        }
    }
}

/// The steps of lines; comments go to the lines behind them. What is wrong is recorded and left out.
fn configured(lines: &[CheckStep], checks: &model::Checks, context: &mut Context<'_>) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::with_capacity(lines.len());
    let mut comment: Option<(String, Option<&'static str>)> = None;
    for (line, number) in lines.iter().zip(1..) {
        if let CheckAction::Comment(text) = &line.action {
            comment = Some((text.clone(), None));
            continue;
        }
        let kind = line.kind();
        // A comment is for the lines of one kind that follow it.
        if let Some((_, of)) = &mut comment
            && *of.get_or_insert(kind) != kind
        {
            comment = None;
        }
        let inherited = comment.as_ref().filter(|_| kind != "variable").map(|(text, _)| text.clone());
        if let Some(action) = action(line, checks, context) {
            steps.push(Step { action, comment: line.comment.clone().or(inherited), number });
        }
    }
    steps
}

trait Line {
    fn kind(&self) -> &'static str;
}

impl Line for CheckStep {
    fn kind(&self) -> &'static str {
        match &self.action {
            CheckAction::Comment(_) => "comment",
            CheckAction::Connect(_) => "connect",
            CheckAction::Send(_) | CheckAction::SendFormat(..) | CheckAction::Request(_) => "send",
            CheckAction::Expect(_) => "expect",
            CheckAction::Variable(_) => "variable",
        }
    }
}

fn action(line: &CheckStep, checks: &model::Checks, context: &mut Context<'_>) -> Option<Action> {
    Some(match &line.action {
        CheckAction::Comment(_) => return None,
        CheckAction::Connect(connect) => Action::Connect(connection(connect, line, context)?),
        CheckAction::Send(bytes) => Action::Send(Send::Bytes(bytes.clone())),
        CheckAction::SendFormat(text, false) => Action::Send(Send::Format(format(text, context)?)),
        CheckAction::SendFormat(text, true) => Action::Send(Send::Binary(format(text, context)?)),
        CheckAction::Request(sent) => Action::Request(Box::new(request(sent, checks.send_state, context)?)),
        CheckAction::Expect(wanted) => Action::Expect(Box::new(expectation(wanted, line, context)?)),
        CheckAction::Variable(set) => {
            let rule = model::Rule { action: set.clone(), condition: None, place: line.place.clone() };
            Action::Variable(Ruleset::compile(&[rule], Kind::HttpResponse, context))
        }
    })
}

fn format(text: &model::LogFormat, context: &mut Context<'_>) -> Option<Format> {
    Format::styled(text, context, PLACE, Style::Plain)
}

fn template(text: &CheckText, context: &mut Context<'_>) -> Option<Template> {
    Some(match text {
        CheckText::Plain(text) => Template::Bytes(raw::bytes(text).into_owned()),
        CheckText::Format(text) => Template::Format(format(text, context)?),
    })
}

fn connection(connect: &CheckConnect, line: &CheckStep, context: &mut Context<'_>) -> Option<Connect> {
    let unmet = [
        (connect.ssl, "'ssl': checks over TLS"),
        (connect.sni.is_some(), "'sni': checks over TLS"),
        (connect.alpn.is_some(), "'alpn': checks over TLS"),
        (
            connect.proto.as_deref().is_some_and(|proto| proto != "h1" && proto != "none"),
            "'proto': checks over this protocol",
        ),
    ];
    if let Some((_, what)) = unmet.into_iter().find(|(asked, _)| *asked) {
        context.error(&line.place, format!("'connect' : {what} is not supported by lb yet."));
        return None;
    }
    let address = match &connect.address {
        Some(address) => match crate::compile::server_address(address, context) {
            Ok(address) => Some(address),
            Err(reason) => {
                context.error(&line.place, format!("'connect' : 'addr' : {reason}."));
                return None;
            }
        },
        None => None,
    };
    let port_expr = match &connect.port_expr {
        Some(expr) => Some(Expr::compile(expr, context, PLACE)?),
        None => None,
    };
    let own_port = match &address {
        Some(ServerAddress::Inet(address)) if address.port() != 0 => Some(address.port()),
        _ => None,
    };
    let port = connect.port.or(own_port.filter(|_| port_expr.is_none()));
    Some(Connect {
        address,
        port,
        port_expr,
        linger: connect.linger,
        implicit: false,
        default: connect.default,
        send_proxy: connect.send_proxy,
        via_socks4: connect.via_socks4,
    })
}

fn request(sent: &CheckRequest, send_state: bool, context: &mut Context<'_>) -> Option<Request> {
    let text = |text: &Option<CheckText>, context: &mut Context<'_>| match text {
        Some(text) => template(text, context),
        None => Some(Template::Bytes(Vec::new())),
    };
    let mut headers = Vec::with_capacity(sent.headers.len());
    for (name, value) in &sent.headers {
        headers.push((name.to_ascii_lowercase().into_bytes(), format(value, context)?));
    }
    Some(Request {
        method: sent.method.as_deref().unwrap_or("OPTIONS").as_bytes().to_vec(),
        uri: text(&sent.uri, context)?,
        version: sent.version.as_deref().unwrap_or("HTTP/1.0").as_bytes().to_vec(),
        headers,
        body: text(&sent.body, context)?,
        send_state,
    })
}

fn expectation(wanted: &CheckExpect, line: &CheckStep, context: &mut Context<'_>) -> Option<Expect> {
    let regex =
        |text: &str, ignore_case: bool, context: &mut Context<'_>| match Pattern::new(text, ignore_case) {
            Ok(regex) => Some(regex),
            Err(reason) => {
                context.error(&line.place, format!("'expect' : {reason}."));
                None
            }
        };
    let side = |side: &CheckMatch, name: bool, context: &mut Context<'_>| {
        Some(match (side.method, &side.text) {
            ("reg", CheckText::Plain(text)) => Match::Regex(regex(text, name, context)?),
            ("beg", text) => Match::Prefix(template(text, context)?),
            ("end", text) => Match::Suffix(template(text, context)?),
            ("sub", text) => Match::Contains(template(text, context)?),
            (_, text) => Match::Exact(template(text, context)?),
        })
    };
    let pattern = match &wanted.pattern {
        CheckPattern::Text(text) => Search::Text(raw::bytes(text).into_owned()),
        CheckPattern::Binary(bytes) => Search::Binary(bytes.clone()),
        CheckPattern::Regex(text) => Search::Regex(regex(text, false, context)?),
        CheckPattern::BinaryRegex(text) => Search::BinaryRegex(regex(text, false, context)?),
        CheckPattern::Format(text) => Search::Format(format(text, context)?),
        CheckPattern::BinaryFormat(text) => Search::BinaryFormat(format(text, context)?),
        CheckPattern::Status(ranges) => Search::Status(ranges.clone()),
        CheckPattern::StatusRegex(text) => Search::StatusRegex(regex(text, false, context)?),
        CheckPattern::Header { full, name, value } => Search::Header {
            full: *full || value.is_none(),
            name: side(name, true, context)?,
            value: match value {
                Some(value) => Some(side(value, false, context)?),
                None => None,
            },
        },
    };
    let text = |text: &Option<model::LogFormat>, context: &mut Context<'_>| match text {
        Some(text) => format(text, context).map(Text::Format).map(Some),
        None => Some(None),
    };
    let code = match &wanted.status_code {
        Some(expr) => Some(Code::Expr(Expr::compile(expr, context, PLACE)?)),
        None => None,
    };
    let status = |name: Option<&'static str>| name.and_then(Status::named);
    Some(Expect {
        inverse: wanted.inverse,
        min_recv: wanted.min_recv.map(|count| count as usize),
        ok: status(wanted.ok_status),
        error: status(wanted.error_status),
        timeout: status(wanted.timeout_status),
        on_success: text(&wanted.on_success, context)?,
        on_error: text(&wanted.on_error, context)?,
        code,
        ..search(pattern)
    })
}
