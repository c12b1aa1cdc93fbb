//! `set-var`, `set-var-fmt`, `unset-var`.

use super::{ALL, Build, Error, Row, act, action};
use crate::exchange::Exchange;
use crate::rule::Verdict;
use crate::sample::{Sample, VarKey};
use haproxy_cfg_parser::model::ActionArg;

pub(super) const ROWS: &[Row] = &[
    action("set-var", ALL, |build| {
        act(
            (build.var(0)?, build.expr(1)?, conditions(build, build.var(0)?)?),
            |(key, expr, conditions), exchange| {
                // An expression without a value leaves the variable alone.
                if let Some(value) = expr.eval(exchange).map(Sample::into_owned) {
                    set(*key, value, conditions, exchange);
                }
                Verdict::Continue
            },
        )
    }),
    action("set-var-fmt", ALL, |build| {
        act(
            (build.var(0)?, build.plain_format(1)?, conditions(build, build.var(0)?)?),
            |(key, format, conditions), exchange| {
                let value = Sample::owned(format.text(exchange));
                set(*key, value, conditions, exchange);
                Verdict::Continue
            },
        )
    }),
    action("unset-var", ALL, |build| {
        act(build.var(0)?, |key, exchange| {
            exchange.set_var(*key, None);
            Verdict::Continue
        })
    }),
];

/// When a variable is set, by its present value and the new one.
type Condition = fn(Option<&Sample<'_>>, &Sample<'_>) -> bool;

fn conditions(build: &Build<'_, '_>, key: VarKey) -> Result<Vec<Condition>, Error> {
    let mut conditions: Vec<Condition> = Vec::new();
    for arg in build.args {
        let ActionArg::Keyed(name, None) = arg else { continue };
        conditions.push(match *name {
            // Those of the process are there from the start, as in HAProxy.
            "ifexists" if key.is_process() => |_, _| true,
            "ifnotexists" if key.is_process() => |_, _| false,
            "ifexists" => |old, _| old.is_some(),
            "ifnotexists" => |old, _| old.is_none(),
            "ifempty" => |_, new| is_empty(new),
            "ifnotempty" => |_, new| !is_empty(new),
            "ifset" => |old, _| old.is_some(),
            "ifnotset" => |old, _| old.is_none(),
            "ifgt" => |old, new| compare(old, new, |old, new| old > new),
            "iflt" => |old, new| compare(old, new, |old, new| old < new),
            other => return Err(Error::Text(format!("unknown condition '{other}'"))),
        });
    }
    Ok(conditions)
}

fn is_empty(sample: &Sample<'_>) -> bool {
    matches!(sample, Sample::Str(bytes) | Sample::Bin(bytes) if bytes.is_empty())
}

fn compare(old: Option<&Sample<'_>>, new: &Sample<'_>, holds: fn(i64, i64) -> bool) -> bool {
    match (old, new) {
        (Some(Sample::Int(old)), Sample::Int(new)) => holds(*old, *new),
        // What cannot be compared is set.
        _ => true,
    }
}

fn set(key: VarKey, value: Sample<'static>, conditions: &[Condition], exchange: &mut Exchange) {
    if !conditions.is_empty() {
        let old = exchange.var(key);
        if !conditions.iter().all(|holds| holds(old.as_ref(), &value)) {
            return;
        }
    }
    exchange.set_var(key, Some(value));
}
