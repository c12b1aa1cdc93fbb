//! Nodes, servers and what lies between them, on a clock of their own. Nodes check as the engine does; what they agree on is
//! committed a little later; frames take their time. All chance comes from one seed.

use crate::health::core::{Core, Incident};
use crate::health::{Frame, Standing, View};
use crate::state::{Decision, Finding, Found, NodeId, Ruling, State, TargetId};
use fastrand::Rng;
use lb_core::check::{Health, Status, Wake};
use std::time::Duration;

pub(super) const STEP: Duration = Duration::from_millis(5);
pub(super) const INTER: Duration = Duration::from_millis(1000);
pub(super) const FAST: Duration = Duration::from_millis(300);
pub(super) const DOWN: Duration = Duration::from_millis(700);
pub(super) const RISE: u32 = 2;
pub(super) const FALL: u32 = 3;
/// A check that gets no answer.
pub(super) const TIMEOUT: Duration = Duration::from_millis(400);
/// A proposal is committed within this.
pub(super) const COMMIT: Duration = Duration::from_millis(30);

/// What a node gets from a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    Good,
    /// Connections are refused.
    Refused,
    /// Nothing comes back.
    Silent,
    /// Half of the packets are lost.
    Half,
}

pub(super) struct Server {
    pub(super) alive: bool,
    /// It hangs rather than refuses when it is dead.
    pub(super) hangs: bool,
    /// Checks made of it: when, by whom.
    pub(super) checks: Vec<(Duration, usize)>,
}

#[derive(Clone)]
struct Task {
    health: Health,
    due: Duration,
    /// From when on a check counts, whatever the one before it found.
    counts: Duration,
    /// What the last one found.
    good: Option<bool>,
    /// Ends then, with this result.
    busy: Option<(Duration, bool, Status)>,
    now: bool,
    look: bool,
    answered: Option<Duration>,
    unreached: Option<Duration>,
}

pub(super) struct Node {
    pub(super) core: Core,
    pub(super) alive: bool,
    /// What its traffic goes by.
    pub(super) state: Vec<Standing>,
    /// The servers in its file, by what it knows each.
    pub(super) ids: Vec<TargetId>,
    tasks: Vec<Task>,
    revision: Option<u64>,
    proposed: Option<Duration>,
    greeted: Vec<Duration>,
    pub(super) said: Vec<(Duration, Incident)>,
}

pub(super) struct World {
    pub(super) rng: Rng,
    pub(super) now: Duration,
    pub(super) nodes: Vec<Node>,
    pub(super) servers: Vec<Server>,
    /// What each node gets from each server.
    pub(super) reach: Vec<Vec<Reach>>,
    pub(super) state: State,
    pub(super) entries: usize,
    pub(super) traffic: bool,
    /// Findings that one entry carries.
    pub(super) room: usize,
    /// The longest frame, in bytes, and the most servers that one look took.
    pub(super) longest: usize,
    pub(super) most: usize,
    commits: Vec<(Duration, usize, Vec<Finding>)>,
    /// When each arrives, where, and whether it is a request.
    frames: Vec<(Duration, usize, Frame, bool)>,
}

pub(super) fn node_id(node: usize) -> NodeId {
    NodeId(node as u64 + 100)
}

fn check_health() -> Health {
    let mut health = Health::new(RISE, FALL);
    health.set(u32::MAX);
    health
}

impl World {
    pub(super) fn new(seed: u64, nodes: usize, servers: usize) -> Self {
        let mut rng = Rng::with_seed(seed);
        let mut world = Self {
            now: Duration::ZERO,
            nodes: Vec::new(),
            servers: (0..servers)
                .map(|_| Server { alive: true, hangs: rng.bool(), checks: Vec::new() })
                .collect(),
            reach: vec![vec![Reach::Good; servers]; nodes],
            state: State::default(),
            entries: 0,
            traffic: true,
            room: 3,
            longest: 0,
            most: 0,
            commits: Vec::new(),
            frames: Vec::new(),
            rng,
        };
        for node in 0..nodes {
            let ids = (0..servers).map(|server| TargetId(server as u128 * 7919 + u128::from(seed))).collect();
            let fresh = world.node(node, ids, nodes);
            world.nodes.push(fresh);
        }
        world
    }

    fn node(&mut self, node: usize, ids: Vec<TargetId>, nodes: usize) -> Node {
        let rng = &mut self.rng;
        let first = self.now;
        let mut task = || Task {
            health: check_health(),
            due: first + INTER.mul_f64(rng.f64()),
            counts: first,
            good: None,
            busy: None,
            now: false,
            look: false,
            answered: None,
            unreached: None,
        };
        Node {
            core: Core::new(node_id(node)),
            alive: true,
            state: vec![Standing::Up; ids.len()],
            tasks: ids.iter().map(|_| task()).collect(),
            ids,
            revision: None,
            proposed: None,
            greeted: vec![Duration::ZERO; nodes],
            said: Vec::new(),
        }
    }

    /// A node's process is killed, or comes back knowing nothing.
    pub(super) fn set_alive(&mut self, node: usize, alive: bool) {
        if alive && !self.nodes[node].alive {
            let ids = self.nodes[node].ids.clone();
            self.nodes[node] = self.node(node, ids, self.nodes.len());
        }
        self.nodes[node].alive = alive;
    }

    /// What a node gets from all servers.
    pub(super) fn set_reach(&mut self, node: usize, reach: Reach) {
        self.reach[node].iter_mut().for_each(|one| *one = reach);
    }

    pub(super) fn run(&mut self, time: Duration, mut each: impl FnMut(&mut Self)) {
        let end = self.now + time;
        while self.now < end {
            self.step();
            each(self);
        }
    }

    fn quorum(&self) -> bool {
        self.nodes.iter().filter(|node| node.alive).count() * 2 > self.nodes.len()
    }

    fn step(&mut self) {
        self.now += STEP;
        let now = self.now;
        let quorum = self.quorum();
        let due = |at: &Duration| *at <= now;
        let (ready, later) = std::mem::take(&mut self.commits).into_iter().partition(|(at, ..)| due(at));
        self.commits = later;
        let ready: Vec<_> = ready;
        for (_, by, findings) in ready {
            if quorum {
                self.entries += 1;
                self.state.apply(0, &Decision::Health(findings));
            }
            self.nodes[by].proposed = None;
        }
        let (arrived, later) = std::mem::take(&mut self.frames).into_iter().partition(|(at, ..)| due(at));
        self.frames = later;
        let arrived: Vec<_> = arrived;
        for (_, to, frame, asks) in arrived {
            if !self.nodes[to].alive {
                continue;
            }
            let from = frame.from;
            self.nodes[to].core.hear(frame, now);
            if asks {
                let answer = self.nodes[to].core.greeting(from);
                let back = (0..self.nodes.len()).find(|node| node_id(*node) == from).unwrap();
                self.send(back, answer, false);
            }
        }
        let leader = self.nodes.iter().position(|node| node.alive);
        for node in 0..self.nodes.len() {
            if self.nodes[node].alive {
                self.node_step(node, quorum, leader == Some(node));
            }
        }
    }

    fn send(&mut self, to: usize, frame: Frame, asks: bool) {
        let at = self.now + Duration::from_millis(self.rng.u64(1..8));
        let length = postcard::experimental::serialized_size(&frame).unwrap();
        self.longest = self.longest.max(length);
        self.frames.push((at, to, frame, asks));
    }

    fn node_step(&mut self, node: usize, quorum: bool, leads: bool) {
        let now = self.now;
        let others: Vec<_> = (0..self.nodes.len()).filter(|other| *other != node).collect();
        let own = &mut self.nodes[node];
        own.core.enter(node_id(node), others.iter().map(|other| node_id(*other)), quorum, leads);
        let verdicts = self.state.health();
        if own.revision != Some(verdicts.revision()) && self.rng.u8(..4) == 0 {
            own.revision = Some(verdicts.revision());
            own.core.adopt(verdicts, now);
        }
        let room = if own.proposed.is_none() && quorum { self.room } else { 0 };
        let findings = own.core.tick(room, 0, now);
        self.most = self.most.max(own.core.work);
        if !findings.is_empty() {
            own.proposed = Some(now);
            let at = now + COMMIT.mul_f64(self.rng.f64());
            self.commits.push((at, node, findings));
        }
        for other in others {
            let own = &mut self.nodes[node];
            let to = node_id(other);
            if own.core.has_news(to) || now >= own.greeted[other] + Duration::from_millis(250) {
                own.greeted[other] = now;
                let frame = own.core.frame(to);
                self.send(other, frame, true);
            }
        }
        let count = self.nodes[node].ids.len();
        for server in 0..count {
            self.check(node, server);
            if self.traffic && self.rng.u8(..20) == 0 {
                self.request(node, server);
            }
        }
        self.wake(node);
    }

    /// Hands on what the core has asked for.
    fn wake(&mut self, node: usize) {
        let own = &mut self.nodes[node];
        for (id, wake) in std::mem::take(&mut own.core.wakes) {
            let Some(at) = own.ids.iter().position(|known| *known == id) else { continue };
            match wake {
                Wake::Now => own.tasks[at].now = true,
                Wake::Look => own.tasks[at].look = true,
                Wake::Soon => {}
            }
        }
        let now = self.now;
        own.said.extend(std::mem::take(&mut own.core.incidents).into_iter().map(|said| (now, said)));
    }

    /// A request of a client.
    fn request(&mut self, node: usize, server: usize) {
        if self.nodes[node].state[server] == Standing::Down {
            return;
        }
        let answered = self.answers(node, server);
        let (now, own) = (self.now, &mut self.nodes[node]);
        if answered {
            own.tasks[server].answered = Some(now);
        } else if own.tasks[server]
            .unreached
            .replace(now)
            .is_none_or(|at| at + Duration::from_millis(1) < now)
        {
            own.core.unreached(own.ids[server], now);
        }
    }

    fn answers(&mut self, node: usize, server: usize) -> bool {
        self.servers[server].alive
            && match self.reach[node][server] {
                Reach::Good => true,
                Reach::Half => self.rng.bool(),
                Reach::Refused | Reach::Silent => false,
            }
    }

    /// What the engine's task of a server's checks does.
    fn check(&mut self, node: usize, server: usize) {
        let now = self.now;
        if let Some((end, good, status)) = self.nodes[node].tasks[server].busy {
            if end > now {
                return;
            }
            let own = &mut self.nodes[node];
            let task = &mut own.tasks[server];
            task.busy = None;
            let early = now < task.counts && task.good.replace(good) == Some(good);
            task.good = Some(good);
            match good {
                _ if early => false,
                true => task.health.pass(),
                false => task.health.fail(),
            };
            let standing = if task.health.is_up() { Standing::Up } else { Standing::Down };
            let found = Found { status: status as u8, ..Found::default() };
            own.core.found(own.ids[server], View { good, standing, found }, own.state[server], now);
            self.settle(node, server);
            let own = &mut self.nodes[node];
            let task = &mut own.tasks[server];
            let down = own.state[server] == Standing::Down;
            let interval = match () {
                () if task.health.is_full() => INTER,
                () if down && task.health.value() == 0 => DOWN,
                () => FAST,
            };
            if !early {
                task.due = now + interval;
                task.counts = task.due;
            }
        }
        self.wake(node);
        if std::mem::take(&mut self.nodes[node].tasks[server].look) {
            self.settle(node, server);
        }
        let own = &mut self.nodes[node];
        let task = &mut own.tasks[server];
        if !std::mem::take(&mut task.now) && task.due > now {
            return;
        }
        let id = own.ids[server];
        own.core.attend(id, &format!("b/s{server}"), INTER, own.state[server]);
        let (state, counts_up) = (own.state[server], own.tasks[server].health.is_up());
        own.core.stands(id, state, counts_up);
        self.settle(node, server);
        let own = &mut self.nodes[node];
        if !own.core.wants(id, own.state[server], now) {
            let task = &mut own.tasks[server];
            if task.due <= now {
                task.due = (task.due + INTER).max(now);
            }
            return;
        }
        let (good, one) = (self.answers(node, server), &mut self.servers[server]);
        one.checks.push((now, node));
        let silent = if one.alive { self.reach[node][server] != Reach::Refused } else { one.hangs };
        let (time, status) = match (good, silent) {
            (true, _) => (Duration::from_millis(2), Status::L4Ok),
            (false, true) => (TIMEOUT, Status::L4Timeout),
            (false, false) => (Duration::from_millis(2), Status::L4Connect),
        };
        self.nodes[node].tasks[server].busy = Some((now + time, good, status));
    }

    fn settle(&mut self, node: usize, server: usize) {
        let (now, own) = (self.now, &mut self.nodes[node]);
        let task = &mut own.tasks[server];
        let answered = task.answered.filter(|at| task.unreached.is_none_or(|failed| *at > failed));
        let answered = answered.map(|at| now - at);
        let settled = own.core.settle(own.ids[server], own.state[server], answered, now);
        if let Some((to, _)) = settled {
            if task.health.is_up() != to.is_up() {
                task.health.set(if to.is_up() { u32::MAX } else { 0 });
                task.good = Some(to.is_up());
            }
            own.state[server] = to;
        }
    }

    /// What the cluster says of a server, as the first node knows it.
    pub(super) fn ruling(&self, server: usize) -> Ruling {
        self.state.health().get(self.nodes[0].ids[server]).map_or(Ruling::Up, |verdict| verdict.ruling)
    }
}
