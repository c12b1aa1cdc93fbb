//! Consistent hashing: each server has points on a ring of 2^32, and a key goes to the server of the nearest point.

use super::super::table::Table;
use super::function::avalanche;
use crate::server::{Server, ServerAddress};
use haproxy_cfg_parser::model::HashKey;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use xxhash_rust::xxh32::xxh32;

/// Points per unit of weight.
const SCALE: u32 = 16;
/// Points of one server at the largest weight: ids are that far apart.
const RANGE: u32 = 256 * SCALE;

/// The points of all members, ascending. They depend on a server's key and weight only, so that the coming and
/// going of others moves no key between those that stay.
pub(super) fn points(table: &Table, servers: &[Arc<Server>]) -> Vec<(u32, u32)> {
    let mut ring = Vec::new();
    for member in &table.members {
        let Some(server) = servers.get(member.index as usize) else { continue };
        let base = base(server);
        ring.extend(
            (0..member.weight * SCALE / table.scale.max(1))
                .map(|point| (avalanche(base.wrapping_add(point)), member.index)),
        );
    }
    ring.sort_by_key(|(point, _)| *point);
    ring
}

/// Where a server's points begin: by its id, or by where it is (`hash-key`), so that proxies whose files name servers in
/// another order agree. One without an address has its id.
fn base(server: &Server) -> u32 {
    let by_id = server.id.wrapping_mul(RANGE);
    match (server.config.hash_key, server.address()) {
        (HashKey::Addr, ServerAddress::Inet(address)) => by_address(address.ip(), 0),
        (HashKey::AddrPort, ServerAddress::Inet(address)) => {
            by_address(address.ip(), avalanche(address.port().into()))
        }
        _ => by_id,
    }
}

fn by_address(ip: IpAddr, seed: u32) -> u32 {
    match ip {
        IpAddr::V4(ip) => avalanche(seed.wrapping_add(u32::from_ne_bytes(ip.octets()))),
        IpAddr::V6(ip) => xxh32(&ip.octets(), seed),
    }
}

/// The server of the point nearest to `hash`; from there on, the first that is not `avoid` and not overloaded.
pub(super) fn pick<'a>(
    table: &Table,
    servers: &'a [Arc<Server>],
    hash: u32,
    avoid: Option<&Server>,
    balance_factor: u32,
) -> Option<&'a Arc<Server>> {
    let ring = &table.ring;
    let after = ring.partition_point(|(point, _)| *point < hash) % ring.len().max(1);
    let before = after.checked_sub(1).unwrap_or(ring.len().checked_sub(1)?);
    let distance = |at: usize, from_hash: bool| {
        ring.get(at)
            .map(|(point, _)| if from_hash { point.wrapping_sub(hash) } else { hash.wrapping_sub(*point) })
    };
    let nearest = if distance(before, false)? <= distance(after, true)? { before } else { after };
    let bound = (balance_factor > 0).then(|| Bound::of(table, servers, balance_factor));
    let mut fallback = None;
    for (_, index) in ring.iter().cycle().skip(nearest).take(ring.len()) {
        let Some(server) = servers.get(*index as usize) else { continue };
        fallback = fallback.or(Some(server));
        let avoided = avoid.is_some_and(|avoid| avoid.uid == server.uid);
        if !avoided && bound.as_ref().is_none_or(|bound| bound.allows(*index, server)) {
            return Some(server);
        }
    }
    fallback
}

/// `hash-balance-factor`: how many requests each server may have just now.
struct Bound<'a> {
    table: &'a Table,
    total_weight: u64,
    slots: u64,
}

impl<'a> Bound<'a> {
    fn of(table: &'a Table, servers: &[Arc<Server>], factor: u32) -> Self {
        let members = || table.members.iter();
        let served: u64 = members()
            .filter_map(|member| servers.get(member.index as usize))
            .map(|server| u64::from(server.served.load(Ordering::Relaxed)))
            .sum();
        let total_weight = members().map(|member| u64::from(member.weight)).sum::<u64>().max(1);
        Self { table, total_weight, slots: ((served + 1) * u64::from(factor)).div_ceil(100) }
    }

    /// The slots go out by weight; where they do not divide evenly, the remainder goes by cumulated weight.
    fn allows(&self, index: u32, server: &Server) -> bool {
        let members = || self.table.members.iter();
        let before: u64 =
            members().take_while(|member| member.index != index).map(|member| u64::from(member.weight)).sum();
        let weight =
            members().find(|member| member.index == index).map_or(0, |member| u64::from(member.weight));
        let (whole, rest) = (self.slots / self.total_weight, self.slots % self.total_weight);
        let share =
            weight * whole + (before + weight) * rest / self.total_weight - before * rest / self.total_weight;
        u64::from(server.served.load(Ordering::Relaxed)) < share.max(1)
    }
}
