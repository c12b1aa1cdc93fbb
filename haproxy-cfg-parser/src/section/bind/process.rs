//! `process SET[/THREADS]` on a `bind` line: which processes accepted, before HAProxy 2.5 had but one.

use crate::model::BindOptions;
use crate::modernise::Edit;
use crate::parse::{Args, Cx};

/// Most threads of a process.
const MAX_THREADS: u32 = 64;

/// Reads the value after word `at`. Threads stand for the processes of `nbproc`; where there is one, the set says nothing.
pub(crate) fn process(
    cx: &mut Cx<'_>,
    args: &Args<'_>,
    at: usize,
    label: &str,
    bind: &mut BindOptions,
) -> Result<(), String> {
    let value = args.get(at + 1);
    let (processes, threads) = match value.split_once('/') {
        Some((processes, threads)) => (processes, Some(threads)),
        None => (value, None),
    };
    check(processes, cx.processes)?;
    threads.map_or(Ok(()), |threads| check(threads, MAX_THREADS))?;
    let threads = threads.or((cx.processes > 1 && processes != "all").then_some(processes));
    let advice =
        threads.map_or_else(String::new, |threads| format!(" Please use 'thread {threads}' instead."));
    cx.warn(
        args,
        at,
        format!(
            "{label} : 'process {value}' on 'bind' lines is deprecated and will be removed in 2.7.{advice}"
        ),
    );
    edit(cx, args, at, threads);
    if let Some(threads) = threads {
        bind.thread = Some(threads.into());
    }
    Ok(())
}

/// `all`, `odd`, `even`, `N`, `N-M` or `N-`, numbers from 1 to `max`.
fn check(set: &str, max: u32) -> Result<(), String> {
    if matches!(set, "all" | "odd" | "even") {
        return Ok(());
    }
    let text = format!("'process' : '{set}' is not a valid number/range.");
    let (low, high) = set.split_once('-').unwrap_or((set, set));
    if !low.bytes().chain(high.bytes()).all(|byte| byte.is_ascii_digit()) {
        return Err(text);
    }
    let within = |end: &str| end.parse().is_ok_and(|number: u32| (1..=max).contains(&number));
    if within(low) && (high.is_empty() || within(high)) {
        return Ok(());
    }
    Err(format!("{text} It supports numbers from 1 to {max}."))
}

/// The line without the two words, or with `thread THREADS` for them.
fn edit(cx: &mut Cx<'_>, args: &Args<'_>, at: usize, threads: Option<&str>) {
    let before = at.checked_sub(1).and_then(|before| args.span(before));
    let Some(((_, start), (_, end))) = before.zip(args.span(at + 1)) else { return };
    // Words that stand in no line are of one that is written anew whole.
    if start < end {
        let new = threads.map_or_else(String::new, |threads| format!(" thread {threads}"));
        cx.edits.push((cx.place.clone(), Edit::Replace((start, end), new)));
    }
}
