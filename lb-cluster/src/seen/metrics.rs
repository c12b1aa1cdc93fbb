//! Metrics of a node, `lb_cluster_*`.

use super::config::Agreement;
use super::{Observer, Report};
use crate::counts::{BOUNDS, Histogram};
use lb_core::extension::{Metric, Reading};

pub(super) type Labels = Vec<(&'static str, String)>;

const ROLES: [&str; 6] = ["silent", "learner", "follower", "candidate", "leader", "stopped"];

/// Reads all of them.
pub(super) fn read(report: &Report, observer: &Observer) -> Vec<Metric> {
    let counts = &observer.counts;
    let refused = report.transport;
    let members = |witness: bool| -> u64 {
        let of_kind = report.nodes.iter().filter(|node| (node.role == "witness") == witness);
        of_kind.map(|_| 1).sum()
    };
    let labelled = |name, values: Vec<(&str, f64)>| -> Vec<(Labels, Reading)> {
        let one = |(value, number): (&str, f64)| (vec![(name, value.to_owned())], Reading::Number(number));
        values.into_iter().map(one).collect()
    };
    let info = vec![("cluster", report.cluster.clone()), ("node", report.node.clone())];
    let behind = report.last.unwrap_or(0).saturating_sub(report.applied.unwrap_or(0));
    let heard = report
        .nodes
        .iter()
        .filter_map(|node| Some((vec![("node", node.name.clone())], Reading::Number(seconds(node.heard?)))));
    let kept = observer.replica.look(|state, _| state.changes().size());
    let size = |size: usize| number(u64::try_from(size).unwrap_or(u64::MAX));
    let kept = (size(kept.0), size(kept.1));
    let agreement = Agreement::of(observer);
    let differing = agreement
        .counts()
        .into_iter()
        .map(|(node, count)| (vec![("node", node)], Reading::Number(size(count))));
    let roles = ROLES.map(|role| (role, truth(report.role == role)));
    vec![
        gauge("lb_cluster_info", "The cluster and this node; always 1", vec![(info, Reading::Number(1.0))]),
        gauge("lb_cluster_term", "The term of Raft", one(number(report.term))),
        gauge(
            "lb_cluster_role",
            "What this node does: 1 for it, 0 for the others",
            labelled("role", roles.into()),
        ),
        gauge("lb_cluster_quorum", "A leader is heard, or hears a majority", one(truth(report.quorum))),
        gauge(
            "lb_cluster_holds_addresses",
            "This node holds the virtual addresses",
            one(truth(report.holds)),
        ),
        gauge(
            "lb_cluster_nodes",
            "Nodes of the cluster",
            labelled("kind", vec![("node", number(members(false))), ("witness", number(members(true)))]),
        ),
        gauge(
            "lb_cluster_node_heard_seconds",
            "How long ago a node was heard, by its leader or of it",
            heard.collect(),
        ),
        counter(
            "lb_cluster_leader_changes_total",
            "Another leader than before was heard",
            one(number(counts.leader_changes.get())),
        ),
        counter(
            "lb_cluster_address_transitions_total",
            "Virtual addresses were taken or let go by this node",
            labelled(
                "event",
                vec![
                    ("acquired", number(counts.acquired.get())),
                    ("released", number(counts.released.get())),
                ],
            ),
        ),
        counter(
            "lb_cluster_fenced_renewals_total",
            "Leases that were prolonged too late, so that the guard closed",
            one(number(counts.fenced.get())),
        ),
        gauge(
            "lb_cluster_lease_seconds",
            "How long a leader may answer after a majority was heard",
            one(seconds(report.lease)),
        ),
        histogram(
            "lb_cluster_lease_margin_seconds",
            "What was left of the lease when it was prolonged",
            &counts.margin,
        ),
        counter(
            "lb_cluster_narrow_renewals_total",
            "Leases of which less than half was left when they were prolonged",
            one(number(counts.narrow.get())),
        ),
        histogram("lb_cluster_answer_seconds", "How long answers of other nodes took", &counts.answers),
        counter(
            "lb_cluster_unanswered_total",
            "Requests to other nodes that had no answer",
            one(number(counts.unanswered.get())),
        ),
        counter(
            "lb_cluster_proposals_total",
            "Changes that this node was asked to have made on all nodes",
            labelled(
                "outcome",
                vec![
                    ("made", number(counts.proposals.made.get())),
                    ("refused", number(counts.proposals.refused.get())),
                    ("uncommitted", number(counts.proposals.uncommitted.get())),
                    ("unknown", number(counts.proposals.unknown.get())),
                ],
            ),
        ),
        histogram(
            "lb_cluster_proposal_seconds",
            "How long each of them took until it was answered",
            &counts.proposals.took,
        ),
        counter(
            "lb_cluster_unmade_changes_total",
            "Changes of the cluster that this node could not make, or did not since its file says otherwise",
            one(number(counts.unmade.get())),
        ),
        gauge("lb_cluster_kept_changes", "Changes that a node makes when it starts", one(kept.0)),
        gauge("lb_cluster_kept_changes_bytes", "What they take", one(kept.1)),
        gauge(
            "lb_cluster_config_differences",
            "Proxy sections that a node does not have as this one has them",
            differing.collect(),
        ),
        gauge(
            "lb_cluster_log_last_index",
            "The last entry of the log",
            one(number(report.last.unwrap_or(0))),
        ),
        gauge(
            "lb_cluster_apply_lag_entries",
            "Entries of the log that are not applied yet",
            one(number(behind)),
        ),
        gauge(
            "lb_cluster_certificate_days",
            "Days until this node's certificate ends",
            report
                .certificate_days
                .map(|days| (Vec::new(), Reading::Number(f64::from(days))))
                .into_iter()
                .collect(),
        ),
        counter(
            "lb_cluster_requests_total",
            "Requests of other nodes that were answered",
            one(number(refused.requests)),
        ),
        counter(
            "lb_cluster_refused_total",
            "What was turned away on the address for other nodes",
            labelled(
                "reason",
                vec![
                    ("stranger", number(refused.strangers)),
                    ("crowded", number(refused.crowded)),
                    ("handshake", number(refused.handshakes)),
                    ("terms", number(refused.terms)),
                    ("malformed", number(refused.malformed)),
                ],
            ),
        ),
    ]
}

pub(super) fn gauge(name: &'static str, doc: &'static str, samples: Vec<(Labels, Reading)>) -> Metric {
    Metric { name, doc, counter: false, samples }
}

pub(super) fn counter(name: &'static str, doc: &'static str, samples: Vec<(Labels, Reading)>) -> Metric {
    Metric { name, doc, counter: true, samples }
}

pub(super) fn histogram(name: &'static str, doc: &'static str, histogram: &Histogram) -> Metric {
    let (counts, sum) = histogram.read();
    let reading = Reading::Histogram { bounds: &BOUNDS, counts, sum: sum.as_secs_f64() };
    gauge(name, doc, vec![(Vec::new(), reading)])
}

pub(super) fn one(number: f64) -> Vec<(Labels, Reading)> {
    vec![(Vec::new(), Reading::Number(number))]
}

pub(super) fn truth(is: bool) -> f64 {
    f64::from(u8::from(is))
}

#[expect(clippy::cast_precision_loss, reason = "Prometheus knows 64-bit floats only")]
pub(super) fn number(number: u64) -> f64 {
    number as f64
}

fn seconds(millis: u64) -> f64 {
    number(millis) / 1000.0
}
