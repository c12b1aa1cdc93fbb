//! `use-service`.

use super::{Error, REQUEST, Row, act, action};
use crate::rule::Verdict;
use crate::service::Service;
use crate::stats::prometheus::Exporter;
use std::sync::Arc;

pub(super) const ROWS: &[Row] = &[action("use-service", REQUEST, |build| {
    let service: Arc<dyn Service> = match build.text(0)? {
        "prometheus-exporter" => Arc::new(Exporter),
        name => return Err(Error::Text(format!("the service '{name}' is not supported by lb yet"))),
    };
    act(service, |service, _| Verdict::Service(Arc::clone(service)))
})];
