//! The guard: one nftables table that drops what comes from and goes to the addresses unless an element lives that says
//! otherwise. It stands at the interfaces' very edge (hooks `ingress` and `egress` of family `netdev`): frames of packet
//! sockets pass by all other hooks. Its elements have a time-out, which the kernel keeps whatever becomes of processes.

use super::netlink::{Bytes, Message, attributes};
use std::net::IpAddr;
use std::time::Duration;

/// nftables among the subsystems of nfnetlink.
const SUBSYSTEM: u16 = 10;
/// The family of tables whose chains hang on interfaces.
const NETDEV: u8 = 5;
/// Before whatever else hangs there.
const FIRST: u32 = -500_i32 as u32;

/// Kinds of messages.
mod is {
    pub(super) const BATCH_BEGIN: u16 = 0x10;
    pub(super) const BATCH_END: u16 = 0x11;
    pub(super) const NEW_TABLE: u16 = 0;
    pub(super) const DELETE_TABLE: u16 = 2;
    pub(super) const NEW_CHAIN: u16 = 3;
    pub(super) const NEW_RULE: u16 = 6;
    pub(super) const NEW_SET: u16 = 9;
    pub(super) const NEW_ELEMENT: u16 = 12;
    pub(super) const DELETE_ELEMENT: u16 = 14;
    pub(super) const NEW_GENERATION: u16 = 15;
}

const REQUEST: u16 = 1;
const ACKNOWLEDGE: u16 = 4;
const CREATE: u16 = 0x400;
const APPEND: u16 = 0x800;

/// Where a rule looks: what it is about, and where an address is in it.
struct Look {
    /// Of the packet: its EtherType.
    protocol: u16,
    /// The ICMPv6 message, where it is one.
    icmp: Option<u8>,
    offset: u32,
}

const IPV4: u16 = 0x0800;
const ARP: u16 = 0x0806;
const IPV6: u16 = 0x86dd;
const SOLICITATION: u8 = 135;
const ADVERTISEMENT: u8 = 136;

const fn look(protocol: u16, offset: u32) -> Look {
    Look { protocol, icmp: None, offset }
}

/// What must not come in: packets to an address, and questions for who has it.
const INWARD: [Look; 4] = [
    look(IPV4, 16),
    look(ARP, 24),
    look(IPV6, 24),
    Look { protocol: IPV6, icmp: Some(SOLICITATION), offset: 8 },
];
/// What must not go out: packets from an address, and claims to have it.
const OUTWARD: [Look; 4] = [
    look(IPV4, 12),
    look(ARP, 14),
    look(IPV6, 8),
    Look { protocol: IPV6, icmp: Some(ADVERTISEMENT), offset: 8 },
];

/// The guard of some addresses on some interfaces.
#[derive(Clone, Debug)]
pub(super) struct Guard {
    table: String,
    interfaces: Vec<String>,
    addresses: Vec<IpAddr>,
}

impl Guard {
    pub(super) fn new(cluster: &str, interfaces: Vec<String>, addresses: Vec<IpAddr>) -> Self {
        Self { table: format!("lb_{cluster}"), interfaces, addresses }
    }

    /// A batch that finds out whether the kernel would take it, and changes nothing.
    pub(super) fn probe(&self) -> Vec<u8> {
        let trial = Self { table: format!("{}_trial", self.table), ..self.clone() };
        batch(|batch| {
            trial.write(batch);
            trial.table(batch, is::DELETE_TABLE, ACKNOWLEDGE);
        })
    }

    /// A batch that puts it in place, closed, whatever was there before.
    pub(super) fn build(&self) -> Vec<u8> {
        batch(|batch| {
            self.table(batch, is::NEW_TABLE, CREATE);
            self.table(batch, is::DELETE_TABLE, 0);
            self.write(batch);
            // The last message of all tells of success.
            self.table(batch, is::NEW_TABLE, CREATE | ACKNOWLEDGE);
        })
    }

    /// A batch that takes it away.
    pub(super) fn demolish(&self) -> Vec<u8> {
        batch(|batch| {
            self.table(batch, is::NEW_TABLE, CREATE);
            self.table(batch, is::DELETE_TABLE, ACKNOWLEDGE);
        })
    }

    /// A batch that opens it for so long from now on; closes it, for no time.
    pub(super) fn open(&self, time: Duration) -> Vec<u8> {
        let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        batch(|batch| {
            for kind in self.kinds() {
                // An element that is there keeps its time when it is only added again.
                self.elements(batch, kind, &kind.leases(), is::NEW_ELEMENT, CREATE, Some(millis.max(1)));
                let last = if millis == 0 { ACKNOWLEDGE } else { 0 };
                self.elements(batch, kind, &kind.leases(), is::DELETE_ELEMENT, last, None);
                if millis > 0 {
                    let flags = CREATE | ACKNOWLEDGE;
                    self.elements(batch, kind, &kind.leases(), is::NEW_ELEMENT, flags, Some(millis));
                }
            }
        })
    }

    /// An event says that another than `port` has changed it.
    pub(super) fn is_touched(&self, event: &Message<'_>, port: u32) -> bool {
        let (subsystem, kind) = (event.kind >> 8, event.kind & 0xff);
        let family = event.body.first() == Some(&NETDEV);
        // Elements that time out are nobody's doing.
        let own =
            event.port == port || event.port == 0 && matches!(kind, is::NEW_ELEMENT | is::DELETE_ELEMENT);
        if subsystem != SUBSYSTEM || !family || own || kind == is::NEW_GENERATION {
            return false;
        }
        // Of all kinds the first attribute is the table's name.
        let table = attributes(event.body.get(4..).unwrap_or_default()).find(|(kind, _)| *kind == 1);
        table.is_some_and(|(_, name)| name.strip_suffix(&[0]) == Some(self.table.as_bytes()))
    }

    fn kinds(&self) -> impl Iterator<Item = Kind> {
        [Kind::V4, Kind::V6].into_iter().filter(|kind| self.of(*kind).next().is_some())
    }

    fn of(&self, kind: Kind) -> impl Iterator<Item = Vec<u8>> {
        let keys = self.addresses.iter().map(|ip| match ip {
            IpAddr::V4(ip) => (Kind::V4, ip.octets().to_vec()),
            IpAddr::V6(ip) => (Kind::V6, ip.octets().to_vec()),
        });
        keys.filter(move |(of, _)| *of == kind).map(|(_, key)| key)
    }

    fn write(&self, batch: &mut Bytes) {
        self.table(batch, is::NEW_TABLE, CREATE);
        for (id, kind) in (1..).step_by(2).zip(self.kinds()) {
            self.set(batch, kind, &kind.addresses(), id, 0);
            self.set(batch, kind, &kind.leases(), id + 1, TIMEOUT);
            self.elements(batch, kind, &kind.addresses(), is::NEW_ELEMENT, CREATE, None);
        }
        for (number, interface) in self.interfaces.iter().enumerate() {
            for (hook, name, looks) in [(0, "in", INWARD), (1, "out", OUTWARD)] {
                let chain = format!("{name}{number}");
                self.chain(batch, &chain, hook, interface);
                for look in looks.iter().filter(|look| self.kinds().any(|kind| kind == look.kind())) {
                    self.rule(batch, &chain, look);
                }
            }
        }
    }

    fn table(&self, batch: &mut Bytes, kind: u16, flags: u16) {
        request(batch, kind, flags, |body| {
            body.text(1, &self.table);
        });
    }

    fn set(&self, batch: &mut Bytes, kind: Kind, name: &str, id: u32, flags: u32) {
        request(batch, is::NEW_SET, CREATE, |body| {
            body.text(1, &self.table).text(2, name).number(3, flags);
            body.number(4, kind.data_type()).number(5, kind.length()).number(10, id);
        });
    }

    fn elements(
        &self,
        batch: &mut Bytes,
        kind: Kind,
        set: &str,
        message: u16,
        flags: u16,
        millis: Option<u64>,
    ) {
        request(batch, message, flags, |body| {
            body.text(1, &self.table).text(2, set).nest(3, |list| {
                for key in self.of(kind) {
                    list.nest(1, |element| {
                        element.nest(1, |data| {
                            data.put(1, &key);
                        });
                        if let Some(millis) = millis {
                            element.put(4, &millis.to_be_bytes());
                        }
                    });
                }
            });
        });
    }

    fn chain(&self, batch: &mut Bytes, name: &str, hook: u32, interface: &str) {
        request(batch, is::NEW_CHAIN, CREATE, |body| {
            body.text(1, &self.table).text(3, name).nest(4, |at| {
                at.number(1, hook).number(2, FIRST).text(3, interface);
            });
            body.number(5, ACCEPT).text(7, "filter");
        });
    }

    fn rule(&self, batch: &mut Bytes, chain: &str, look: &Look) {
        let kind = look.kind();
        request(batch, is::NEW_RULE, CREATE | APPEND, |body| {
            body.text(1, &self.table).text(2, chain).nest(4, |list| {
                meta(list, PROTOCOL);
                equals(list, &look.protocol.to_be_bytes());
                let base = match look.icmp {
                    Some(message) => {
                        meta(list, TRANSPORT);
                        equals(list, &[ICMPV6]);
                        payload(list, TRANSPORT_HEADER, 0, 1);
                        equals(list, &[message]);
                        TRANSPORT_HEADER
                    }
                    None => NETWORK_HEADER,
                };
                payload(list, base, look.offset, kind.length());
                lookup(list, &kind.addresses(), 0);
                lookup(list, &kind.leases(), INVERTED);
                expression(list, "immediate", |data| {
                    data.number(1, VERDICT).nest(2, |data| {
                        data.nest(2, |verdict| {
                            verdict.number(1, DROP);
                        });
                    });
                });
            });
        });
    }
}

/// A family of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    V4,
    V6,
}

impl Kind {
    fn length(self) -> u32 {
        if self == Self::V4 { 4 } else { 16 }
    }

    /// As nft(8) names it when it lists a set.
    fn data_type(self) -> u32 {
        if self == Self::V4 { 7 } else { 8 }
    }

    /// The set of what is guarded.
    fn addresses(self) -> String {
        format!("addresses{}", self.version())
    }

    /// The set of what may pass now.
    fn leases(self) -> String {
        format!("leases{}", self.version())
    }

    fn version(self) -> u8 {
        if self == Self::V4 { 4 } else { 6 }
    }
}

impl Look {
    fn kind(&self) -> Kind {
        if self.protocol == IPV6 { Kind::V6 } else { Kind::V4 }
    }
}

const TIMEOUT: u32 = 0x10;
const ACCEPT: u32 = 1;
const DROP: u32 = 0;
const INVERTED: u32 = 1;
const REGISTER: u32 = 1;
const VERDICT: u32 = 0;
const PROTOCOL: u32 = 1;
const TRANSPORT: u32 = 16;
const ICMPV6: u8 = 58;
const NETWORK_HEADER: u32 = 1;
const TRANSPORT_HEADER: u32 = 2;

fn batch(fill: impl FnOnce(&mut Bytes)) -> Vec<u8> {
    let mut bytes = Bytes::default();
    let edge = [0, 0, 0, 10];
    bytes.message(is::BATCH_BEGIN, REQUEST, |body| body.0.extend_from_slice(&edge));
    fill(&mut bytes);
    bytes.message(is::BATCH_END, REQUEST, |body| body.0.extend_from_slice(&edge));
    bytes.0
}

fn request(batch: &mut Bytes, kind: u16, flags: u16, fill: impl FnOnce(&mut Bytes)) {
    batch.message(SUBSYSTEM << 8 | kind, REQUEST | flags, |body| {
        body.0.extend_from_slice(&[NETDEV, 0, 0, 0]);
        fill(body);
    });
}

fn expression(list: &mut Bytes, name: &str, fill: impl FnOnce(&mut Bytes)) {
    list.nest(1, |element| {
        element.text(1, name).nest(2, fill);
    });
}

fn meta(list: &mut Bytes, key: u32) {
    expression(list, "meta", |data| {
        data.number(1, REGISTER).number(2, key);
    });
}

fn equals(list: &mut Bytes, value: &[u8]) {
    expression(list, "cmp", |data| {
        data.number(1, REGISTER).number(2, 0).nest(3, |data| {
            data.put(1, value);
        });
    });
}

fn payload(list: &mut Bytes, base: u32, offset: u32, length: u32) {
    expression(list, "payload", |data| {
        data.number(1, REGISTER).number(2, base).number(3, offset).number(4, length);
    });
}

fn lookup(list: &mut Bytes, set: &str, flags: u32) {
    expression(list, "lookup", |data| {
        data.text(1, set).number(2, REGISTER).number(5, flags);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(kind: u16, port: u32, table: &str) -> (u16, u32, Vec<u8>) {
        let mut body = Bytes::default();
        body.0.extend_from_slice(&[NETDEV, 0, 0, 0]);
        body.text(1, table);
        (SUBSYSTEM << 8 | kind, port, body.0)
    }

    #[test]
    fn others_that_change_it_are_told_from_oneself_and_from_time() {
        let guard = Guard::new("edge", vec!["eth0".into()], vec![IpAddr::from([10, 0, 0, 1])]);
        let touched = |(kind, port, body): (u16, u32, Vec<u8>)| {
            guard.is_touched(&Message { kind, port, body: &body, whole: &[] }, 7)
        };
        assert!(touched(event(is::DELETE_TABLE, 8, "lb_edge")));
        assert!(touched(event(is::DELETE_TABLE, 0, "lb_edge")), "its interface is gone");
        assert!(touched(event(is::DELETE_ELEMENT, 8, "lb_edge")));
        assert!(!touched(event(is::DELETE_ELEMENT, 0, "lb_edge")), "it timed out");
        assert!(!touched(event(is::DELETE_TABLE, 7, "lb_edge")));
        assert!(!touched(event(is::DELETE_TABLE, 8, "lb_edge2")));
        assert!(!touched(event(is::NEW_GENERATION, 8, "lb_edge")));
    }
}
