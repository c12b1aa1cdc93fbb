//! What the process is: user, folders, threads, names.

use crate::model::{CpuMap, MasterWorker};
use crate::parse::{Args, Cx};
use crate::value::{self, TimeError};
use std::path::Path;
use std::time::Duration;

pub(crate) fn daemon(cx: &mut Cx<'_>, _: &mut (), args: &Args<'_>) {
    if !cx.too_many(args, 0) {
        cx.config.global.daemon = true;
    }
}

pub(crate) fn master_worker(cx: &mut Cx<'_>, _: &mut (), args: &Args<'_>) {
    let no_exit_on_failure = match args.get(1) {
        "" => false,
        "no-exit-on-failure" => true,
        _ => {
            cx.wrong(args, 1, "'master-worker' only supports 'no-exit-on-failure' option.");
            return;
        }
    };
    cx.config.global.master_worker = Some(MasterWorker { no_exit_on_failure });
    cx.warn(args, 0, "the 'master-worker' keyword is deprecated; please start with '-W' instead.");
}

pub(crate) fn user(cx: &mut Cx<'_>, _: &mut (), args: &Args<'_>) {
    if args.get(1).is_empty() {
        cx.wrong(args, 0, "cannot find user id for '' (0:Success)");
    } else if !cx.too_many(args, 1) {
        cx.config.global.user = Some(args.get(1).into());
    }
}

pub(crate) fn group(cx: &mut Cx<'_>, _: &mut (), args: &Args<'_>) {
    if args.get(1).is_empty() {
        cx.wrong(args, 0, "cannot find group id for '' (0:Success)");
    } else if !cx.too_many(args, 1) {
        cx.config.global.group = Some(args.get(1).into());
    }
}

fn id(cx: &mut Cx<'_>, args: &Args<'_>, other: &str) -> Option<u32> {
    let (word, text) = (args.get(0), args.get(1));
    if text.is_empty() {
        cx.wrong(args, 0, format!("'{word}' expects an integer argument."));
        return None;
    }
    if cx.too_many(args, 1) {
        return None;
    }
    let id = text.parse().ok();
    if id.is_none() {
        cx.warn(args, 1, format!(" {word}: string '{text}' is not a number.\n   | You might want to use the '{other}' parameter to use a system {other} name."));
    }
    id
}

pub(crate) fn uid(cx: &mut Cx<'_>, _: &mut (), args: &Args<'_>) {
    if let Some(id) = id(cx, args, "user") {
        cx.config.global.uid = Some(id);
    }
}

pub(crate) fn gid(cx: &mut Cx<'_>, _: &mut (), args: &Args<'_>) {
    if let Some(id) = id(cx, args, "group") {
        cx.config.global.gid = Some(id);
    }
}

fn text(cx: &mut Cx<'_>, args: &Args<'_>, what: &str) -> Option<String> {
    if args.get(1).is_empty() {
        cx.wrong(args, 0, format!("'{}' expects a {what} as an argument.", args.get(0)));
        return None;
    }
    (!cx.too_many(args, 1)).then(|| args.get(1).to_owned())
}

pub(crate) fn chroot(cx: &mut Cx<'_>, _: &mut (), args: &Args<'_>) {
    if let Some(text) = text(cx, args, "directory") {
        cx.config.global.chroot = Some(text);
    }
}

pub(crate) fn pidfile(cx: &mut Cx<'_>, _: &mut (), args: &Args<'_>) {
    if let Some(text) = text(cx, args, "file name") {
        cx.config.global.pidfile = Some(text);
    }
}

pub(crate) fn localpeer(cx: &mut Cx<'_>, _: &mut (), args: &Args<'_>) {
    if let Some(text) = text(cx, args, "name") {
        cx.env.set("HAPROXY_LOCALPEER", &text);
        cx.config.global.localpeer = Some(text);
    }
}

pub(crate) fn node(cx: &mut Cx<'_>, _: &mut (), args: &Args<'_>) {
    let name = args.get(1);
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if cx.too_many(args, 1) {
        return;
    }
    if name.is_empty() || !name.chars().all(good) {
        let here = cx.here();
        cx.alert_word(args, 0, format!("{here}: 'node' requires valid node name - non-empty string with digits(0-9), letters(A-Z, a-z), dot(.), hyphen(-) or underscode(_)."));
        return;
    }
    cx.config.global.node = Some(name.into());
}

pub(crate) fn description(cx: &mut Cx<'_>, _: &mut (), args: &Args<'_>) {
    if args.get(1).is_empty() {
        let here = cx.here();
        cx.alert_word(args, 0, format!("{here}: 'description' expects a string argument."));
        return;
    }
    cx.config.global.description = Some(args.rest(1).join(" "));
}

fn number(cx: &mut Cx<'_>, args: &Args<'_>) -> Option<u64> {
    if args.get(1).is_empty() {
        cx.wrong(args, 0, format!("'{}' expects an integer argument.", args.get(0)));
        return None;
    }
    (!cx.too_many(args, 1)).then(|| value::lenient_integer(args.get(1)).max(0) as u64)
}

pub(crate) fn ulimit_n(cx: &mut Cx<'_>, _: &mut (), args: &Args<'_>) {
    if let Some(count) = number(cx, args) {
        cx.config.global.ulimit_n = Some(count);
    }
}

pub(crate) fn fd_hard_limit(cx: &mut Cx<'_>, _: &mut (), args: &Args<'_>) {
    if let Some(count) = number(cx, args) {
        cx.config.global.fd_hard_limit = Some(count);
    }
}

/// The most threads that HAProxy runs.
const MAX_THREADS: i64 = 64;

pub(crate) fn nbthread(cx: &mut Cx<'_>, _: &mut (), args: &Args<'_>) {
    let text = args.get(1);
    if cx.too_many(args, 1) {
        return;
    }
    match text.parse::<i64>() {
        Ok(count @ 1..=MAX_THREADS) => cx.config.global.nbthread = Some(count as u32),
        Ok(count) => {
            cx.wrong(args, 1, format!("'nbthread' value must be between 1 and {MAX_THREADS} (was {count})"))
        }
        Err(_) => {
            cx.wrong(args, 1, format!("'nbthread' passed a missing or unparsable integer value in '{text}'"))
        }
    }
}

/// `nbproc N`: what processes did, threads do today.
pub(crate) fn nbproc(cx: &mut Cx<'_>, args: &Args<'_>) {
    let text = "nbproc is not supported any more since HAProxy 2.5. Threads will automatically be used on multi-processor machines if available.";
    match args.get(1).parse::<u32>() {
        Ok(1) if !args.has(2) => {
            cx.obsolete();
            cx.warn(args, 0, format!("{text} Please remove the line."));
        }
        Ok(count @ 2..=64) if !args.has(2) => {
            cx.outdated(args, 2, text.trim_end_matches('.'), &format!("nbthread {count}"));
            cx.config.global.nbthread.get_or_insert(count);
            cx.processes = count;
        }
        _ => {
            cx.wrong(args, 0, text);
            cx.help("write `nbthread N` instead".into());
        }
    }
}

/// `debug`: the `-d` of the command line.
pub(crate) fn debug(cx: &mut Cx<'_>, args: &Args<'_>) {
    cx.obsolete();
    cx.warn(
        args,
        0,
        "the 'debug' keyword is not supported any more; please remove the line and start with '-d'.",
    );
}

fn delay(cx: &mut Cx<'_>, args: &Args<'_>) -> Option<Duration> {
    let word = args.get(0);
    match value::time(args.get(1), "ms") {
        _ if args.get(1).is_empty() => cx.wrong(args, 0, format!("'{word}' expects <time> as argument.")),
        Ok(time) => return Some(time),
        Err(TimeError::Unexpected(c)) => {
            cx.wrong(args, 1, format!("unexpected character '{c}' in argument to <{word}>."));
        }
        Err(TimeError::Overflow) => {
            cx.wrong(args, 1, format!("timer overflow in argument '{}' to <{word}> (maximum value is 2147483647 ms or ~24.8 days).", args.get(1)));
        }
    }
    None
}

pub(crate) fn hard_stop_after(cx: &mut Cx<'_>, _: &mut (), args: &Args<'_>) {
    if let Some(time) = delay(cx, args) {
        cx.config.global.hard_stop_after = Some(time);
    }
}

pub(crate) fn grace(cx: &mut Cx<'_>, _: &mut (), args: &Args<'_>) {
    if let Some(time) = delay(cx, args) {
        cx.config.global.grace = Some(time);
    }
}

pub(crate) fn strict_limits(cx: &mut Cx<'_>, _: &mut (), args: &Args<'_>) {
    if !cx.too_many(args, 0) {
        cx.config.global.strict_limits = Some(true);
    }
}

/// `nosplice`: streams are copied.
pub(crate) fn nosplice(cx: &mut Cx<'_>, _: &mut (), args: &Args<'_>) {
    if !cx.too_many(args, 0) {
        cx.config.global.nosplice = true;
    }
}

pub(crate) fn quiet(cx: &mut Cx<'_>, _: &mut (), args: &Args<'_>) {
    if !cx.too_many(args, 0) {
        cx.config.global.quiet = true;
    }
}

pub(crate) fn zero_warning(cx: &mut Cx<'_>, _: &mut (), args: &Args<'_>) {
    if !cx.too_many(args, 0) {
        cx.config.global.zero_warning = true;
    }
}

pub(crate) fn max_spread_checks(cx: &mut Cx<'_>, _: &mut (), args: &Args<'_>) {
    if args.get(1).is_empty() {
        let here = cx.here();
        cx.alert_word(args, 0, format!("{here}: 'max-spread-checks' expects an integer argument (0..50)."));
    } else if let Some(time) = cx.time(args, 1, "ms", "'max-spread-checks'") {
        cx.config.global.max_spread_checks = Some(time);
    }
}

pub(crate) fn external_check(cx: &mut Cx<'_>, _: &mut (), args: &Args<'_>) {
    match args.get(1) {
        "" => cx.config.global.external_check = Some(false),
        "preserve-env" if !cx.too_many(args, 1) => cx.config.global.external_check = Some(true),
        "preserve-env" => {}
        other => {
            let text =
                format!("'external-check' only supports 'preserve-env' as an argument, found '{other}'.");
            cx.wrong(args, 1, text);
        }
    }
}

pub(crate) fn insecure_fork(cx: &mut Cx<'_>, _: &mut (), args: &Args<'_>) {
    cx.config.global.insecure_fork = !cx.too_many(args, 0);
}

pub(crate) fn spread_checks(cx: &mut Cx<'_>, _: &mut (), args: &Args<'_>) {
    let here = cx.here();
    if args.get(1).is_empty() {
        cx.alert_word(args, 0, format!("{here}: 'spread-checks' expects an integer argument (0..50)."));
        return;
    }
    match value::lenient_integer(args.get(1)) {
        percent @ 0..=50 => cx.config.global.spread_checks = Some(percent as u32),
        _ => {
            cx.alert_word(args, 1, format!("{here}: 'spread-checks' needs a positive value in range 0..50."))
        }
    }
}

/// `unix-bind [prefix P] [mode M] [user U] [uid N] [group G] [gid N]`.
pub(crate) fn unix_bind(cx: &mut Cx<'_>, _: &mut (), args: &Args<'_>) {
    for index in (1..args.len()).step_by(2) {
        if !matches!(args.get(index), "prefix" | "mode" | "uid" | "gid" | "user" | "group") {
            cx.wrong(
                args,
                index,
                "'unix-bind' only supports the 'prefix', 'mode', 'uid', 'gid', 'user' and 'group' options.",
            );
            return;
        }
    }
}

/// `default-path current|config|parent|origin PATH`.
pub(crate) fn default_path(cx: &mut Cx<'_>, _: &mut (), args: &Args<'_>) {
    let folder = |file: &str, levels: usize| {
        let mut path = Path::new(file);
        for _ in 0..levels {
            path = path.parent().unwrap_or(Path::new(""));
        }
        path.to_string_lossy().into_owned()
    };
    match args.get(1) {
        "current" => cx.folder = String::new(),
        "config" => cx.folder = folder(&cx.place.file.clone(), 1),
        "parent" => cx.folder = folder(&cx.place.file.clone(), 2),
        "origin" => cx.folder = args.get(2).into(),
        mode => {
            let what = if mode.is_empty() { "missing" } else { "unsupported" };
            cx.wrong(args, 1, format!("{what} default-path mode '{mode}' for 'default-path', supported modes include 'current', 'config', 'parent', and 'origin'."));
        }
    }
}

/// `cpu-map [auto:][GROUP/]THREADS CPUS...`.
pub(crate) fn cpu_map(cx: &mut Cx<'_>, _: &mut (), args: &Args<'_>) {
    if args.get(2).is_empty() {
        cx.wrong(args, 0, "cpu-map expects a process number  ('all', 'odd', 'even', a number from 1 to 64 or a range),  followed by a list of CPU ranges with numbers from 0 to 63.");
        return;
    }
    let text = args.get(1);
    let (auto, range) = match text.strip_prefix("auto:") {
        Some(range) => (true, range),
        None => (false, text),
    };
    // `1/1-4`: threads 1 to 4 of group 1. `1-4` alone means groups, and with one group all its threads.
    let parts = range.split_once('/');
    let (wrong, count) = match (parts, span(parts.map_or(range, |parts| parts.0))) {
        (Some((_, threads)), Ok(_)) => (threads, span(threads)),
        (parts, group) => (parts.map_or(range, |parts| parts.0), group),
    };
    let (first, last) = match count {
        Ok(found) => found,
        Err(hint) => {
            cx.wrong(args, 1, format!("cpu-map : '{wrong}' is not a valid number/range.{hint}"));
            return;
        }
    };
    let mut cpus = Vec::new();
    for (index, word) in args.rest(2).into_iter().enumerate() {
        for part in word.split(',') {
            let (low, high) = part.split_once('-').unwrap_or((part, part));
            let high = if high.is_empty() { Ok(MOST_CPUS - 1) } else { high.parse::<u32>() };
            let (Ok(low), Ok(high)) = (low.parse::<u32>(), high) else {
                cx.wrong(args, index + 2, format!("cpu-map : '{word}' is not a CPU range."));
                return;
            };
            if low.max(high) >= MOST_CPUS {
                let text = format!("cpu-map : supports CPU numbers from 0 to {}.", MOST_CPUS - 1);
                cx.wrong(args, index + 2, text);
                return;
            }
            cpus.extend(low.min(high)..=low.max(high));
        }
    }
    if auto && cpus.len() != (last - first) as usize + 1 {
        let text =
            "cpu-map : PROC/THREAD range and CPU sets must have the same size to be automatically bound";
        cx.wrong(args, 1, text);
        return;
    }
    // Without a group's number all of its threads are meant.
    let (first, last) = if parts.is_some() { (first, last) } else { (1, MOST_THREADS) };
    let place = cx.place.clone();
    cx.config.global.cpu_map.push(CpuMap { auto, first, last, cpus, place });
}

/// The highest number of a thread or group.
const MOST_THREADS: u32 = 64;
/// How many CPUs a set can name.
const MOST_CPUS: u32 = 1024;

/// `N`, `N-M` (either first), `N-`, `all`, `odd`, `even`; else what is said about numbers, where they are too large.
fn span(text: &str) -> Result<(u32, u32), String> {
    if matches!(text, "all" | "odd" | "even") {
        return Ok((1, MOST_THREADS));
    }
    let number = |text: &str| text.parse::<u32>().map_err(|_| String::new());
    let (low, high) = match text.split_once('-') {
        Some((low, "")) => (number(low)?, MOST_THREADS),
        Some((low, high)) => (number(low)?, number(high)?),
        None => (number(text)?, number(text)?),
    };
    let (low, high) = (low.min(high), low.max(high));
    if low == 0 || high > MOST_THREADS {
        return Err(format!(" It supports numbers from 1 to {MOST_THREADS}."));
    }
    Ok((low, high))
}
