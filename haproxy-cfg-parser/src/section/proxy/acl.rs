//! `acl NAME TEST`.

use crate::expr::{self, Acls};
use crate::model::Acl;
use crate::parse::{Args, Cx};
use crate::section::draft::Draft;
use crate::value;

pub(crate) fn acl(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    if draft.is_defaults && draft.proxy.name.is_empty() && name_is_good(cx, args) {
        cx.wrong(args, 0, "'acl' not allowed in anonymous 'defaults' section.");
    } else if let Some(acl) = read(cx, &mut draft.acls, args) {
        draft.proxy.acls.push(acl);
    }
}

fn name_is_good(cx: &mut Cx<'_>, args: &Args<'_>) -> bool {
    let name = args.get(1);
    if let Some(c) = value::not_in_name(name) {
        cx.wrong(args, 1, format!("character '{c}' is not permitted in acl name '{name}'."));
        return false;
    }
    true
}

/// Reads the line; what it defines is known from now on, even if it is wrong.
pub(crate) fn read(cx: &mut Cx<'_>, acls: &mut Acls, args: &Args<'_>) -> Option<Acl> {
    let name = args.get(1);
    if !name_is_good(cx, args) {
        return None;
    }
    if matches!(name, "or" | "||") {
        cx.wrong(args, 1, "acl name 'or' will never match. 'or' is used to express a logical disjunction within a condition.");
        return None;
    }
    match expr::acl_test(cx, &args.rest(2)) {
        Ok((test, reach)) => {
            acls.add(name, test.expr.fetch.name, reach);
            Some(Acl { name: name.into(), test })
        }
        Err(reason) => {
            // Later conditions that name it are not wrong as well.
            acls.add(name, "", u32::MAX);
            cx.wrong(args, 1, format!("error detected while parsing ACL '{name}' : {reason}."));
            None
        }
    }
}
