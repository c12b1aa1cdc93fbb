//! `balance first`: the server with the lowest id that has room.

use super::table::Table;
use crate::server::Server;
use std::sync::Arc;

/// Puts the members in the order of their ids.
pub(super) fn arrange(table: &mut Table, servers: &[Arc<Server>]) {
    table.members.sort_by_key(|member| servers.get(member.index as usize).map(|server| server.id));
}

/// The first member that has room and is not `avoid`; `avoid` if it alone has room.
pub(super) fn pick<'a>(
    table: &Table,
    servers: &'a [Arc<Server>],
    avoid: Option<&Server>,
) -> Option<&'a Arc<Server>> {
    let mut avoided = None;
    for member in &table.members {
        let Some(server) = servers.get(member.index as usize).filter(|server| server.has_room()) else {
            continue;
        };
        if avoid.is_none_or(|avoid| avoid.uid != server.uid) {
            return Some(server);
        }
        avoided = Some(server);
    }
    avoided
}
