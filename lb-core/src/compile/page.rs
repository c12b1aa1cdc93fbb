//! From `stats` lines to the statistics page.

use super::{Context, condition};
use crate::rule::{Kind, Ruleset};
use crate::sample::Place;
use crate::stats::page::{DEFAULT_REALM, DEFAULT_URI, Page};
use haproxy_cfg_parser::model::{self, Mode, ProxyKind};
use std::sync::Arc;

/// Compiles the page of a proxy; none where it has none. In a `listen` section it is the frontend's.
pub(super) fn page(proxy: &model::Proxy, context: &mut Context<'_>) -> Option<Arc<Page>> {
    let lines = proxy.stats.as_ref().filter(|_| proxy.mode == Mode::Http)?;
    let place = match proxy.kind {
        ProxyKind::Frontend => Place::HttpRequestFrontend,
        _ => Place::HttpRequestBackend,
    };
    let admin = lines.admin.iter();
    let admin = admin.filter_map(|one| condition(Some(one), context, place).ok().flatten()).collect();
    // `.` is the proxy itself.
    let own = |name: &String| if name == "." { proxy.name.clone() } else { name.clone() };
    Some(Arc::new(Page {
        uri: lines.uri.clone().unwrap_or_else(|| DEFAULT_URI.to_owned()),
        realm: lines.realm.clone().unwrap_or_else(|| DEFAULT_REALM.to_owned()),
        users: lines.auth.clone(),
        rules: Ruleset::compile(&lines.http_request, Kind::HttpRequest, context),
        admin,
        refresh: lines.refresh.map(|time| time.as_secs()),
        scope: lines.scope.iter().map(own).collect(),
        hide_version: lines.hide_version,
        node: lines.show_node.clone(),
        description: lines.show_desc.clone(),
        legends: lines.show_legends,
        modules: lines.show_modules,
    }))
}
