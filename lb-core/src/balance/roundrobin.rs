//! `balance roundrobin`: in turns, by weight, as evenly spread as can be.

use super::table::Table;
use crate::server::Server;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// A server between two turns; the order of fields is the order of service.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Due {
    /// The turn from which on it is due.
    turn: u32,
    /// How far that is before the exact fraction, in parts of its weight; negative.
    lag: i64,
    /// Its last turn: the longest unserved goes first.
    served: u32,
    /// What rounding has left over of the interval between two turns.
    remainder: u32,
    /// Turns that it still has in this period.
    left: u32,
    index: u32,
    weight: u32,
}

/// One period of turns for servers (index, weight): each as often as its weight, in the order that HAProxy's gives.
///
/// A server of weight `w` among a total of `W` is due every `W/w` turns after its first. The servers that have not had
/// a turn yet start, heaviest first, whenever none is due.
pub(super) fn schedule(weights: &[(u32, u32)]) -> Vec<u32> {
    let total: u32 = weights.iter().map(|(_, weight)| weight).sum();
    // Stable, then popped from the back: heaviest first, equals in file order.
    let mut fresh = weights.to_vec();
    fresh.sort_by_key(|(_, weight)| Reverse(*weight));
    fresh.reverse();
    let mut waiting: BinaryHeap<Reverse<Due>> = BinaryHeap::new();
    let mut turns = Vec::with_capacity(total as usize);
    for turn in 0..total {
        let none_due = waiting.peek().is_none_or(|Reverse(first)| first.turn > turn);
        let mut next = match if none_due { fresh.pop() } else { None } {
            Some((index, weight)) => {
                Due { turn, lag: 0, served: 0, remainder: 0, left: weight, index, weight }
            }
            None => match waiting.pop() {
                Some(Reverse(due)) => due,
                None => break,
            },
        };
        turns.push(next.index);
        next.turn += total / next.weight;
        next.remainder += total % next.weight;
        if next.remainder >= next.weight {
            next.turn += 1;
            next.remainder -= next.weight;
        }
        next.lag = i64::from(next.remainder) - i64::from(next.weight);
        next.served = turn;
        next.left -= 1;
        // Rounding must not give it more than its weight.
        if next.left > 0 {
            waiting.push(Reverse(next));
        }
    }
    turns
}

/// The next in turn that has room and is not `avoid`; `avoid` if it alone has room.
pub(super) fn pick<'a>(
    table: &Table,
    servers: &'a [Arc<Server>],
    cursor: &AtomicU32,
    avoid: Option<&Server>,
) -> Option<&'a Arc<Server>> {
    let turns = &table.slots;
    let len = u32::try_from(turns.len()).ok().filter(|len| *len > 0)?;
    let start = cursor.fetch_add(1, Ordering::Relaxed);
    let mut avoided = None;
    for step in 0..len {
        let index = *turns.get((start.wrapping_add(step) % len) as usize)?;
        let Some(server) = servers.get(index as usize) else { continue };
        if !server.has_room() {
            continue;
        }
        if avoid.is_some_and(|avoid| avoid.uid == server.uid) {
            avoided = Some(server);
            continue;
        }
        if step > 0 {
            // The walk goes on from here, unless another thread has moved it on already.
            let from = start.wrapping_add(1);
            let to = from.wrapping_add(step);
            let _ = cursor.compare_exchange(from, to, Ordering::Relaxed, Ordering::Relaxed);
        }
        return Some(server);
    }
    avoided
}
