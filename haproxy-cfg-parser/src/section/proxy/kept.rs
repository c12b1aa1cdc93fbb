//! Keywords that are kept as written until the engine acts on them.

use crate::expr;
use crate::parse::{Args, Cx};
use crate::section::draft::Draft;
use crate::tables::reach::Stage;
use crate::value::{self, TimeError};

/// Keeps the line.
pub(crate) fn kept(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    if let Some(name) = super::name_of(args) {
        let words = name.split(' ').count();
        draft.proxy.others.push((name, args.owned(words), cx.place.clone()));
    }
}

/// Keeps a line that must have an argument.
pub(crate) fn kept_argument(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    let Some(name) = super::name_of(args) else { return };
    if args.get(name.split(' ').count()).is_empty() {
        cx.wrong(args, 0, format!("'{name}' expects an argument."));
        return;
    }
    kept(cx, draft, args);
}

/// `hash-balance-factor PERCENT`.
pub(crate) fn balance_factor(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    if args.get(1).is_empty() {
        cx.wrong(args, 0, "'hash-balance-factor' expects an integer argument.");
    } else if matches!(crate::value::lenient_integer(args.get(1)), i64::MIN..=-1 | 1..=100) {
        cx.wrong(args, 1, "'hash-balance-factor' must be 0 or greater than 100.");
    } else {
        kept(cx, draft, args);
    }
}

/// `max-keep-alive-queue COUNT`.
pub(crate) fn keep_alive_queue(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    if args.get(1).is_empty() {
        cx.wrong(args, 0, "'max-keep-alive-queue' expects expects an integer value (or -1 to disable)");
        return;
    }
    kept(cx, draft, args);
}

/// `server-state-file-name [FILE]`.
pub(crate) fn state_file(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    if !cx.too_many(args, 1) {
        kept(cx, draft, args);
    }
}

/// `monitor-net NETWORK`, which HAProxy has removed; what replaces it is a rule, whose place among the others the writer knows.
pub(crate) fn monitor_net(cx: &mut Cx<'_>, _: &mut Draft, args: &Args<'_>) {
    let network = args.get(1);
    let source = if network.is_empty() { "src".to_owned() } else { format!("src {network}") };
    cx.wrong(
        args,
        0,
        format!("'monitor-net' doesn't exist anymore. Please use 'http-request return status 200 if {{ {source} }}' instead."),
    );
    cx.help(format!("write `http-request return status 200 if {{ {source} }}` above the other rules"));
}

/// `http-send-name-header NAME`.
pub(crate) fn send_name_header(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    if args.get(1).is_empty() {
        cx.wrong(args, 0, "'http-send-name-header' requires a header string.");
        return;
    }
    kept(cx, draft, args);
}

/// `compression algo NAME...`.
pub(crate) fn compression_algo(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    if !args.has(2) {
        cx.wrong(args, 1, "'compression' : parameters expected after 'algo'");
        return;
    }
    let known = ["identity", "gzip", "deflate", "raw-deflate"];
    if let Some((index, word)) = args.rest(2).into_iter().enumerate().find(|(_, word)| !known.contains(word))
    {
        cx.wrong(args, index + 2, format!("'compression' : '{word}' is not a supported algorithm."));
        return;
    }
    kept(cx, draft, args);
}

/// `stick on|match|store-request|store-response EXPR [table NAME] [CONDITION]`.
pub(crate) fn stick(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    if args.get(2).is_empty() {
        cx.wrong(args, 1, "'stick' expects a fetch method.");
        return;
    }
    if let Err(error) = expr::sample(cx, args.get(2)) {
        cx.wrong(args, 2, format!("'stick': {}", error.into_text()));
        return;
    }
    let stage = if args.get(1) == "store-response" { Stage::StickStore } else { Stage::UseServer };
    if let Some(at) = (3..args.len()).find(|at| matches!(args.get(*at), "if" | "unless"))
        && let Err(reason) = expr::condition(cx, &draft.acls, &args.rest(at), &[stage])
    {
        cx.wrong(
            args,
            at,
            format!("'stick {}': error detected while parsing sticking condition : {reason}.", args.get(1)),
        );
        return;
    }
    kept(cx, draft, args);
}

/// `stick-table type T size N [expire T] [nopurge] [peers P] [store ...] ...`.
pub(crate) fn stick_table(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    match table(args, 1) {
        Ok(()) => {
            let name = &draft.proxy.name;
            let key = ("table", name.clone());
            if let Some(there) = cx.named_at.get(&key).filter(|_| !draft.is_defaults) {
                let title = draft.title();
                let text =
                    format!("stick-table name '{name}' conflicts with table declared in {title} at {there}.");
                cx.wrong(args, 0, text);
                return;
            }
            cx.named_at.insert(key.clone(), cx.place.clone());
            cx.named.insert(key);
            kept(cx, draft, args);
        }
        Err((index, text)) => cx.wrong(args, index, format!("stick-table: {text}.")),
    }
}

/// Checks the words of a table from `at` on. Err: which word, and what is wrong with it.
pub(crate) fn table(args: &Args<'_>, at: usize) -> Result<(), (usize, String)> {
    let mut index = at;
    let (mut sized, mut typed) = (false, false);
    while args.has(index) {
        let (word, value) = (args.get(index), args.get(index + 1));
        index += match word {
            "type" => {
                if !matches!(value, "ip" | "ipv6" | "integer" | "string" | "binary") {
                    return Err((index + 1, format!("unknown type '{value}'")));
                }
                typed = true;
                let sized_key = args.get(index + 2) == "len";
                if sized_key && args.get(index + 3).parse::<u32>().is_err() {
                    return Err((index + 3, format!("invalid length '{}'", args.get(index + 3))));
                }
                if sized_key { 4 } else { 2 }
            }
            "size" => {
                value::size(value)
                    .map_err(|c| (index + 1, format!("unexpected character '{c}' in argument of 'size'")))?;
                sized = true;
                2
            }
            "expire" => match value::time(value, "ms") {
                Err(TimeError::Unexpected(c)) => {
                    return Err((index + 1, format!("unexpected character '{c}' in argument of 'expire'")));
                }
                Err(TimeError::Overflow) => return Err((index + 1, "timer overflow in 'expire'".into())),
                Ok(_) => 2,
            },
            "store" => {
                for item in value.split(',') {
                    store(item.trim()).map_err(|text| (index + 1, text))?;
                }
                2
            }
            "nopurge" | "write-to" | "peers" | "srvkey" | "brates-factor" | "recv-only" => {
                if matches!(word, "nopurge" | "recv-only") { 1 } else { 2 }
            }
            _ => return Err((index, format!("unknown argument '{word}'"))),
        };
    }
    match (sized, typed) {
        (false, _) => Err((0, "missing size".into())),
        (_, false) => Err((0, "missing type".into())),
        _ => Ok(()),
    }
}

/// One item of `store`: a name, with a period or a number of elements in parentheses where it needs one.
fn store(item: &str) -> Result<(), String> {
    let (name, argument) = item.split_once('(').map_or((item, None), |(name, rest)| (name, Some(rest)));
    let plain = [
        "server_id",
        "gpt0",
        "gpc0",
        "gpc1",
        "conn_cnt",
        "conn_cur",
        "sess_cnt",
        "http_req_cnt",
        "http_err_cnt",
        "http_fail_cnt",
        "bytes_in_cnt",
        "bytes_out_cnt",
        "glitch_cnt",
    ];
    let periodic = [
        "gpc0_rate",
        "gpc1_rate",
        "conn_rate",
        "sess_rate",
        "http_req_rate",
        "http_err_rate",
        "http_fail_rate",
        "bytes_in_rate",
        "bytes_out_rate",
        "glitch_rate",
        "gpt",
        "gpc",
        "gpc_rate",
    ];
    if plain.contains(&name) {
        return Ok(());
    }
    if !periodic.contains(&name) {
        return Err(format!("unknown store option '{name}'"));
    }
    match argument {
        Some(text) if !text.trim_end_matches(')').is_empty() => Ok(()),
        _ => Err(format!("missing argument to store option '{name}'")),
    }
}

/// `force-persist`, `ignore-persist`: a condition.
pub(crate) fn conditional(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    let word = args.get(0);
    if !matches!(args.get(1), "if" | "unless") {
        cx.wrong(args, 0, format!("'{word}' requires either 'if' or 'unless' followed by a condition."));
        return;
    }
    match expr::condition(cx, &draft.acls, &args.rest(1), &[Stage::BackendRequest, Stage::FrontendRequest]) {
        Ok(_) => kept(cx, draft, args),
        Err(reason) => cx.wrong(args, 1, format!("error detected while parsing a '{word}' rule : {reason}.")),
    }
}

/// `load-server-state-from-file global|local|none`.
pub(crate) fn server_state(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    match args.get(1) {
        text @ ("global" | "local" | "none") => draft.proxy.load_server_state = Some(text.into()),
        other => {
            cx.wrong(
                args,
                1,
                format!("'load-server-state-from-file' expects 'global', 'local' or 'none'. Got '{other}'"),
            );
        }
    }
}
