//! `crt-store` sections (manual 3.12).

use super::modifier::Modifier;
use super::other::expects;
use crate::model::{CrtLoad, CrtStore};
use crate::parse::{Args, Cx};
use crate::suggest;

/// Words of a `load` line; each has one argument.
const OPTIONS: [&str; 13] = [
    "acme",
    "alias",
    "bits",
    "crt",
    "curves",
    "domains",
    "generate-dummy",
    "issuer",
    "key",
    "keytype",
    "ocsp",
    "ocsp-update",
    "sctl",
];

pub(crate) fn open(cx: &mut Cx<'_>, name: &str) {
    let place = cx.place.clone();
    cx.config.crt_stores.push(CrtStore { name: name.to_owned(), place, ..CrtStore::default() });
}

/// `crt-base FOLDER`, `key-base FOLDER`.
pub(crate) fn folder(cx: &mut Cx<'_>, _: &mut Modifier, args: &Args<'_>) {
    let word = args.get(0);
    if !expects(cx, args, &format!("'{word}' requires a <path> argument.")) || cx.too_many(args, 1) {
        return;
    }
    let path = Some(args.get(1).to_owned());
    if let Some(store) = cx.config.crt_stores.last_mut() {
        match word {
            "crt-base" => store.crt_base = path,
            _ => store.key_base = path,
        }
    }
}

/// `load crt FILE OPTIONS`.
pub(crate) fn load(cx: &mut Cx<'_>, _: &mut Modifier, args: &Args<'_>) {
    let mut load = CrtLoad { place: cx.place.clone(), ..CrtLoad::default() };
    let mut index = 1;
    while args.has(index) {
        let (word, text) = (args.get(index), args.get(index + 1));
        let Some(name) = OPTIONS.into_iter().find(|name| *name == word) else {
            cx.wrong(args, index, format!("unknown keyword '{word}' on a 'load' line."));
            if let Some(best) = suggest::closest(word, OPTIONS) {
                cx.help(format!("did you mean `{best}`?"));
            }
            return;
        };
        let switch = matches!(name, "generate-dummy" | "ocsp-update");
        if text.is_empty() || switch && !matches!(text, "on" | "off") {
            let what = if switch { "'on' or 'off'" } else { "an argument" };
            cx.wrong(args, index, format!("'load' : '{word}' expects {what}."));
            return;
        }
        match name {
            "crt" => load.crt = text.to_owned(),
            "alias" => load.alias = Some(text.to_owned()),
            _ => load.options.push((name, text.to_owned())),
        }
        index += 2;
    }
    if load.crt.is_empty() {
        cx.wrong(args, 0, "'load' requires a 'crt' with its file.");
    } else if let Some(store) = cx.config.crt_stores.last_mut() {
        store.loads.push(load);
    }
}
