//! The kernel, as far as addresses are concerned: what the keeper does to it, and what it tells. Needs `CAP_NET_ADMIN` and
//! `CAP_NET_RAW`.

mod address;
mod frames;
mod guard;
mod netlink;

pub use address::Placed;

use super::Moment;
use crate::runtime;
use address::{Event, Link};
use frames::Mac;
use guard::Guard;
use netlink::Socket;
use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, bind, recv, sendto, socket,
};
use nix::time::{ClockId, clock_gettime};
use socket2::SockRef;
use std::io;
use std::net::IpAddr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

/// Events of nftables: the seventh group.
const NFTABLES: u32 = 1 << 6;
/// The longest frame of interest.
const FRAME: usize = 128;
/// So many are read at once.
const FRAMES: usize = 64;

/// The system's monotonic clock, which all processes share.
pub fn clock() -> Moment {
    #[cfg(test)]
    if let Some(now) = crate::sim::monotonic() {
        return now;
    }
    clock_gettime(ClockId::CLOCK_MONOTONIC).map_or(Moment::ZERO, Duration::from)
}

/// An instant on that clock, or somewhat before: whatever happens while it is computed makes it earlier.
pub fn on_clock(instant: Instant) -> Moment {
    let now = clock();
    now + instant.saturating_duration_since(runtime::now())
}

/// What stops this node from answering for an address that it lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GuardKind {
    /// nftables: to the millisecond.
    Kernel,
    /// The address's lifetime alone: up to 1.6 s late.
    Weak,
}

impl GuardKind {
    /// How it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Kernel => "kernel",
            Self::Weak => "weak",
        }
    }

    /// How long after the end of a lease its holder may still answer, so that a successor waits.
    pub fn lateness(self) -> Duration {
        match self {
            // The lease itself leaves room for it.
            Self::Kernel => Duration::ZERO,
            Self::Weak => Duration::from_millis(1750),
        }
    }
}

/// What a keeper does.
pub trait Kernel {
    /// The clock.
    fn now(&self) -> Moment;
    /// Puts the guard in place, closed.
    ///
    /// # Errors
    /// It cannot be.
    fn build(&mut self) -> io::Result<()>;
    /// Opens it for so long from now on.
    ///
    /// # Errors
    /// It was not opened.
    fn open(&mut self, time: Duration) -> io::Result<()>;
    /// Closes it.
    fn close(&mut self);
    /// Puts the addresses on their interfaces, or prolongs them.
    ///
    /// # Errors
    /// One of them is not there.
    fn add(&mut self) -> io::Result<()>;
    /// Takes them off. False: one of them may still be there.
    fn remove(&mut self) -> bool;
    /// Takes the guard away, for good.
    fn demolish(&mut self);
    /// How many announcements there are to send.
    fn frames(&self) -> usize;
    /// Sends one of them.
    fn announce(&mut self, frame: usize);
    /// All interfaces have carrier.
    fn carrier(&self) -> bool;
}

/// What the kernel told by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// The guard was changed by another, or events were lost.
    pub guard_lost: bool,
    /// An address was taken off by another.
    pub address_lost: bool,
    /// An interface came up.
    pub link_up: bool,
    /// An interface changed.
    pub link: bool,
    /// Another claimed an address: frames of such.
    pub claims: u32,
}

/// An interface with addresses.
struct Interface {
    name: String,
    link: Option<Link>,
    /// Hear there who claims addresses: by ARP, and by neighbour advertisements.
    ears: Vec<OwnedFd>,
}

/// Linux.
pub struct Linux {
    kind: GuardKind,
    guard: Guard,
    addresses: Vec<Placed>,
    interfaces: Vec<Interface>,
    routes: Socket,
    filter: Socket,
    filter_port: u32,
    route_events: Socket,
    filter_events: Socket,
    /// Sends frames.
    mouth: OwnedFd,
}

impl Linux {
    /// Opens what it takes, and sees that all of it is possible; changes nothing.
    ///
    /// # Errors
    /// What is not there, or not permitted.
    pub fn open(cluster: &str, addresses: Vec<Placed>, kind: GuardKind) -> Result<Self, String> {
        let failed = |what: &str| {
            let what = what.to_owned();
            move |error: io::Error| format!("{what}: {error}")
        };
        let mut routes =
            Socket::open(SockProtocol::NetlinkRoute, 0).map_err(failed("cannot ask for interfaces"))?;
        let mut names: Vec<_> = addresses.iter().map(|placed| placed.interface.clone()).collect();
        names.sort_unstable();
        names.dedup();
        let mut interfaces = Vec::new();
        for name in names.clone() {
            let link = address::link(&mut routes, &name)
                .map_err(|error| format!("there is no interface '{name}' ({error})"))?;
            interfaces.push(Interface { name, link: Some(link), ears: Vec::new() });
        }
        let guard = Guard::new(cluster, names, addresses.iter().map(|placed| placed.ip).collect());
        let open = Socket::open;
        let mut filter =
            open(SockProtocol::NetlinkNetFilter, 0).map_err(failed("cannot talk to nftables"))?;
        let filter_port = filter.port().map_err(failed("cannot talk to nftables"))?;
        if kind == GuardKind::Kernel {
            filter.ask(&guard.probe()).map_err(|error| {
                format!(
                    "cannot guard the addresses by nftables, for which it takes Linux 5.16 and CAP_NET_ADMIN: \
                     {error}"
                )
            })?;
        }
        // Before anything is built, so that nothing is missed.
        let filter_events = open(SockProtocol::NetlinkNetFilter, NFTABLES)
            .map_err(failed("cannot hear of changes of nftables"))?;
        let route_events = open(SockProtocol::NetlinkRoute, address::GROUPS)
            .map_err(failed("cannot hear of changes of interfaces"))?;
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let packets = || socket(AddressFamily::Packet, SockType::Raw, flags, None::<SockProtocol>);
        let mouth = packets().map_err(|error| failed("cannot send announcements")(error.into()))?;
        let listen = |index, protocol| {
            let ears = packets()?;
            if protocol == frames::IPV6 {
                SockRef::from(&ears).attach_filter(&frames::advertisements_only())?;
            }
            let to = crate::sys::link_address(index, protocol).ok_or(Errno::ENODEV)?;
            bind(ears.as_raw_fd(), &to)?;
            Ok(ears)
        };
        for (interface, link) in interfaces.iter_mut().filter_map(|one| one.link.map(|link| (one, link))) {
            let ears = [frames::ARP, frames::IPV6].map(|protocol| listen(link.index, protocol));
            let ears: io::Result<Vec<_>> = ears.into_iter().collect();
            interface.ears = ears.map_err(failed("cannot hear of other claims"))?;
        }
        let mut linux = Self {
            kind,
            guard,
            addresses,
            interfaces,
            routes,
            filter,
            filter_port,
            route_events,
            filter_events,
            mouth,
        };
        linux.told();
        Ok(linux)
    }

    /// What to wait for before [`Self::told`] has something to tell.
    pub fn sources(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        let ears = self.interfaces.iter().flat_map(|interface| &interface.ears);
        [self.route_events.as_fd(), self.filter_events.as_fd()].into_iter().chain(ears.map(AsFd::as_fd))
    }

    /// What happened since it was asked last.
    pub fn told(&mut self) -> Told {
        let mut told = Told::default();
        self.hear_filter(&mut told);
        self.hear_routes(&mut told);
        self.hear_claims(&mut told);
        told
    }

    fn hear_filter(&mut self, told: &mut Told) {
        let guarded = self.kind == GuardKind::Kernel;
        let (guard, port) = (&self.guard, self.filter_port);
        let mut touched = false;
        let lost = self.filter_events.drain(|event| touched |= guard.is_touched(event, port));
        told.guard_lost |= (touched || lost) && guarded;
    }

    fn hear_routes(&mut self, told: &mut Told) {
        let mut events = Vec::new();
        let lost = self.route_events.drain(|event| events.extend(address::event(event)));
        for event in events {
            match event {
                Event::Link(name, link) => self.set_link(&name, Some(link), told),
                Event::Gone(name) => self.set_link(&name, None, told),
                Event::Removed(index, ip) => {
                    told.address_lost |= self.place(ip).is_some_and(|link| link.index == index);
                }
            }
        }
        if lost {
            for name in self.interfaces.iter().map(|interface| interface.name.clone()).collect::<Vec<_>>() {
                let link = address::link(&mut self.routes, &name).ok();
                self.set_link(&name, link, told);
            }
            told.address_lost = true;
        }
    }

    fn set_link(&mut self, name: &str, link: Option<Link>, told: &mut Told) {
        let Some(interface) = self.interfaces.iter_mut().find(|interface| interface.name == name) else {
            return;
        };
        let had = |link: Option<Link>| link.is_some_and(|link| link.carrier);
        told.link |= interface.link != link;
        told.link_up |= had(link) && !had(interface.link);
        interface.link = link;
    }

    fn hear_claims(&self, told: &mut Told) {
        let mut frame = [0; FRAME];
        let ears = self.interfaces.iter().flat_map(|one| one.ears.iter().map(move |ears| (one, ears)));
        for (interface, ears) in ears {
            // Whoever floods the link is heard the next time.
            for _ in 0..FRAMES {
                let Ok(length) = recv(ears.as_raw_fd(), &mut frame, MsgFlags::empty()) else { break };
                let own = interface.link.and_then(|link| link.mac);
                let claim = frames::claim(frame.get(..length).unwrap_or_default());
                let foreign = claim.is_some_and(|(mac, ip)| {
                    Some(mac) != own && self.addresses.iter().any(|placed| placed.ip == ip)
                });
                told.claims += u32::from(foreign);
            }
        }
    }

    /// Where an address is put.
    fn place(&self, ip: IpAddr) -> Option<Link> {
        let placed = self.addresses.iter().find(|placed| placed.ip == ip)?;
        self.link(&placed.interface)
    }

    fn link(&self, name: &str) -> Option<Link> {
        self.interfaces.iter().find(|interface| interface.name == name)?.link
    }

    /// The frames of all addresses, and where each goes.
    fn all_frames(&self) -> impl Iterator<Item = (u32, u16, Vec<u8>)> {
        self.addresses.iter().flat_map(|placed| {
            let link = self.link(&placed.interface);
            let neighbours: Option<(u32, Mac)> = link.and_then(|link| Some((link.index, link.mac?)));
            neighbours.into_iter().flat_map(|(index, mac)| {
                let frames = frames::announcements(mac, placed.ip).into_iter();
                frames.map(move |(protocol, frame)| (index, protocol, frame))
            })
        })
    }
}

impl Kernel for Linux {
    fn now(&self) -> Moment {
        clock()
    }

    fn build(&mut self) -> io::Result<()> {
        // An interface that came anew has another number.
        for interface in &mut self.interfaces {
            interface.link = Some(address::link(&mut self.routes, &interface.name)?);
        }
        match self.kind {
            GuardKind::Kernel => self.filter.ask(&self.guard.build()),
            GuardKind::Weak => Ok(()),
        }
    }

    fn open(&mut self, time: Duration) -> io::Result<()> {
        match self.kind {
            GuardKind::Kernel => self.filter.ask(&self.guard.open(time)),
            GuardKind::Weak => Ok(()),
        }
    }

    fn close(&mut self) {
        if self.kind == GuardKind::Kernel
            && let Err(error) = self.filter.ask(&self.guard.open(Duration::ZERO))
        {
            tracing::debug!("cluster: the guard is not closed: {error}");
        }
    }

    fn add(&mut self) -> io::Result<()> {
        for placed in &self.addresses {
            let link = self.interfaces.iter().find(|interface| interface.name == placed.interface);
            let link = link.and_then(|interface| interface.link).ok_or(Errno::ENODEV)?;
            address::add(&mut self.routes, placed, link.index)?;
        }
        Ok(())
    }

    fn remove(&mut self) -> bool {
        let mut removed = true;
        for placed in &self.addresses {
            let link = self.interfaces.iter().find(|interface| interface.name == placed.interface);
            let Some(link) = link.and_then(|interface| interface.link) else { continue };
            if let Err(error) = address::remove(&mut self.routes, placed, link.index) {
                tracing::debug!("cluster: {} stays where it is: {error}", placed.ip);
                removed = false;
            }
        }
        removed
    }

    fn demolish(&mut self) {
        if self.kind == GuardKind::Kernel {
            // Without it the table stays, closed.
            let _ = self.filter.ask(&self.guard.demolish());
        }
    }

    fn frames(&self) -> usize {
        self.all_frames().count()
    }

    fn announce(&mut self, frame: usize) {
        let Some((index, protocol, bytes)) = self.all_frames().nth(frame) else { return };
        if let Some(to) = crate::sys::link_address(index, protocol)
            && let Err(error) = sendto(self.mouth.as_raw_fd(), &bytes, &to, MsgFlags::empty())
        {
            tracing::debug!("cluster: an announcement is not sent: {error}");
        }
    }

    fn carrier(&self) -> bool {
        self.interfaces.iter().all(|interface| interface.link.is_some_and(|link| link.carrier))
    }
}

#[cfg(test)]
mod tests;
