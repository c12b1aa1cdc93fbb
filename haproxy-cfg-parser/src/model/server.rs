//! `server` lines (manual 5.2).

use super::{Address, CheckOptions, Host, LogFormat, Place, ResolveOptions};
use std::time::Duration;

/// A `server` line (manual 5.2).
#[derive(Clone, Debug)]
pub struct ServerLine {
    /// The name.
    pub name: String,
    /// The address.
    pub address: Address,
    /// The address as written.
    pub address_text: String,
    /// `server-template` ranges: first and last suffix.
    pub template: Option<(u32, u32)>,
    /// `id`.
    pub id: Option<u32>,
    /// `weight`, 0 to 256.
    pub weight: u32,
    /// `backup`.
    pub backup: bool,
    /// `disabled`.
    pub disabled: bool,
    /// `cookie`.
    pub cookie: Option<String>,
    /// `maxconn`.
    pub maxconn: Option<u32>,
    /// `minconn`.
    pub minconn: Option<u32>,
    /// `maxqueue`.
    pub maxqueue: Option<u32>,
    /// `max-reuse`.
    pub max_reuse: Option<i64>,
    /// `pool-max-conn`.
    pub pool_max_conn: Option<i64>,
    /// `pool-low-conn`.
    pub pool_low_conn: Option<u32>,
    /// `pool-purge-delay`.
    pub pool_purge_delay: Option<Duration>,
    /// `source`.
    pub source: Option<Source>,
    /// `redir`.
    pub redir: Option<String>,
    /// `slowstart`.
    pub slowstart: Option<Duration>,
    /// `check` and its parameters.
    pub check: CheckOptions,
    /// `send-proxy` or `send-proxy-v2`: the version.
    pub send_proxy: Option<u8>,
    /// `ssl`.
    pub ssl: bool,
    /// `tfo`.
    pub tfo: bool,
    /// `tcp-ut`, in milliseconds.
    pub tcp_user_timeout: Option<u64>,
    /// `socks4`: the proxy that connections go through.
    pub socks4: Option<Address>,
    /// `check-via-socks4`.
    pub check_via_socks4: bool,
    /// `hash-key`.
    pub hash_key: HashKey,
    /// `set-proxy-v2-tlv-fmt`: types and values of the PROXY header, in the order of their words.
    pub tlvs: Vec<(u8, LogFormat)>,
    /// `resolvers` and what belongs to it.
    pub resolve: ResolveOptions,
    /// `init-addr` methods as written.
    pub init_addr: Option<String>,
    /// All others, as written.
    pub others: Vec<(&'static str, Vec<String>)>,
    /// Where.
    pub place: Place,
}

impl ServerLine {
    /// A server of which nothing is said.
    pub fn blank(place: Place) -> Self {
        Self {
            name: String::new(),
            address: Address::Inet { host: Host::Any, ports: (0, 0), offset: None },
            address_text: String::new(),
            template: None,
            id: None,
            weight: 1,
            backup: false,
            disabled: false,
            cookie: None,
            maxconn: None,
            minconn: None,
            maxqueue: None,
            max_reuse: None,
            pool_max_conn: None,
            pool_low_conn: None,
            pool_purge_delay: None,
            source: None,
            redir: None,
            slowstart: None,
            check: CheckOptions::default(),
            send_proxy: None,
            ssl: false,
            tfo: false,
            tcp_user_timeout: None,
            socks4: None,
            check_via_socks4: false,
            hash_key: Default::default(),
            tlvs: Vec::new(),
            resolve: Default::default(),
            init_addr: None,
            others: Vec::new(),
            place,
        }
    }

    /// The names of the servers that the line makes: one, or as many as its template says.
    pub fn names(&self) -> Vec<String> {
        match self.template {
            None => vec![self.name.clone()],
            Some((low, high)) => (low..=high).map(|number| format!("{}{number}", self.name)).collect(),
        }
    }
}

/// By what consistent hashing knows a server (manual 5.2 "hash-key").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HashKey {
    /// Its id.
    #[default]
    Id,
    /// Its address.
    Addr,
    /// Its address and port.
    AddrPort,
}

/// `source` (manual 4.2 and 5.2).
#[derive(Clone, Debug)]
pub struct Source {
    /// The address to connect from, port range included.
    pub address: Address,
    /// `usesrc` and its words.
    pub usesrc: Option<Vec<String>>,
    /// `interface`.
    pub interface: Option<String>,
}
