//! Lines of the `global` section (manual 3).

pub(crate) mod choice;
pub(crate) mod environment;
pub(crate) mod limit;
pub(crate) mod plain;
pub(crate) mod process;
pub(crate) mod report;
pub(crate) mod tune;

use super::modifier::Modifier;
use crate::model::Class;
use crate::parse::{Args, Cx};
use crate::suggest::Words;
use crate::tables::keywords::{Keyword, global, tune as tuning};
use std::collections::HashMap;
use std::sync::LazyLock;

/// One line of the section.
pub(super) fn line(cx: &mut Cx<'_>, args: &Args<'_>, modifier: Modifier) {
    static INDEX: LazyLock<HashMap<&str, &Keyword<()>>> =
        LazyLock::new(|| global::ROWS.iter().chain(tuning::ROWS).map(|row| (row.name, row)).collect());
    let word = args.get(0);
    match word {
        "log" => {
            cx.uses(Class::Keyword, "log");
            let mut logs = std::mem::take(&mut cx.config.global.logs);
            super::log::line(cx, &mut logs, args, modifier, true);
            cx.config.global.logs = logs;
            return;
        }
        "stats" => {
            let name = ["stats", args.get(1)].join(" ");
            match INDEX.get(name.as_str()) {
                Some(row) => {
                    cx.uses(Class::Keyword, row.name);
                    (row.parse)(cx, &mut (), args);
                }
                None if args.get(1) == "bind-process" => {
                    cx.warn(args, 1, "'stats bind-process' has no effect since HAProxy 2.5.");
                }
                None => {
                    let text = format!(
                        "'stats' only supports 'socket', 'maxconn', 'bind-process' and 'timeout' (got '{}')",
                        args.get(1)
                    );
                    cx.wrong(args, 1, text);
                }
            }
            return;
        }
        "nbproc" => return process::nbproc(cx, args),
        "debug" => return process::debug(cx, args),
        _ => {}
    }
    let Some(row) = INDEX.get(word) else {
        static NAMES: LazyLock<Words> =
            LazyLock::new(|| Words::sorted(INDEX.keys().copied().chain(["stats", "log"])));
        super::other::unknown(cx, args, "global", NAMES.closest(word));
        return;
    };
    if modifier == Modifier::No {
        // Of the others, off is what lb does anyway.
        if row.name == "strict-limits" {
            cx.config.global.strict_limits = Some(false);
        }
        return;
    }
    cx.uses(Class::Keyword, row.name);
    (row.parse)(cx, &mut (), args);
}
