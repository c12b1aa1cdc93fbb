//! What a reload finds changed in a `cluster` section: all of it waits for the next start, since nodes must agree on it.

use haproxy_cfg_parser::model::Cluster;

/// Keywords whose lines say something else than those that the node runs with; the section's own name where it came or went.
pub(crate) fn changed(before: Option<&Cluster>, now: Option<&Cluster>) -> Vec<&'static str> {
    let (before, now) = match (before, now) {
        (None, None) => return Vec::new(),
        (Some(before), Some(now)) => (before, now),
        _ => return vec!["cluster"],
    };
    // Where a line stands is no part of what it says.
    let nodes = |cluster: &Cluster| -> Vec<_> {
        cluster.nodes.iter().map(|node| (node.name.clone(), node.address, node.witness)).collect()
    };
    let addresses = |cluster: &Cluster| -> Vec<_> {
        cluster.addresses.iter().map(|one| (one.ip, one.prefix, one.holding.clone())).collect()
    };
    let differs = [
        ("cluster", before.name != now.name),
        ("node", nodes(before) != nodes(now)),
        ("virtual-ip", addresses(before) != addresses(now)),
        ("data-dir", before.data_dir != now.data_dir),
        ("bind", before.bind != now.bind),
        ("crt", before.trust != now.trust),
        ("election-timeout", before.election != now.election),
        ("guard", before.guard != now.guard),
        ("prefer", before.preferred != now.preferred),
        ("notify", before.notify != now.notify),
        ("shared-health", before.shared_health != now.shared_health),
        ("heartbeat", before.heartbeat != now.heartbeat),
    ];
    differs.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use haproxy_cfg_parser::{Source, SystemWorld, parse};

    fn cluster(lines: &str) -> Option<Cluster> {
        parse(&[Source::new("a.cfg", lines.to_owned())], &SystemWorld::default()).0.cluster
    }

    #[test]
    fn keywords_are_named_and_places_do_not_count() {
        let before = cluster("cluster a\n node x 127.0.0.1:1\n data-dir /d\n");
        let moved = cluster("\n\ncluster a\n\n node x 127.0.0.1:1\n data-dir /d\n");
        assert!(changed(before.as_ref(), moved.as_ref()).is_empty());
        let other = cluster("cluster a\n node x 127.0.0.2:1\n data-dir /d\n secret-file f\n");
        assert_eq!(changed(before.as_ref(), other.as_ref()), ["node", "crt"]);
        assert_eq!(changed(before.as_ref(), None), ["cluster"]);
        assert!(changed(None, None).is_empty());
    }
}
