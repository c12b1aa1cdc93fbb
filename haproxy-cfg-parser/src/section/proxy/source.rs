//! `source` and `dispatch` of a backend.

use crate::model::{Address, Source};
use crate::parse::{Args, Cx};
use crate::section::draft::Draft;
use crate::value;

pub(crate) fn source(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    if args.get(1).is_empty() {
        cx.wrong(
            args,
            0,
            "'source' expects <addr>[:<port>], and optionally 'usesrc' <addr>, and 'interface' <name>.",
        );
        return;
    }
    let address = match value::address(args.get(1), &cx.env) {
        Ok(Address::Inet { host: crate::model::Host::Name(name), .. }) => {
            cx.wrong(args, 1, format!("'source {name}' : invalid address: '{name}' in '{name}'"));
            return;
        }
        Ok(address) => address,
        Err(error) => {
            cx.wrong(args, 1, format!("'source {}' : {error}", args.get(1)));
            return;
        }
    };
    let mut source = Source { address, usesrc: None, interface: None };
    let mut index = 2;
    while args.has(index) {
        let value = args.get(index + 1);
        match args.get(index) {
            "usesrc" => {
                if value.is_empty() {
                    cx.wrong(
                        args,
                        index,
                        "'usesrc' expects <addr>[:<port>], 'client', or 'clientip' as argument.",
                    );
                    return;
                }
                source.usesrc = Some(vec![value.into()]);
            }
            "interface" => {
                if value.is_empty() {
                    cx.wrong(args, index, "'interface' : missing interface name.");
                    return;
                }
                source.interface = Some(value.into());
            }
            _ => {
                cx.wrong(args, index, "'source' only supports optional keywords 'interface' and 'usesrc'.");
                return;
            }
        }
        index += 2;
    }
    draft.proxy.source = Some(source);
}

pub(crate) fn dispatch(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    let text = args.get(1);
    match value::address(text, &cx.env) {
        Ok(Address::Inet { ports: (0, _), .. }) => {
            cx.wrong(args, 1, format!("'dispatch' : missing port specification in '{text}'"));
        }
        Ok(address) => draft.proxy.dispatch = Some(address),
        Err(_) if text.is_empty() => {
            cx.wrong(args, 0, "'dispatch' : '' resolves to an empty address (environment variable missing?)");
        }
        Err(error) => cx.wrong(args, 1, format!("'dispatch' : {error}")),
    }
}
