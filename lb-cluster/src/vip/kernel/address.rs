//! Addresses on interfaces, and the interfaces themselves: rtnetlink.

use super::frames::Mac;
use super::netlink::{Message, Socket};
use netlink_packet_core::{
    NLM_F_ACK, NLM_F_CREATE, NLM_F_REPLACE, NLM_F_REQUEST, NetlinkMessage, NetlinkPayload,
};
use netlink_packet_route::address::{AddressAttribute, AddressFlags, AddressMessage, CacheInfo};
use netlink_packet_route::link::{LinkAttribute, LinkFlags, LinkMessage};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use nix::errno::Errno;
use std::io;
use std::net::IpAddr;

/// Groups of events: links, IPv4 and IPv6 addresses.
pub(super) const GROUPS: u32 = 0x1 | 0x10 | 0x100;

/// For so many seconds the kernel keeps an address that is prolonged no more.
const LIFETIME: u32 = 1;

/// An address, and where it is put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The address.
    pub ip: IpAddr,
    /// The length of its network's prefix.
    pub prefix: u8,
    /// The interface's name.
    pub interface: String,
}

/// An interface as it is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) index: u32,
    /// None where it is no Ethernet: there are no neighbours to announce to.
    pub(super) mac: Option<Mac>,
    /// It is up, and has carrier.
    pub(super) carrier: bool,
}

/// What an event is about.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// An interface of that name is now so.
    Link(String, Link),
    /// An interface is gone.
    Gone(String),
    /// An address was taken from an interface.
    Removed(u32, IpAddr),
}

/// Puts an address on an interface, or prolongs it.
pub(super) fn add(socket: &mut Socket, placed: &Placed, index: u32) -> io::Result<()> {
    let mut message = address(placed, index);
    let mut lifetime = CacheInfo::default();
    lifetime.ifa_valid = LIFETIME;
    // Deprecated from the start: nothing that this node sends by itself goes out from it.
    lifetime.ifa_preferred = 0;
    message.attributes.push(AddressAttribute::CacheInfo(lifetime));
    message.attributes.push(AddressAttribute::Flags(AddressFlags::Nodad));
    let flags = NLM_F_CREATE | NLM_F_REPLACE | NLM_F_ACK;
    socket.ask(&request(RouteNetlinkMessage::NewAddress(message), flags))
}

/// Takes it off. That it is not there is no error.
pub(super) fn remove(socket: &mut Socket, placed: &Placed, index: u32) -> io::Result<()> {
    let request = request(RouteNetlinkMessage::DelAddress(address(placed, index)), NLM_F_ACK);
    let absent = [Errno::EADDRNOTAVAIL, Errno::ENODEV].map(|error| Some(error as i32));
    match socket.ask(&request) {
        Err(error) if !absent.contains(&error.raw_os_error()) => Err(error),
        _ => Ok(()),
    }
}

/// Looks an interface up.
pub(super) fn link(socket: &mut Socket, name: &str) -> io::Result<Link> {
    let mut message = LinkMessage::default();
    message.attributes.push(LinkAttribute::IfName(name.to_owned()));
    let mut found = None;
    socket.query(&request(RouteNetlinkMessage::GetLink(message), NLM_F_ACK), |answer| {
        if let Some(Event::Link(_, link)) = event(answer) {
            found = Some(link);
        }
    })?;
    found.ok_or_else(|| Errno::ENODEV.into())
}

/// What an event says, if anything of interest.
pub(super) fn event(message: &Message<'_>) -> Option<Event> {
    let parsed = NetlinkMessage::<RouteNetlinkMessage>::deserialize(message.whole).ok()?;
    let NetlinkPayload::InnerMessage(inner) = parsed.payload else { return None };
    match inner {
        RouteNetlinkMessage::NewLink(link) => Some(Event::Link(name(&link)?, of(&link))),
        RouteNetlinkMessage::DelLink(link) => Some(Event::Gone(name(&link)?)),
        RouteNetlinkMessage::DelAddress(address) => {
            let ip = address.attributes.iter().find_map(|attribute| match attribute {
                AddressAttribute::Local(ip) => Some(*ip),
                _ => None,
            });
            let or_only = || {
                address.attributes.iter().find_map(|attribute| match attribute {
                    AddressAttribute::Address(ip) => Some(*ip),
                    _ => None,
                })
            };
            Some(Event::Removed(address.header.index, ip.or_else(or_only)?))
        }
        _ => None,
    }
}

fn name(link: &LinkMessage) -> Option<String> {
    link.attributes.iter().find_map(|attribute| match attribute {
        LinkAttribute::IfName(name) => Some(name.clone()),
        _ => None,
    })
}

fn of(link: &LinkMessage) -> Link {
    let mac = link.attributes.iter().find_map(|attribute| match attribute {
        LinkAttribute::Address(bytes) => Mac::try_from(bytes.as_slice()).ok(),
        _ => None,
    });
    // The loopback interface has one of nought.
    let mac = mac.filter(|mac| *mac != Mac::default());
    let carrier = link.header.flags.contains(LinkFlags::Up | LinkFlags::LowerUp);
    Link { index: link.header.index, mac, carrier }
}

fn address(placed: &Placed, index: u32) -> AddressMessage {
    let mut message = AddressMessage::default();
    message.header.family = if placed.ip.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 };
    message.header.prefix_len = placed.prefix;
    message.header.index = index;
    message.attributes.push(AddressAttribute::Local(placed.ip));
    message.attributes.push(AddressAttribute::Address(placed.ip));
    message
}

fn request(message: RouteNetlinkMessage, flags: u16) -> Vec<u8> {
    let mut request = NetlinkMessage::from(message);
    request.header.flags = NLM_F_REQUEST | flags;
    request.finalize();
    let mut bytes = vec![0; request.buffer_len()];
    request.serialize(&mut bytes);
    bytes
}
