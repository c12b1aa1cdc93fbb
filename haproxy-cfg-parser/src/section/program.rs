//! `program` sections (manual 3.6 of versions up to 3.2).

use super::modifier::Modifier;
use crate::model::Program;
use crate::parse::{Args, Cx};
use crate::{Diagnostic, Severity};

pub(crate) fn open(cx: &mut Cx<'_>, name: &str) {
    let place = cx.place.clone();
    cx.config.programs.push(Program { name: name.to_owned(), place, ..Program::default() });
}

fn change(cx: &mut Cx<'_>, with: impl FnOnce(&mut Program)) {
    if let Some(program) = cx.config.programs.last_mut() {
        with(program);
    }
}

/// `command PROGRAM ARGUMENTS`.
pub(crate) fn command(cx: &mut Cx<'_>, _: &mut Modifier, args: &Args<'_>) {
    if given(cx, args, "a command with optional arguments separated in words") {
        let words = args.owned(1);
        change(cx, |program| program.command = words);
    }
}

/// `user NAME`, `group NAME`.
pub(crate) fn identity(cx: &mut Cx<'_>, _: &mut Modifier, args: &Args<'_>) {
    let word = args.get(0);
    if cx.too_many(args, 1) || !given(cx, args, &format!("a {word} name")) {
        return;
    }
    let name = Some(args.get(1).to_owned());
    change(cx, |program| match word {
        "user" => program.user = name,
        _ => program.group = name,
    });
}

/// `option start-on-reload`.
pub(crate) fn option(cx: &mut Cx<'_>, modifier: &mut Modifier, args: &Args<'_>) {
    let kept = *modifier == Modifier::No;
    match args.get(1) {
        "start-on-reload" => {
            if !cx.too_many_for(args, 2, 1) {
                change(cx, |program| program.kept_on_reload = kept);
            }
        }
        "" => drop(given(cx, args, "an option name")),
        other => cx.wrong(args, 1, format!("unknown option '{other}'.")),
    }
}

fn given(cx: &mut Cx<'_>, args: &Args<'_>, what: &str) -> bool {
    let good = !args.get(1).is_empty();
    if !good {
        let text = format!("{}: '{}' expects {what}.", cx.here(), args.get(0));
        cx.alert_word(args, 0, text);
    }
    good
}

/// Sections that start nothing.
pub(crate) fn check(cx: &Cx<'_>) -> Vec<Diagnostic> {
    let idle = cx.config.programs.iter();
    let idle = idle.filter(|program| program.command.is_empty() && !cx.broken.contains(&program.place));
    let finding = |program: &Program| Diagnostic {
        severity: Severity::Alert,
        place: Some(program.place.clone()),
        span: None,
        message: format!("The program section '{}' lacks a command to launch.", program.name),
        help: None,
    };
    idle.map(finding).collect()
}
