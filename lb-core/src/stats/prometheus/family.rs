//! Families as collectors.

use super::latency::LATENCIES;
use super::metric::{self, Form, Metric, Missing};
use super::query::{Query, Scope};
use crate::compile::Plan;
use crate::server::{Operational, Server, admin};
use crate::stats::{FIELDS, Only, Process, Row, Value, Walk, column};
use prometheus::core::{Collector, Desc};
use prometheus::proto;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// What a scrape reads.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) plan: Arc<Plan>,
    pub(super) process: Arc<Process>,
    pub(super) query: Query,
}

/// A family: what it measures and of what.
#[derive(Clone, Copy, Debug)]
pub(super) enum Family {
    /// A field of `show info`, or a fact of the process.
    Process(&'static metric::Fact),
    /// A column of `show stat`.
    Column(Scope, &'static Metric),
    /// A histogram of times, by its index.
    Latency(Scope, usize),
}

/// All families: HAProxy's, then our own.
pub(super) fn all() -> impl Iterator<Item = Family> + Send {
    let scopes = [Scope::Frontend, Scope::Backend, Scope::Server];
    let process = metric::FACTS.iter().map(Family::Process);
    let columns = scopes.into_iter().flat_map(|scope| {
        let of_scope = metric::METRICS.iter().filter(move |metric| metric.scopes & scope as u8 != 0);
        of_scope.map(move |metric| Family::Column(scope, metric))
    });
    let latencies = [Scope::Backend, Scope::Server]
        .into_iter()
        .flat_map(|scope| (0..LATENCIES.len()).map(move |index| Family::Latency(scope, index)));
    process.chain(columns).chain(latencies)
}

impl Family {
    /// The family's name.
    pub(super) fn name(self) -> String {
        let scope = |scope| match scope {
            Scope::Process => "process",
            Scope::Frontend => "frontend",
            Scope::Backend => "backend",
            Scope::Server => "server",
        };
        match self {
            Self::Process(fact) => format!("haproxy_process_{}", fact.name),
            Self::Column(at, metric) => format!("haproxy_{}_{}", scope(at), metric.name),
            Self::Latency(at, index) => {
                format!("lb_{}_{}_time_seconds", scope(at), LATENCIES.get(index).map_or("", |one| one.0))
            }
        }
    }

    fn scope(self) -> Scope {
        match self {
            Self::Process(_) => Scope::Process,
            Self::Column(scope, _) | Self::Latency(scope, _) => scope,
        }
    }

    /// What it measures.
    fn help(self) -> &'static str {
        match self {
            Self::Process(fact) => fact.help(),
            Self::Column(_, metric) if metric.form == Form::Codes => "Responses by the class of their status",
            Self::Column(_, metric) => {
                column::named(metric.column).map_or(metric.column, |column| column.doc)
            }
            Self::Latency(_, index) => LATENCIES.get(index).map_or("", |one| one.1),
        }
    }

    /// Its type.
    pub(super) fn kind(self) -> proto::MetricType {
        match self {
            Self::Process(fact) if fact.counter => proto::MetricType::COUNTER,
            Self::Column(_, metric) if metric.counter => proto::MetricType::COUNTER,
            Self::Latency(..) => proto::MetricType::HISTOGRAM,
            _ => proto::MetricType::GAUGE,
        }
    }

    /// The family with what it is read from.
    pub(super) fn with(self, source: &Arc<Source>) -> Collected {
        let desc = Desc::new(self.name(), self.help().to_owned(), Vec::new(), Default::default()).ok();
        Collected { family: self, source: Arc::clone(source), desc }
    }
}

/// A family with what it is read from.
pub(super) struct Collected {
    family: Family,
    source: Arc<Source>,
    /// None never: all names are valid, which a test shows.
    desc: Option<Desc>,
}

impl Collector for Collected {
    fn desc(&self) -> Vec<&Desc> {
        self.desc.iter().collect()
    }

    fn collect(&self) -> Vec<proto::MetricFamily> {
        let family = self.family;
        let name = family.name();
        if !self.source.query.wants(family.scope(), &name) {
            return Vec::new();
        }
        let metrics = match family {
            Family::Process(fact) => fact.metric(&self.source).into_iter().collect(),
            Family::Column(scope, metric) => self.rows(scope, |row, into| column_metrics(metric, row, into)),
            Family::Latency(scope, index) => {
                self.rows(scope, |row, into| into.extend(Latencies(row).metric(index)))
            }
        };
        if metrics.is_empty() {
            return Vec::new();
        }
        let mut whole = proto::MetricFamily::default();
        whole.set_name(name);
        whole.set_help(family.help().to_owned());
        whole.set_field_type(family.kind());
        whole.set_metric(metrics.into_iter().map(|one| one.finish(family.kind())).collect());
        vec![whole]
    }
}

impl Collected {
    /// What `read` makes of all rows of a scope, each with the labels that name the row.
    fn rows(&self, scope: Scope, read: impl Fn(&Row<'_>, &mut Vec<Sample>)) -> Vec<Sample> {
        let Source { plan, query, .. } = &*self.source;
        let only = Only { no_maint: query.no_maint, ..Only::default() };
        let mut walk = Walk::new(plan);
        let mut samples = Vec::new();
        while let Some(row) = walk.next(plan) {
            let (is_of_scope, server, description) = match &row {
                Row::Frontend(one) => (scope == Scope::Frontend, None, one.description.as_deref()),
                Row::Backend(one) => (scope == Scope::Backend, None, one.description.as_deref()),
                Row::Server(one, server) => {
                    (scope == Scope::Server, Some(&server.name), one.description.as_deref())
                }
            };
            if !is_of_scope || !only.wants(&row) {
                continue;
            }
            let from = samples.len();
            read(&row, &mut samples);
            for sample in samples.iter_mut().skip(from) {
                let mut labels = vec![label("proxy", row.proxy())];
                labels.extend(server.map(|name| label("server", name)));
                let text = description.filter(|_| query.descriptions);
                labels.extend(text.map(|text| label("desc", text)));
                labels.append(&mut sample.labels);
                sample.labels = labels;
            }
        }
        samples
    }
}

/// One value or histogram, with its labels.
pub(super) struct Sample {
    pub(super) labels: Vec<proto::LabelPair>,
    pub(super) content: Content,
}

/// What a sample holds.
pub(super) enum Content {
    Number(f64),
    Histogram(proto::Histogram),
}

impl Sample {
    pub(super) fn finish(self, kind: proto::MetricType) -> proto::Metric {
        let mut metric = proto::Metric::from_label(self.labels);
        match self.content {
            Content::Number(value) if kind == proto::MetricType::COUNTER => {
                let mut counter = proto::Counter::default();
                counter.set_value(value);
                metric.set_counter(counter);
            }
            Content::Number(value) => {
                let mut gauge = proto::Gauge::default();
                gauge.set_value(value);
                metric.set_gauge(gauge);
            }
            Content::Histogram(histogram) => metric.set_histogram(histogram),
        }
        metric
    }
}

pub(super) fn label(name: &str, value: &str) -> proto::LabelPair {
    let mut pair = proto::LabelPair::default();
    pair.set_name(name.to_owned());
    pair.set_value(value.to_owned());
    pair
}

pub(super) fn number(labels: Vec<proto::LabelPair>, value: f64) -> Sample {
    Sample { labels, content: Content::Number(value) }
}

/// A statistic as a number; none where it has none.
#[expect(clippy::cast_precision_loss, reason = "Prometheus knows 64-bit floats only")]
pub(super) fn as_number(value: &Value) -> Option<f64> {
    match value {
        Value::U32(number) => Some(f64::from(*number)),
        Value::U64(number) => Some(*number as f64),
        Value::S32(number) => Some(f64::from(*number)),
        // Whole, as HAProxy has them.
        Value::Seconds(seconds) => Some(seconds.trunc()),
        Value::None | Value::Str(_) => None,
    }
}

/// The samples of a column for a row.
fn column_metrics(metric: &Metric, row: &Row<'_>, into: &mut Vec<Sample>) {
    let read = |name: &str| column::named(name).map_or(Value::None, |column| column.read(row));
    match metric.form {
        Form::Plain | Form::Millis => {
            let scale = if metric.form == Form::Millis { 1000.0 } else { 1.0 };
            let value = match (as_number(&read(metric.column)), metric.missing) {
                (Some(value), _) => value / scale,
                (None, Missing::Nan) if matches!(row, Row::Server(..)) => f64::NAN,
                (None, Missing::Checked) if is_checked(row) => 0.0,
                (None, Missing::Skip | Missing::Checked) => return,
                (None, Missing::Zero | Missing::Nan) => 0.0,
            };
            into.push(number(Vec::new(), value));
        }
        Form::Codes => {
            for (code, name) in metric::CODES {
                let value = as_number(&read(name)).unwrap_or(0.0);
                into.push(number(vec![label("code", code)], value));
            }
        }
        Form::Status => states(row, into),
        Form::CheckStatus => {
            if let Value::Str(text) = read(metric.column) {
                let now = text.trim_start_matches("* ");
                one_of(metric::CHECK_STATES, |state| f64::from(u8::from(state == now)), into);
            }
        }
        Form::AggregatedStatus => {
            if let Row::Backend(backend) = row {
                let count = |state| {
                    backend.servers.load().iter().filter(|server| server_state(server) == state).count()
                };
                one_of(metric::SERVER_STATES, |state| count(state) as f64, into);
            }
        }
        Form::AggregatedCheckStatus => {
            if let Row::Backend(backend) = row {
                let last = column::named("check_status");
                let states: Vec<Value> = backend
                    .servers
                    .load()
                    .iter()
                    .filter_map(|server| {
                        last.map(|column| column.read(&Row::Server(Arc::clone(backend), Arc::clone(server))))
                    })
                    .collect();
                let is = |value: &&Value, state: &str| matches!(value, Value::Str(text) if text.trim_start_matches("* ") == state);
                one_of(
                    metric::CHECK_STATES,
                    |state| states.iter().filter(|value| is(value, state)).count() as f64,
                    into,
                );
            }
        }
    }
}

/// A sample for each state.
fn one_of(states: &[&'static str], value: impl Fn(&'static str) -> f64, into: &mut Vec<Sample>) {
    into.extend(states.iter().map(|state| number(vec![label("state", state)], value(state))));
}

/// In which state a row is: 1 for it, 0 for the others.
fn states(row: &Row<'_>, into: &mut Vec<Sample>) {
    let (all, now): (&[&'static str], &str) = match row {
        Row::Server(_, server) => (metric::SERVER_STATES, server_state(server)),
        _ => {
            let status = column::named("status").map_or(Value::None, |column| column.read(row));
            (metric::PROXY_STATES, if status.text(false) == "DOWN" { "DOWN" } else { "UP" })
        }
    };
    one_of(all, |state| f64::from(u8::from(state == now)), into);
}

fn server_state(server: &Server) -> &'static str {
    let bits = server.admin.load(Ordering::Relaxed);
    match server.state() {
        _ if bits & admin::MAINT != 0 => "MAINT",
        Operational::Stopped => "DOWN",
        Operational::Stopping => "NOLB",
        Operational::Starting | Operational::Running if bits & admin::DRAIN != 0 => "DRAIN",
        Operational::Starting | Operational::Running => "UP",
    }
}

/// Histograms of a row.
struct Latencies<'a>(&'a Row<'a>);

impl Latencies<'_> {
    fn metric(&self, index: usize) -> Option<Sample> {
        let counters = match self.0 {
            Row::Frontend(_) => return None,
            Row::Backend(backend) => &backend.stats.counters,
            Row::Server(_, server) => &server.counters,
        };
        let histogram = super::latency::total(counters.iter().filter_map(|one| one.latency.get()), index);
        Some(Sample { labels: Vec::new(), content: Content::Histogram(histogram) })
    }
}

impl metric::Fact {
    fn help(&self) -> &'static str {
        match self.source {
            metric::From::Field(name) => {
                FIELDS.iter().find(|field| field.name == name).map_or(name, |field| field.doc)
            }
            metric::From::Label(_, doc, _) => doc,
            metric::From::Zero(doc) => doc,
        }
    }

    fn metric(&self, source: &Source) -> Option<Sample> {
        match self.source {
            metric::From::Field(name) => {
                let from = crate::stats::Source { plan: &source.plan, process: &source.process };
                let field = FIELDS.iter().find(|field| field.name == name)?;
                Some(number(Vec::new(), as_number(&(field.read)(&from)).unwrap_or(0.0)))
            }
            metric::From::Label(name, _, text) => Some(number(vec![label(name, text(&source.process))], 1.0)),
            metric::From::Zero(_) => Some(number(Vec::new(), 0.0)),
        }
    }
}

/// A histogram of what fell between bounds, and above the last.
pub(super) fn histogram(bounds: &[f64], counts: &[u64], sum: f64) -> proto::Histogram {
    let mut whole = proto::Histogram::default();
    let mut below = 0;
    let buckets = bounds.iter().zip(counts).map(|(bound, count)| {
        below += count;
        let mut bucket = proto::Bucket::default();
        bucket.set_upper_bound(*bound);
        bucket.set_cumulative_count(below);
        bucket
    });
    whole.set_bucket(buckets.collect());
    whole.set_sample_count(counts.iter().sum());
    whole.set_sample_sum(sum);
    whole
}

fn is_checked(row: &Row<'_>) -> bool {
    matches!(row, Row::Server(_, server) if server.check.as_ref().is_some_and(|check| check.is_active()))
}
