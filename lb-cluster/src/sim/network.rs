//! A network: it carries requests and answers, each on its own, late, in any order, or not at all.

use super::executor::Time;
use super::{Sim, with};
use crate::raft::{Door, Service, is_snapshot};
use crate::runtime::timeout;
use crate::state::Member;
use crate::transport::{Caller, Error, Handler, Roster};
use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

type Answer = Result<Vec<u8>, Error>;
type Answering =
    dyn Fn(Member, Vec<u8>) -> Pin<Box<dyn Future<Output = Result<Vec<u8>, String>> + Send>> + Send + Sync;

/// A process that answers.
pub(super) struct Open {
    life: usize,
    roster: Roster,
    terms: Vec<u8>,
    answering: Arc<Answering>,
}

/// What is between machines.
#[derive(Default)]
pub(super) struct Network {
    /// From whom to whom nothing comes, and until when.
    pub(super) cut: BTreeMap<(usize, usize), Time>,
    /// One in so many messages is lost; 0: none.
    pub(super) loses: u32,
    /// One in so many is late; 0: none.
    pub(super) delays: u32,
    waiting: BTreeMap<u64, oneshot::Sender<Answer>>,
    asked: u64,
}

impl Network {
    pub(super) fn is_cut(&self, from: usize, to: usize, now: Time) -> bool {
        self.cut.get(&(from, to)).is_some_and(|until| *until > now)
    }

    pub(super) fn is_whole(&self, now: Time) -> bool {
        self.cut.values().all(|until| *until <= now)
    }
}

impl Sim {
    /// When a message that is sent now arrives. None: never.
    fn carry(&mut self, from: usize, to: usize) -> Option<Time> {
        let now = self.executor.now();
        let (loses, delays) = (self.world.network.loses, self.world.network.delays);
        if self.world.network.is_cut(from, to, now) {
            return None;
        }
        if loses > 0 && self.world.one_in(loses) {
            self.world.coverage.count("messages lost");
            return None;
        }
        let time = if delays > 0 && self.world.one_in(delays) {
            self.world.coverage.count("messages delayed");
            if self.world.one_in(4) { self.world.ms(50.0, 400.0) } else { self.world.ms(5.0, 50.0) }
        } else {
            self.world.ms(0.05, 1.0)
        };
        Some(now + time)
    }

    /// Brings an answer back.
    fn answer(&mut self, from: usize, to: usize, number: u64, answer: Answer) {
        if let Some(at) = self.carry(from, to) {
            self.executor.at(at, move || {
                let waiting = with(|sim| sim.world.network.waiting.remove(&number));
                if let Some(waiting) = waiting {
                    let _ = waiting.send(answer);
                }
            });
        }
    }
}

/// Answers whoever asks a process, until it ends.
pub(super) fn open(
    machine: usize,
    life: usize,
    door: Door,
    service: Service,
) -> impl Future<Output = ()> + Send + use<> {
    let service = Arc::new(service);
    let answering = move |peer: Member,
                          request: Vec<u8>|
          -> Pin<Box<dyn Future<Output = Result<Vec<u8>, String>> + Send>> {
        let service = Arc::clone(&service);
        Box::pin(async move { service.handle(&peer, &request).await })
    };
    let open = Open { life, roster: door.roster, terms: door.caller.terms, answering: Arc::new(answering) };
    with(|sim| sim.world.machines[machine].open = Some(open));
    std::future::pending()
}

/// Takes the place of a link's call.
pub(crate) async fn call(caller: &Caller, peer: &Member, request: &[u8], limit: Duration) -> Answer {
    let (told, answer) = oneshot::channel();
    let number = with(|sim| {
        let network = &mut sim.world.network;
        network.asked += 1;
        let number = network.asked;
        network.waiting.insert(number, told);
        let whose = |member: &Member| {
            let all = sim.world.machines.iter();
            all.clone().position(|machine| machine.member.address == member.address).unwrap_or_default()
        };
        let (from, to) = (whose(&caller.me), whose(peer));
        if is_snapshot(request) {
            sim.world.coverage.count("snapshot sent");
            if !sim.world.network.is_whole(sim.executor.now()) {
                sim.world.coverage.count("snapshot under partition");
            }
        }
        if let Some(at) = sim.carry(from, to) {
            let (me, terms, request) = (caller.me.clone(), caller.terms.clone(), request.to_vec());
            sim.executor.at(at, move || arrive(from, to, number, &me, &terms, request));
        }
        number
    });
    let waiting = Waiting(number);
    let answered = timeout(limit, answer).await;
    drop(waiting);
    match answered {
        Ok(Ok(answer)) => answer,
        _ => Err(Error::Late(limit)),
    }
}

/// Nobody waits for an answer when it is dropped.
struct Waiting(u64);

impl Drop for Waiting {
    fn drop(&mut self) {
        let waiting = super::try_with(|sim| sim.world.network.waiting.remove(&self.0));
        drop(waiting);
    }
}

/// What a server does with what arrives, up to its handler (`transport::server`).
fn arrive(from: usize, to: usize, number: u64, caller: &Member, terms: &[u8], request: Vec<u8>) {
    with(|sim| {
        let Some(open) = &sim.world.machines[to].open else {
            let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
            return sim.answer(to, from, number, Err(refused.into()));
        };
        let Some(peer) = open.roster.member(&caller.name, caller.address.ip()) else {
            let closed = io::Error::from(io::ErrorKind::ConnectionReset);
            return sim.answer(to, from, number, Err(closed.into()));
        };
        // Rule 7: all have the same terms.
        if open.terms != terms {
            sim.world.coverage.count("other terms refused");
            if sim.world.telling.without != Some(7) {
                return sim.answer(to, from, number, Err(Error::OtherTerms));
            }
        }
        let Some(open) = &sim.world.machines[to].open else { return };
        let (life, answering) = (open.life, Arc::clone(&open.answering));
        let work = async move {
            let answer = answering(peer, request).await.map_err(Error::Refused);
            with(|sim| sim.answer(to, from, number, answer));
        };
        sim.executor.spawn(life, Box::pin(work));
    });
}
