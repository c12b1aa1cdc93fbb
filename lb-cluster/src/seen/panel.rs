//! The cluster on the statistics page.

use super::Report;
use lb_core::extension::{Look, Panel};

/// The section.
pub(super) fn panel(report: &Report) -> Panel {
    let holder = match (&report.holder, report.quorum) {
        (_, false) => "no majority is reached".to_owned(),
        (Some(holder), true) => format!("{holder} holds the virtual addresses"),
        (None, true) => "nobody holds the virtual addresses".to_owned(),
    };
    let addresses: Vec<_> = report.addresses.iter().map(|address| address.ip.to_string()).collect();
    let left = report.lease_left.map_or_else(String::new, |left| format!(", {left} ms of its lease left"));
    let summary = format!(
        "this is {}, {}; term {}; {holder} ({}){left}",
        report.node,
        report.role,
        report.term,
        addresses.join(", ")
    );
    let rows = report.nodes.iter().map(|node| {
        let look = match node.reachable {
            Some(true) => Look::Good,
            Some(false) => Look::Bad,
            None => Look::Unknown,
        };
        let heard = node.heard.map_or_else(|| "-".to_owned(), |heard| format!("{heard} ms ago"));
        let holds = if report.holder.as_ref() == Some(&node.name) { "yes" } else { "" };
        let votes = if node.votes { "yes" } else { "no" };
        let cells: [&str; 6] = [&node.name, &node.address, node.role, votes, holds, &heard];
        (look, cells.map(str::to_owned).to_vec())
    });
    Panel {
        title: format!("cluster {}", report.cluster),
        summary,
        head: vec!["Node", "Address", "Role", "Votes", "Holds", "Heard"],
        rows: rows.collect(),
    }
}
