//! Health checks: what they ask, what they find, and what follows.
//!
//! The rise and fall of a server ([`Health`]), the times between checks ([`Pace`]), the reactions to traffic
//! ([`observe`]) and the reading of answers are pure. The driver makes the checks on the control thread, which carries
//! no traffic.

mod agent;
mod announce;
mod driver;
mod external;
mod health;
pub mod observe;
mod pace;
mod policy;
mod probe;
mod script;
mod status;
#[cfg(test)]
mod tests;

pub use announce::{Announcer, Moved};
pub(crate) use driver::Drivers;
pub use external::External;
pub use health::Health;
pub use observe::Event;
pub use pace::Pace;
pub use policy::{Asked, ProbePolicy, Unconditional};
pub use probe::{Last, Observed, Probe, Wake};
pub use script::Script;
pub(crate) use script::{agent as agent_script, checks as check_script};
pub use status::{Outcome, Report, Status};

use crate::compile::fingerprint;
use crate::exchange::{Exchange, Session, Times};
use crate::proxy::{Frontend, Listener};
use crate::proxy_protocol::Style;
use crate::sample::Vars;
use crate::server::{Server, ServerAddress};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime};

/// The checks of one server of one kind.
#[derive(Clone, Debug)]
pub struct Watch {
    /// The server.
    pub server: Arc<Server>,
    /// Its agent is asked, and not itself.
    pub agent: bool,
    /// How.
    pub method: Method,
    /// Where checks go instead of its address ...
    pub address: Option<ServerAddress>,
    /// ... and port.
    pub port: Option<u16>,
    /// The PROXY header that they begin with, unless their script says otherwise.
    pub introduces: Option<Style>,
    /// Stands for what the file says about the checks of all servers of the backend.
    pub(crate) common: u64,
    /// [`Self::definition`], once somebody has asked for it.
    pub(crate) defined: OnceLock<u64>,
}

impl Watch {
    /// What is known from these checks.
    pub fn probe(&self) -> Option<&Probe> {
        if self.agent { self.server.agent.as_deref() } else { self.server.check.as_deref() }
    }

    /// A number that stands for all that the file says about these checks, wherever they go; the same on all nodes.
    pub fn definition(&self) -> u64 {
        let line = &self.server.config;
        *self.defined.get_or_init(|| fingerprint(&(self.common, &line.check, &line.others, line.ssl)))
    }

    /// Where they go now.
    pub fn place(&self) -> String {
        let at = |address: &ServerAddress| match address {
            ServerAddress::Unix(path) | ServerAddress::Abstract(path) => path.to_string(),
            other => other.to_string(),
        };
        let elsewhere = self.address.as_ref().map(at).unwrap_or_default();
        format!("{} {elsewhere} {}", at(&self.server.address()), self.port.unwrap_or_default())
    }
}

/// How a server is checked.
#[derive(Clone, Debug)]
pub enum Method {
    /// By a script.
    Script(Arc<Script>),
    /// By a program.
    External(Arc<External>),
}

/// What holds for all checks of a process.
#[derive(Debug)]
pub struct Settings {
    /// `spread-checks`, in percent.
    pub spread: u32,
    /// `max-spread-checks`.
    pub max_spread: Option<Duration>,
    /// What stands for a client where expressions ask for one.
    pub side: (Arc<Frontend>, Arc<Listener>),
}

impl Settings {
    /// What expressions see where there is no client.
    pub(crate) fn exchange(&self) -> Box<Exchange> {
        let (frontend, listener) = &self.side;
        let (now, wall) = (Instant::now(), SystemTime::now());
        let session = Session {
            src: None,
            dst: None,
            listener: Arc::clone(listener),
            accepted_at: wall,
            accepted: now,
            vars: Vars::default(),
            requests: 1,
            expects: Default::default(),
            proxied: None,
            last_rule: None,
            socket: std::sync::Weak::new(),
            ends: (None, None),
        };
        Box::new(Exchange::new(Box::new(session), Arc::clone(frontend), Times::begin(now, wall)))
    }
}
