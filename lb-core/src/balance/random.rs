//! `balance random(DRAWS)`: the least loaded of a few drawn by weight.

use super::table::Table;
use crate::server::Server;
use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Draws without an argument.
pub(super) const DEFAULT_DRAWS: u32 = 2;

/// The argument of `random(DRAWS)`.
pub(super) fn draws(args: &[String]) -> Result<u32, String> {
    match args.first() {
        None => Ok(DEFAULT_DRAWS),
        Some(word) => word.parse().ok().filter(|draws| *draws >= 1).ok_or_else(|| {
            format!("'balance random' : the number of draws must be at least 1, not '{word}'.")
        }),
    }
}

/// Draws members other than `avoid` and takes the least loaded for its weight; none when that one is full.
pub(super) fn pick<'a>(
    table: &Table,
    servers: &'a [Arc<Server>],
    draws: u32,
    avoid: Option<&Server>,
) -> Option<&'a Arc<Server>> {
    let mut best: Option<&Arc<Server>> = None;
    for _ in 0..draws {
        let drawn = draw(table, servers, avoid)?;
        best = match best {
            Some(best) if load(best, drawn) < load(drawn, best) => Some(best),
            _ => Some(drawn),
        };
    }
    best.filter(|server| server.has_room())
}

/// The load of `server`, scaled by the weight of `other` so that two servers compare without a division.
fn load(server: &Server, other: &Server) -> u64 {
    let load = server.served.load(Ordering::Relaxed) + server.queued.load(Ordering::Relaxed);
    u64::from(load) * u64::from(other.weight.load(Ordering::Relaxed)) * u64::from(other.warmth())
}

fn draw<'a>(table: &Table, servers: &'a [Arc<Server>], avoid: Option<&Server>) -> Option<&'a Arc<Server>> {
    let len = table.slots.len();
    let start = usize::try_from(number() % u64::try_from(len).ok().filter(|len| *len > 0)?).ok()?;
    let mut walk =
        table.slots.iter().cycle().skip(start).take(len).filter_map(|index| servers.get(*index as usize));
    let drawn = walk.next()?;
    match avoid {
        Some(avoid) if avoid.uid == drawn.uid => {
            Some(walk.find(|server| server.uid != avoid.uid).unwrap_or(drawn))
        }
        _ => Some(drawn),
    }
}

/// A random number, unpredictable enough for spreading load (SplitMix64, seeded per thread).
fn number() -> u64 {
    thread_local! {
        static STATE: Cell<u64> = Cell::new(RandomState::new().hash_one(0));
    }
    let state = STATE.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
    STATE.set(state);
    let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
