//! `fetch(args),converter(args),...` (manual 7.3).

pub(crate) use super::args::variable;
use super::{Site, args};
use crate::check::references;
use crate::model::{Arg, Call, Class, Expr};
use crate::parse::Cx;
use crate::tables::{Signature, Type, converter, fetch};

/// Why a text is no expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ExprError {
    /// No text at all.
    Missing,
    /// No fetch has this name.
    UnknownFetch(String),
    /// The fetch's arguments are wrong: its name, and why.
    Fetch(String, String),
    /// A converter is unknown or wrong.
    Converter(String),
}

impl ExprError {
    /// The text for rules; ACLs word some of it in their own way.
    pub(crate) fn into_text(self) -> String {
        match self {
            Self::Missing => "missing fetch method".into(),
            Self::UnknownFetch(name) => format!("unknown fetch method '{name}'"),
            Self::Fetch(name, reason) if reason.starts_with("invalid variable") => {
                format!("invalid args in fetch method '{name}' : {reason}")
            }
            Self::Fetch(name, reason) => format!("fetch method '{name}' : {reason}"),
            Self::Converter(reason) => reason,
        }
    }
}

/// A parsed expression, the type that it gives, and where its fetch can stand.
#[derive(Clone, Debug)]
pub(crate) struct Typed {
    pub(crate) expr: Expr,
    pub(crate) output: Type,
    pub(crate) reach: u32,
}

/// The name that `text` starts with.
pub(super) fn name(text: &str) -> &str {
    let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '+');
    let end = text.find(|c| !part(c)).unwrap_or(text.len());
    text.get(..end).unwrap_or(text)
}

/// Parses an expression. Whether it may stand at `site` is checked by [`check_reach`].
pub(crate) fn sample(cx: &mut Cx<'_>, text: &str) -> Result<Typed, ExprError> {
    let setting = cx.setting;
    starting_with(cx, text, None, setting)
}

/// Parses an expression of `setting` (see [`references::setting`]) whose first word may be an alias of another fetch.
pub(super) fn starting_with(
    cx: &mut Cx<'_>,
    text: &str,
    alias: Option<&'static str>,
    setting: &'static str,
) -> Result<Typed, ExprError> {
    let name = name(text);
    let Some(row) = fetch::find(alias.unwrap_or(name)) else {
        return Err(if name.is_empty() { ExprError::Missing } else { ExprError::UnknownFetch(name.into()) });
    };
    cx.uses(Class::Fetch, row.name);
    let after = text.get(name.len()..).unwrap_or_default();
    let (call, rest) =
        call(row.name, row.args, after).map_err(|(_, reason)| ExprError::Fetch(name.into(), reason))?;
    references::note(cx, setting, None, row.name, &Signature::parse(row.args), &call.args);
    let mut expr = Expr { fetch: call, converters: Vec::new(), text: text.into(), place: cx.place.clone() };
    let output = converters(cx, rest, row.output, &mut expr, setting)?;
    Ok(Typed { expr, output, reach: row.reach })
}

/// Reads `,converter(args)...` to the end of the text.
fn converters(
    cx: &mut Cx<'_>,
    text: &str,
    from: Type,
    expr: &mut Expr,
    setting: &'static str,
) -> Result<Type, ExprError> {
    let mut current = from;
    let mut rest = text;
    loop {
        if rest.is_empty() {
            return Ok(current);
        }
        let Some(after) = rest.strip_prefix(',') else {
            return Err(ExprError::Converter(format!(
                "missing comma after fetch keyword '{}'",
                expr.fetch.name
            )));
        };
        let after = after.trim_start();
        // An empty place is passed over, unless it is the last.
        if after.starts_with(',') {
            rest = after;
            continue;
        }
        let name = name(after);
        let Some(row) = converter::find(name) else {
            return Err(ExprError::Converter(format!("unknown converter '{name}'")));
        };
        cx.uses(Class::Converter, row.name);
        if !current.casts_to(row.input) {
            return Err(ExprError::Converter(format!("converter '{name}' cannot be applied")));
        }
        let (call, tail) = call(row.name, row.args, after.get(name.len()..).unwrap_or_default()).map_err(
            |(index, reason)| {
                ExprError::Converter(format!("invalid arg {index} in converter '{name}' : {reason}"))
            },
        )?;
        references::note(
            cx,
            setting,
            Some(expr.fetch.name),
            row.name,
            &Signature::parse(row.args),
            &call.args,
        );
        regsub_flags(&call).map_err(ExprError::Converter)?;
        map_file(cx, &call).map_err(ExprError::Converter)?;
        expr.converters.push(call);
        // What takes anything and gives anything passes it on.
        if (row.input, row.output) != (Type::Any, Type::Any) {
            current = row.output;
        }
        rest = tail;
    }
}

/// `regsub` takes the flags `i` and `g` only.
fn regsub_flags(call: &Call) -> Result<(), String> {
    let ("regsub", Some(Arg::Str(flags))) = (call.name, call.args.get(2)) else { return Ok(()) };
    match flags.chars().find(|flag| !matches!(flag, 'i' | 'g')) {
        Some(flag) => Err(format!(
            "invalid args in converter 'regsub' : invalid regex flag '{flag}', only 'i' and 'g' are supported"
        )),
        None => Ok(()),
    }
}

/// The file of a map must be there.
fn map_file(cx: &Cx<'_>, call: &Call) -> Result<(), String> {
    let is_map = call.name == "map" || call.name.starts_with("map_");
    let (true, Some(Arg::Str(file))) = (is_map, call.args.first()) else { return Ok(()) };
    let path = match file.split_once('@') {
        Some(("virt" | "opt", _)) => return Ok(()),
        Some(("file", path)) => path,
        _ => file,
    };
    let missing =
        |_| format!("invalid args in converter '{}' : failed to open pattern file <{file}>", call.name);
    cx.read(path).map(drop).map_err(missing)
}

fn call<'t>(name: &'static str, signature: &str, text: &'t str) -> Result<(Call, &'t str), (usize, String)> {
    let (texts, rest) = args::split(text).map_err(|()| (1, "expected ')'".to_owned()))?;
    let args = args::typed(&Signature::parse(signature), &texts.unwrap_or_default())?;
    Ok((Call { name, args }, rest))
}

/// An error if the fetch cannot be taken where the expression stands.
pub(crate) fn check_reach(typed: &Typed, site: Site, shown: &str) -> Result<(), String> {
    if typed.reach & site.stages != 0 {
        return Ok(());
    }
    Err(format!(
        "sample fetch <{shown}> may not be reliably used here because it needs '{}' which is not available here",
        source_name(typed.reach)
    ))
}

/// What a fetch needs, in HAProxy's words.
pub(crate) fn source_name(reach: u32) -> &'static str {
    use crate::tables::reach::*;
    match reach {
        REQUEST => "HTTP request headers",
        RESPONSE => "HTTP response headers",
        SERVER_SIDE => "server address",
        BACKEND => "backend",
        SERVER => "server",
        BUFFER => "request or response buffer",
        TRANSACTION => "transaction",
        _ => "a later stage",
    }
}
