//! Names of servers that change (manual 5.3): questions to name servers, and what becomes of their answers.
//!
//! [`machine`] decides when to ask what and when to give up; [`kept`] what an answer of now and those before it say
//! together; [`place`] which server gets which of the records. They know no sockets and no clock of their own.
//! [`run`] is the task that does the asking, one for each `resolvers` section, and [`follow`] applies to servers what
//! comes of it.

mod follow;
mod kept;
mod machine;
mod message;
mod place;
mod run;
mod start;

pub use message::Question;
pub use run::Lookup;
pub(crate) use start::{Start, is_service, start};

use crate::proxy::Backend;
use haproxy_cfg_parser::model;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{mpsc, oneshot, watch};

/// What a name server's answer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// An address of the name.
    Address(IpAddr),
    /// Where a service is to be found (SRV).
    Service(Service),
}

/// A record of type SRV.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// The host, in lower case and without the dot at its end.
    pub target: String,
    /// The port.
    pub port: u16,
    /// The weight, 0 to 65535.
    pub weight: u16,
    /// Addresses of the host that the same answer told.
    pub addresses: Vec<IpAddr>,
}

impl Service {
    /// The weight as servers count it, 1 to 256.
    pub fn server_weight(&self) -> u32 {
        u32::from(self.weight) / 256 + 1
    }
}

/// A `resolvers` section at run time.
#[derive(Debug)]
pub struct Resolvers {
    /// What the file says of it.
    pub config: Arc<model::Resolvers>,
    /// Its name servers.
    pub nameservers: Arc<[Nameserver]>,
    requests: mpsc::Sender<Request>,
    incoming: Mutex<Option<mpsc::Receiver<Request>>>,
    /// Backends whose servers may follow it.
    backends: watch::Sender<Vec<Arc<Backend>>>,
}

/// Most questions of rules and commands that wait to be looked at.
const WAITING: usize = 1024;

impl Resolvers {
    /// A section with all counters at zero.
    pub fn new(config: &model::Resolvers) -> Self {
        let (requests, incoming) = mpsc::channel(WAITING);
        Self {
            nameservers: config
                .nameservers
                .iter()
                .map(|line| Nameserver {
                    name: line.name.clone(),
                    address: line.address,
                    counters: Counters::default(),
                })
                .collect(),
            config: Arc::new(config.clone()),
            requests,
            incoming: Mutex::new(Some(incoming)),
            backends: watch::Sender::new(Vec::new()),
        }
    }

    /// Looks after the names of servers in these backends that name the section, from now on.
    pub(crate) fn serve(&self, backends: Vec<Arc<Backend>>) {
        self.backends.send_replace(backends);
    }

    /// What does the asking, for the one who calls first: it ends when the section is dropped.
    pub(crate) fn task(&self) -> Option<impl Future<Output = ()> + 'static> {
        let incoming = self.incoming.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        let section = (Arc::clone(&self.config), Arc::clone(&self.nameservers));
        Some(run::run(section, incoming, self.backends.subscribe()))
    }

    /// Asks for an address of a name (`do-resolve`); an answer that is still held counts. The receiver fails when the
    /// name has none, or when too many wait.
    pub fn look_up(&self, name: String, lookup: Lookup) -> oneshot::Receiver<IpAddr> {
        let (tell, told) = oneshot::channel();
        // Dropping the sender is the answer of a full queue.
        let _ = self.requests.try_send(Request::LookUp { name, lookup, tell });
        told
    }

    /// Has a server follow another name (`set server fqdn`); false when too many requests wait.
    pub fn follow(&self, backend: String, server: String, name: String) -> bool {
        self.requests.try_send(Request::Follow { backend, server, name }).is_ok()
    }
}

/// What others ask of a section's task.
#[derive(Debug)]
pub(crate) enum Request {
    LookUp { name: String, lookup: Lookup, tell: oneshot::Sender<IpAddr> },
    Follow { backend: String, server: String, name: String },
}

/// A name server and its numbers.
#[derive(Debug)]
pub struct Nameserver {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub address: SocketAddr,
    /// Its numbers.
    pub counters: Counters,
}

/// What a name server was asked and answered (`show resolvers`).
#[derive(Debug, Default)]
#[allow(missing_docs)] // each is the line of that name
pub struct Counters {
    pub sent: AtomicU64,
    pub snd_error: AtomicU64,
    pub valid: AtomicU64,
    pub update: AtomicU64,
    pub cname: AtomicU64,
    pub cname_error: AtomicU64,
    pub any_err: AtomicU64,
    pub nx: AtomicU64,
    pub timeout: AtomicU64,
    pub refused: AtomicU64,
    pub other: AtomicU64,
    pub invalid: AtomicU64,
    pub too_big: AtomicU64,
    pub truncated: AtomicU64,
    pub outdated: AtomicU64,
}

impl Counters {
    /// All of them with their names, in the order of `show resolvers`.
    pub fn all(&self) -> [(&'static str, &AtomicU64); 15] {
        [
            ("sent", &self.sent),
            ("snd_error", &self.snd_error),
            ("valid", &self.valid),
            ("update", &self.update),
            ("cname", &self.cname),
            ("cname_error", &self.cname_error),
            ("any_err", &self.any_err),
            ("nx", &self.nx),
            ("timeout", &self.timeout),
            ("refused", &self.refused),
            ("other", &self.other),
            ("invalid", &self.invalid),
            ("too_big", &self.too_big),
            ("truncated", &self.truncated),
            ("outdated", &self.outdated),
        ]
    }
}
