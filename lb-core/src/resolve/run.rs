//! The task of one `resolvers` section: its sockets, its timers, and the names that it looks after.

use super::follow::{self, Follower, Target};
use super::kept::Kept;
use super::machine::{Failure, Machine, Step, Timing, Wanted};
use super::message::{self, Reply};
use super::{Nameserver, Record, Request, Service};
use crate::proxy::Backend;
use crate::server::Server;
use haproxy_cfg_parser::model;
use slab::Slab;
use std::collections::hash_map::{Entry, HashMap};
use std::collections::{BTreeSet, HashSet, hash_map::RandomState};
use std::hash::BuildHasher;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

/// Which family of addresses a rule would rather have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // each is the family of that name
pub enum Lookup {
    Ipv4First,
    Ipv6First,
}

/// Most names that one section looks after.
const MOST_NAMES: usize = 65_536;
/// Answers that wait to be looked at.
const WAITING: usize = 4096;

/// Looks after the names of a section for as long as the section is there: those of servers in `backends` that name it,
/// and those that rules ask for.
pub(super) async fn run(
    (config, nameservers): (Arc<model::Resolvers>, Arc<[Nameserver]>),
    mut requests: mpsc::Receiver<Request>,
    mut backends: watch::Receiver<Vec<Arc<Backend>>>,
) {
    let (tell, mut heard) = mpsc::channel(WAITING);
    let mut task = Task::new(config, nameservers, tell);
    task.serve(&backends.borrow_and_update().clone(), Instant::now());
    loop {
        let due = task.due().unwrap_or_else(|| Instant::now() + Duration::from_secs(60));
        tokio::select! {
            Some((index, bytes)) = heard.recv() => task.heard(index, &bytes, Instant::now()),
            request = requests.recv() => match request {
                Some(request) => task.request(request, Instant::now()),
                None => return,
            },
            Ok(()) = backends.changed() => task.serve(&backends.borrow_and_update().clone(), Instant::now()),
            () = tokio::time::sleep_until(due.into()) => {}
        }
        task.tick(Instant::now());
    }
}

/// A socket that only one name server's datagrams reach.
fn open(address: SocketAddr) -> io::Result<UdpSocket> {
    let any: IpAddr =
        if address.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = std::net::UdpSocket::bind((any, 0))?;
    socket.connect(address)?;
    socket.set_nonblocking(true)?;
    UdpSocket::from_std(socket)
}

async fn listen(socket: Arc<UdpSocket>, index: usize, size: usize, tell: mpsc::Sender<(usize, Vec<u8>)>) {
    let mut buffer = vec![0; size];
    loop {
        match socket.recv(&mut buffer).await {
            Ok(length) => {
                let bytes = buffer.get(..length).unwrap_or_default().to_vec();
                if tell.send((index, bytes)).await.is_err() {
                    return;
                }
            }
            // The name server's machine said that nobody listens there; it may come.
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

/// A name that somebody wants to know about.
struct Name {
    name: String,
    wanted: Wanted,
    machine: Machine,
    /// The id of the open question, and which name servers have answered it.
    open: Option<(u16, Vec<bool>)>,
    kept: Kept,
    /// When there was an answer last; before the first, when the name was new.
    valid: Instant,
    /// The last resolution found something.
    found: bool,
    followers: Vec<Follower>,
    waiting: Vec<oneshot::Sender<IpAddr>>,
    due: Instant,
}

struct Task {
    config: Arc<model::Resolvers>,
    nameservers: Arc<[Nameserver]>,
    backends: Vec<Arc<Backend>>,
    /// What listens to the sockets.
    listeners: JoinSet<()>,
    /// Those of name servers that have been asked; nobody needs one in a section that nobody uses.
    sockets: Vec<Option<Arc<UdpSocket>>>,
    tell: mpsc::Sender<(usize, Vec<u8>)>,
    names: Slab<Name>,
    index: HashMap<(String, Wanted), usize>,
    ids: HashMap<u16, usize>,
    agenda: BTreeSet<(Instant, usize)>,
    /// Makes ids that nobody outside can foresee.
    secret: RandomState,
    asked: u64,
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

impl Task {
    fn new(
        config: Arc<model::Resolvers>,
        nameservers: Arc<[Nameserver]>,
        tell: mpsc::Sender<(usize, Vec<u8>)>,
    ) -> Self {
        Self {
            sockets: vec![None; nameservers.len()],
            config,
            nameservers,
            backends: Vec::new(),
            listeners: JoinSet::new(),
            tell,
            names: Slab::new(),
            index: HashMap::new(),
            ids: HashMap::new(),
            agenda: BTreeSet::new(),
            secret: RandomState::new(),
            asked: 0,
        }
    }

    /// Has the servers of these backends follow their names. Those that do already go on with what they have, those that
    /// are not there any more are left alone.
    fn serve(&mut self, backends: &[Arc<Backend>], now: Instant) {
        self.backends = backends.to_vec();
        let mut wanted: HashMap<usize, (&Arc<Backend>, Arc<Server>)> = HashMap::new();
        for backend in backends {
            let of_section =
                |server: &&Arc<Server>| server.config.resolve.resolvers.as_ref() == Some(&self.config.name);
            let servers = backend.servers.load();
            let own = servers.iter().filter(of_section);
            wanted.extend(own.map(|one| (one.uid, (backend, Arc::clone(one)))));
        }
        let mut known = HashSet::new();
        for (_, name) in self.names.iter_mut() {
            name.followers.retain_mut(|follower| match wanted.get(&follower.server.uid) {
                Some((backend, server)) => {
                    follower.backend = Arc::clone(backend);
                    known.insert(server.uid);
                    true
                }
                None => false,
            });
        }
        let mut new: Vec<_> = wanted.into_iter().filter(|(uid, _)| !known.contains(uid)).collect();
        new.sort_unstable_by_key(|(uid, _)| *uid);
        for (_, (backend, server)) in new {
            let follower = Follower::new(backend, &server);
            if let Some(service) = server.service() {
                self.follow(service.to_owned(), Wanted::Service, follower, now);
            } else if let Some(name) = server.hostname() {
                self.follow(name.to_string(), family(&follower), follower, now);
            }
        }
    }

    fn due(&self) -> Option<Instant> {
        self.agenda.first().map(|(due, _)| *due)
    }

    fn tick(&mut self, now: Instant) {
        while let Some((due, key)) = self.agenda.first().copied() {
            if due > now {
                return;
            }
            let hold = self.config.hold.valid;
            let Some(name) = self.names.get_mut(key) else {
                self.agenda.remove(&(due, key));
                continue;
            };
            // Nobody wants it any more, and what is known of it is old.
            let unwanted = name.followers.is_empty() && name.waiting.is_empty();
            if unwanted && name.machine.is_resting() {
                let end = name.valid + hold;
                if end <= now {
                    self.forget(key);
                } else {
                    self.agenda.remove(&(due, key));
                    name.due = end;
                    self.agenda.insert((end, key));
                }
                continue;
            }
            if let Some((_, answered)) = &name.open {
                for (server, answered) in self.nameservers.iter().zip(answered) {
                    if !answered {
                        count(&server.counters.timeout);
                    }
                }
            }
            let step = name.machine.tick(now);
            self.step(key, step, now, None);
        }
    }

    /// A datagram from a name server.
    fn heard(&mut self, index: usize, bytes: &[u8], now: Instant) {
        let nameservers = Arc::clone(&self.nameservers);
        let Some(server) = nameservers.get(index) else { return };
        let counters = &server.counters;
        if bytes.len() > usize::from(self.config.payload).max(512) {
            return count(&counters.too_big);
        }
        let Some(id) = message::id(bytes) else { return count(&counters.invalid) };
        // Late, repeated, or guessed.
        let Some(key) = self.ids.get(&id).copied() else { return count(&counters.outdated) };
        let Some(name) = self.names.get_mut(key) else { return };
        let Some(question) = name.machine.open() else { return count(&counters.outdated) };
        let reply = message::reply(bytes, &name.name, question);
        if reply == Reply::Invalid {
            // Not what was asked: the true answer may still come.
            return count(&counters.invalid);
        }
        let Some((_, answered)) = &mut name.open else { return };
        match answered.get_mut(index) {
            Some(done) if !*done => *done = true,
            _ => return count(&counters.outdated),
        }
        note(server, &reply);
        let step = name.machine.answered(reply, now);
        self.step(key, step, now, Some(index));
    }

    fn request(&mut self, request: Request, now: Instant) {
        match request {
            Request::LookUp { name, lookup, tell } => {
                let wanted = match lookup {
                    Lookup::Ipv4First => Wanted::Ipv4First,
                    Lookup::Ipv6First => Wanted::Ipv6First,
                };
                let Some(key) = self.name(message::canonical(&name), wanted, now) else { return };
                let hold = self.config.hold.valid;
                let Some(name) = self.names.get_mut(key) else { return };
                if name.found && now.saturating_duration_since(name.valid) < hold {
                    answer(&name.kept, [tell]);
                } else {
                    name.waiting.push(tell);
                    name.machine.hurry(now);
                    self.schedule(key);
                }
            }
            Request::Follow { backend, server, name } => {
                let backend = self.backends.iter().find(|known| known.name == backend).cloned();
                let Some(backend) = backend else { return };
                let Some(server) = backend.servers.find(&server) else { return };
                for (_, name) in self.names.iter_mut() {
                    name.followers.retain(|follower| name.wanted == Wanted::Service || !follower.is(&server));
                }
                let name = message::canonical(&name);
                follow::rename(&backend, &server, Some(&name), "'stats socket command'");
                let follower = Follower::new(&backend, &server);
                self.follow(name, family(&follower), follower, now);
            }
        }
    }

    /// The name's entry, made where there is none; none where there are too many.
    fn name(&mut self, name: String, wanted: Wanted, now: Instant) -> Option<usize> {
        let full = self.names.len() >= MOST_NAMES;
        let config = &self.config;
        match self.index.entry((name.clone(), wanted)) {
            Entry::Occupied(known) => Some(*known.get()),
            Entry::Vacant(_) if full => None,
            Entry::Vacant(vacant) => {
                let timing = Timing::new(config);
                let key = self.names.insert(Name {
                    name,
                    wanted,
                    machine: Machine::new(wanted, timing, now),
                    open: None,
                    kept: Kept::default(),
                    valid: now,
                    found: false,
                    followers: Vec::new(),
                    waiting: Vec::new(),
                    due: now,
                });
                vacant.insert(key);
                self.agenda.insert((now, key));
                Some(key)
            }
        }
    }

    fn follow(&mut self, name: String, wanted: Wanted, follower: Follower, now: Instant) {
        let Some(key) = self.name(message::canonical(&name), wanted, now) else { return };
        let Some(name) = self.names.get_mut(key) else { return };
        name.followers.push(follower);
        if name.found {
            self.settle(key, "DNS cache");
        }
    }

    fn forget(&mut self, key: usize) {
        let Some(name) = self.names.try_remove(key) else { return };
        self.agenda.remove(&(name.due, key));
        self.index.remove(&(name.name, name.wanted));
        if let Some((id, _)) = name.open {
            self.ids.remove(&id);
        }
    }

    /// Puts the name where its time says.
    fn schedule(&mut self, key: usize) {
        if let Some(name) = self.names.get_mut(key) {
            self.agenda.remove(&(name.due, key));
            name.due = name.machine.due();
            self.agenda.insert((name.due, key));
        }
    }

    fn step(&mut self, key: usize, step: Step, now: Instant, from: Option<usize>) {
        let config = Arc::clone(&self.config);
        match step {
            Step::Wait => {}
            Step::Ask(question) => {
                self.close(key);
                let servers = self.ask(key, question);
                if let Some(name) = self.names.get_mut(key) {
                    name.machine.asked(servers);
                }
            }
            Step::Found(records) => {
                self.close(key);
                let by = from.and_then(|index| self.nameservers.get(index));
                let by = by.map_or_else(String::new, |server| format!("{}/{}", config.name, server.name));
                if let Some(name) = self.names.get_mut(key) {
                    name.kept.update(records, now, config.hold.obsolete);
                    (name.valid, name.found) = (now, true);
                    answer(&name.kept, name.waiting.drain(..));
                }
                let moves = self.settle(key, &by);
                if let Some(server) = from.and_then(|index| self.nameservers.get(index)) {
                    server.counters.update.fetch_add(moves, Ordering::Relaxed);
                }
            }
            Step::Failed(failure) => {
                self.close(key);
                let (hold, cause) = match failure {
                    Failure::Nx => (config.hold.nx, "DNS NX status"),
                    Failure::Refused => (config.hold.refused, "DNS refused status"),
                    Failure::Timeout => (config.hold.timeout, "DNS timeout status"),
                    Failure::Other => (config.hold.other, "unspecified DNS error"),
                };
                let mut targets = Vec::new();
                if let Some(name) = self.names.get_mut(key) {
                    name.waiting.clear();
                    if now.saturating_duration_since(name.valid) >= hold {
                        (name.found, name.kept) = (false, Kept::default());
                        for follower in &mut name.followers {
                            match name.wanted {
                                Wanted::Service => targets.extend(follow::leave(follower, cause)),
                                _ => follower.lose(cause),
                            }
                        }
                    }
                }
                self.retarget(targets, now);
            }
        }
        self.schedule(key);
    }

    /// Has the followers of a name follow what is known of it; how many addresses are new.
    fn settle(&mut self, key: usize, by: &str) -> u64 {
        let now = Instant::now();
        let Some(name) = self.names.get_mut(key) else { return 0 };
        let records: Vec<Record> = name.kept.records().cloned().collect();
        if name.wanted != Wanted::Service {
            return follow::addresses(&mut name.followers, &records, by);
        }
        let services: Vec<Service> = records
            .into_iter()
            .filter_map(|record| match record {
                Record::Service(service) => Some(service),
                Record::Address(_) => None,
            })
            .collect();
        let targets = follow::services(&mut name.followers, &services);
        self.retarget(targets, now);
        0
    }

    fn retarget(&mut self, targets: Vec<Target>, now: Instant) {
        for target in targets {
            match target {
                Target::Begin(follower, name) => self.follow(name, family(&follower), follower, now),
                Target::End(server, name) => {
                    for wanted in [Wanted::Ipv4First, Wanted::Ipv6First] {
                        let key = self.index.get(&(name.clone(), wanted)).copied();
                        if let Some(name) = key.and_then(|key| self.names.get_mut(key)) {
                            name.followers.retain(|follower| !follower.is(&server));
                        }
                    }
                }
            }
        }
    }

    /// Forgets the open question.
    fn close(&mut self, key: usize) {
        if let Some((id, _)) = self.names.get_mut(key).and_then(|name| name.open.take()) {
            self.ids.remove(&id);
        }
    }

    /// Asks all name servers; how many could be.
    fn ask(&mut self, key: usize, question: super::Question) -> usize {
        let Some(id) = self.fresh_id() else { return 0 };
        self.open_sockets();
        let Some(name) = self.names.get_mut(key) else { return 0 };
        let Some(bytes) = message::query(id, &name.name, question, self.config.payload) else {
            return 0;
        };
        let mut answered = Vec::with_capacity(self.sockets.len());
        for (socket, server) in self.sockets.iter().zip(&*self.nameservers) {
            let sent = socket.as_ref().is_some_and(|socket| send(socket, &bytes));
            count(if sent { &server.counters.sent } else { &server.counters.snd_error });
            answered.push(!sent);
        }
        let servers = answered.iter().filter(|answered| !**answered).count();
        name.open = Some((id, answered));
        self.ids.insert(id, key);
        servers
    }

    /// Opens the sockets that are not open yet.
    fn open_sockets(&mut self) {
        for (index, server) in self.nameservers.iter().enumerate() {
            let Some(slot @ None) = self.sockets.get_mut(index) else { continue };
            match open(server.address) {
                Ok(socket) => {
                    let socket = Arc::new(socket);
                    let size = usize::from(self.config.payload).max(512) + 1;
                    self.listeners.spawn(listen(Arc::clone(&socket), index, size, self.tell.clone()));
                    *slot = Some(socket);
                }
                Err(error) => tracing::error!(nameserver = server.name, %error, "cannot ask a name server"),
            }
        }
    }

    /// An id that no open question has.
    fn fresh_id(&mut self) -> Option<u16> {
        (0..64).find_map(|_| {
            self.asked = self.asked.wrapping_add(1);
            let id = (self.secret.hash_one(self.asked) & 0xffff) as u16;
            (!self.ids.contains_key(&id)).then_some(id)
        })
    }
}

/// Sends a datagram; the first error may be about the one before.
fn send(socket: &UdpSocket, bytes: &[u8]) -> bool {
    socket.try_send(bytes).is_ok() || socket.try_send(bytes).is_ok()
}

/// The first address that is known, for all who wait.
fn answer(kept: &Kept, waiting: impl IntoIterator<Item = oneshot::Sender<IpAddr>>) {
    let first = kept.records().find_map(|record| match record {
        Record::Address(ip) => Some(*ip),
        Record::Service(_) => None,
    });
    for tell in waiting {
        if let Some(ip) = first {
            // Who asked may have gone.
            let _ = tell.send(ip);
        }
    }
}

fn family(follower: &Follower) -> Wanted {
    if follower.server.config.resolve.prefer_ipv4 { Wanted::Ipv4First } else { Wanted::Ipv6First }
}

fn note(server: &Nameserver, reply: &Reply) {
    let counters = &server.counters;
    match reply {
        Reply::Records { aliased, .. } => {
            count(&counters.valid);
            if *aliased {
                count(&counters.cname);
            }
        }
        Reply::Empty => count(&counters.any_err),
        Reply::DeadAlias => count(&counters.cname_error),
        Reply::Nx => count(&counters.nx),
        Reply::Refused => count(&counters.refused),
        Reply::Other => count(&counters.other),
        Reply::Truncated => count(&counters.truncated),
        Reply::Invalid => count(&counters.invalid),
    }
}
