//! `balance` and `hash-type`.

use crate::expr;
use crate::model::{Balance, HashType};
use crate::parse::{Args, Cx};
use crate::section::draft::Draft;

const ONLY: &str = "balance only supports 'roundrobin', 'static-rr', 'leastconn', 'source', 'uri', 'url_param', 'hdr(name)' and 'rdp-cookie(name)' options.";

pub(crate) fn balance(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    let word = args.get(1);
    let mut balance =
        Balance { algorithm: "roundrobin", args: Vec::new(), expr: None, place: cx.place.clone() };
    let (name, paren) = match word.split_once('(') {
        Some((name, rest)) => (name, Some(rest.strip_suffix(')').unwrap_or(rest))),
        None => (word, None),
    };
    let known = [
        "roundrobin",
        "static-rr",
        "leastconn",
        "first",
        "source",
        "uri",
        "url_param",
        "hdr",
        "random",
        "rdp-cookie",
        "hash",
        "log-hash",
        "sticky",
    ];
    let Some(algorithm) = known.into_iter().find(|known| *known == name) else {
        if word.is_empty() {
            draft.proxy.balance = Some(balance);
        } else {
            cx.wrong(args, 1, ONLY);
        }
        return;
    };
    balance.algorithm = algorithm;
    balance.args.extend(paren.map(str::to_owned));
    let rest = args.rest(2);
    let result = match algorithm {
        "uri" => uri(&rest),
        "url_param" => match rest.split_first() {
            None => Err("balance url_param requires an URL parameter name.".to_owned()),
            Some((_, [])) => Ok(()),
            Some((_, ["check_post", ..])) => Ok(()),
            Some(_) => Err("balance url_param only accepts check_post modifier.".to_owned()),
        },
        "hdr" => match paren {
            None => Err(ONLY.to_owned()),
            Some("") => Err("balance hdr requires an http header field name.".to_owned()),
            Some(_) if rest.first().is_some_and(|word| *word != "use_domain_only") => {
                Err("balance hdr(name) only accepts 'use_domain_only' modifier.".to_owned())
            }
            Some(_) => Ok(()),
        },
        "random" => match paren.map(|digits| {
            digits.find(|c: char| !c.is_ascii_digit()).and_then(|at| digits.get(at..)?.chars().next())
        }) {
            Some(Some(c)) => Err(format!("balance random : unexpected character '{c}' after argument.")),
            _ => Ok(()),
        },
        "hash" => match expr::sample(cx, &rest.join(",")) {
            Ok(typed) => {
                balance.expr = Some(typed.expr);
                Ok(())
            }
            Err(error) => Err(format!("balance hash '{}' : {}.", rest.join(" "), error.into_text())),
        },
        _ => Ok(()),
    };
    match result {
        Ok(()) => {
            balance.args.extend(rest.into_iter().map(str::to_owned));
            draft.proxy.balance = Some(balance);
        }
        Err(text) => cx.wrong(args, 1, text),
    }
}

fn uri(words: &[&str]) -> Result<(), String> {
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match *word {
            "len" | "depth" => {
                if words.next().and_then(|text| text.parse::<u32>().ok()).is_none() {
                    return Err(format!("balance uri {word} expects a positive integer (got '')."));
                }
            }
            "whole" | "path-only" => {}
            other => {
                return Err(format!(
                    "balance uri only accepts parameters 'len', 'depth', 'path-only', and 'whole' (got '{other}')."
                ));
            }
        }
    }
    Ok(())
}

pub(crate) fn hash_type(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    let mut hash = HashType::default();
    match args.get(1) {
        "consistent" => hash.consistent = true,
        "map-based" => {}
        "avalanche" => {
            cx.wrong(args, 1, "experimental feature 'hash-type avalanche' is not supported anymore, please use 'hash-type map-based sdbm avalanche' instead.");
            return;
        }
        _ => {
            cx.wrong(args, 1, "'hash-type' only supports 'consistent' and 'map-based'.");
            return;
        }
    }
    if args.has(2) {
        let known = ["sdbm", "djb2", "wt6", "crc32", "none"];
        hash.function = known.into_iter().find(|known| *known == args.get(2));
        if hash.function.is_none() {
            cx.wrong(args, 2, "'hash-type' only supports 'sdbm', 'djb2', 'crc32', or 'wt6' hash functions.");
            return;
        }
    }
    if args.has(3) {
        if args.get(3) != "avalanche" {
            cx.wrong(args, 3, "'hash-type' only supports 'avalanche' as a modifier for hash functions.");
            return;
        }
        hash.avalanche = true;
    }
    draft.proxy.hash_type = Some(hash);
}
