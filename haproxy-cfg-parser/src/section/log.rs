//! `log` lines (manual 4.2 "log").

use crate::model::{Address, Host, LogFraming, LogTarget};
use crate::parse::{Args, Cx};
use crate::section::modifier::Modifier;
use crate::value;

const FACILITIES: [&str; 24] = [
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "auth2", "ftp", "ntp",
    "audit", "alert", "cron2", "local0", "local1", "local2", "local3", "local4", "local5", "local6",
    "local7",
];

const LEVELS: [&str; 8] = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];

/// The number of a level's name.
pub(crate) fn level(name: &str) -> Option<u8> {
    LEVELS.iter().position(|level| *level == name).map(|index| index as u8)
}

/// Parses a `log` line into `logs`. `global`: it stands in the global section.
pub(crate) fn line(
    cx: &mut Cx<'_>,
    logs: &mut Vec<LogTarget>,
    args: &Args<'_>,
    modifier: Modifier,
    global: bool,
) {
    if modifier == Modifier::No {
        if args.has(1) {
            cx.wrong(args, 1, "'no log' does not expect arguments.");
        }
        logs.clear();
        return;
    }
    read(cx, "log", logs, args, global);
}

/// A line of the same words under another name.
pub(crate) fn line_of(cx: &mut Cx<'_>, name: &str, logs: &mut Vec<LogTarget>, args: &Args<'_>) {
    read(cx, name, logs, args, false);
}

fn read(cx: &mut Cx<'_>, name: &str, logs: &mut Vec<LogTarget>, args: &Args<'_>, global: bool) {
    match target(cx, args, global) {
        Ok(target) => logs.push(target),
        Err((index, text)) => cx.wrong(args, index, format!("{name} : {text}")),
    }
}

fn target(cx: &Cx<'_>, args: &Args<'_>, global: bool) -> Result<LogTarget, (usize, String)> {
    let mut target = LogTarget {
        address: None,
        max_len: None,
        format: None,
        sample: None,
        profile: None,
        facility: 0,
        level: 7,
        min_level: 0,
        place: cx.place.clone(),
    };
    let missing = |index| {
        let and = if global { "and <facility>  as" } else { "and <facility> or global as" };
        (index, format!("expects <address> {and} arguments"))
    };
    if !global && args.get(1) == "global" && !args.has(2) {
        return Ok(target);
    }
    if !args.has(1) {
        return Err(missing(0));
    }
    let text = args.get(1);
    let mut index = 2;
    loop {
        let value = args.get(index + 1);
        match args.get(index) {
            "len" => {
                let len = value.parse().ok().filter(|len| (80..=65535).contains(len));
                let len = len.ok_or_else(|| {
                    (index + 1, format!("invalid log length '{value}', must be between 80 and 65535"))
                })?;
                target.max_len = Some(len);
            }
            "format" => {
                let framing =
                    framing(value).ok_or_else(|| (index + 1, format!("unknown log format '{value}'")))?;
                target.format = Some(framing);
            }
            "sample" => target.sample = Some(sample(value).map_err(|text| (index + 1, text))?),
            "profile" => target.profile = Some(value.to_owned()),
            _ => break,
        }
        index += 2;
    }
    if !args.has(index) {
        return Err(missing(1));
    }
    let facility = args.get(index);
    let number = FACILITIES.iter().position(|name| *name == facility);
    target.facility = number.ok_or_else(|| (index, format!("unknown log facility '{facility}'")))? as u8;
    for (offset, slot) in [(1, &mut target.level), (2, &mut target.min_level)] {
        let word = args.get(index + offset);
        if !word.is_empty() {
            *slot = level(word)
                .ok_or_else(|| (index + offset, format!("unknown optional log level '{word}'")))?;
        }
    }
    if args.has(index + 3) {
        return Err((index + 3, format!("cannot handle unexpected argument '{}'", args.get(index + 3))));
    }
    if text != "global" {
        target.address = match value::address(text, &cx.env).map_err(|error| (1, error.to_string()))? {
            Address::Inet { host: Host::Name(host), .. } if !cx.resolves(&host) => {
                return Err((1, format!("invalid address: '{host}' in '{text}'")));
            }
            address => Some(address),
        };
    }
    Ok(target)
}

/// The framing of a name.
pub(crate) fn framing(name: &str) -> Option<LogFraming> {
    Some(match name {
        "local" => LogFraming::Local,
        "rfc3164" => LogFraming::Rfc3164,
        "rfc5424" => LogFraming::Rfc5424,
        "priority" => LogFraming::Priority,
        "short" => LogFraming::Short,
        "timed" => LogFraming::Timed,
        "iso" => LogFraming::Iso,
        "raw" => LogFraming::Raw,
        _ => return None,
    })
}

/// `RANGES:SIZE`, e.g. `1,3-4:10`.
fn sample(text: &str) -> Result<(Vec<(u32, u32)>, u32), String> {
    let (ranges, size) = text.split_once(':').ok_or("Missing sample size")?;
    let size: u32 = size.parse().ok().filter(|size| *size > 0).ok_or("Wrong sample size")?;
    let mut list = Vec::new();
    for range in ranges.split(',') {
        let (low, high) = range.split_once('-').unwrap_or((range, range));
        match (low.parse(), high.parse()) {
            (Ok(low), Ok(high)) if 0 < low && low <= high && high <= size => list.push((low, high)),
            _ => return Err(format!("invalid sample range '{range}'")),
        }
    }
    list.sort_unstable();
    if list.windows(2).any(|pair| matches!(pair, [a, b] if b.0 <= a.1)) {
        return Err("sample ranges are overlapping".into());
    }
    Ok((list, size))
}
