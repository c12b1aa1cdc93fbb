//! Who answers for the address at the same time: all are asked every 5 ms, by ARP, NDP and ICMP of both families.

use super::frames::{KINDS, Kind, claim, echoes, solicitation, who_has};
use crate::sys::{ALL, frames_on};
use crate::world::{Mac, mac};
use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, bind, recv, sendto, socket,
};
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

const EACH: Duration = Duration::from_millis(5);

/// Who answered in one round.
struct Round {
    begun: Instant,
    claims: Vec<(Kind, Mac)>,
}

/// The rounds.
pub(crate) struct Claims(Vec<Round>);

/// Asks until it is told to stop, on this thread's network.
pub(super) fn ask(stop: &AtomicBool, hosts: usize) -> Claims {
    let index = nix::net::if_::if_nametoindex("eth0").unwrap();
    let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
    let socket = socket(AddressFamily::Packet, SockType::Raw, flags, None::<SockProtocol>).unwrap();
    let all = frames_on(index, ALL);
    bind(socket.as_raw_fd(), &all).unwrap();
    let mut questions = vec![who_has(), solicitation()];
    questions.extend((1..=hosts).flat_map(|host| echoes(mac(u8::try_from(host).unwrap()))));
    let mut rounds = Vec::new();
    let mut frame = [0; 128];
    while !stop.load(Ordering::Relaxed) {
        let begun = Instant::now();
        for question in &questions {
            let _ = sendto(socket.as_raw_fd(), question, &all, MsgFlags::empty());
        }
        sleep(EACH);
        let mut claims = Vec::new();
        while let Ok(length) = recv(socket.as_raw_fd(), &mut frame, MsgFlags::empty()) {
            claims.extend(claim(&frame[..length]).filter(|one| !claims.contains(one)));
        }
        rounds.push(Round { begun, claims });
    }
    Claims(rounds)
}

impl Claims {
    /// For how long two answered by this.
    fn dual_by(&self, kind: Kind) -> Duration {
        let both = |round: &Round| round.claims.iter().filter(|(by, _)| *by == kind).count() > 1;
        self.0.windows(2).filter(|pair| both(&pair[0])).map(|pair| pair[1].begun - pair[0].begun).sum()
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
            let mut turns: Vec<(Mac, Instant, Instant)> = Vec::new();
            for round in &self.0 {
                for (_, mac) in round.claims.iter().filter(|(by, _)| *by == kind) {
                    match turns.iter_mut().find(|(known, ..)| known == mac) {
                        Some((_, _, last)) => *last = round.begun,
                        None => turns.push((*mac, round.begun, round.begun)),
                    }
                }
            }
            let pairs = turns.windows(2).map(|pair| pair[0].2.saturating_duration_since(pair[1].1));
            late = late.max(pairs.max().unwrap_or_default());
        }
        late
    }

    /// How many have answered, by each.
    pub(crate) fn claimants(&self) -> [usize; 3] {
        KINDS.map(|kind| {
            let all = self.0.iter().flat_map(|round| &round.claims).filter(|(by, _)| *by == kind);
            let mut macs: Vec<Mac> = all.map(|(_, mac)| *mac).collect();
            macs.sort_unstable();
            macs.dedup();
            macs.len()
        })
    }
}
