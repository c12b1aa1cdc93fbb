//! Histograms of times of exchanges: recorded by each thread for itself, added up when someone asks.

use crate::exchange::Times;
use crate::thread::Counter;
use prometheus::proto;
use std::time::Instant;

/// The histograms: name and what they measure.
pub(super) const LATENCIES: [(&str, &str); 4] = [
    ("queue", "Time that requests waited in a queue, in seconds"),
    ("connect", "Time until the connection to the server was there, in seconds"),
    ("response", "Time from the connection to the head of the response, in seconds"),
    ("total", "Time from the first byte of the request to the end of the response, in seconds"),
];

/// Upper bounds of the buckets, in microseconds.
const BOUNDS: [u64; 14] = [
    250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000,
    10_000_000,
];

/// The histograms of one thread for one backend or server.
#[derive(Debug, Default)]
pub struct Latency {
    histograms: [Histogram; LATENCIES.len()],
}

#[derive(Debug, Default)]
struct Histogram {
    /// How many fell into each bucket; those above the last bound are in the last.
    buckets: [Counter; BOUNDS.len() + 1],
    /// Sum in microseconds.
    sum: Counter,
}

impl Latency {
    /// Records an exchange that ends `now`. Times of stages that it did not reach are not recorded.
    pub fn record(&self, times: &Times, now: Instant) {
        let stages = [
            (times.request, times.dequeued),
            (times.dequeued, times.connected),
            (times.connected, times.response),
            (Some(times.first_byte), Some(now)),
        ];
        for (histogram, stage) in self.histograms.iter().zip(stages) {
            let (Some(from), Some(to)) = stage else { continue };
            let micros = u64::try_from(to.saturating_duration_since(from).as_micros()).unwrap_or(u64::MAX);
            let bucket = BOUNDS.partition_point(|bound| *bound < micros);
            if let Some(counter) = histogram.buckets.get(bucket) {
                counter.inc();
            }
            histogram.sum.add(micros);
        }
    }
}

/// The sum of one histogram over threads.
#[expect(clippy::cast_precision_loss, reason = "Prometheus knows 64-bit floats only")]
pub(super) fn total<'a>(threads: impl Iterator<Item = &'a Box<Latency>>, index: usize) -> proto::Histogram {
    let (mut counts, mut sum) = ([0_u64; BOUNDS.len() + 1], 0_u64);
    for histogram in threads.filter_map(|thread| thread.histograms.get(index)) {
        for (count, bucket) in counts.iter_mut().zip(&histogram.buckets) {
            *count += bucket.get();
        }
        sum = sum.wrapping_add(histogram.sum.get());
    }
    let bounds = BOUNDS.map(|bound| bound as f64 / 1e6);
    super::family::histogram(&bounds, &counts, sum as f64 / 1e6)
}
