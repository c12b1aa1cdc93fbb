//! `do-resolve`.

use super::{Build, Error, Row, act, action};
use crate::exchange::Lookup;
use crate::resolve;
use crate::rule::{Kind, Verdict, Wait};
use haproxy_cfg_parser::model::Mode;
use std::sync::Arc;

const REQUESTS: &[Kind] = &[Kind::HttpRequest, Kind::TcpContent];

pub(super) const ROWS: &[Row] = &[action("do-resolve", REQUESTS, |build| {
    if build.context.proxy.is_some_and(|proxy| proxy.mode != Mode::Http) {
        return Err("it waits for name servers in 'mode http' only so far".into());
    }
    let variable = build.var(0)?;
    let section = section(build)?;
    let families = if build.has("ipv4") { resolve::Lookup::Ipv4First } else { resolve::Lookup::Ipv6First };
    let expr = build.expr(build.args.len() - 1)?;
    act((variable, section, families, expr), |(variable, section, families, expr), exchange| {
        let Some(name) = expr.eval(exchange).map(|name| name.into_bytes().into_owned()) else {
            return Verdict::Continue;
        };
        let Ok(name) = String::from_utf8(name) else { return Verdict::Continue };
        let address = section.look_up(name, *families);
        exchange.lookup = Some(Box::new(Lookup { variable: *variable, address }));
        Verdict::Wait(Wait::Lookup)
    })
})];

fn section(build: &Build<'_, '_>) -> Result<Arc<resolve::Resolvers>, Error> {
    let name = build.text(1)?;
    let known = build.context.resolvers.iter().find(|section| section.config.name == name);
    known.cloned().ok_or_else(|| Error::Text(format!("unable to find resolvers section '{name}'")))
}
