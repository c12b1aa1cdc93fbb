//! `set-var` and `set-var-fmt` of the global section: variables that are there before the first connection.

use super::dynamic::{quoted, reason};
use super::{Context, Plan, registry, supported};
use crate::check::Settings;
use crate::exchange::Exchange;
use crate::log::{Format, Style};
use crate::sample::{Expr, Place, Sample, VarKey};
use haproxy_cfg_parser::model::{self, ActionArg, Config};
use haproxy_cfg_parser::{Diagnostic, Severity, Source, SystemWorld, parse};

/// The process's variables, in file order: a later line sees what earlier ones have set.
#[derive(Debug, Default)]
pub struct Variables {
    /// A number that stands for the lines.
    pub(super) said: u64,
    values: Vec<(VarKey, Value)>,
}

impl Variables {
    /// Compiles the lines; what is wrong with them is found.
    pub(super) fn compile(config: &Config) -> (Self, Vec<Diagnostic>) {
        let lines = &config.global.set_vars;
        let mut context = Context::new(config, None);
        let values = lines.iter().filter_map(|line| compile(&line.action, &mut context)).collect();
        (Self { said: registry::fingerprint(lines), values }, context.diagnostics)
    }

    /// Sets them. What may stand in the global section asks nothing of an exchange: `settings` has an empty one.
    pub(super) fn set(&self, settings: &Settings) {
        if self.values.is_empty() {
            return;
        }
        let mut exchange = settings.exchange();
        for (key, value) in &self.values {
            let value = value.of(&exchange);
            if value.is_some() {
                exchange.set_var(*key, value);
            }
        }
    }
}

/// What words behind `set var NAME` stand for: an expression, or with `fmt` a format (management guide 9.3 "set var"). None:
/// it has no value.
///
/// # Errors
/// What is wrong, in HAProxy's words.
pub(crate) fn evaluate(plan: &Plan, name: &str, words: &[String]) -> Result<Option<Sample<'static>>, String> {
    const NEITHER: &str = "Missing either 'expr', 'fmt' or expression.";
    let (keyword, words) = match words {
        [] => return Err(NEITHER.into()),
        [kind, rest @ ..] if kind == "expr" && !rest.is_empty() => ("set-var", rest),
        [kind, rest @ ..] if kind == "fmt" && !rest.is_empty() => ("set-var-fmt", rest),
        words => ("set-var", words),
    };
    if VarKey::known(name).is_none() && VarKey::is_full() {
        return Err("There are too many variables.".into());
    }
    let words: Vec<String> =
        std::iter::once(name).chain(words.iter().map(String::as_str)).map(quoted).collect();
    let text = format!("global\n {keyword} {}\n", words.join(" "));
    let (config, found) = parse(&[Source::new("CLI", text)], &SystemWorld::default());
    let (variables, compiled) = Variables::compile(&config);
    let unmet = supported::check(&config);
    let mut all = found.iter().chain(&unmet).chain(&compiled);
    if let Some(finding) = all.find(|finding| finding.severity == Severity::Alert) {
        // A command is named otherwise, and stands in no section.
        let text = reason(finding).replace("in the global section.", "here.");
        let keyword = format!("'{keyword}': cannot set");
        return Err(text.replace(&keyword, "'set var': cannot set"));
    }
    let exchange = plan.checks.exchange();
    Ok(variables.values.first().and_then(|(_, value)| value.of(&exchange)))
}

#[derive(Debug)]
enum Value {
    Expr(Expr),
    Format(Format),
}

impl Value {
    fn of(&self, exchange: &Exchange) -> Option<Sample<'static>> {
        match self {
            Self::Expr(expr) => expr.eval(exchange).map(Sample::into_owned),
            Self::Format(format) => Some(Sample::owned(format.text(exchange))),
        }
    }
}

fn compile(action: &model::Action, context: &mut Context<'_>) -> Option<(VarKey, Value)> {
    let place = Place::Configuration;
    match &action.args[..] {
        [ActionArg::Var(name), ActionArg::Expr(expr), ..] => {
            Some((VarKey::new(name), Value::Expr(Expr::compile(expr, context, place)?)))
        }
        [ActionArg::Var(name), ActionArg::Format(format), ..] => {
            Some((VarKey::new(name), Value::Format(Format::styled(format, context, place, Style::Plain)?)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use crate::sample::{Sample, VarKey};
    use crate::testing::{exchange, frontend};

    #[test]
    fn they_are_there_before_the_first_connection() {
        let text = "global\n set-var proc.one int(5)\n set-var proc.two var(proc.one),add(1)\n set-var-fmt proc.three <%[var(proc.two)]>\nlisten f\n mode http\n bind 127.0.0.1:80\n";
        let exchange = exchange(frontend(text).unwrap(), b"");
        assert_eq!(exchange.var(VarKey::parse("proc.two").unwrap()), Some(Sample::Int(6)));
        assert_eq!(exchange.var(VarKey::parse("proc.three").unwrap()), Some(Sample::str(b"<6>")));
    }
}
