//! `set-var` and `set-var-fmt` of the global section: variables that are there before the first connection.

use super::{Context, Options, frontend};
use crate::engine::Limit;
use crate::exchange::{Exchange, Session, Times};
use crate::log::{Format, Style};
use crate::proxy::Listener;
use crate::sample::{Expr, Place, Sample, VarKey, Vars};
use haproxy_cfg_parser::model::{self, ActionArg, Config};
use haproxy_cfg_parser::{Diagnostic, Severity};
use std::sync::Arc;
use std::time::{Instant, SystemTime};

/// Sets the process's variables, in file order: a later line sees what earlier ones have set.
///
/// Nothing is set when a line is wrong; the findings say what.
pub(super) fn set(config: &Config, options: &Options) -> Vec<Diagnostic> {
    let lines = &config.global.set_vars;
    if lines.is_empty() {
        return Vec::new();
    }
    let mut context = Context::new(config, None);
    let compiled: Vec<_> = lines.iter().filter_map(|line| compile(&line.action, &mut context)).collect();
    if !context.diagnostics.iter().any(|finding| finding.severity == Severity::Alert) {
        let mut exchange = nobody(options, &mut context);
        for (key, value) in compiled {
            let value = match value {
                Value::Expr(expr) => expr.eval(&exchange).map(Sample::into_owned),
                Value::Format(format) => Some(Sample::owned(format.text(&exchange))),
            };
            if value.is_some() {
                exchange.set_var(key, value);
            }
        }
    }
    context.diagnostics
}

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

/// An exchange with nothing in it: what may stand in the global section reads none of it.
fn nobody(options: &Options, context: &mut Context<'_>) -> Exchange {
    let frontend = frontend::frontend(&model::Proxy::default(), 0, Vec::new(), options, context);
    let listener = Listener {
        name: String::new(),
        id: 0,
        address: String::new(),
        port: 0,
        bound: None,
        accept_proxy: false,
        level: None,
        connections: Limit::new(0),
        frontend: Default::default(),
    };
    let (now, wall) = (Instant::now(), SystemTime::now());
    let session = Session {
        src: None,
        dst: None,
        listener: Arc::new(listener),
        accepted_at: wall,
        accepted: now,
        expects_proxy: false,
        proxied: None,
        vars: Vars::default(),
        requests: 0,
    };
    Exchange::new(Box::new(session), Arc::new(frontend), Times::begin(now, wall))
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
