//! What compiling one section may look at, and where its errors go.

use haproxy_cfg_parser::model::{self, Place};
use haproxy_cfg_parser::{Diagnostic, Severity};
use std::collections::HashMap;

/// What compiling one section may look at, and where its errors go.
pub struct Context<'a> {
    /// The whole configuration.
    pub config: &'a model::Config,
    /// ACLs of the section, by name; several of one name are alternatives.
    pub acls: HashMap<&'a str, Vec<&'a model::Acl>>,
    /// The proxy being compiled; none for process-wide rules.
    pub proxy: Option<&'a model::Proxy>,
    /// Findings so far.
    pub diagnostics: Vec<Diagnostic>,
}

impl<'a> Context<'a> {
    /// A context for one proxy.
    pub fn new(config: &'a model::Config, proxy: Option<&'a model::Proxy>) -> Self {
        let mut acls: HashMap<&str, Vec<&model::Acl>> = HashMap::new();
        for acl in proxy.iter().flat_map(|proxy| &proxy.acls) {
            acls.entry(&acl.name).or_default().push(acl);
        }
        Self { config, acls, proxy, diagnostics: Vec::new() }
    }

    /// Records an error; `message` is complete but for its place, which is put before it as HAProxy does.
    pub fn error(&mut self, place: &Place, message: impl std::fmt::Display) {
        self.diagnostics.push(Diagnostic {
            severity: Severity::Alert,
            place: Some(place.clone()),
            span: None,
            message: format!("config : parsing [{place}] : {message}"),
            help: None,
        });
    }
}
