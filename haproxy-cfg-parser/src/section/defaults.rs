//! The `defaults` sections so far, and who may start from which (manual 4).

use super::draft::Draft;
use crate::model::{NamedDefaults, Place, Proxy, ProxyKind};
use crate::parse::{Args, Cx};
use std::collections::HashMap;

/// The `defaults` sections so far.
#[derive(Default)]
pub(crate) struct Defaults {
    all: Vec<Base>,
    /// The place in `all` of the last: what later sections start from that name none.
    latest: Option<usize>,
    named: HashMap<String, usize>,
}

/// One of them.
struct Base {
    draft: Draft,
    /// Sections start from it by its name ...
    explicit: bool,
    /// ... or since it is the last.
    implicit: bool,
    heirs: Heirs,
}

/// Which kinds of sections start from one.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Heirs {
    pub(crate) frontend: bool,
    pub(crate) backend: bool,
}

/// The section that is about to start from one.
#[derive(Clone, Copy)]
pub(super) struct Heir {
    pub(super) kind: ProxyKind,
    pub(super) is_defaults: bool,
    /// It names the other.
    pub(super) explicit: bool,
}

impl Defaults {
    /// Keeps a section for later ones.
    pub(super) fn push(&mut self, draft: Draft) {
        let index = self.all.len();
        if !draft.proxy.name.is_empty() {
            self.named.insert(draft.proxy.name.clone(), index);
        }
        self.latest = Some(index);
        self.all.push(Base { draft, explicit: false, implicit: false, heirs: Heirs::default() });
    }

    /// Who starts from those that somebody starts from, by their names.
    pub(super) fn heirs(&self) -> HashMap<String, Heirs> {
        let used = self.all.iter().filter(|base| base.heirs.frontend || base.heirs.backend);
        used.map(|base| (base.draft.proxy.name.clone(), base.heirs)).collect()
    }

    /// Those that have a name, in their order.
    pub(super) fn finish(self) -> Vec<NamedDefaults> {
        let named = self.all.into_iter().filter(|base| !base.draft.proxy.name.is_empty());
        let keep = |Base { draft, heirs, .. }: Base| NamedDefaults {
            name: draft.proxy.name.clone(),
            place: draft.proxy.place.clone(),
            draft: Box::new(draft),
            frontend: heirs.frontend,
        };
        named.map(keep).collect()
    }

    /// The last.
    pub(super) fn latest(&self) -> Option<usize> {
        self.latest
    }

    /// The one of that name.
    pub(super) fn named(&self, name: &str) -> Option<usize> {
        self.named.get(name).copied()
    }

    /// What a section starts from, once it is clear that it may; it is told where it may not.
    pub(super) fn bequeath(
        &mut self,
        index: usize,
        heir: Heir,
        cx: &mut Cx<'_>,
        args: &Args<'_>,
    ) -> Option<&Draft> {
        let base = self.all.get_mut(index)?;
        base.note(heir);
        let Base { draft, explicit: true, implicit: true, .. } = &*base else {
            base.judge(heir, cx, args);
            return Some(&base.draft);
        };
        // HAProxy calls it an alert and goes on.
        let text = format!(
            "defaults section '{}' (declared at {}) is explicitly referenced by another proxy and implicitly used here. \
             To avoid any ambiguity don't mix both usage. Add a last defaults section not explicitly used or always use \
             explicit references.",
            draft.proxy.name, draft.proxy.place
        );
        cx.warn(args, 0, text);
        base.judge(heir, cx, args);
        Some(&base.draft)
    }
}

impl Base {
    fn note(&mut self, heir: Heir) {
        self.explicit |= heir.explicit;
        self.implicit |= !heir.explicit;
        if !heir.is_defaults {
            self.heirs.frontend |= heir.kind.is_frontend();
            self.heirs.backend |= heir.kind.is_backend();
        }
    }

    /// Rules and captures go only to who can run them.
    fn judge(&self, heir: Heir, cx: &mut Cx<'_>, args: &Args<'_>) {
        let proxy = &self.draft.proxy;
        let mut refuse = |text: &str, at: Option<&Place>| {
            let at = at.map(|place| format!(" (defaults section at {place})")).unwrap_or_default();
            let here = cx.here();
            cx.alert_word(args, 0, format!("{here}: {text}{at}."));
        };
        let place = Some(&proxy.place);
        let is_backend = !heir.is_defaults && heir.kind == ProxyKind::Backend;
        if proxy.has_rules() {
            if heir.is_defaults {
                refuse(
                    "a defaults section cannot inherit from a defaults section defining TCP/HTTP rules",
                    place,
                );
            } else if heir.kind == ProxyKind::Listen {
                refuse(
                    "a listen section cannot inherit from a defaults section defining TCP/HTTP rules",
                    None,
                );
            } else if self.heirs.frontend && self.heirs.backend {
                refuse(
                    "frontends and backends cannot inherit from the same defaults section if it defines TCP/HTTP rules",
                    place,
                );
            } else if is_backend
                && !(proxy.tcp_request_connection.is_empty() && proxy.tcp_request_session.is_empty())
            {
                refuse(
                    "a backend section cannot inherit from a defaults section defining 'tcp-request connection' or \
                     'tcp-request session' rules",
                    place,
                );
            } else if heir.kind == ProxyKind::Frontend && !proxy.tcp_response_content.is_empty() {
                refuse(
                    "a frontend section cannot inherit from a defaults section defining 'tcp-response content' rules",
                    place,
                );
            }
        }
        if (heir.is_defaults || is_backend)
            && !(proxy.request_slots.is_empty() && proxy.response_slots.is_empty())
        {
            // The word is HAProxy's.
            refuse(
                "backend or defaults sections cannot inherit from a defaults section defining capptures",
                place,
            );
        }
    }
}

impl Proxy {
    /// It has rules of any ruleset.
    pub(crate) fn has_rules(&self) -> bool {
        let sets = [
            &self.http_request,
            &self.http_response,
            &self.http_after_response,
            &self.tcp_request_connection,
            &self.tcp_request_session,
            &self.tcp_request_content,
            &self.tcp_response_content,
        ];
        sets.iter().any(|set| !set.is_empty())
    }
}
