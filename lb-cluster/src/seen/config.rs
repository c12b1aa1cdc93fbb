//! `show cluster config`: whether the nodes have the same proxies, and where not.

use super::Observer;
use super::command::json;
use crate::state::{Difference, How};
use serde::Serialize;
use std::fmt::Write;

/// What nodes' files say beside this node's.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Agreement {
    /// This node.
    node: String,
    /// Nodes that have said what their files say, this one included.
    known: Vec<String>,
    /// Nodes of the cluster that have not.
    unknown: Vec<String>,
    /// What is not alike.
    differences: Vec<Difference>,
}

impl Agreement {
    /// As this node sees it.
    pub(super) fn of(observer: &Observer) -> Self {
        let status = observer.view().map(|view| view.status);
        let (me, seats) = status.map(|status| (status.node, status.seats)).unwrap_or_default();
        let counts = |node| seats.iter().any(|seat| seat.node == node && !seat.member.witness);
        observer.replica.look(|state, _| {
            let files = state.files();
            let own = files.of(me).cloned().unwrap_or_default();
            let nodes = seats.iter().filter(|seat| !seat.member.witness);
            let (known, unknown): (Vec<_>, Vec<_>) = nodes.partition(|seat| files.of(seat.node).is_some());
            let names = |seats: Vec<&crate::raft::Seat>| {
                seats.into_iter().map(|seat| seat.member.name.clone()).collect()
            };
            Self {
                node: observer.about.me.name.clone(),
                known: names(known),
                unknown: names(unknown),
                differences: if own.sections.is_empty() {
                    Vec::new()
                } else {
                    files.differences(&own, counts)
                },
            }
        })
    }

    /// How many sections of each node differ.
    pub(super) fn counts(&self) -> Vec<(String, usize)> {
        let others = self.known.iter().filter(|name| **name != self.node);
        let of = |name: &String| self.differences.iter().filter(|one| one.node == *name).count();
        others.map(|name| (name.clone(), of(name))).collect()
    }
}

/// The text.
pub(super) fn text(observer: &Observer) -> Result<String, String> {
    let Agreement { node, known, unknown, differences } = Agreement::of(observer);
    let mut out = format!("node: {node}\nknown: {}\n", known.join(" "));
    if !unknown.is_empty() {
        let _ = writeln!(out, "unknown: {}", unknown.join(" "));
    }
    let alike = match (known.contains(&node), differences.is_empty()) {
        // What there is to compare with has not been agreed on yet.
        (false, _) => "unknown",
        (true, true) => "yes",
        (true, false) => "no",
    };
    let _ = writeln!(out, "alike: {alike}");
    if !differences.is_empty() {
        out.push_str("# node how section\n");
    }
    for Difference { node, section, how } in differences {
        let how = match how {
            How::Differs => "differs",
            How::Missing => "missing",
            How::Added => "added",
        };
        let _ = writeln!(out, "{node} {how} {section}");
    }
    Ok(out)
}

/// The same as JSON.
pub(super) fn as_json(observer: &Observer) -> Result<String, String> {
    json(&Agreement::of(observer))
}
