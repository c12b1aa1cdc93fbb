//! The side that decides: orders go out and are not waited for, reports come in when they come.

use super::wire::{PACKET, encode};
use super::{Order, Report, Service};
use crate::runtime::{now, since};
use crate::vip::kernel::on_clock;
use crate::vip::{Hands, Sense};
use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, Shutdown, recv, send, shutdown};
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::{Duration, Instant};

/// A guard that is being built is taken for built so long.
const PATIENCE: Duration = Duration::from_millis(100);

/// Orders to a keeper. Dropping it ends the keeper, and waits for that where it is of this process.
#[derive(Debug)]
pub struct Remote {
    orders: OwnedFd,
    sent: u64,
    heard: Report,
    /// The last order to build: its number, and when it was given.
    building: (u64, Option<Instant>),
    /// What of [`Report::stirred`] has been told.
    stirred: u64,
    /// The keeper takes no orders.
    lost: bool,
    /// It has ended, and left nothing behind.
    gone: bool,
    service: Option<Service>,
}

impl Remote {
    pub(super) fn new(orders: OwnedFd) -> Self {
        let heard = Report::default();
        Self {
            orders,
            sent: 0,
            heard,
            building: (0, None),
            stirred: 0,
            lost: false,
            gone: false,
            service: None,
        }
    }

    /// Takes over a keeper that is a thread of this process.
    pub fn with(mut self, service: Service) -> Self {
        self.service = Some(service);
        self
    }

    fn order(&mut self, order: Order) {
        match send(self.orders.as_raw_fd(), &encode(&order), MsgFlags::MSG_NOSIGNAL) {
            Ok(_) => self.sent += 1,
            Err(error) => {
                tracing::debug!("cluster: an order to the keeper is lost: {error}");
                self.lost = true;
            }
        }
    }

    fn listen(&mut self) {
        let mut packet = [0; PACKET];
        loop {
            match recv(self.orders.as_raw_fd(), &mut packet, MsgFlags::empty()) {
                Ok(0) => return (self.lost, self.gone) = (true, true),
                Ok(length) => match postcard::from_bytes(packet.get(..length).unwrap_or_default()) {
                    Ok(report) => self.heard = report,
                    Err(_) => return self.lost = true,
                },
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => return,
                Err(_) => return self.lost = true,
            }
        }
    }

    fn is_guarded(&self) -> bool {
        let (number, begun) = self.building;
        let is_heard = self.heard.done >= number;
        let is_new = begun.is_some_and(|begun| since(begun) < PATIENCE);
        !self.lost && if is_heard { self.heard.guarded } else { is_new }
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        if let Some(service) = self.service.take() {
            let _ = shutdown(self.orders.as_raw_fd(), Shutdown::Both);
            service.wait();
        }
    }
}

impl Hands for Remote {
    fn rebuild(&mut self) {
        self.order(Order::Rebuild);
        self.building = (self.sent, Some(now()));
    }

    fn guard(&mut self, until: Instant) {
        self.order(Order::Guard(on_clock(until)));
    }

    fn close(&mut self) {
        self.order(Order::Close);
    }

    fn address(&mut self) {
        self.order(Order::Address);
    }

    fn remove(&mut self) {
        self.order(Order::Remove);
    }

    fn announce(&mut self) {
        self.order(Order::Announce);
    }

    fn sense(&mut self) -> Sense {
        self.listen();
        let stirred = self.heard.stirred != std::mem::replace(&mut self.stirred, self.heard.stirred);
        Sense {
            guarded: self.is_guarded(),
            settled: self.gone || self.heard.done == self.sent,
            fit: !self.lost && self.heard.able && self.heard.carrier,
            stirred,
            claims: self.heard.claims,
            fenced: self.heard.fenced,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::pair;
    use super::*;

    #[test]
    fn a_guard_counts_as_built_until_the_keeper_says_what_became_of_it() {
        let (mut remote, keeper) = pair().unwrap();
        assert!(!remote.sense().guarded && !remote.sense().fit);
        remote.close();
        remote.rebuild();
        remote.guard(Instant::now());
        assert!(remote.sense().guarded);
        let say = |report: Report| {
            send(keeper.as_raw_fd(), &encode(&report), MsgFlags::empty()).unwrap();
        };
        // What it says of an earlier order is old.
        say(Report { done: 1, carrier: true, able: true, ..Report::default() });
        assert!(remote.sense().guarded && remote.sense().fit);
        say(Report { done: 2, ..Report::default() });
        assert!(!remote.sense().guarded && !remote.sense().fit);
        say(Report { done: 3, guarded: true, stirred: 1, ..Report::default() });
        assert!(remote.sense().guarded && remote.sense().settled);
        remote.close();
        assert!(!remote.sense().settled);
        drop(keeper);
        assert!(!remote.sense().guarded);
    }

    #[test]
    fn it_is_stirred_once() {
        let (mut remote, keeper) = pair().unwrap();
        let report = Report { stirred: 2, ..Report::default() };
        send(keeper.as_raw_fd(), &encode(&report), MsgFlags::empty()).unwrap();
        assert!(remote.sense().stirred && !remote.sense().stirred);
    }
}
