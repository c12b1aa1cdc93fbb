//! What a node of a cluster needs privileges for while it runs: an address on an interface, and the command that is told of
//! moves. Each is a thread of the process that keeps its privileges, and a socket to it; what they do, they know from the
//! configuration, and the node says when.

use super::cannot;
use crate::cluster::Membership;
use lb_cluster::notify::{self, Command, Runner, Sender};
use lb_cluster::vip::keeper::{self, Remote, Service};
use lb_cluster::vip::kernel::Linux;
use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

/// All that is ready before there are threads.
#[derive(Default)]
pub(super) struct Attendants {
    keeper: Option<(Remote, OwnedFd, Linux, Duration)>,
    runner: Option<(Sender, OwnedFd, Command)>,
}

/// The node's ends.
#[derive(Default)]
pub(super) struct Ends {
    pub(super) keeper: Option<Remote>,
    pub(super) notify: Option<Sender>,
}

/// The threads, in a process that is not the node's.
#[derive(Default)]
pub(crate) struct Threads {
    keeper: Option<Service>,
    runner: Option<Runner>,
}

impl Attendants {
    /// Opens what needs privileges; nothing changes yet.
    ///
    /// # Errors
    /// What is not there or not permitted.
    pub(super) fn new(membership: &Membership) -> Result<Self, String> {
        let pair = |error: &io::Error| cannot("make a socket pair", error);
        let keeper = membership.kernel()?.map(|linux| {
            let (remote, orders) = keeper::pair().map_err(|error| pair(&error))?;
            Ok::<_, String>((remote, orders, linux, membership.lease()))
        });
        let runner = membership.notify().map(|command| {
            let (sender, notices) = notify::pair().map_err(|error| pair(&error))?;
            Ok::<_, String>((sender, notices, command))
        });
        Ok(Self { keeper: keeper.transpose()?, runner: runner.transpose()? })
    }

    /// In the node's own process: its ends take the threads along.
    pub(super) fn here(self) -> Result<Ends, String> {
        let keeper = self.keeper.map(|(remote, orders, linux, lease)| {
            Service::start(orders, linux, lease).map(|service| remote.with(service))
        });
        let notify = self.runner.map(|(sender, notices, command)| {
            Runner::start(notices, command).map(|runner| sender.with(runner))
        });
        let failed = |error| cannot("start a thread", &error);
        Ok(Ends { keeper: keeper.transpose().map_err(failed)?, notify: notify.transpose().map_err(failed)? })
    }

    /// In the node's process, where another has the privileges.
    pub(super) fn ends(self) -> Ends {
        Ends {
            keeper: self.keeper.map(|(remote, ..)| remote),
            notify: self.runner.map(|(sender, ..)| sender),
        }
    }

    /// In the other.
    pub(super) fn threads(self) -> Result<Threads, String> {
        // The node's ends are dropped here: when it has died, that must show.
        let keeper =
            self.keeper.map(|(_, orders, linux, lease)| Service::start(orders, linux, lease)).transpose();
        let runner = self.runner.map(|(_, notices, command)| Runner::start(notices, command)).transpose();
        let failed = |error| cannot("start a thread", &error);
        Ok(Threads { keeper: keeper.map_err(failed)?, runner: runner.map_err(failed)? })
    }
}

impl Threads {
    /// After the node's end: waits until no address is left behind, and all has been told.
    pub(super) fn wait(self) {
        self.keeper.into_iter().for_each(Service::wait);
        self.runner.into_iter().for_each(Runner::wait);
    }
}
