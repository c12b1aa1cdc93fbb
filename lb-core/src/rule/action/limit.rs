//! `set-timeout`, `set-retries`, `set-priority-class`, `set-priority-offset`: limits of one exchange.

use super::{Build, Built, Error, REQUEST, REQUEST_RESPONSE, Row, act, action};
use crate::exchange::{Exchange, Limits};
use crate::rule::{Kind, Verdict};
use crate::sample::Expr;
use crate::server::Priority;
use haproxy_cfg_parser::model::ActionArg;
use std::time::Duration;

pub(super) const ROWS: &[Row] = &[
    action("set-timeout", REQUEST_RESPONSE, set_timeout),
    action("set-retries", REQUEST, set_retries),
    action("set-retries", &[Kind::TcpContent], set_retries),
    action("set-priority-class", QUEUED, |build| priority(build, set_class)),
    action("set-priority-offset", QUEUED, |build| priority(build, set_offset)),
];

/// Before a server is chosen.
const QUEUED: &[Kind] = &[Kind::TcpContent, Kind::HttpRequest];
/// The farthest classes and offsets, as in HAProxy.
const MOST_CLASS: i64 = 0x7FF;
const MOST_OFFSET: i64 = 0x7_FFFF;

/// A number that is fixed, or an expression's.
pub(super) enum Number {
    Fixed(u64),
    Computed(Expr),
}

impl Number {
    pub(super) fn new(arg: Option<&ActionArg>, build: &mut Build<'_, '_>) -> Result<Self, Error> {
        match arg {
            Some(ActionArg::Time(millis)) => Ok(Self::Fixed(*millis)),
            Some(ActionArg::Int(number)) => {
                u64::try_from(*number).map(Self::Fixed).map_err(|_| "the number must not be negative".into())
            }
            Some(ActionArg::Expr(expr)) => {
                Expr::compile(expr, build.context, build.place).map(Self::Computed).ok_or(Error::Reported)
            }
            _ => Err("expects a number or an expression".into()),
        }
    }

    /// None: the expression has no value, or one below zero.
    pub(super) fn get(&self, exchange: &Exchange) -> Option<u64> {
        match self {
            Self::Fixed(number) => Some(*number),
            Self::Computed(expr) => u64::try_from(expr.eval(exchange)?.to_int()?).ok(),
        }
    }
}

/// `set-timeout NAME TIME|EXPR`; an expression gives milliseconds.
fn set_timeout(build: &mut Build<'_, '_>) -> Built {
    let Some(ActionArg::Keyed(name, Some(value))) = build.args.first() else {
        return Err("expects exactly 2 arguments".into());
    };
    let field: fn(&mut Limits) -> &mut Option<Duration> = match *name {
        "client" => |limits| &mut limits.client,
        "server" => |limits| &mut limits.server,
        "tunnel" => |limits| &mut limits.tunnel,
        "connect" => |limits| &mut limits.connect,
        "queue" => |limits| &mut limits.queue,
        "tarpit" => |limits| &mut limits.tarpit,
        other => return Err(format!("there is no timeout '{other}' to set").into()),
    };
    let millis = Number::new(Some(value), build)?;
    act((field, millis), |(field, millis), exchange| {
        if let Some(millis) = millis.get(exchange).filter(|millis| *millis > 0) {
            *field(&mut exchange.limits) = Some(Duration::from_millis(millis));
        }
        Verdict::Continue
    })
}

type SetPriority = fn(&mut Priority, i64);

fn priority(build: &mut Build<'_, '_>, set: SetPriority) -> Built {
    let Some(ActionArg::Expr(expr)) = build.args.first() else { return Err("expects an expression".into()) };
    let expr = Expr::compile(expr, build.context, build.place).ok_or(Error::Reported)?;
    act((expr, set), |(expr, set): &(Expr, SetPriority), exchange: &mut Exchange| {
        if let Some(number) = expr.eval(exchange).and_then(|sample| sample.to_int()) {
            set(&mut exchange.priority, number);
        }
        Verdict::Continue
    })
}

fn set_class(priority: &mut Priority, number: i64) {
    priority.class = number.clamp(-MOST_CLASS, MOST_CLASS) as i32;
}

fn set_offset(priority: &mut Priority, number: i64) {
    priority.offset = number.clamp(-MOST_OFFSET, MOST_OFFSET) as i32;
}

fn set_retries(build: &mut Build<'_, '_>) -> Built {
    let retries = Number::new(build.args.first(), build)?;
    act(retries, |retries, exchange| {
        if let Some(retries) = retries.get(exchange).and_then(|retries| u32::try_from(retries).ok()) {
            exchange.limits.retries = Some(retries);
        }
        Verdict::Continue
    })
}
