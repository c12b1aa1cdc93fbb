//! `server`, `server-template` and `default-server` lines (manual 5.2).

pub(crate) mod protocol;
pub(crate) mod set;

use crate::check::Turn;
use crate::model::{Address, Class, Host, Mode, Place, ServerLine, Source};
use crate::parse::{Args, Cx};
use crate::section::draft::Draft;
use crate::suggest::Words;
use crate::tables::keywords::server as table;
use crate::value;
use crate::{Diagnostic, Severity};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, LazyLock};

/// `server NAME ADDRESS OPTIONS`.
pub(crate) fn line(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    if args.get(2).is_empty() {
        let text = format!("[{}] : 'server' expects <name> and <addr>[:<port>] as arguments.", cx.place);
        cx.alert_word(args, 0, text);
        return;
    }
    let name = args.get(1);
    if !name_is_good(cx, args, 1, "server") {
        return;
    }
    let line = cx.place.line;
    let first = *draft.server_names.entry(name.to_owned()).or_insert(line);
    if first != line {
        let title = draft.title();
        let message = format!(
            "{} : {title}, another server named '{name}' was already defined at line {first}, please use distinct names.",
            cx.here()
        );
        let finding = Diagnostic {
            severity: Severity::Alert,
            place: Some(cx.place.clone()),
            span: args.span(1),
            message,
            help: None,
        };
        cx.late.push((cx.config.proxies.len(), Turn::Servers, finding));
    }
    let Some(server) = server(cx, &Owner::of(draft), args, name, args.get(2), 3) else { return };
    if let Some(id) = server.id {
        let (other, place) =
            draft.server_ids.entry(id).or_insert_with(|| (name.to_owned(), server.place.clone()));
        if *place != server.place {
            let label = Label { place: cx.place.clone(), names: Some((&draft.proxy.name, name)) };
            let text = format!("{label} 'id' : custom id {id} already used at {place} ('server {other}').");
            cx.alert_word(args, 1, text);
        }
    }
    draft.proxy.servers.push(Arc::new(server));
}

/// `server-template PREFIX COUNT|LOW-HIGH ADDRESS OPTIONS`.
pub(crate) fn template(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    let place = cx.place.to_string();
    if args.get(3).is_empty() {
        cx.alert_word(
            args,
            0,
            format!(
                "[{place}] : 'server-template' expects <prefix> <nb | range> <addr>[:<port>] as arguments."
            ),
        );
        return;
    }
    let text = args.get(2);
    let range = match text.split_once('-') {
        Some((low, high)) => low.parse().ok().zip(high.parse().ok()),
        None => text.parse().ok().map(|count: u32| (1, count)),
    };
    let Some((low, high)) = range.filter(|(low, high)| 0 < *low && low <= high) else {
        cx.alert_word(args, 2, format!("[{place}] : Wrong server-template number or range arg '{text}'."));
        return;
    };
    if !name_is_good(cx, args, 1, "server-template") {
        return;
    }
    if let Some(mut server) = server(cx, &Owner::of(draft), args, args.get(1), args.get(3), 4) {
        server.template = Some((low, high));
        draft.proxy.servers.push(Arc::new(server));
    }
}

/// `default-server OPTIONS`.
pub(crate) fn default_server(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    let mut server = draft.default_server.clone();
    let label = Label { place: cx.place.clone(), names: None };
    options(cx, args, 1, &label, &mut server, true);
    draft.default_server = server;
}

fn name_is_good(cx: &mut Cx<'_>, args: &Args<'_>, index: usize, kind: &str) -> bool {
    let name = args.get(index);
    let Some(c) = value::not_in_name(name) else { return true };
    let place = cx.place.to_string();
    let what = if kind == "server" { "server name" } else { "server-template name" };
    cx.alert_word(args, index, format!("[{place}] : character '{c}' is not permitted in {what} '{name}'."));
    false
}

/// `server NAME ADDRESS OPTIONS` of a section that is no proxy: its name must have an address.
pub(crate) fn at_once(
    cx: &mut Cx<'_>,
    args: &Args<'_>,
    owner: &str,
    template: &ServerLine,
) -> Option<ServerLine> {
    let (name, address) = (args.get(1), args.get(2));
    let owner = Owner { name: owner, template, datagrams: false };
    let server = server(cx, &owner, args, name, address, 3)?;
    match &server.address {
        Address::Inet { host: Host::Name(host), .. } if !cx.resolves(host) => {
            let label = Label { place: cx.place.clone(), names: Some((owner.name, name)) };
            cx.alert_word(args, 2, format!("{label} invalid address: '{host}' in '{address}'"));
            None
        }
        _ => Some(server),
    }
}

/// How messages about a server start.
pub(crate) struct Label<'a> {
    pub(crate) place: Place,
    /// Its owner's name and its own, where it has one.
    pub(crate) names: Option<(&'a str, &'a str)>,
}

impl fmt::Display for Label<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}] :", self.place)?;
        self.names.map_or(Ok(()), |(owner, name)| write!(f, " 'server {owner}/{name}' :"))
    }
}

/// What a server belongs to.
struct Owner<'a> {
    name: &'a str,
    /// What its servers start from.
    template: &'a ServerLine,
    /// They may be reached by datagrams.
    datagrams: bool,
}

impl<'a> Owner<'a> {
    fn of(draft: &'a Draft) -> Self {
        let datagrams = draft.proxy.mode == Mode::Other("log");
        Self { name: &draft.proxy.name, template: &draft.default_server, datagrams }
    }
}

fn server(
    cx: &mut Cx<'_>,
    owner: &Owner<'_>,
    args: &Args<'_>,
    name: &str,
    address: &str,
    at: usize,
) -> Option<ServerLine> {
    let label = Label { place: cx.place.clone(), names: Some((owner.name, name)) };
    if value::is_datagram(address) && !owner.datagrams {
        cx.alert_word(args, at - 1, format!("{label} dgram-type address not acceptable in '{address}'"));
        return None;
    }
    let mut server = owner.template.clone();
    server.name = name.into();
    server.place = cx.place.clone();
    server.address_text = address.into();
    server.address = match value::address(address, &cx.env) {
        Ok(Address::Inet { ports: (low, high), .. }) if low != high => {
            cx.alert_word(args, at - 1, format!("{label} port range not permitted here in '{address}'"));
            return None;
        }
        Ok(parsed) => parsed,
        Err(error) => {
            cx.alert_word(args, at - 1, format!("{label} {error}"));
            return None;
        }
    };
    let good = options(cx, args, at, &label, &mut server, false);
    if server.check.track.is_some() && (server.check.enabled || server.check.agent.enabled) {
        cx.alert_word(args, 0, format!("{label} unable to enable checks and tracking at the same time!"));
    }
    if server.check.agent.enabled && server.check.agent.port.is_none() {
        let text = format!("{label} server {name} does not have agent port. Agent check has been disabled.");
        cx.alert_word(args, 0, text);
    }
    let unverified = good && !server.others.iter().any(|other| matches!(other.0, "ca-file" | "verify"));
    if server.ssl && unverified && !cx.server_verify_off {
        cx.alert_word(args, 0, format!("{label} verify is enabled by default but no CA file specified. If you're running on a LAN where you're certain to trust the server's certificate, please set an explicit 'verify none' statement on the 'server' line, or use 'ssl-server-verify none' in the global section to disable server-side verifications by default."));
    }
    Some(server)
}

/// Reads options from word `at` on; false, and an error, if one is wrong.
pub(crate) fn options(
    cx: &mut Cx<'_>,
    args: &Args<'_>,
    at: usize,
    label: &Label<'_>,
    server: &mut ServerLine,
    default: bool,
) -> bool {
    static INDEX: LazyLock<HashMap<&str, &table::ServerOption>> =
        LazyLock::new(|| table::ROWS.iter().map(|row| (row.name, row)).collect());
    let mut index = at;
    while args.has(index) {
        let word = args.get(index);
        if word == "source" {
            cx.uses(Class::Server, table::SOURCE.0);
            match source(cx, args, index) {
                Ok((source, next)) => {
                    server.source = Some(source);
                    index = next;
                    continue;
                }
                Err(text) => {
                    cx.alert_word(args, index, format!("{label} {text}"));
                    return false;
                }
            }
        }
        if word == "usesrc" {
            cx.alert_word(args, index, format!("{label} 'usesrc' only allowed after a 'source' statement.."));
            return false;
        }
        // One option has an argument in parentheses.
        let base = word.split('(').next().filter(|base| *base == set::TLV).unwrap_or(word);
        let Some(row) = INDEX.get(base) else {
            static NAMES: LazyLock<Words> = LazyLock::new(|| Words::sorted(INDEX.keys().copied()));
            let best = NAMES.closest(word);
            let hint = best.map_or_else(|| ".".to_owned(), |best| format!("; did you mean '{best}' maybe ?"));
            let address = if default { " Hint: no address was expected for this server." } else { "" };
            cx.alert_word(args, index, format!("{label} unknown keyword '{word}'{hint}{address}"));
            if let Some(best) = best {
                cx.help(format!("did you mean `{best}`?"));
            }
            return false;
        };
        cx.uses(Class::Server, row.name);
        let value = args.get(index + 1);
        let parsed = match row.name {
            set::TLV => set::tlv(cx, server, word, value),
            name => (row.parse)(cx, server, name, value),
        };
        if let Err(reason) = parsed {
            // One text of HAProxy's has no full stop.
            let stop = if row.name == "sni" { "" } else { "." };
            cx.alert_word(args, index, format!("{label} {reason}{stop}"));
            return false;
        }
        index += 1 + row.args;
    }
    true
}

/// `source ADDRESS [usesrc WORDS] [interface NAME]`; gives the word after it.
fn source(cx: &Cx<'_>, args: &Args<'_>, at: usize) -> Result<(Source, usize), String> {
    if args.get(at + 1).is_empty() {
        return Err("'source' expects <addr>[:<port>[-<port>]], and optionally 'usesrc' <addr>, and 'interface' <name> as argument..".into());
    }
    let address = value::address(args.get(at + 1), &cx.env).map_err(|error| error.to_string())?;
    let mut source = Source { address, usesrc: None, interface: None };
    let mut index = at + 2;
    loop {
        let value = args.get(index + 1);
        match args.get(index) {
            "usesrc" if value.is_empty() => {
                return Err("'usesrc' expects <addr>[:<port>], 'client', 'clientip', or 'hdr_ip(name,#)' as argument..".into());
            }
            "usesrc" => source.usesrc = Some(vec![value.into()]),
            "interface" if value.is_empty() => return Err("'interface' : missing interface name.".into()),
            "interface" => source.interface = Some(value.into()),
            _ => return Ok((source, index)),
        }
        index += 2;
    }
}
