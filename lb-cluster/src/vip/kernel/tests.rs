//! The real kernel, in a network namespace of its own; needs root, ip(8) and nft(8).
#![allow(clippy::unwrap_used, clippy::panic)]

use super::frames::{ARP, IPV6, announcements, claim};
use super::{GuardKind, Kernel, Linux, Placed};
use nix::sched::{CloneFlags, unshare};
use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, bind, recv, sendto, socket,
};
use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::{AsRawFd, OwnedFd};
use std::process::Command;
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

const IP: Ipv4Addr = Ipv4Addr::new(10, 9, 8, 7);
const IP6: &str = "fd00::9";
/// Longer than any answer takes.
const A_WHILE: Duration = Duration::from_millis(100);

fn sh(command: &str) {
    let status = Command::new("sh").args(["-ec", command]).status().unwrap();
    assert!(status.success(), "{command}");
}

/// Runs it in a namespace with a pair of interfaces, `near` and `far`; or says why not.
fn in_a_namespace(test: impl FnOnce() + Send + 'static) {
    let there = |tool: &str| Command::new(tool).arg("-V").output().is_ok();
    if !nix::unistd::geteuid().is_root() || !there("ip") || !there("nft") {
        eprintln!("skipped: needs root, ip and nft");
        return;
    }
    let work = || {
        if let Err(error) = unshare(CloneFlags::CLONE_NEWNET) {
            eprintln!("skipped: no network namespace can be made: {error}");
            return;
        }
        let wire = "ip link add near type veth peer name far; ip link set near up; ip link set far up
            nft 'add table netdev probe; add chain netdev probe out { type filter hook egress device near priority 0; }'
            nft delete table netdev probe";
        if !Command::new("sh").args(["-ec", wire]).status().is_ok_and(|status| status.success()) {
            eprintln!("skipped: no pair of interfaces or netdev table can be made here");
            return;
        }
        test();
    };
    thread::spawn(work).join().unwrap();
}

/// The other end of the wire.
struct Far {
    socket: OwnedFd,
    index: u32,
}

impl Far {
    fn new(protocol: u16) -> Self {
        let index = nix::net::if_::if_nametoindex("far").unwrap();
        let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
        let socket = socket(AddressFamily::Packet, SockType::Raw, flags, None::<SockProtocol>).unwrap();
        bind(socket.as_raw_fd(), &crate::sys::link_address(index, protocol).unwrap()).unwrap();
        Self { socket, index }
    }

    /// What arrived in a while and is of interest.
    fn hears(&self, is: impl Fn(&[u8]) -> bool) -> bool {
        let begun = Instant::now();
        let mut frame = [0; 128];
        while begun.elapsed() < A_WHILE {
            match recv(self.socket.as_raw_fd(), &mut frame, MsgFlags::empty()) {
                Ok(length) if is(&frame[..length]) => return true,
                Ok(_) => {}
                Err(_) => sleep(Duration::from_millis(1)),
            }
        }
        false
    }

    fn drain(&self) {
        while recv(self.socket.as_raw_fd(), &mut [0; 128], MsgFlags::empty()).is_ok() {}
    }

    /// Somebody answers who has the address.
    fn finds(&self) -> bool {
        self.drain();
        let mut question = announcements([2, 0, 0, 0, 0, 1], IP.into()).remove(0).1;
        question[28..32].fill(0); // from nobody, as one that looks whether an address is free
        let to = crate::sys::link_address(self.index, ARP).unwrap();
        sendto(self.socket.as_raw_fd(), &question, &to, MsgFlags::empty()).unwrap();
        self.hears(|frame| claim(frame).is_some_and(|(_, ip)| ip == IpAddr::from(IP)))
    }

    /// Somebody says unasked that it has the address.
    fn is_told(&self, linux: &mut Linux) -> bool {
        self.drain();
        (0..linux.frames()).for_each(|frame| linux.announce(frame));
        self.hears(|frame| claim(frame).is_some_and(|(_, ip)| ip == IpAddr::from(IP)))
    }
}

fn opened() -> Linux {
    let on = |ip: IpAddr, prefix| Placed { ip, prefix, interface: "near".into() };
    let addresses = vec![on(IP.into(), 32), on(IP6.parse().unwrap(), 128)];
    Linux::open("edge", addresses, GuardKind::Kernel).unwrap()
}

#[test]
fn nothing_comes_from_or_to_an_address_but_under_a_lease() {
    in_a_namespace(|| {
        let (mut linux, far, far6) = (opened(), Far::new(ARP), Far::new(IPV6));
        linux.build().unwrap();
        linux.add().unwrap();
        assert!(linux.carrier() && linux.frames() == 3);
        assert!(!far.finds() && !far.is_told(&mut linux));
        let is_advertisement = |frame: &[u8]| frame.get(54) == Some(&136);
        far6.drain();
        linux.announce(2);
        assert!(!far6.hears(is_advertisement));

        let begun = Instant::now();
        linux.open(Duration::from_millis(2000)).unwrap();
        assert!(far.finds() && far.is_told(&mut linux));
        linux.announce(2);
        assert!(far6.hears(is_advertisement));
        // Opening again replaces the time that was left.
        linux.open(Duration::from_millis(100)).unwrap();
        sleep(Duration::from_millis(150));
        assert!(!far.finds() && !far.is_told(&mut linux));
        assert!(begun.elapsed() < Duration::from_secs(2));

        linux.open(Duration::from_secs(60)).unwrap();
        linux.close();
        assert!(!far.finds());
        assert!(linux.remove() && linux.remove());
        linux.demolish();
    });
}

#[test]
fn claims_of_others_are_heard_of_either_family() {
    in_a_namespace(|| {
        let mut linux = opened();
        let ip6: IpAddr = IP6.parse().unwrap();
        for (ip, claims) in [(IpAddr::from(IP), 2), (ip6, 1), ("fd00::8".parse().unwrap(), 0)] {
            for (protocol, frame) in announcements([2, 0, 0, 0, 0, 1], ip) {
                let far = Far::new(protocol);
                let to = crate::sys::link_address(far.index, protocol).unwrap();
                sendto(far.socket.as_raw_fd(), &frame, &to, MsgFlags::empty()).unwrap();
            }
            sleep(A_WHILE);
            assert_eq!(linux.told().claims, claims, "{ip}");
        }
        // Other traffic of IPv6 wakes nobody.
        sh(
            "ip -6 addr add fd00::1/64 dev near nodad; ping -6 -c 1 -W 1 -I near ff02::1 >/dev/null 2>&1 || true",
        );
        let [_, advertisements] = &linux.interfaces[0].ears[..] else { panic!("not two") };
        assert!(recv(advertisements.as_raw_fd(), &mut [0; 128], MsgFlags::empty()).is_err());
    });
}

#[test]
fn what_others_do_is_told_and_what_it_does_itself_is_not() {
    in_a_namespace(|| {
        let mut linux = opened();
        linux.build().unwrap();
        linux.open(Duration::from_millis(20)).unwrap();
        linux.add().unwrap();
        sleep(Duration::from_millis(60));
        assert_eq!(linux.told(), super::Told::default());
        sh("ip addr del 10.9.8.7/32 dev near");
        let told = linux.told();
        assert!(told.address_lost && !told.guard_lost, "{told:?}");
        sh("ip link set far down");
        let told = linux.told();
        assert!(told.link && !told.link_up && !linux.carrier(), "{told:?}");
        sh("ip link set far up");
        sleep(A_WHILE);
        assert!(linux.told().link_up && linux.carrier());
        for change in ["flush ruleset", "delete element netdev lb_edge addresses4 { 10.9.8.7 }"] {
            linux.build().unwrap();
            assert!(!linux.told().guard_lost);
            sh(&format!("nft '{change}'"));
            assert!(linux.told().guard_lost, "{change}");
        }
        sh("ip link del near");
        assert!(linux.told().link);
        assert!(linux.build().is_err() && !linux.carrier());
    });
}
