//! From a key to a server: hash functions, the map and the ring (manual 4.2 "hash-type").

mod function;
mod ring;

pub(super) use function::Function;

use super::table::Table;
use crate::server::Server;
use haproxy_cfg_parser::model;
use std::sync::Arc;

/// A `hash-type` line.
#[derive(Debug)]
pub(super) struct Placement {
    pub(super) consistent: bool,
    pub(super) function: Function,
}

impl Placement {
    /// What a `hash-type` line says.
    pub(super) fn new(line: model::HashType) -> Result<Self, String> {
        // `hash-type consistent` without a function means sdbm with avalanche; `consistent sdbm` means without.
        let avalanche = line.avalanche || (line.consistent && line.function.is_none());
        let function = Function::new(line.function.unwrap_or("sdbm"), avalanche)?;
        Ok(Self { consistent: line.consistent, function })
    }

    /// Prepares the table beyond its map.
    pub(super) fn arrange(&self, table: &mut Table, servers: &[Arc<Server>]) {
        if self.consistent {
            table.ring = ring::points(table, servers);
        }
    }

    /// The server of a hash. Only the ring can step aside for `avoid` or for a server that is loaded beyond
    /// `balance_factor` percent of the average.
    pub(super) fn pick<'a>(
        &self,
        table: &Table,
        servers: &'a [Arc<Server>],
        hash: u32,
        avoid: Option<&Server>,
        balance_factor: u32,
    ) -> Option<&'a Arc<Server>> {
        if let [only] = &*table.members {
            return servers.get(only.index as usize);
        }
        if self.consistent {
            return ring::pick(table, servers, hash, avoid, balance_factor);
        }
        let place = hash as usize % table.slots.len().max(1);
        servers.get(*table.slots.get(place)? as usize)
    }
}
