//! `resolvers` sections (manual 5.3), and how a server uses their answers.

use super::Place;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// A `resolvers` section.
#[derive(Clone, Debug)]
pub struct Resolvers {
    /// Its name.
    pub name: String,
    /// Where it starts.
    pub place: Place,
    /// `nameserver` lines, and those that `parse-resolv-conf` found.
    pub nameservers: Vec<Nameserver>,
    /// `resolve_retries`: how often a name is asked for before giving up.
    pub retries: u32,
    /// `timeout resolve`: time between two resolutions of a name.
    pub interval: Duration,
    /// `timeout retry`: time between two questions of one resolution.
    pub retry: Duration,
    /// `hold` times.
    pub hold: Hold,
    /// `accepted_payload_size`: the largest answer that name servers are told to send.
    pub payload: u16,
}

impl Resolvers {
    /// A section of which only the name is known.
    pub fn new(name: &str, place: Place) -> Self {
        Self {
            name: name.to_owned(),
            place,
            nameservers: Vec::new(),
            retries: 3,
            interval: Duration::from_secs(1),
            retry: Duration::from_secs(1),
            hold: Hold::default(),
            payload: 512,
        }
    }
}

/// A name server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nameserver {
    /// Its name.
    pub name: String,
    /// Its UDP address.
    pub address: SocketAddr,
    /// Where.
    pub place: Place,
}

/// How long the last answer of a kind is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // each is the word after `hold`
pub struct Hold {
    pub valid: Duration,
    pub obsolete: Duration,
    pub nx: Duration,
    pub refused: Duration,
    pub timeout: Duration,
    pub other: Duration,
}

impl Default for Hold {
    fn default() -> Self {
        let error = Duration::from_secs(30);
        Self {
            valid: Duration::from_secs(10),
            obsolete: Duration::ZERO,
            nx: error,
            refused: error,
            timeout: error,
            other: error,
        }
    }
}

/// How a server uses the answers for its name (manual 5.2 "resolve-opts", "resolve-prefer", "resolve-net").
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResolveOptions {
    /// `resolvers`.
    pub resolvers: Option<String>,
    /// `resolve-prefer ipv4`; otherwise IPv6 comes first.
    pub prefer_ipv4: bool,
    /// `resolve-net`: networks whose addresses are preferred.
    pub networks: Vec<(IpAddr, u8)>,
    /// `allow-dup-ip`: servers of one backend may have the same address.
    pub allow_duplicates: bool,
    /// `ignore-weight`: weights of SRV records are not taken over.
    pub ignore_weight: bool,
}
