//! Who answers for the address at the same time: all are asked every 5 ms, by ARP, NDP and ICMP of both families.

use super::frames::{KINDS, Kind, claim, echoes, solicitation, who_has};
use crate::sys::{ALL, frames_on};
use crate::world::{Mac, mac};
use nix::sys::socket::{
    AddressFamily, ControlMessageOwned, MsgFlags, SockFlag, SockProtocol, SockType, bind, recvmsg, sendto,
    setsockopt, socket, sockopt,
};
use std::io::IoSliceMut;
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::Duration;

const EACH: Duration = Duration::from_millis(5);
/// Who answers again within this has not lost the address and got it back.
const AT_ONCE: Duration = Duration::from_millis(250);

/// An answer or an announcement.
struct Claim {
    /// When the kernel received it, by its wall clock: a client that is kept waiting for its turn is no measure.
    at: Duration,
    kind: Kind,
    mac: Mac,
}

/// All of them, as they came.
pub(crate) struct Claims(Vec<Claim>);

/// Asks until it is told to stop, on this thread's network.
pub(super) fn ask(stop: &AtomicBool, hosts: usize) -> Claims {
    let index = nix::net::if_::if_nametoindex("eth0").unwrap();
    let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
    let socket = socket(AddressFamily::Packet, SockType::Raw, flags, None::<SockProtocol>).unwrap();
    let all = frames_on(index, ALL);
    bind(socket.as_raw_fd(), &all).unwrap();
    setsockopt(&socket, sockopt::ReceiveTimestampns, &true).unwrap();
    let mut questions = vec![who_has(), solicitation()];
    questions.extend((1..=hosts).flat_map(|host| echoes(mac(u8::try_from(host).unwrap()))));
    let mut claims = Vec::new();
    let mut frame = [0; 128];
    while !stop.load(Ordering::Relaxed) {
        for question in &questions {
            let _ = sendto(socket.as_raw_fd(), question, &all, MsgFlags::empty());
        }
        sleep(EACH);
        while let Some((length, at)) = receive(socket.as_raw_fd(), &mut frame) {
            claims.extend(claim(&frame[..length]).map(|(kind, mac)| Claim { at, kind, mac }));
        }
    }
    claims.sort_by_key(|claim| claim.at);
    Claims(claims)
}

/// What has come, if anything, and when.
fn receive(socket: i32, frame: &mut [u8]) -> Option<(usize, Duration)> {
    let mut space = nix::cmsg_space!(nix::sys::time::TimeSpec);
    let mut parts = [IoSliceMut::new(frame)];
    let message = recvmsg::<()>(socket, &mut parts, Some(&mut space), MsgFlags::empty()).ok()?;
    let at = message.cmsgs().unwrap().find_map(|said| match said {
        ControlMessageOwned::ScmTimestampns(at) => Some(Duration::from(at)),
        _ => None,
    });
    // A frame that was cut to the buffer is none of those that are looked for.
    Some((message.bytes, at.unwrap()))
}

impl Claims {
    fn by(&self, kind: Kind) -> impl DoubleEndedIterator<Item = &Claim> {
        self.0.iter().filter(move |claim| claim.kind == kind)
    }

    /// For how long two answered by this: one after the other had, and at once the other again.
    fn dual_by(&self, kind: Kind) -> Duration {
        let claims: Vec<_> = self.by(kind).collect();
        let mut dual = Duration::ZERO;
        for (index, claim) in claims.iter().enumerate() {
            let before = &claims[..index];
            let Some(last) = before.iter().rposition(|one| one.mac == claim.mac) else { continue };
            let other = before[last + 1..].first();
            dual += other
                .filter(|_| claim.at - before[last].at <= AT_ONCE)
                .map_or(Duration::ZERO, |other| claim.at - other.at);
        }
        dual
    }

    /// For how long two answered, by whatever they did longest.
    pub(crate) fn dual(&self) -> Duration {
        KINDS.map(|kind| self.dual_by(kind)).into_iter().max().unwrap_or_default()
    }

    /// For how long one still answered, in whatever way, after another had begun to: where the address moves once.
    pub(crate) fn relapse(&self) -> Duration {
        let mut late = Duration::ZERO;
        for kind in KINDS {
            // In the order in which they began: who, when first, when last.
            let mut turns: Vec<(Mac, Duration, Duration)> = Vec::new();
            for claim in self.by(kind) {
                match turns.iter_mut().find(|(known, ..)| *known == claim.mac) {
                    Some((_, _, last)) => *last = claim.at,
                    None => turns.push((claim.mac, claim.at, claim.at)),
                }
            }
            let pairs = turns.windows(2).map(|pair| pair[0].2.saturating_sub(pair[1].1));
            late = late.max(pairs.max().unwrap_or_default());
        }
        late
    }

    /// How many have answered, by each.
    pub(crate) fn claimants(&self) -> [usize; 3] {
        KINDS.map(|kind| {
            let mut macs: Vec<Mac> = self.by(kind).map(|claim| claim.mac).collect();
            macs.sort_unstable();
            macs.dedup();
            macs.len()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers of two hosts, each after so many milliseconds.
    fn dual(answers: &[(u8, u64)]) -> Duration {
        let claim = |&(host, at): &(u8, u64)| Claim {
            at: Duration::from_millis(at),
            kind: Kind::Arp,
            mac: mac(host),
        };
        Claims(answers.iter().map(claim).collect()).dual()
    }

    #[test]
    fn two_at_once_are_told_from_one_after_the_other() {
        assert_eq!(dual(&[(1, 0), (1, 5), (2, 30), (2, 35)]), Duration::ZERO);
        assert_eq!(dual(&[(1, 0), (2, 5), (1, 10), (1, 15)]), Duration::from_millis(5));
        assert_eq!(dual(&[(1, 0), (2, 5), (1, 10), (2, 15)]), Duration::from_millis(10));
        assert_eq!(dual(&[(1, 0), (2, 100), (1, 400)]), Duration::ZERO, "it came back to the first");
    }
}
