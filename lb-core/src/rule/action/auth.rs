//! `auth`.

use super::{REQUEST, Row, act, action};
use crate::rule::{Reply, Verdict, error_reply};
use haproxy_cfg_parser::model::ActionArg;
use haproxy_cfg_parser::raw;
use std::sync::Arc;

pub(super) const ROWS: &[Row] = &[action("auth", REQUEST, |build| {
    let realm = match build.keyed("realm") {
        Some(ActionArg::Str(realm)) => realm.clone(),
        _ => build.context.proxy.map(|proxy| proxy.name.clone()).unwrap_or_default(),
    };
    let challenge = raw::bytes(&format!("Basic realm=\"{realm}\"")).into_owned();
    act((challenge, build.kind), |(challenge, kind), exchange| {
        // With `option http-use-proxy-header` a request in proxy form is answered as a proxy answers (RFC 9110 11.7.1).
        let proxied = exchange.frontend.options.http_use_proxy_header
            && !matches!(exchange.request.target().first(), Some(b'/' | b'*'));
        let (status, name) = if proxied { (407, "proxy-authenticate") } else { (401, "www-authenticate") };
        let message = error_reply(exchange, status).as_ref().clone().header(name, challenge.as_slice());
        Verdict::Reply(Reply::local(Arc::new(message), *kind))
    })
})];
