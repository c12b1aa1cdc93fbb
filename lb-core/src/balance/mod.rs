//! Which server takes a request (manual 4.2 "balance", "hash-type").
//!
//! An algorithm works on a [`Table`]: the servers that may be chosen now with what it prepared from their weights.
//! The table is made anew when a server's weight or state has changed; choosing from it takes no lock.

mod first;
mod hash;
mod key;
mod leastconn;
mod random;
mod roundrobin;
mod static_rr;
mod table;

pub use key::{KeyFn, key_of};

use crate::clock;
use crate::exchange::Exchange;
use crate::server::Server;
use arc_swap::ArcSwap;
use haproxy_cfg_parser::model;
use hash::Placement;
use key::Key;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use table::Table;

/// An algorithm with its state, for the servers of one backend.
#[derive(Debug)]
pub struct Balance {
    algorithm: Algorithm,
    /// `option allbackups`.
    all_backups: bool,
    /// `hash-balance-factor`, in percent; 0: none.
    balance_factor: u32,
    table: ArcSwap<Table>,
    /// Where the round-robin walk stands.
    cursor: AtomicU32,
}

/// What was chosen.
#[derive(Debug)]
pub enum Choice {
    /// This one.
    Server(Arc<Server>),
    /// All that might are at their limit: the request waits in the backend's queue.
    Full,
    /// No server may take requests.
    Nobody,
}

#[derive(Debug)]
enum Algorithm {
    RoundRobin,
    StaticRoundRobin,
    LeastConnections,
    First,
    Random { draws: u32 },
    Hash { key: Key, placement: Placement },
}

impl Balance {
    /// The algorithm that a proxy's `balance` and `hash-type` lines name, for its servers. `expr` computes the key of
    /// `balance hash EXPR` and is ignored for others. Without a `balance` line it is `random`, as since HAProxy 3.3.
    ///
    /// # Errors
    /// What the line asks for and this build does not do, or an argument that means nothing.
    pub fn new(proxy: &model::Proxy, servers: &[Arc<Server>], expr: Option<KeyFn>) -> Result<Self, String> {
        let algorithm = match &proxy.balance {
            Some(line) => Algorithm::parse(line, proxy, expr)?,
            None => Algorithm::Random { draws: random::DEFAULT_DRAWS },
        };
        let factor = proxy.others.iter().rev().find(|(keyword, ..)| *keyword == "hash-balance-factor");
        let balance_factor = match factor.and_then(|(_, args, _)| args.first()) {
            Some(word) => word.parse().ok().filter(|factor| *factor == 0 || *factor > 100).ok_or_else(|| {
                format!("'hash-balance-factor' expects a percentage above 100, or 0 to disable it, not '{word}'.")
            })?,
            None => 0,
        };
        let balance = Self {
            algorithm,
            all_backups: proxy.options.allbackups,
            balance_factor,
            table: ArcSwap::from_pointee(Table::default()),
            cursor: AtomicU32::new(0),
        };
        balance.rearrange(servers);
        Ok(balance)
    }

    /// Chooses a server for a request, other than `avoid` unless there is no other; none when there is none with room.
    pub fn pick(
        &self,
        servers: &[Arc<Server>],
        exchange: &Exchange,
        avoid: Option<&Server>,
    ) -> Option<Arc<Server>> {
        match self.choose(servers, || self.hash(exchange), avoid) {
            Choice::Server(server) => Some(server),
            Choice::Full | Choice::Nobody => None,
        }
    }

    /// The hash of the request's key; none where the algorithm does not hash or the request has no such key.
    pub fn hash(&self, exchange: &Exchange) -> Option<u32> {
        match &self.algorithm {
            Algorithm::Hash { key, placement } => key.hash(exchange, &placement.function),
            _ => None,
        }
    }

    /// [`Balance::pick`] on its parts, telling full servers from none.
    pub fn choose(
        &self,
        servers: &[Arc<Server>],
        hash: impl Fn() -> Option<u32>,
        avoid: Option<&Server>,
    ) -> Choice {
        let Some(farm) = servers.first().map(|server| &server.farm) else { return Choice::Nobody };
        let mut table = self.table.load();
        if table.changes != farm.changes() || table.until.is_some_and(|until| clock::millis() >= until) {
            self.rearrange(servers);
            table = self.table.load();
        }
        if table.members.is_empty() {
            return Choice::Nobody;
        }
        // Those who wait go first where a queue means that all servers are full.
        let in_turn =
            matches!(self.algorithm, Algorithm::RoundRobin | Algorithm::StaticRoundRobin | Algorithm::First);
        if in_turn && farm.waiting() > 0 && !farm.all_wait() {
            return Choice::Full;
        }
        let chosen = match &self.algorithm {
            Algorithm::RoundRobin | Algorithm::StaticRoundRobin => {
                roundrobin::pick(&table, servers, &self.cursor, avoid)
            }
            Algorithm::LeastConnections => leastconn::pick(&table, servers, &self.cursor, avoid),
            Algorithm::First => first::pick(&table, servers, avoid),
            Algorithm::Random { draws } => random::pick(&table, servers, *draws, avoid),
            Algorithm::Hash { placement, .. } => match hash() {
                Some(hash) => placement.pick(&table, servers, hash, avoid, self.balance_factor),
                None => roundrobin::pick(&table, servers, &self.cursor, avoid),
            },
        };
        chosen.map_or(Choice::Full, |server| Choice::Server(server.clone()))
    }

    /// True when weights may change while it runs; else only 0 % and 100 % of the configured one are possible.
    pub fn is_dynamic(&self) -> bool {
        match &self.algorithm {
            Algorithm::StaticRoundRobin => false,
            Algorithm::Hash { placement, .. } => placement.consistent,
            _ => true,
        }
    }

    /// Another choice for the same request may be another server.
    pub(crate) fn spreads(&self) -> bool {
        !matches!(self.algorithm, Algorithm::Hash { .. })
    }

    /// The algorithm's name, as statistics print it (`algo`).
    pub fn name(&self) -> &'static str {
        match &self.algorithm {
            Algorithm::RoundRobin => "roundrobin",
            Algorithm::StaticRoundRobin => "static-rr",
            Algorithm::LeastConnections => "leastconn",
            Algorithm::First => "first",
            Algorithm::Random { .. } => "random",
            Algorithm::Hash { key, .. } => key.name(),
        }
    }

    /// The servers that could be used: active ones, backup ones, and the weight of those that are in use.
    pub fn in_use(&self, servers: &[Arc<Server>]) -> (u32, u32, u32) {
        let usable = |backup: bool| {
            servers.iter().filter(move |server| server.config.backup == backup && server.usable()).zip(1u32..)
        };
        let weights = |servers: &mut dyn Iterator<Item = &Arc<Server>>| -> u32 {
            servers.map(|server| server.weight.load(Ordering::Relaxed)).sum()
        };
        let active = usable(false).last().map_or(0, |(_, count)| count);
        let backup = usable(true).last().map_or(0, |(_, count)| count);
        let (of_backups, first) = (active == 0, !self.all_backups);
        let weight = match (of_backups, first) {
            (false, _) => weights(&mut usable(false).map(|(server, _)| server)),
            (true, false) => weights(&mut usable(true).map(|(server, _)| server)),
            (true, true) => weights(&mut usable(true).map(|(server, _)| server).take(1)),
        };
        (active, backup, weight)
    }

    /// A chosen server that is full has the request wait in its own queue, not in the backend's.
    pub(crate) fn queues_on_server(&self) -> bool {
        matches!(self.algorithm, Algorithm::Hash { .. } | Algorithm::LeastConnections)
    }

    fn rearrange(&self, servers: &[Arc<Server>]) {
        let mut table = Table::of(servers, self.all_backups, self.is_dynamic());
        match &self.algorithm {
            Algorithm::RoundRobin => table.slots = roundrobin::schedule(&table.weights()),
            Algorithm::StaticRoundRobin | Algorithm::Random { .. } => {
                static_rr::arrange(&mut table, servers, self)
            }
            Algorithm::First => first::arrange(&mut table, servers),
            Algorithm::LeastConnections => {}
            Algorithm::Hash { placement, .. } => {
                static_rr::arrange(&mut table, servers, self);
                placement.arrange(&mut table, servers);
            }
        }
        self.table.store(Arc::new(table));
    }
}

impl Algorithm {
    fn parse(line: &model::Balance, proxy: &model::Proxy, expr: Option<KeyFn>) -> Result<Self, String> {
        let key = match line.algorithm {
            "roundrobin" => return Ok(Self::RoundRobin),
            "static-rr" => return Ok(Self::StaticRoundRobin),
            "leastconn" => return Ok(Self::LeastConnections),
            "first" => return Ok(Self::First),
            "random" => return Ok(Self::Random { draws: random::draws(&line.args)? }),
            _ => Key::parse(line, expr)?,
        };
        if key.needs_http() && proxy.mode != model::Mode::Http {
            return Ok(Self::RoundRobin);
        }
        Ok(Self::Hash { key, placement: Placement::new(proxy.hash_type.clone().unwrap_or_default())? })
    }
}

#[cfg(test)]
mod tests;
