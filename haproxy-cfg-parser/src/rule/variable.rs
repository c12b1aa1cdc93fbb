//! `set-var`, `set-var-fmt`, `unset-var`.

use super::Reader;
use super::reader::Parsed;
use crate::expr;
use crate::model::{ActionArg, VarName};

fn name(r: &Reader<'_, '_, '_>) -> Result<(VarName, Vec<ActionArg>), String> {
    let Some(text) = r.paren else {
        return Err(format!(
            "invalid or incomplete action '{}'. Expects 'set-var(<var-name>)', 'set-var-fmt(<var-name>)' or 'unset-var(<var-name>)'",
            r.word
        ));
    };
    let mut parts = text.split(',');
    let name = expr::variable(parts.next().unwrap_or_default())?;
    let mut conditions = Vec::new();
    for part in parts {
        let known = ["ifexists", "ifnotexists", "ifempty", "ifnotempty", "ifset", "ifnotset", "ifgt", "iflt"];
        let known = known.into_iter().find(|known| *known == part);
        let known = known.ok_or_else(|| format!("unknown condition '{part}'"))?;
        conditions.push(ActionArg::Keyed(known, None));
    }
    Ok((name, conditions))
}

/// `(VAR[,CONDITION]) EXPR`: [`ActionArg::Var`], [`ActionArg::Expr`], then conditions.
pub(crate) fn set_var(r: &mut Reader<'_, '_, '_>) -> Parsed {
    let (name, conditions) = name(r)?;
    let mut args = vec![ActionArg::Var(name), ActionArg::Expr(r.expr()?)];
    args.extend(conditions);
    Ok(args)
}

/// `(VAR[,CONDITION]) FORMAT`: [`ActionArg::Var`], [`ActionArg::Format`], then conditions.
pub(crate) fn set_var_fmt(r: &mut Reader<'_, '_, '_>) -> Parsed {
    let (name, conditions) = name(r)?;
    let [text] = r.exactly("missing format string")?;
    let mut args = vec![ActionArg::Var(name), ActionArg::Format(r.format_of(text)?)];
    args.extend(conditions);
    Ok(args)
}

/// `(VAR)`.
pub(crate) fn unset_var(r: &mut Reader<'_, '_, '_>) -> Parsed {
    Ok(vec![ActionArg::Var(name(r)?.0)])
}
