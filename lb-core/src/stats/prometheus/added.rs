//! Metrics that an extension adds.

use super::family::{Content, Sample, histogram, label};
use super::query::{Query, Scope};
use crate::extension::{Metric, Reading};
use prometheus::proto;

/// The families that a query wants; they belong to the process.
pub(super) fn families(metrics: Vec<Metric>, query: &Query) -> Vec<proto::MetricFamily> {
    let wanted = metrics.into_iter().filter(|metric| query.wants(Scope::Process, metric.name));
    wanted.filter(|metric| !metric.samples.is_empty()).map(family).collect()
}

fn family(metric: Metric) -> proto::MetricFamily {
    let is_histogram = |(_, reading): &(_, Reading)| matches!(reading, Reading::Histogram { .. });
    let kind = match metric.counter {
        _ if metric.samples.iter().any(is_histogram) => proto::MetricType::HISTOGRAM,
        true => proto::MetricType::COUNTER,
        false => proto::MetricType::GAUGE,
    };
    let samples = metric.samples.into_iter().map(|(labels, reading)| {
        let labels = labels.iter().map(|(name, value)| label(name, value)).collect();
        let content = match reading {
            Reading::Number(value) => Content::Number(value),
            Reading::Histogram { bounds, counts, sum } => Content::Histogram(histogram(bounds, &counts, sum)),
        };
        Sample { labels, content }.finish(kind)
    });
    let mut whole = proto::MetricFamily::default();
    whole.set_metric(samples.collect());
    whole.set_name(metric.name.to_owned());
    whole.set_help(metric.doc.to_owned());
    whole.set_field_type(kind);
    whole
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use prometheus::TextEncoder;

    #[test]
    fn they_are_written_as_all_others() {
        let number = |name, counter, value| Metric {
            name,
            doc: "What it is",
            counter,
            samples: vec![(vec![("node", "a".to_owned())], Reading::Number(value))],
        };
        let reading = Reading::Histogram { bounds: &[0.1, 1.0], counts: vec![1, 0, 2], sum: 7.5 };
        let times = Metric { name: "lb_times", doc: "T", counter: false, samples: vec![(vec![], reading)] };
        let none = Metric { name: "lb_none", doc: "N", counter: false, samples: vec![] };
        let metrics = vec![number("lb_a", true, 3.0), number("lb_b", false, 1.0), times, none];
        let query = Query::parse("metrics=-lb_b").unwrap();
        let mut out = String::new();
        TextEncoder::new().encode_utf8(&families(metrics, &query), &mut out).unwrap();
        assert_eq!(
            out,
            "# HELP lb_a What it is\n# TYPE lb_a counter\nlb_a{node=\"a\"} 3\n\
             # HELP lb_times T\n# TYPE lb_times histogram\nlb_times_bucket{le=\"0.1\"} 1\n\
             lb_times_bucket{le=\"1\"} 1\nlb_times_bucket{le=\"+Inf\"} 3\nlb_times_sum 7.5\nlb_times_count 3\n"
        );
    }
}
