//! The environment and process variables.

use crate::expr::{self, Site};
use crate::model::{Action, ActionArg, Rule, Scope};
use crate::parse::{Args, Cx};
use crate::tables::reach::Stage;

fn pair<'a>(cx: &mut Cx<'_>, args: &Args<'a>) -> Option<(&'a str, &'a str)> {
    if args.get(2).is_empty() {
        let here = cx.here();
        cx.alert_word(args, 0, format!("{here}: '{}' expects a name and a value.", args.get(0)));
        return None;
    }
    Some((args.get(1), args.get(2)))
}

pub(crate) fn setenv(cx: &mut Cx<'_>, _: &mut (), args: &Args<'_>) {
    if let Some((name, value)) = pair(cx, args) {
        cx.env.set(name, value);
    }
}

pub(crate) fn presetenv(cx: &mut Cx<'_>, _: &mut (), args: &Args<'_>) {
    if let Some((name, value)) = pair(cx, args) {
        cx.env.preset(name, value);
    }
}

pub(crate) fn unsetenv(cx: &mut Cx<'_>, _: &mut (), args: &Args<'_>) {
    if !args.has(1) {
        let here = cx.here();
        cx.alert_word(args, 0, format!("{here}: 'unsetenv' expects at least one variable name."));
    }
    for name in args.rest(1) {
        cx.env.unset(name);
    }
}

pub(crate) fn resetenv(cx: &mut Cx<'_>, _: &mut (), args: &Args<'_>) {
    cx.env.keep(&args.rest(1));
}

fn assign(cx: &mut Cx<'_>, args: &Args<'_>, name: &'static str) {
    let what = if name == "set-var" { "a sample expression" } else { "a format string" };
    if args.get(2).is_empty() {
        cx.wrong(
            args,
            0,
            format!("'{name}' requires a process-wide variable name ('proc.<name>') and {what}."),
        );
        return;
    }
    let variable = match expr::variable(args.get(1)) {
        Ok(variable) => variable,
        Err(reason) => {
            cx.wrong(args, 1, reason);
            return;
        }
    };
    if variable.scope != Scope::Proc {
        let text = args.get(1);
        cx.wrong(args, 1, format!("'{name}': cannot set variable '{text}', only scope 'proc' is permitted in the global section."));
        return;
    }
    let value = if name == "set-var" {
        expr::sample(cx, args.get(2)).map_err(expr::ExprError::into_text).and_then(|typed| {
            if typed.reach & Stage::Parser.bit() == 0 {
                return Err(format!(
                    "fetch method '{}' extracts information from '{}', none of which is available here",
                    args.get(2),
                    expr::source_name(typed.reach)
                ));
            }
            Ok(ActionArg::Expr(typed.expr))
        })
    } else {
        expr::log_format(cx, args.get(2), Site::new(Stage::Parser.bit())).map(ActionArg::Format)
    };
    match value {
        Ok(value) => {
            let action = Action { name, args: vec![ActionArg::Var(variable), value] };
            let place = cx.place.clone();
            cx.config.global.set_vars.push(Rule { action, condition: None, place });
        }
        Err(reason) => cx.wrong(args, 2, reason),
    }
}

pub(crate) fn set_var(cx: &mut Cx<'_>, _: &mut (), args: &Args<'_>) {
    assign(cx, args, "set-var");
}

pub(crate) fn set_var_fmt(cx: &mut Cx<'_>, _: &mut (), args: &Args<'_>) {
    assign(cx, args, "set-var-fmt");
}
