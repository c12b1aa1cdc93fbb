//! `http-request use-service prometheus-exporter`: statistics in Prometheus' text format, with HAProxy's names.
//!
//! Each metric family is a [`Collector`] of the `prometheus` crate, whose encoder writes it. Families are collected one
//! after the other, so that many servers need no more memory than the largest family.

mod added;
mod family;
mod latency;
mod metric;
mod query;

pub use latency::Latency;

use crate::exchange::Exchange;
use crate::rule::{Message, error_reply};
use crate::service::{Answer, PIECE, Pieces, Present, Service};
use family::{Family, Source};
use prometheus::TextEncoder;
use prometheus::core::Collector;
use prometheus::proto::MetricFamily;
use query::Query;
use std::sync::Arc;

/// The service.
#[derive(Debug)]
pub struct Exporter;

impl Service for Exporter {
    fn name(&self) -> &'static str {
        "<PROMEX>"
    }

    fn reads_body(&self, _: &Exchange) -> bool {
        false
    }

    fn answer(self: Arc<Self>, exchange: &Exchange, _: Option<&[u8]>, present: &Present) -> Answer {
        let text = String::from_utf8_lossy(exchange.request.query().unwrap_or_default());
        let Some(query) = Query::parse(&text) else {
            return Answer::Message(error_reply(exchange, 400).as_ref().clone());
        };
        let head = Message::new(200)
            .header("cache-control", "no-cache")
            .header("content-type", prometheus::TEXT_FORMAT);
        let source = Arc::new(Source {
            plan: Arc::clone(&present.plan),
            process: Arc::clone(&present.admin.process),
            query,
        });
        let metrics = present.admin.extension.metrics.as_ref().map(|metrics| metrics()).unwrap_or_default();
        let added = added::families(metrics, &source.query);
        Answer::Pieces(head, Box::new(Scrape { source, families: family::all(), added }))
    }
}

/// A scrape on its way.
struct Scrape<I> {
    source: Arc<Source>,
    families: I,
    /// What comes last.
    added: Vec<MetricFamily>,
}

impl<I: Iterator<Item = Family> + Send> Pieces for Scrape<I> {
    fn next(&mut self, out: &mut String) -> bool {
        while out.len() < PIECE {
            let Some(family) = self.families.next() else {
                let _ = TextEncoder::new().encode_utf8(&self.added, out);
                return false;
            };
            let collected = family.with(&self.source).collect();
            // The encoder refuses what has no name or no metric, which is not collected.
            let _ = TextEncoder::new().encode_utf8(&collected, out);
        }
        true
    }
}

#[cfg(test)]
mod tests;
