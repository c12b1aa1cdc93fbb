//! `cache` sections (manual 6.2).

use super::modifier::Modifier;
use crate::model::Cache;
use crate::parse::{Args, Cx};
use crate::{Diagnostic, Severity, value};

/// The largest cache, in megabytes.
const LARGEST: u64 = 4095;

pub(crate) fn open(cx: &mut Cx<'_>, name: &str) {
    let (refused, place) = (name.is_empty(), cx.place.clone());
    cx.config.caches.push(Cache { name: name.to_owned(), place, refused, ..Cache::default() });
}

/// A line of the cache that was opened last.
pub(crate) fn line(cx: &mut Cx<'_>, _: &mut Modifier, args: &Args<'_>) {
    let (word, text) = (args.get(0), args.get(1));
    if cx.too_many(args, 1) {
        refuse(cx);
        return;
    }
    let here = cx.here();
    let number = text.parse::<u64>().ok();
    let wrong = match word {
        "total-max-size" if number.is_some_and(|number| number > LARGEST) => {
            format!("\"total-max-size\" ({text}) must not be greater than {LARGEST}")
        }
        "max-age" if text.is_empty() => "'max-age' expects an age parameter in seconds.".into(),
        "process-vary" if !matches!(text, "on" | "off") => {
            "'process-vary' expects \"on\" or \"off\" (enable or disable vary processing).".into()
        }
        "total-max-size" | "max-object-size" | "max-secondary-entries" if number.is_none() => {
            format!("{word} wrong value '{text}'")
        }
        _ => {
            if let Some(cache) = cx.config.caches.last_mut() {
                set(cache, word, number.unwrap_or(value::lenient_integer(text).max(0) as u64), text);
            }
            return;
        }
    };
    let fatal = matches!(word, "total-max-size" | "max-object-size");
    // HAProxy labels it a warning, and stops.
    let severity = if fatal { Severity::Alert } else { Severity::Warning };
    cx.report(severity, args.span(1), format!("{here}: {wrong}"));
    if fatal {
        refuse(cx);
    }
}

/// What the section lacks is no finding of its own.
fn refuse(cx: &mut Cx<'_>) {
    if let Some(cache) = cx.config.caches.last_mut() {
        cache.refused = true;
    }
}

fn set(cache: &mut Cache, word: &str, number: u64, text: &str) {
    match word {
        "total-max-size" => cache.total_max_size = Some(number << 20),
        "max-object-size" => cache.max_object_size = Some(number),
        "max-age" => cache.max_age = Some(number),
        "max-secondary-entries" => cache.max_secondary_entries = Some(number),
        _ => cache.process_vary = Some(text == "on"),
    }
}

/// Caches without a size, or with objects that are too large for it.
pub(crate) fn check(cx: &Cx<'_>) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    for cache in cx.config.caches.iter().filter(|cache| !cache.refused) {
        let message = match (cache.total_max_size, cache.max_object_size) {
            (None, _) => format!("Size not specified for cache '{}'", cache.name),
            (Some(total), Some(object)) if object > total / 2 => {
                format!("\"max-object-size\" is limited to an half of \"total-max-size\" => {}", total / 2)
            }
            _ => continue,
        };
        let place = Some(cache.place.clone());
        findings.push(Diagnostic { severity: Severity::Alert, place, span: None, message, help: None });
    }
    findings
}
