//! Rules: `RULESET ACTION ARGUMENTS [if|unless CONDITION]`.

mod capture;
mod counter;
mod header;
mod message;
mod reader;
mod redirect;
mod reply;
mod simple;
mod variable;

pub(crate) use parsers::*;
pub(crate) use reader::Reader;

/// The argument parsers that rows of [`crate::tables::action`] name.
mod parsers {
    pub(crate) use super::capture::{capture, tcp_capture};
    pub(crate) use super::counter::{
        add_or_set_counter, increment_counter, increment_counter_0, set_tag_0, track,
    };
    pub(crate) use super::header::{add_header, bin_headers, del_header, replace_header};
    pub(crate) use super::message::{format, map_key, map_key_value, replace_message, set_status};
    pub(crate) use super::redirect::redirect;
    pub(crate) use super::reply::{deny, give_back};
    pub(crate) use super::simple::*;
    pub(crate) use super::variable::{set_var, set_var_fmt, unset_var};
}

use crate::expr::{Acls, Site, condition};
use crate::model::{Action, ActionArg, Class, Condition, ProxyKind, Rule};
use crate::parse::{Args, Cx};
use crate::tables::action::{self, Ruleset};
use crate::tables::reach::Stage;

/// Where a rule stands.
#[derive(Clone, Copy)]
pub(crate) struct Position<'a> {
    pub(crate) ruleset: Ruleset,
    pub(crate) kind: ProxyKind,
    /// `frontend 'x'`, as messages name it.
    pub(crate) section: &'a str,
    pub(crate) acls: &'a Acls,
}

impl Position<'_> {
    /// The stages at which the rule may run.
    pub(crate) fn stages(&self) -> Vec<Stage> {
        stages(self.ruleset, self.kind)
    }
}

/// The stages of a ruleset in a kind of section.
pub(crate) fn stages(ruleset: Ruleset, kind: ProxyKind) -> Vec<Stage> {
    let (front, back) = match ruleset {
        Ruleset::TcpConnection => (Some(Stage::FrontendConnection), None),
        Ruleset::TcpSession => (Some(Stage::FrontendSession), None),
        Ruleset::TcpContent => (Some(Stage::FrontendContent), Some(Stage::BackendContent)),
        Ruleset::TcpResponse => (None, Some(Stage::BackendResponseContent)),
        Ruleset::HttpRequest => (Some(Stage::FrontendRequest), Some(Stage::BackendRequest)),
        Ruleset::HttpResponse | Ruleset::HttpAfterResponse => {
            (Some(Stage::FrontendResponse), Some(Stage::BackendResponse))
        }
    };
    let front = front.filter(|_| kind.is_frontend());
    let back = back.filter(|_| kind.is_backend());
    front.into_iter().chain(back).collect()
}

/// Parses the action at word `at` and what follows it.
pub(crate) fn rule(cx: &mut Cx<'_>, args: &Args<'_>, at: usize, position: Position<'_>) -> Option<Rule> {
    let keyword = position.ruleset.keyword();
    let word = args.get(at);
    let found = action::find(position.ruleset, word).filter(|(row, _)| row.name != "lua" || cx.lua);
    let Some((row, paren)) = found else {
        unknown_action(cx, args, at, position);
        return None;
    };
    if row.name == "normalize-uri" && !cx.experimental() {
        cx.wrong(args, at, format!("'{word}' action is experimental, must be allowed via a global 'expose-experimental-directives'"));
        return None;
    }
    cx.uses(Class::Action, row.full_name);
    let label = format!("{keyword} {word}");
    let stages = position.stages();
    let site = Site::new(stages.iter().fold(0, |mask, stage| mask | stage.bit()));
    let mut reader = Reader::new(cx, *args, at + 1, site, paren, word);
    let result = (row.parse)(&mut reader);
    let next = reader.position();
    let parsed = result.and_then(|arguments| fits(row.name, arguments, position));
    match parsed {
        Ok(arguments) => {
            let condition = tail(cx, args, next, &label, position, &stages)?;
            let action = Action { name: row.name, args: arguments };
            Some(Rule { action, condition, place: cx.place.clone() })
        }
        Err(reason) => {
            let section = position.section;
            cx.wrong(
                args,
                at,
                format!("error detected in {section} while parsing '{label}' rule : {reason}."),
            );
            None
        }
    }
}

/// Checks what an action needs of the section that it stands in.
fn fits(name: &str, arguments: Vec<ActionArg>, position: Position<'_>) -> Result<Vec<ActionArg>, String> {
    let server_side =
        matches!(arguments.first(), Some(ActionArg::Keyed("server" | "tunnel" | "connect" | "queue", _)));
    if name == "set-timeout" && server_side && !position.kind.is_backend() {
        let title = position.section.replacen("frontend", "proxy", 1);
        return Err(format!("{title} has no backend capability"));
    }
    Ok(arguments)
}

/// Parses an optional condition from word `at` to the end of the line. None: it was wrong.
fn tail(
    cx: &mut Cx<'_>,
    args: &Args<'_>,
    at: usize,
    label: &str,
    position: Position<'_>,
    stages: &[Stage],
) -> Option<Option<Condition>> {
    let tcp = label.starts_with("tcp");
    match args.get(at) {
        "if" | "unless" => match condition(cx, position.acls, &args.rest(at), stages) {
            Ok(condition) if condition.any_of.iter().all(Vec::is_empty) => Some(None),
            Ok(condition) => Some(Some(condition)),
            Err(reason) => {
                let text = if tcp {
                    let (section, word) = (position.section, args.get(at));
                    format!(
                        "'{label}' : error detected in {section} while parsing '{word}' condition : {reason}"
                    )
                } else {
                    format!("error detected while parsing an '{label}' condition : {reason}.")
                };
                cx.wrong(args, at, text);
                None
            }
        },
        _ if !args.has(at) => Some(None),
        other if tcp => {
            let section = position.section;
            let text = format!("'{label}' only accepts 'if' or 'unless', in {section} (got '{other}')");
            cx.wrong(args, at, text);
            None
        }
        other => {
            let here = cx.here();
            let expects = "expects either 'if' or 'unless' followed by a condition but found";
            cx.alert_word(args, at, format!("{here}: '{label}' {expects} '{other}'."));
            None
        }
    }
}

fn unknown_action(cx: &mut Cx<'_>, args: &Args<'_>, at: usize, position: Position<'_>) {
    let ruleset = position.ruleset;
    let names: Vec<String> = action::of(ruleset)
        .filter(|row| row.name != "lua")
        .map(|row| match row.name {
            "track-sc" => "'track-sc(*)'".to_owned(),
            name if row.parens => format!("'{name}(*)'"),
            name => format!("'{name}'"),
        })
        .collect();
    let word = args.get(at);
    let missing = if args.has(at) { "" } else { " (missing argument)" };
    let here = cx.here();
    let keyword = ruleset.keyword();
    let names = names.join(", ");
    let text = match ruleset {
        Ruleset::HttpRequest | Ruleset::HttpResponse | Ruleset::HttpAfterResponse => {
            format!("{here}: '{keyword}' expects {names}, but got '{word}'{missing}.")
        }
        _ => format!("{here} : '{keyword}' expects {names} in {} (got '{word}').", position.section),
    };
    cx.alert_word(args, at, text);
    let known: Vec<&str> = action::of(ruleset).map(|row| row.name).collect();
    if let Some(best) = crate::suggest::closest(word, known) {
        cx.help(format!("did you mean `{best}`?"));
    }
}
