//! How connections to a server are made, and what their PROXY header says: from its line.

use super::Context;
use super::backend::server_address;
use crate::connect::{Source, Way};
use crate::log::{Format, Style};
use crate::sample::Place;
use haproxy_cfg_parser::model::{Global, ServerLine};
use std::time::Duration;

/// The way to a server.
///
/// # Errors
/// What of its line lb does not do, or what leads nowhere.
pub(super) fn way(line: &ServerLine, context: &Context<'_>) -> Result<Way, String> {
    let source = match &line.source {
        Some(source) => Source::new(source).map_err(|reason| format!("'source' : {reason}."))?,
        None => Source::default(),
    };
    if source.is_privileged() && drops_privileges(&context.config.global) {
        return Err(
            "'source' : 'usesrc' and 'interface' require full privileges, so global.uid cannot be changed."
                .into(),
        );
    }
    let socks = line.socks4.as_ref().map(|address| server_address(address, context)).transpose();
    Ok(Way {
        source,
        socks: socks.map_err(|reason| format!("'socks4' : {reason}."))?,
        checks_via_socks: line.check_via_socks4,
        user_timeout: line.tcp_user_timeout.map(Duration::from_millis),
        fast_open: line.tfo,
    })
}

/// The process gives root's rights away.
fn drops_privileges(global: &Global) -> bool {
    let other = |name: &Option<String>| name.as_ref().is_some_and(|name| name != "root");
    other(&global.user) || global.uid.is_some_and(|uid| uid != 0)
}

/// Further values of the PROXY header; none, and an error, if one cannot be made.
pub(super) fn tlvs(line: &ServerLine, context: &mut Context<'_>) -> Option<Vec<(u8, Format)>> {
    let mut format = |(kind, text): &(u8, _)| {
        Some((*kind, Format::styled(text, context, Place::HttpRequestBackend, Style::Plain)?))
    };
    line.tlvs.iter().map(&mut format).collect()
}
