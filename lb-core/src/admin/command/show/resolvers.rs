//! `show resolvers`.

use super::{Call, Command, Level, Outcome};
use std::fmt::Write;
use std::sync::atomic::Ordering;

pub(in super::super) const RESOLVERS: Command = Command {
    words: &["show", "resolvers"],
    usage: "show resolvers [id]",
    doc: "dump counters from all resolvers section and associated name servers",
    level: Level::User,
    run: resolvers,
};

fn resolvers(call: &Call<'_>) -> Outcome {
    let wanted = call.arg(0);
    let known = |name: &str| call.plan.resolvers.iter().any(|section| section.config.name == name);
    if !wanted.is_empty() && !known(wanted) {
        return Outcome::Error("Can't find that resolvers section".into());
    }
    let mut out = String::new();
    for section in &call.plan.resolvers {
        if !wanted.is_empty() && section.config.name != wanted {
            continue;
        }
        let _ = writeln!(out, "Resolvers section {}", section.config.name);
        for server in section.nameservers.iter() {
            let _ = writeln!(out, " nameserver {}:", server.name);
            for (name, counter) in server.counters.all() {
                let _ = writeln!(out, "  {:<13}{}", format!("{name}:"), counter.load(Ordering::Relaxed));
            }
        }
    }
    Outcome::Dump(out)
}
