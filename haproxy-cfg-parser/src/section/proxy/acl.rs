//! `acl NAME TEST`.

use crate::expr;
use crate::model::Acl;
use crate::parse::{Args, Cx};
use crate::section::draft::Draft;

pub(crate) fn acl(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    let name = args.get(1);
    let bad = |c: &char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | '.' | ':');
    if let Some(c) = name.chars().find(bad) {
        cx.wrong(args, 1, format!("character '{c}' is not permitted in acl name '{name}'."));
        return;
    }
    if draft.is_defaults && draft.proxy.name.is_empty() {
        cx.wrong(args, 0, "'acl' not allowed in anonymous 'defaults' section.");
        return;
    }
    if matches!(name, "or" | "||") {
        cx.wrong(args, 1, "acl name 'or' will never match. 'or' is used to express a logical disjunction within a condition.");
        return;
    }
    match expr::acl_test(cx, &args.rest(2)) {
        Ok((test, reach)) => {
            draft.acls.add(name, test.expr.fetch.name, reach);
            draft.proxy.acls.push(Acl { name: name.into(), test });
        }
        Err(reason) => {
            // Later conditions that name it are not wrong as well.
            draft.acls.add(name, "", u32::MAX);
            cx.wrong(args, 1, format!("error detected while parsing ACL '{name}' : {reason}."));
        }
    }
}
