//! What compiling one section may look at, and where its errors go.

use super::{Directory, Saved, States};
use crate::acl::{Acl, References};
use crate::http::HeaderKey;
use crate::log::Ring;
use crate::resolve::Resolvers;
use crate::sample::Place;
use crate::server::Server;
use haproxy_cfg_parser::model;
use haproxy_cfg_parser::raw;
use haproxy_cfg_parser::{Diagnostic, Severity, SystemWorld, World};
use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

/// What compiling one section may look at, and where its errors go.
pub struct Context<'a> {
    /// The whole configuration.
    pub config: &'a model::Config,
    /// ACLs of the section, by name; several of one name are alternatives.
    pub acls: HashMap<&'a str, Vec<&'a model::Acl>>,
    /// The proxy being compiled; none for process-wide rules.
    pub proxy: Option<&'a model::Proxy>,
    /// The proxies of the plan, to be filled when all are compiled.
    pub directory: Arc<Directory>,
    /// ACLs of the section that have been compiled already, by name and the place of their use.
    pub compiled_acls: HashMap<(String, Place), Vec<Arc<Acl>>>,
    /// Capture slots of the section's requests.
    pub request_captures: Vec<(Option<HeaderKey>, usize)>,
    /// Capture slots of the section's responses.
    pub response_captures: Vec<(Option<HeaderKey>, usize)>,
    /// `resolvers` sections.
    pub resolvers: Vec<Arc<Resolvers>>,
    /// Rings that logs may go to.
    pub rings: Vec<Arc<Ring>>,
    /// Lists of patterns.
    pub references: Arc<References>,
    /// Where the expression stands that is being compiled.
    pub here: model::Place,
    /// What a file says of the servers of the section.
    pub states: States,
    /// Servers that begin in a state that a file says.
    pub saved: Vec<(Saved, Arc<Server>)>,
    /// Connections that frontends may bring to the proxy.
    pub reach: u64,
    /// A server's name has no address, and its line does not allow for that.
    pub unresolved: bool,
    /// An expression of a `mode tcp` section reads an HTTP request.
    pub reads_http: bool,
    /// Servers that expressions refer to, by the names of backend and server.
    pub referred: Vec<(String, String)>,
    /// Some expression asks which rule came last; found when first asked for.
    pub tells_rules: Option<bool>,
    /// Where files are read, and names looked up, that lines name; none: the system.
    pub read: Option<&'a dyn World>,
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
        Self {
            config,
            acls,
            proxy,
            directory: Arc::default(),
            compiled_acls: HashMap::new(),
            request_captures: proxy.map_or_else(Vec::new, |proxy| captures(&proxy.request_slots)),
            response_captures: proxy.map_or_else(Vec::new, |proxy| captures(&proxy.response_slots)),
            resolvers: Vec::new(),
            rings: Vec::new(),
            references: Arc::default(),
            here: model::Place::default(),
            states: States::new(),
            saved: Vec::new(),
            unresolved: false,
            reads_http: false,
            referred: Vec::new(),
            reach: 0,
            tells_rules: None,
            read: None,
            diagnostics: Vec::new(),
        }
    }

    /// Some expression asks which rule came last (`last_rule_file`, `last_rule_line`).
    pub fn tells_rules(&mut self) -> bool {
        let asked = || self.config.uses.first(|word| word.name.starts_with("last_rule_")).is_some();
        *self.tells_rules.get_or_insert_with(asked)
    }

    /// Some expression uses a fetch whose name begins so.
    pub fn asks_any(&self, beginning: &str) -> bool {
        self.config.uses.first(|word| word.name.starts_with(beginning)).is_some()
    }

    /// Some expression asks the kernel about a client's connection.
    pub fn asks_kernel(&self) -> bool {
        self.config.uses.first(|word| crate::sample::fetch::asks_kernel(word.name)).is_some()
    }

    /// The bytes of a file.
    ///
    /// # Errors
    /// The system's.
    pub fn file(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.read.map_or_else(|| std::fs::read(path), |world| world.read(path))
    }

    /// The first address of a host name, IPv4 before IPv6 as in HAProxy.
    pub fn address(&self, host: &str) -> Option<IpAddr> {
        let found = match self.read {
            Some(world) => world.addresses(host),
            None => SystemWorld::default().addresses(host),
        };
        found.ok()?.into_iter().min_by_key(IpAddr::is_ipv6)
    }

    /// Records an error; `message` is complete but for its place, which is put before it as HAProxy does.
    pub fn error(&mut self, place: &model::Place, message: impl std::fmt::Display) {
        self.report(Severity::Alert, place, message);
    }

    /// Records a warning; `message` as for [`Self::error`].
    pub fn warning(&mut self, place: &model::Place, message: impl std::fmt::Display) {
        self.report(Severity::Warning, place, message);
    }

    /// Records an error of something that may stand on no line of its own.
    pub fn problem(&mut self, place: Option<&model::Place>, message: impl std::fmt::Display) {
        match place {
            Some(place) => self.error(place, message),
            None => self.diagnostics.push(Diagnostic {
                severity: Severity::Alert,
                place: None,
                span: None,
                message: format!("config : {message}"),
                help: None,
            }),
        }
    }

    fn report(&mut self, severity: Severity, place: &model::Place, message: impl std::fmt::Display) {
        self.diagnostics.push(Diagnostic {
            severity,
            place: Some(place.clone()),
            span: None,
            message: format!("config : parsing [{place}] : {message}"),
            help: None,
        });
    }
}

/// The slots of `capture` and `declare capture` lines and of rules, in order.
fn captures(slots: &[model::CaptureSlot]) -> Vec<(Option<HeaderKey>, usize)> {
    slots
        .iter()
        .map(|slot| (slot.name.as_ref().map(|name| HeaderKey::new(&raw::bytes(name))), slot.len as usize))
        .collect()
}
