//! `bind` lines, and the addresses of stats sockets (manual 5.1).

mod process;
pub(crate) mod set;

use crate::model::{Address, Bind, BindOptions, Class, Host};
use crate::parse::{Args, Cx};
use crate::section::draft::Draft;
use crate::suggest::Words;
use crate::tables::keywords::bind as table;
use crate::value;
use std::collections::HashMap;
use std::sync::LazyLock;

/// `bind ADDRESS[,ADDRESS...] OPTIONS`.
pub(crate) fn line(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    let text = args.get(1);
    if text.is_empty() {
        cx.unbound.insert(draft.proxy.name.clone());
        cx.wrong(
            args,
            0,
            "'bind' expects {<path>|[addr1]:port1[-end1]}{,[addr]:port[-end]}... as arguments.",
        );
        return;
    }
    cx.unbound.insert(draft.proxy.name.clone());
    let Some(addresses) = addresses(cx, args, "'bind'", text) else { return };
    cx.unbound.remove(&draft.proxy.name);
    let mut options = BindOptions::default();
    let label = format!("'bind {text}' in section '{}'", draft.kind());
    self::options(cx, args, 2, &label, &mut options);
    if let Some(id) = options.id {
        let (other, place) = draft.bind_ids.entry(id).or_insert_with(|| (text.to_owned(), cx.place.clone()));
        if *place != cx.place {
            let message = format!("{label} : 'id' : custom id {id} already used at {place} ('bind {other}')");
            cx.wrong(args, 1, message);
        }
    }
    draft.proxy.binds.push(Bind { addresses, options, place: cx.place.clone() });
}

/// Reads comma-separated addresses; each must have a port or be a path or a descriptor.
pub(crate) fn addresses(
    cx: &mut Cx<'_>,
    args: &Args<'_>,
    label: &str,
    text: &str,
) -> Option<Vec<(Address, String)>> {
    let index = (0..args.len()).find(|index| args.get(*index) == text).unwrap_or(1);
    let mut list = Vec::new();
    for part in text.split(',') {
        if value::is_datagram(part) {
            cx.wrong(args, index, format!("{label} : dgram-type address not acceptable in '{part}'"));
            return None;
        }
        match value::address(part, &cx.env) {
            Ok(Address::Inet { ports: (0, 0), offset: None, .. }) => {
                let text = match part.ends_with(":0") {
                    true => "invalid port '0'".to_owned(),
                    false => format!("missing port specification in '{part}'"),
                };
                cx.wrong(args, index, format!("{label} : {text}"));
                return None;
            }
            Ok(Address::Inet { offset: Some(_), .. }) => {
                cx.wrong(args, index, format!("{label} : port offset not permitted here in '{part}'"));
                return None;
            }
            Ok(Address::Inet { host: Host::Name(host), .. }) if !cx.resolves(&host) => {
                cx.wrong(args, index, format!("{label} : invalid address: '{host}' in '{part}'"));
                return None;
            }
            Ok(address) => list.push((address, part.to_owned())),
            Err(error) => {
                cx.wrong(args, index, format!("{label} : {error}"));
                return None;
            }
        }
    }
    Some(list)
}

/// Reads options from word `at` on.
pub(crate) fn options(cx: &mut Cx<'_>, args: &Args<'_>, at: usize, label: &str, options: &mut BindOptions) {
    static INDEX: LazyLock<HashMap<&str, &table::BindOption>> =
        LazyLock::new(|| table::ROWS.iter().map(|row| (row.name, row)).collect());
    // Else it is an address that comes after other words.
    let bind = !label.starts_with("'stats");
    let mut index = at;
    while args.has(index) {
        let word = args.get(index);
        let Some(row) = INDEX.get(word) else {
            static NAMES: LazyLock<Words> = LazyLock::new(|| Words::sorted(INDEX.keys().copied()));
            let best = NAMES.closest(word);
            let start = if bind { "; did" } else { ". Did" };
            let hint =
                best.map_or_else(|| ".".to_owned(), |best| format!("{start} you mean '{best}' maybe ?"));
            let colon = if bind { ":" } else { " :" };
            cx.wrong(args, index, format!("{label}{colon} unknown keyword '{word}'{hint}"));
            return;
        };
        cx.uses(Class::Bind, row.name);
        let done = match row.name {
            "process" => process::process(cx, args, index, label, options),
            _ => (row.parse)(cx, options, row.name, args.get(index + 1)),
        };
        if let Err(reason) = done {
            let text = match bind {
                true => format!("{label} : {reason}"),
                false => format!("{label} : '{reason}'"),
            };
            cx.wrong(args, index, text);
            return;
        }
        index += 1 + row.args;
    }
}
