//! The cluster on the statistics page.

use super::config::Agreement;
use super::{Observer, Report};
use lb_core::extension::{Look, Panel};

/// The section.
pub(super) fn panel(report: &Report, observer: &Observer) -> Panel {
    let holder = match (&report.holder, report.quorum) {
        (_, false) => "no majority is reached".to_owned(),
        (Some(holder), true) => format!("{holder} holds the virtual addresses"),
        (None, true) => "nobody holds the virtual addresses".to_owned(),
    };
    let addresses: Vec<_> = report.addresses.iter().map(|address| address.ip.to_string()).collect();
    let left = report.lease_left.map_or_else(String::new, |left| format!(", {left} ms of its lease left"));
    let summary = format!(
        "this is {}, {}; term {}; {holder} ({}){left}; {}",
        report.node,
        report.role,
        report.term,
        addresses.join(", "),
        changes(observer)
    );
    let differing = Agreement::of(observer).counts();
    let rows = report.nodes.iter().map(|node| {
        let look = match node.reachable {
            Some(true) => Look::Good,
            Some(false) => Look::Bad,
            None => Look::Unknown,
        };
        let heard = node.heard.map_or_else(|| "-".to_owned(), |heard| format!("{heard} ms ago"));
        let holds = if report.holder.as_ref() == Some(&node.name) { "yes" } else { "" };
        let votes = if node.votes { "yes" } else { "no" };
        let differing = differing.iter().find(|(name, _)| *name == node.name);
        let config = match differing {
            Some((_, 0)) => "alike".to_owned(),
            Some((_, count)) => format!("{count} sections differ"),
            None => "-".to_owned(),
        };
        let cells: [&str; 7] = [&node.name, &node.address, node.role, votes, holds, &heard, &config];
        (look, cells.map(str::to_owned).to_vec())
    });
    Panel {
        title: format!("cluster {}", report.cluster),
        summary,
        head: vec!["Node", "Address", "Role", "Votes", "Holds", "Heard", "Configuration"],
        rows: rows.collect(),
    }
}

/// What became of commands that change what all nodes have.
fn changes(observer: &Observer) -> String {
    let proposals = &observer.counts.proposals;
    let (kept, size) = observer.replica.look(|state, _| state.changes().size());
    let failed = proposals.refused.get() + proposals.uncommitted.get() + proposals.unknown.get();
    let (counts, sum) = proposals.took.read();
    let number: u64 = counts.iter().sum();
    let mean = u32::try_from(number).ok().filter(|number| *number > 0).map(|number| sum / number);
    let took = mean.map_or_else(String::new, |mean| format!(", {:.1} ms each", mean.as_secs_f64() * 1000.0));
    format!(
        "{} changes asked here were made, {failed} were not{took}; {kept} are kept ({size} bytes)",
        proposals.made.get()
    )
}
