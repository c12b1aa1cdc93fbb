//! `set-var` and `set-var-fmt` of the global section: variables that are there before the first connection.

use super::{Context, registry};
use crate::check::Settings;
use crate::log::{Format, Style};
use crate::sample::{Expr, Place, Sample, VarKey};
use haproxy_cfg_parser::Diagnostic;
use haproxy_cfg_parser::model::{self, ActionArg, Config};

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
        (Self { said: registry::digest(lines), values }, context.diagnostics)
    }

    /// Sets them. What may stand in the global section asks nothing of an exchange: `settings` has an empty one.
    pub(super) fn set(&self, settings: &Settings) {
        if self.values.is_empty() {
            return;
        }
        let mut exchange = settings.exchange();
        for (key, value) in &self.values {
            let value = match value {
                Value::Expr(expr) => expr.eval(&exchange).map(Sample::into_owned),
                Value::Format(format) => Some(Sample::owned(format.text(&exchange))),
            };
            if value.is_some() {
                exchange.set_var(*key, value);
            }
        }
    }
}

#[derive(Debug)]
enum Value {
    Expr(Expr),
    Format(Format),
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
