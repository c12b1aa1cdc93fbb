//! The client: asks by HTTP every 10 ms, each time on a new connection, by UDP every 5 ms, and all neighbours at once who has the
//! address; and notes who answers. Of both families, the virtual address is asked in turn.

mod echo;
mod frames;
mod neighbours;

pub(crate) use echo::Echo;
pub(crate) use neighbours::Claims;

use crate::world::{VIP, VIP6, World};
use lb_harness::glance;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle, sleep};
use std::time::{Duration, Instant};

/// How long an answer may take.
pub(crate) const PATIENCE: Duration = Duration::from_millis(300);
const EACH: Duration = Duration::from_millis(10);

/// When each request that was answered had begun, and by whom it was answered.
type Answers = Vec<(Instant, String)>;

/// A client at work.
pub(crate) struct Client {
    done: Arc<AtomicBool>,
    answers: Arc<Mutex<[Answers; 2]>>,
    http: JoinHandle<()>,
    echo: JoinHandle<[Vec<(Instant, usize)>; 2]>,
    neighbours: JoinHandle<Claims>,
}

/// What it saw.
pub(crate) struct Seen {
    /// By family.
    pub(crate) answers: [Answers; 2],
    echoes: [Vec<(Instant, usize)>; 2],
    pub(crate) claims: Claims,
    ended: Instant,
}

impl Client {
    /// `six`: the IPv6 address is asked, too.
    pub(crate) fn start(world: &World, six: bool) -> Self {
        let (done, answers) = (Arc::new(AtomicBool::new(false)), Arc::<Mutex<[Answers; 2]>>::default());
        let (stop, kept) = (Arc::clone(&done), Arc::clone(&answers));
        let http = world.on_client(move || {
            let mut next = Instant::now();
            let mut asking: Vec<JoinHandle<()>> = Vec::new();
            let mut family = 0;
            while !stop.load(Ordering::Relaxed) {
                let answers = Arc::clone(&kept);
                asking.retain(|one| !one.is_finished());
                asking.push(thread::spawn(move || {
                    let begun = Instant::now();
                    let ip = if family == 0 { IpAddr::from(VIP) } else { VIP6.parse().unwrap() };
                    if let Some(by) = ask(ip) {
                        answers.lock().unwrap()[family].push((begun, by));
                    }
                }));
                family = if six { 1 - family } else { 0 };
                next += EACH;
                sleep(next.saturating_duration_since(Instant::now()));
            }
            asking.into_iter().for_each(|one| one.join().unwrap());
        });
        let stop = Arc::clone(&done);
        let echo = world.on_client(move || echo::ask(&stop));
        let (stop, hosts) = (Arc::clone(&done), world.hosts);
        let neighbours = world.on_client(move || neighbours::ask(&stop, hosts));
        Self { done, answers, http, echo, neighbours }
    }

    /// Who answered last, of requests that began after some instant.
    pub(crate) fn answered_since(&self, since: Instant) -> Option<String> {
        let answers = self.answers.lock().unwrap();
        let all = answers.iter().flatten().filter(|(at, _)| *at >= since);
        all.max_by_key(|(at, _)| *at).map(|(_, by)| by.clone())
    }

    pub(crate) fn stop(self) -> Seen {
        self.done.store(true, Ordering::Relaxed);
        self.http.join().unwrap();
        let mut answers = std::mem::take(&mut *self.answers.lock().unwrap());
        answers.iter_mut().for_each(|answers| answers.sort());
        let (echoes, claims) = (self.echo.join().unwrap(), self.neighbours.join().unwrap());
        Seen { answers, echoes, claims, ended: Instant::now() }
    }
}

impl Seen {
    /// The longest time without an answer by HTTP, of questions asked within a time.
    pub(crate) fn outage(&self, from: Instant, to: Instant) -> Duration {
        let gaps = self.answers.iter().map(|answers| gap(answers.iter().map(|(at, _)| *at), from, to));
        gaps.max().unwrap_or_default()
    }

    /// The same by UDP.
    pub(crate) fn silence(&self, from: Instant, to: Instant) -> Duration {
        let gaps = self.echoes.iter().map(|answers| gap(answers.iter().map(|(at, _)| *at), from, to));
        gaps.max().unwrap_or_default()
    }

    /// When it stopped.
    pub(crate) fn ended(&self) -> Instant {
        self.ended
    }
}

/// The longest pause within a time; none where there is nothing.
fn gap(answers: impl Iterator<Item = Instant>, from: Instant, to: Instant) -> Duration {
    let answers: Vec<_> = answers.filter(|at| *at >= from && *at <= to).collect();
    answers.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or_default()
}

/// Asks once, on this thread's network.
pub(crate) fn ask(ip: IpAddr) -> Option<String> {
    glance(SocketAddr::new(ip, 80), PATIENCE)
}
