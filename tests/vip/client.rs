//! The client: asks by HTTP every 10 ms, each time on a new connection, and by ARP every 5 ms, and notes who answers.

use crate::sys::arp_on;
use crate::world::{VIP, World};
use lb_harness::glance;
use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, bind, recv, sendto, socket,
};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle, sleep};
use std::time::{Duration, Instant};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_millis(300);
const EACH: Duration = Duration::from_millis(10);
const EACH_ARP: Duration = Duration::from_millis(5);

type Mac = [u8; 6];
/// When each request that was answered had begun, and by whom it was answered.
type Answers = Arc<Mutex<Vec<(Instant, String)>>>;

/// A client at work.
pub(crate) struct Client {
    done: Arc<AtomicBool>,
    answers: Answers,
    http: JoinHandle<()>,
    arp: JoinHandle<Vec<(Instant, Mac)>>,
}

/// What it saw.
pub(crate) struct Seen {
    pub(crate) answers: Vec<(Instant, String)>,
    claims: Vec<(Instant, Mac)>,
}

impl Client {
    pub(crate) fn start(world: &World) -> Self {
        let (done, answers) = (Arc::new(AtomicBool::new(false)), Answers::default());
        let (stop, kept) = (Arc::clone(&done), Arc::clone(&answers));
        let http = world.on(3, move || {
            let mut next = Instant::now();
            let mut asking: Vec<JoinHandle<()>> = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                let answers = Arc::clone(&kept);
                asking.retain(|one| !one.is_finished());
                asking.push(thread::spawn(move || {
                    let begun = Instant::now();
                    if let Some(by) = ask(IpAddr::from(VIP)) {
                        answers.lock().unwrap().push((begun, by));
                    }
                }));
                next += EACH;
                sleep(next.saturating_duration_since(Instant::now()));
            }
            asking.into_iter().for_each(|one| one.join().unwrap());
        });
        let stop = Arc::clone(&done);
        let arp = world.on(3, move || who_has(&stop));
        Self { done, answers, http, arp }
    }

    /// Who answered last, of requests that began after some instant.
    pub(crate) fn answered_since(&self, since: Instant) -> Option<String> {
        let answers = self.answers.lock().unwrap();
        answers.iter().filter(|(at, _)| *at >= since).max_by_key(|(at, _)| *at).map(|(_, by)| by.clone())
    }

    pub(crate) fn stop(self) -> Seen {
        self.done.store(true, Ordering::Relaxed);
        self.http.join().unwrap();
        let mut answers = std::mem::take(&mut *self.answers.lock().unwrap());
        answers.sort();
        Seen { answers, claims: self.arp.join().unwrap() }
    }
}

impl Seen {
    /// The longest time without an answer.
    pub(crate) fn outage(&self) -> Duration {
        let gaps = self.answers.windows(2).map(|pair| pair[1].0 - pair[0].0);
        gaps.max().unwrap_or_default()
    }

    /// For how long one still answered ARP after another had begun to.
    pub(crate) fn dual(&self) -> Duration {
        let mut first: Vec<(Mac, Instant, Instant)> = Vec::new();
        for (at, mac) in &self.claims {
            match first.iter_mut().find(|(known, ..)| known == mac) {
                Some((_, _, last)) => *last = *at,
                None => first.push((*mac, *at, *at)),
            }
        }
        let pairs = first.windows(2).map(|pair| pair[0].2.saturating_duration_since(pair[1].1));
        pairs.max().unwrap_or_default()
    }

    /// How many have answered ARP.
    pub(crate) fn claimants(&self) -> usize {
        let mut macs: Vec<Mac> = self.claims.iter().map(|(_, mac)| *mac).collect();
        macs.sort_unstable();
        macs.dedup();
        macs.len()
    }
}

/// Asks once, on this thread's network.
pub(crate) fn ask(ip: IpAddr) -> Option<String> {
    glance(SocketAddr::new(ip, 80), PATIENCE)
}

/// Asks by ARP until it is told to stop; who answered when.
fn who_has(stop: &AtomicBool) -> Vec<(Instant, Mac)> {
    let index = nix::net::if_::if_nametoindex("eth0").unwrap();
    let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
    let socket = socket(AddressFamily::Packet, SockType::Raw, flags, None::<SockProtocol>).unwrap();
    let all = arp_on(index);
    bind(socket.as_raw_fd(), &all).unwrap();
    let own = [2, 0, 0, 0, 0, 0x99];
    let kind = [8, 6, 0, 1, 8, 0, 6, 4, 0, 1];
    let source = Ipv4Addr::UNSPECIFIED.octets();
    let parts: [&[u8]; 7] = [&[0xff; 6], &own, &kind, &own, &source, &[0; 6], &VIP];
    let question = parts.concat();
    let mut heard = Vec::new();
    let mut frame = [0; 128];
    while !stop.load(Ordering::Relaxed) {
        let _ = sendto(socket.as_raw_fd(), &question, &all, MsgFlags::empty());
        sleep(EACH_ARP);
        while let Ok(length) = recv(socket.as_raw_fd(), &mut frame, MsgFlags::empty()) {
            let from = frame[..length].get(28..32);
            if from == Some(&VIP[..]) {
                heard.push((Instant::now(), frame[22..28].try_into().unwrap()));
            }
        }
    }
    heard
}
