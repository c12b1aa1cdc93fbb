//! `userlist` sections (manual 3.4).

use crate::model::{User, Userlist};
use crate::parse::{Args, Cx};
use crate::suggest;
use crate::tables::keywords::userlist as table;
use crate::value;

/// Opens a list; false, and an error, if it has no usable name.
pub(super) fn open(cx: &mut Cx<'_>, args: &Args<'_>) -> bool {
    let name = args.get(1);
    if name.is_empty() {
        let here = cx.here();
        cx.alert_word(args, 0, format!("{here}: 'userlist' expects <name> as arguments."));
        return false;
    }
    if let Some(c) = value::not_in_name(name) {
        let text = format!("{}: character '{c}' is not permitted in 'userlist' name '{name}'.", cx.here());
        cx.alert_word(args, 1, text);
        return false;
    }
    cx.too_many(args, 1);
    if cx.named_before("userlist", name).is_some() {
        let here = cx.here();
        let text = format!("{here}: ignoring duplicated userlist '{name}'.");
        cx.report(crate::Severity::Warning, args.span(1), text);
    }
    let place = cx.place.clone();
    cx.config.userlists.push(Userlist { name: name.into(), place, users: Vec::new(), groups: Vec::new() });
    true
}

/// One line of the list that was opened last.
pub(super) fn line(cx: &mut Cx<'_>, args: &Args<'_>) {
    let word = args.get(0);
    match table::ROWS.iter().find(|row| row.name == word) {
        Some(row) => {
            cx.uses(crate::model::Class::Keyword, row.name);
            (row.parse)(cx, &mut (), args);
        }
        None => {
            let text = format!("{}: unknown keyword '{word}' in 'users' section", cx.here());
            cx.alert_word(args, 0, text);
            if let Some(best) = suggest::closest(word, table::ROWS.iter().map(|row| row.name)) {
                cx.help(format!("did you mean `{best}`?"));
            }
        }
    }
}

/// `group NAME [users A,B,...]`.
pub(crate) fn group(cx: &mut Cx<'_>, _: &mut (), args: &Args<'_>) {
    let name = args.get(1);
    let here = cx.here();
    if name.is_empty() {
        cx.alert_word(args, 0, format!("{here}: 'group' expects <name> as arguments."));
        return;
    }
    let mut users = Vec::new();
    match args.get(2) {
        "" => {}
        "users" if args.has(4) => {
            cx.alert_word(args, 4, format!("{here}: 'group' only supports 'users' option."));
        }
        "users" => users = list(args.get(3)),
        _ => {
            cx.alert_word(args, 2, format!("{here}: 'group' only supports 'users' option."));
        }
    }
    if let Some(last) = cx.config.userlists.last_mut() {
        last.groups.push((name.into(), users));
    }
}

/// `user NAME [password|insecure-password TEXT] [groups A,B,...]`.
pub(crate) fn user(cx: &mut Cx<'_>, _: &mut (), args: &Args<'_>) {
    let name = args.get(1);
    let here = cx.here();
    if name.is_empty() {
        cx.alert_word(args, 0, format!("{here}: 'user' expects <name> as arguments."));
        return;
    }
    let mut user = User { name: name.into(), password: String::new(), insecure: true, groups: Vec::new() };
    let mut index = 2;
    while args.has(index) {
        let value = args.get(index + 1);
        match args.get(index) {
            "password" => (user.password, user.insecure) = (value.into(), false),
            "insecure-password" => (user.password, user.insecure) = (value.into(), true),
            "groups" => user.groups = list(value),
            _ => {
                let text = format!(
                    "{here}: 'user' only supports 'password', 'insecure-password' and 'groups' options."
                );
                cx.alert_word(args, index, text);
                return;
            }
        }
        index += 2;
    }
    let number = cx.config.userlists.len();
    let Some(last) = cx.config.userlists.last_mut() else { return };
    if !cx.named.insert(("user", format!("{number} {name}"))) {
        let list = last.name.clone();
        cx.report(
            crate::Severity::Warning,
            args.span(1),
            format!("{here}: ignoring duplicated user '{name}' in userlist '{list}'."),
        );
        return;
    }
    last.users.push(user);
}

fn list(text: &str) -> Vec<String> {
    text.split(',').filter(|part| !part.is_empty()).map(str::to_owned).collect()
}
