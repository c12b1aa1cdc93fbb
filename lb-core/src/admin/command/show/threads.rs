//! `show activity`, `show threads`, `show pools`: what each thread does and keeps, in lb's own terms.

use super::{Call, Command, Level, Outcome};
use crate::engine::{Pulse, pulse};
use crate::http::work::LARGE_BUFFER;
use crate::thread;
use std::fmt::Write;
use std::time::{SystemTime, UNIX_EPOCH};

pub(in super::super) const ACTIVITY: Command = Command {
    words: &["show", "activity"],
    usage: "show activity [-1|0|thread_num]",
    doc: "show per-thread activity stats (for support/developers)",
    level: Level::User,
    run: |call| activity(call).into(),
};

pub(in super::super) const POOLS: Command = Command {
    words: &["show", "pools"],
    usage: "show pools",
    doc: "report information about the memory pools usage",
    level: Level::User,
    run: pools,
};

pub(in super::super) const THREADS: Command = Command {
    words: &["show", "threads"],
    usage: "show threads",
    doc: "show some threads debugging information",
    level: Level::User,
    run: threads,
};

type Read = fn(&Pulse) -> u64;

/// A line of `show activity` each.
const LINES: &[(&str, Read)] = &[
    ("tasks", |pulse| pulse.tasks),
    ("conns_and_listeners", |pulse| pulse.woken),
    ("sessions", |pulse| pulse.sessions),
    ("idle_servers", |pulse| pulse.idle_servers),
    ("cpu_us", |pulse| u64::try_from(pulse.cpu.as_micros()).unwrap_or(u64::MAX)),
    ("waits", |pulse| pulse.waits),
    ("preempted", |pulse| pulse.preempted),
];

/// Sums with the threads' own numbers (-1, the default), sums only (0), or one thread's.
fn activity(call: &Call<'_>) -> Result<Outcome, String> {
    let shown: i64 = match call.arg(0) {
        "" => -1,
        word => word.parse().map_err(|_| "Expects a thread number, 0 or -1.".to_owned())?,
    };
    let (asked, own) = (call.context.errands.ask(pulse), thread::index() + 1);
    Ok(Outcome::Later(Box::pin(async move {
        let pulses = asked.await;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let (seconds, micros) = (now.as_secs(), now.subsec_micros());
        let mut out = format!("thread_id: {own} (1..{})\ndate_now: {seconds}.{micros:06}\n", pulses.len());
        for (name, read) in LINES {
            let each: Vec<u64> = pulses.iter().map(|pulse| pulse.as_ref().map_or(0, read)).collect();
            let sum: u64 = each.iter().sum();
            let one = usize::try_from(shown - 1).ok().and_then(|index| each.get(index));
            // Writing to a string cannot fail.
            let _ = match (shown, one) {
                (_, Some(one)) => writeln!(out, "{name}: {one}"),
                (0, _) => writeln!(out, "{name}: {sum}"),
                _ => {
                    let each: Vec<String> = each.iter().map(u64::to_string).collect();
                    writeln!(out, "{name}: {sum} [ {} ]", each.join(" "))
                }
            };
        }
        Ok(out)
    })))
}

fn threads(call: &Call<'_>) -> Outcome {
    let (asked, own) = (call.context.errands.ask(pulse), thread::index());
    Outcome::Later(Box::pin(async move {
        let mut out = String::new();
        for (index, pulse) in asked.await.into_iter().enumerate() {
            let mark = if index == own { '*' } else { ' ' };
            let _ = write!(out, "{mark} Thread {} : ", index + 1);
            let _ = match pulse {
                Some(Pulse { tasks, sessions, cpu, .. }) => {
                    writeln!(out, "stuck=0 tasks={tasks} sessions={sessions} cpu_ms={}", cpu.as_millis())
                }
                None => writeln!(out, "stuck=1 (it has not answered in time)"),
            };
        }
        Ok(out)
    }))
}

fn pools(call: &Call<'_>) -> Outcome {
    let (asked, size) = (call.context.errands.ask(pulse), call.plan.bufsize);
    Outcome::Later(Box::pin(async move {
        let pulses: Vec<Pulse> = asked.await.into_iter().flatten().collect();
        let sum = |read: Read| -> u64 { pulses.iter().map(read).sum() };
        let pools = [
            ("exchange buffers", 2 * size as u64, sum(|pulse| pulse.sets)),
            ("body buffers", LARGE_BUFFER as u64, sum(|pulse| pulse.large)),
        ];
        let mut out =
            String::from("Dumping pools usage. What is listed lies ready and is given back when unused.\n");
        let mut total = 0;
        for (name, size, count) in pools {
            total += size * count;
            let _ = writeln!(out, "  - Pool {name} ({size} bytes) : {count} kept ({} bytes)", size * count);
        }
        let _ = writeln!(out, "Total: {} pools, {total} bytes kept.", pools.len());
        Ok(out)
    }))
}
