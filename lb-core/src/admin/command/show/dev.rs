//! `show dev`, `show libs`, `show tasks`, `show schema json`: for those who look into the program.

use super::{Call, Command, Level, Outcome};
use crate::engine::{Pulse, pulse};
use std::fmt::Write;

pub(in super::super) const DEV: Command = Command {
    words: &["show", "dev"],
    usage: "show dev",
    doc: "show debug info for developers",
    level: Level::Operator,
    run: dev,
};

pub(in super::super) const LIBS: Command = Command {
    words: &["show", "libs"],
    usage: "show libs",
    doc: "show loaded object files and libraries",
    level: Level::Operator,
    run: |_| libs().into(),
};

pub(in super::super) const SCHEMA: Command = Command {
    words: &["show", "schema", "json"],
    usage: "show schema json",
    doc: "report schema used for stats",
    level: Level::User,
    run: |_| Outcome::Info(include_str!("schema.json").into()),
};

pub(in super::super) const TASKS: Command = Command {
    words: &["show", "tasks"],
    usage: "show tasks",
    doc: "show running tasks",
    level: Level::User,
    run: tasks,
};

fn dev(call: &Call<'_>) -> Outcome {
    let (process, plan) = (&call.context.process, call.plan);
    let read = |path: &str| std::fs::read(path).unwrap_or_default();
    let system = String::from_utf8_lossy(&read("/proc/version")).trim().to_owned();
    let words = read("/proc/self/cmdline");
    let words: Vec<_> = words.split(|byte| *byte == 0).map(String::from_utf8_lossy).collect();
    let backends = plan.backends.load();
    let servers: usize = backends.iter().map(|backend| backend.servers.load().len()).sum();
    let plans = (call.context.plans)();
    Outcome::Dump(format!(
        "Product: {}\nVersion: {}\nSystem: {system}\nCommand line: {}\nPid: {}\nThreads: {}\n\
         Configuration: {} frontends, {} backends, {servers} servers, {} lists of patterns\n\
         Reloads: {}\nConfigurations in use: {}\n",
        process.product,
        process.version,
        words.join(" ").trim_end(),
        process.pid,
        plan.threads,
        plan.frontends.len(),
        backends.len(),
        plan.references.len(),
        plan.generation,
        plans.len(),
    ))
}

/// Where the system says what the calling process has mapped.
const MAPS: &str = "/proc/self/maps";

fn libs() -> Result<Outcome, String> {
    let maps = std::fs::read_to_string(MAPS).map_err(|error| format!("Cannot read {MAPS}: {error}."))?;
    Ok(Outcome::Dump(libraries(&maps)))
}

/// Files with code: from the first of their mappings to the last, which stand side by side.
fn libraries(maps: &str) -> String {
    let mut files: Vec<(&str, u64, u64, bool)> = Vec::new();
    for line in maps.lines() {
        let mut words = line.split_ascii_whitespace();
        let (Some(range), Some(rights), Some(path)) = (words.next(), words.next(), words.nth(3)) else {
            continue;
        };
        let Some((from, to)) = range.split_once('-') else { continue };
        let (Ok(from), Ok(to)) = (u64::from_str_radix(from, 16), u64::from_str_radix(to, 16)) else {
            continue;
        };
        let runs = rights.contains('x');
        match files.last_mut().filter(|(known, ..)| *known == path) {
            Some((_, _, end, code)) => (*end, *code) = (to, *code || runs),
            None => files.push((path, from, to, runs)),
        }
    }
    let mut out = String::new();
    for (path, from, to, _) in files.iter().filter(|(path, _, _, code)| *code && path.starts_with('/')) {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{from:#014x}-{:#014x} ({:#09x}) {path}", to - 1, to - from);
    }
    out
}

fn tasks(call: &Call<'_>) -> Outcome {
    let asked = call.context.errands.ask(pulse);
    Outcome::Later(Box::pin(async move {
        let pulses = asked.await;
        let all: u64 = pulses.iter().flatten().map(|pulse| pulse.tasks).sum();
        let mut out = format!("Running tasks: {all} ({} threads)\n", pulses.len());
        let mut row = |[thread, tasks, sessions, connections]: [&str; 4]| {
            // Writing to a string cannot fail.
            let _ = writeln!(out, "  {thread:<10}{tasks:>10}{sessions:>10}{connections:>14}");
        };
        row(["thread", "tasks", "sessions", "connections"]);
        for (index, pulse) in pulses.iter().enumerate() {
            let number =
                |read: fn(&Pulse) -> u64| pulse.as_ref().map_or("-".to_owned(), |one| read(one).to_string());
            let (tasks, sessions) = (number(|one| one.tasks), number(|one| one.sessions));
            row([&(index + 1).to_string(), &tasks, &sessions, &number(|one| one.woken)]);
        }
        Ok(out)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_with_code_are_libraries() {
        let maps = "55d0-55e0 r--p 00000000 08:01 12 /usr/sbin/lb\n55e0-5600 r-xp 00010000 08:01 12 /usr/sbin/lb\n\
                    7000-7001 rw-p 00000000 00:00 0 \n7100-7200 r--p 00000000 08:01 13 /a/data\n\
                    7300-7400 r-xp 00000000 00:00 0 [vdso]\nnonsense\n";
        assert_eq!(libraries(maps), "0x0000000055d0-0x0000000055ff (0x0000030) /usr/sbin/lb\n");
    }
}
