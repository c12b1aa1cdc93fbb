//! A proxy section while it is read, and the `defaults` that it starts from.

use crate::check::kind as title;
use crate::expr::Acls;
use crate::model::{Acl, Condition, Place, Proxy, ProxyKind, Rule, ServerLine, Test};
use crate::parse::{Args, Cx};
use crate::section::defaults::{Defaults, Heir};
use crate::value;
use std::collections::{HashMap, HashSet};

/// A proxy being read.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    /// True for a `defaults` section.
    pub(crate) is_defaults: bool,
    /// What it says so far.
    pub(crate) proxy: Proxy,
    /// The template of its servers.
    pub(crate) default_server: ServerLine,
    /// ACLs seen so far.
    pub(crate) acls: Acls,
    /// The last kind of rule seen, for warnings about order.
    pub(crate) order: super::proxy::order::Order,
    /// Where its log option stands.
    pub(crate) log_option: Option<Place>,
    /// Names of its servers, and the lines of the first of each.
    pub(crate) server_names: HashMap<String, u32>,
    /// Custom ids of its servers: the name and place of each.
    pub(crate) server_ids: HashMap<u32, (String, Place)>,
    /// Custom ids of its `bind` lines: the address and place of each.
    pub(crate) bind_ids: HashMap<u32, (String, Place)>,
    /// Its `http-check` and `tcp-check` lines, and whether `option httpchk` and `tcp-check` turned them on.
    pub(crate) checks: super::proxy::check::Checks,
}

impl Draft {
    /// `frontend 'web'`, as messages name it.
    pub(crate) fn title(&self) -> String {
        let kind = if self.kind() == "listen" { "proxy" } else { self.kind() };
        format!("{kind} '{}'", self.proxy.name)
    }

    /// The word that started the section.
    pub(crate) fn kind(&self) -> &'static str {
        match self.proxy.kind {
            _ if self.is_defaults => "defaults",
            kind => kind.name(),
        }
    }

    /// A section of the same name for lines that change nothing. It has the ACLs until they are given back.
    pub(crate) fn aside(&mut self, cx: &Cx<'_>) -> Self {
        let mut aside = Self::new(self.proxy.kind, cx);
        aside.proxy.name.clone_from(&self.proxy.name);
        aside.proxy.place = self.proxy.place.clone();
        aside.proxy.mode = self.proxy.mode;
        aside.acls = std::mem::take(&mut self.acls);
        aside.order = self.order.clone();
        aside
    }

    fn new(kind: ProxyKind, cx: &Cx<'_>) -> Self {
        let proxy = Proxy { kind, place: cx.place.clone(), ..Proxy::default() };
        Self {
            is_defaults: false,
            proxy,
            default_server: ServerLine::blank(cx.place.clone()),
            acls: Acls::default(),
            order: Default::default(),
            log_option: None,
            server_names: HashMap::new(),
            server_ids: HashMap::new(),
            bind_ids: HashMap::new(),
            checks: Default::default(),
        }
    }
}

/// Opens `defaults [NAME] [from NAME]`, `frontend NAME [from NAME]` and the like.
pub(super) fn open(cx: &mut Cx<'_>, args: &Args<'_>, defaults: &mut Defaults) -> Option<Draft> {
    let (section, kind) = match args.get(0) {
        "frontend" => ("frontend", ProxyKind::Frontend),
        "backend" => ("backend", ProxyKind::Backend),
        "listen" => ("listen", ProxyKind::Listen),
        _ => ("defaults", ProxyKind::Listen),
    };
    cx.section = section;
    cx.proxy = if section == "defaults" { String::new() } else { args.get(1).to_owned() };
    let is_defaults = section == "defaults";
    let name = args.get(1);
    let anonymous = is_defaults && (name.is_empty() || name == "from");
    cx.defaults = if is_defaults && !anonymous { name.to_owned() } else { String::new() };
    if !is_defaults && name.is_empty() {
        cx.wrong(args, 0, format!("'{section}' expects an <id> argument"));
        return None;
    }
    // HAProxy takes any word for the name of a defaults section.
    if let Some(c) = value::not_in_name(name).filter(|_| !is_defaults) {
        cx.wrong(args, 1, format!("character '{c}' is not permitted in '{section}' name '{name}'."));
        return None;
    }
    if !is_defaults {
        duplicate(cx, args, kind, name);
    }
    let mut next = if anonymous { 1 } else { 2 };
    let mut base = if is_defaults { None } else { defaults.latest() };
    let mut explicit = false;
    if args.get(next) == "from" {
        let from = args.get(next + 1);
        match defaults.named(from) {
            Some(found) => (base, explicit) = (Some(found), true),
            None if from.is_empty() && is_defaults => {}
            None if from.is_empty() => {
                cx.wrong(args, next, "'from' expects the name of a 'defaults' section.")
            }
            None => {
                let here = cx.here();
                let name = if anonymous { "" } else { name };
                let text = format!("{here} : defaults section '{from}' not found for {section} '{name}'.");
                cx.alert_word(args, next + 1, text);
            }
        }
        next += 2;
    }
    let heir = Heir { kind, is_defaults, explicit };
    let mut draft = match base.and_then(|base| defaults.bequeath(base, heir, cx, args)) {
        Some(base) => start_from(base, kind, is_defaults, cx.place.clone()),
        None => Draft::new(kind, cx),
    };
    draft.is_defaults = is_defaults;
    draft.proxy.name = if anonymous { String::new() } else { name.to_owned() };
    if args.has(next) {
        if is_defaults {
            let text = format!("unexpected argument '{}' in section 'defaults' is ignored.", args.get(next));
            cx.warn(args, next, text);
        } else if kind != ProxyKind::Backend {
            super::proxy::outdated::address_on_section(cx, &mut draft, args, next);
        } else {
            let text = format!("unexpected argument '{}' in section '{section}'.", args.get(next));
            cx.wrong(args, next, text);
        }
    }
    Some(draft)
}

/// An error if an earlier proxy of that name may be meant as well.
fn duplicate(cx: &mut Cx<'_>, args: &Args<'_>, kind: ProxyKind, name: &str) {
    let known = cx.proxies.entry(name.to_owned()).or_default();
    // What listens is told from what listens, the rest from what has servers.
    let covers = |other: ProxyKind| match kind.is_frontend() {
        true => other.is_frontend(),
        false => other.is_backend(),
    };
    let first = known.iter().find(|(other, _)| covers(*other)).cloned();
    // More of them tell nothing more.
    if first.is_none() {
        known.push((kind, cx.place.clone()));
    }
    if let Some((other, place)) = first {
        let (this, other) = (title(kind), title(other));
        let message = format!(
            "Parsing [{}]: {this} '{name}' has the same name as {other} '{name}' declared at {place}.",
            cx.place
        );
        cx.alert_word(args, 1, message);
    }
    if let Some(place) = cx.named_at.get(&("log-forward", name.to_owned())) {
        let message = format!(
            "Parsing [{}]: {} '{name}' has the same name as log forward section '{name}' declared at {place}.",
            cx.place,
            title(kind)
        );
        cx.alert_word(args, 1, message);
    }
}

/// What a section takes over from its defaults.
pub(crate) fn start_from(base: &Draft, kind: ProxyKind, is_defaults: bool, place: Place) -> Draft {
    let mut draft = base.clone();
    let proxy = &mut draft.proxy;
    proxy.kind = kind;
    proxy.place = place;
    proxy.id = None;
    proxy.description = None;
    draft.acls = Acls::default();
    draft.order = Default::default();
    draft.server_names = HashMap::new();
    draft.server_ids = HashMap::new();
    draft.bind_ids = HashMap::new();
    draft.checks.inherit();
    if is_defaults {
        // Rules stay with the defaults section that has them.
        for rules in rulesets(proxy) {
            rules.clear();
        }
        proxy.acls.clear();
        return draft;
    }
    seclude_acls(&base.proxy.name, proxy);
    if !kind.is_frontend() {
        proxy.tcp_request_connection.clear();
        proxy.tcp_request_session.clear();
        proxy.default_backend = None;
        proxy.monitor_uri = None;
    }
    if !kind.is_backend() {
        proxy.tcp_response_content.clear();
    }
    draft
}

fn rulesets(proxy: &mut Proxy) -> [&mut Vec<Rule>; 7] {
    [
        &mut proxy.http_request,
        &mut proxy.http_response,
        &mut proxy.http_after_response,
        &mut proxy.tcp_request_connection,
        &mut proxy.tcp_request_session,
        &mut proxy.tcp_request_content,
        &mut proxy.tcp_response_content,
    ]
}

/// ACLs of a defaults section are seen by its own rules only: they get a name that no file can write.
fn seclude_acls(defaults: &str, proxy: &mut Proxy) {
    if proxy.acls.is_empty() {
        return;
    }
    let names: HashSet<String> = proxy.acls.iter().map(|acl| acl.name.clone()).collect();
    let secluded = |name: &str| format!("defaults {defaults} {name}");
    for Acl { name, .. } in &mut proxy.acls {
        *name = secluded(name);
    }
    let rename = |condition: &mut Condition| {
        for term in condition.any_of.iter_mut().flatten() {
            if let Test::Named(name) = &mut term.test
                && names.contains(name)
            {
                *name = secluded(name);
            }
        }
    };
    for rules in rulesets(proxy) {
        rules.iter_mut().filter_map(|rule| rule.condition.as_mut()).for_each(rename);
    }
}

/// Ends a section: a defaults section is kept for later ones, a proxy goes to the result.
pub(super) fn close(cx: &mut Cx<'_>, draft: Draft, defaults: &mut Defaults) {
    if draft.is_defaults {
        return defaults.push(draft);
    }
    super::proxy::check::end(cx, &draft);
    cx.config.proxies.push(draft.proxy);
}
