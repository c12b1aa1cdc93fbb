//! `show events`: where messages go, and what rings keep of them.

use super::{Call, Command, Level, Outcome};
use crate::log::Ring;
use std::fmt::Write;
use std::sync::Arc;

pub(in super::super) const EVENTS: Command = Command {
    words: &["show", "events"],
    usage: "show events [<sink>] [-w] [-n] [-0]",
    doc: "show event sink state",
    level: Level::Operator,
    run: events,
};

/// Messages of a ring for a session: those from a place on, and then those that come.
#[derive(Debug)]
pub(in crate::admin) struct Watch {
    pub(in crate::admin) ring: Arc<Ring>,
    pub(in crate::admin) place: u64,
    /// Messages end with a zero byte, not with their line.
    pub(in crate::admin) zero: bool,
}

impl Watch {
    /// The next messages, as they are sent.
    pub(in crate::admin) async fn next(&mut self) -> Vec<u8> {
        let (mut lines, end) = self.ring.next(self.place).await;
        self.place = end;
        if self.zero {
            lines.iter_mut().filter(|byte| **byte == b'\n').for_each(|byte| *byte = 0);
        }
        lines
    }
}

/// Targets that keep nothing.
const STREAMS: [(&str, &str); 2] =
    [("stdout", "standard output (fd#1)"), ("stderr", "standard output (fd#2)")];

fn events(call: &Call<'_>) -> Outcome {
    let name = call.arg(0);
    if name.is_empty() {
        return Outcome::Dump(sinks(&call.plan.rings));
    }
    // As in HAProxy, no empty line follows these.
    if STREAMS.iter().any(|(known, _)| *known == name) {
        return Outcome::Dump("Nothing to report for this sink".into());
    }
    let Some(ring) = call.plan.rings.iter().find(|ring| ring.name == name) else {
        return Outcome::Dump("No such event sink".into());
    };
    let letters =
        call.args.iter().skip(1).map(|word| word.strip_prefix('-').unwrap_or("?")).collect::<String>();
    if letters.contains(|letter| !matches!(letter, 'w' | 'n' | '0')) {
        return Outcome::Dump("unknown option".into());
    }
    let place = if letters.contains('n') { ring.end() } else { 0 };
    let (ring, zero) = (Arc::clone(ring), letters.contains('0'));
    if letters.contains('w') {
        return Outcome::Watch(Watch { ring, place, zero });
    }
    let text = String::from_utf8_lossy(&ring.from(place).0).into_owned();
    Outcome::Dump(if zero { text.replace('\n', "\0") } else { text })
}

fn sinks(rings: &[Arc<Ring>]) -> String {
    let mut out =
        String::from("Supported events sinks are listed below. Add -w(wait), -n(new). Any key to stop\n");
    // Writing to a string cannot fail.
    for (name, description) in STREAMS {
        let _ = writeln!(out, "    {name:<10} : type=fd, 0 dropped, {description}");
    }
    for ring in rings {
        // The oldest make place: none is dropped.
        let _ = writeln!(out, "    {:<10} : type=buffer, 0 dropped, {}", ring.name, ring.description);
    }
    out
}
