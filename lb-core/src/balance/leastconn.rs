//! `balance leastconn`: the fewest requests for its weight, the longest unused of equals.

use super::table::Table;
use crate::server::Server;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// The least loaded member that has room, in its queue included where that is bounded, and is not `avoid`; `avoid` if it
/// alone has room.
pub(super) fn pick<'a>(
    table: &Table,
    servers: &'a [Arc<Server>],
    turns: &AtomicU32,
    avoid: Option<&Server>,
) -> Option<&'a Arc<Server>> {
    let mut best = None;
    let mut avoided = None;
    for member in &table.members {
        let Some(server) = servers.get(member.index as usize) else { continue };
        let load = server.served.load(Ordering::Relaxed) + server.queued.load(Ordering::Relaxed);
        let limit = server.limit();
        if limit > 0 && load >= limit.saturating_add(server.config.maxqueue.unwrap_or(0)) {
            continue;
        }
        if avoid.is_some_and(|avoid| avoid.uid == server.uid) {
            avoided = Some(server);
            continue;
        }
        // An idle server is idle whatever its weight.
        let share = if load == 0 {
            0
        } else {
            (u64::from(load) + 1) * 256 * u64::from(table.scale) / u64::from(member.weight)
        };
        let rank = (share, server.picked.load(Ordering::Relaxed));
        if best.is_none_or(|(least, _)| rank < least) {
            best = Some((rank, server));
        }
    }
    let server = best.map(|(_, server)| server).or(avoided)?;
    server.picked.store(u64::from(turns.fetch_add(1, Ordering::Relaxed)) + 1, Ordering::Relaxed);
    Some(server)
}
