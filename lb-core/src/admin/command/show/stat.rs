//! `show stat`.

use super::{Call, Command, Level, Outcome};
use crate::stats::{Only, Style, print_stat};

pub(in super::super) const STAT: Command = Command {
    words: &["show", "stat"],
    usage: "show stat [desc|json|no-maint|typed|up]*",
    doc: "report counters for each proxy and server",
    level: Level::User,
    run: |call| stat(call).into(),
};

fn stat(call: &Call<'_>) -> Result<Outcome, String> {
    let mut only = Only::default();
    let mut words = call.args;
    // Three words select: a proxy by id or name (-1: all), kinds of rows as bits (-1: all), a server by id (-1: all).
    if let [proxy, kinds, server, rest @ ..] = call.args
        && let (Ok(kinds), Ok(server)) = (kinds.parse::<i64>(), server.parse::<i64>())
    {
        only.proxy = match proxy.parse::<i64>() {
            Ok(id) => u32::try_from(id).ok().filter(|id| *id > 0),
            Err(_) => Some(call.proxy_id(proxy).ok_or("No such proxy.")?),
        };
        only.kinds = u32::try_from(kinds).unwrap_or(u32::MAX);
        only.server = u32::try_from(server).ok();
        words = rest;
    }
    let has = |word: &str| words.iter().any(|arg| arg == word);
    (only.up, only.no_maint) = (has("up"), has("no-maint"));
    let style = Style {
        typed: has("typed"),
        json: has("json"),
        desc: has("desc"),
        float: false,
        private: call.level > Level::User,
    };
    Ok(Outcome::Dump(print_stat(call.plan, only, style)))
}
