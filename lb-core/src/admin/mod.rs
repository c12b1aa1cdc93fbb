//! The runtime API (management guide 9.3): sessions on `stats socket`s, one file for each family of commands.
//!
//! A command is a pure function of its words: it gives a text, or a [`Change`] that the [`Authority`] is asked to make,
//! or an instruction to its own session. [`serve`] alone does I/O.

mod authority;
mod change;
mod command;
mod line;
mod session;
mod suggest;

pub(crate) use authority::PATIENCE;
pub use authority::{Applied, Authority, By, Local, Stage};
pub use change::{
    Change, PatternEdit, ServerState, TAKEN, Value, added_servers, pristine_lists, renumber_patterns,
    settle_patterns,
};
pub use haproxy_cfg_parser::model::Level;
pub(crate) use line::is_named;
pub use line::{commands, payload};
pub use session::{End, Guest, resume, serve};

use crate::compile::Plan;
use crate::engine::Errands;
use crate::extension::Extension;
use crate::roll::{self, Identity};
use crate::server::Server;
use crate::stats::Process;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

/// What sessions look at and act on.
pub struct Context {
    /// The plan that runs now.
    pub stage: Arc<Stage>,
    /// Gives all plans on which something runs, the one that runs now first.
    pub plans: Box<dyn Fn() -> Vec<Arc<Plan>> + Send + Sync>,
    /// The way to the traffic threads.
    pub errands: Errands,
    /// The process.
    pub process: Arc<Process>,
    /// Who makes changes.
    pub authority: Arc<dyn Authority>,
    /// `stats timeout`: how long a session may be idle (HAProxy: 10 seconds).
    pub timeout: Duration,
    /// `tune.bufsize`: the longest line with its payload.
    pub bufsize: usize,
    /// What the program adds.
    pub extension: Arc<Extension>,
}

impl Context {
    /// Ends what runs on these servers. The threads are asked at once; the result tells when they have done it.
    pub fn end_sessions(&self, servers: &[Arc<Server>]) -> impl Future<Output = ()> + Send + 'static {
        let servers: Vec<_> = servers.iter().map(Identity::of).collect();
        let asked = self.errands.ask(move || roll::cut(|row| servers.contains(&row.server)));
        async move {
            asked.await;
        }
    }
}

#[cfg(test)]
mod tests;
