#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::admission::enter;
use super::*;
use crate::balance::Balance;
use crate::proxy::ProxyStats;
use proptest::prelude::*;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

struct Bench {
    stats: Arc<ProxyStats>,
    balance: Balance,
    servers: Vec<Arc<Server>>,
    priority: Priority,
}

impl Bench {
    fn new(algorithm: &'static str, count: usize, edit: impl Fn(&mut model::ServerLine)) -> Self {
        let stats = Arc::new(ProxyStats::new(1));
        // Those who are served elsewhere: without any, a queue would never move and turns be taken past it.
        stats.current.store(1000, Ordering::Relaxed);
        let farm = Farm::new(stats.clone(), 0, true);
        let servers = testing::servers_of(&farm, &vec![1; count], edit);
        let mut proxy = testing::proxy();
        proxy.balance = Some(model::Balance { algorithm, args: vec![], expr: None, place: testing::place() });
        let balance = Balance::new(&proxy, &servers, None).unwrap();
        Self { stats, balance, servers, priority: Priority::default() }
    }

    fn enter(&self, direct: Option<usize>) -> Admission {
        let direct = direct.map(|index| &self.servers[index]);
        enter(&self.balance, &self.servers, || None, direct, None, true, self.priority)
    }

    fn slot(&self) -> Slot {
        match self.enter(None) {
            Admission::Slot(slot) => slot,
            other => panic!("{other:?}"),
        }
    }

    fn wait(&self, direct: Option<usize>) -> Waiting {
        match self.enter(direct) {
            Admission::Wait(waiting) => waiting,
            other => panic!("{other:?}"),
        }
    }

    fn queued(&self) -> (u32, Vec<u32>) {
        let of = |server: &Arc<Server>| server.queued.load(Ordering::Relaxed);
        (self.stats.queued.load(Ordering::Relaxed), self.servers.iter().map(of).collect())
    }
}

fn poll(waiting: &mut Waiting) -> Option<Turn> {
    match pin!(waiting.turn()).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(turn) => Some(turn),
        Poll::Pending => None,
    }
}

fn granted(waiting: &mut Waiting) -> Option<(Slot, u32)> {
    match poll(waiting)? {
        Turn::Slot(slot, position) => Some((slot, position)),
        Turn::Again(_) => panic!("sent to choose again"),
    }
}

#[test]
fn the_oldest_of_both_queues_goes_first() {
    let bench = Bench::new("roundrobin", 1, |line| line.maxconn = Some(1));
    let slot = bench.slot();
    let mut any_1 = bench.wait(None);
    let mut own_2 = bench.wait(Some(0));
    let mut any_3 = bench.wait(None);
    assert_eq!(bench.queued(), (2, vec![1]));
    drop(slot);
    assert!(granted(&mut own_2).is_none() && granted(&mut any_3).is_none());
    let (slot, position) = granted(&mut any_1).unwrap();
    assert_eq!(position, 1);
    drop(slot);
    let (slot, position) = granted(&mut own_2).unwrap();
    assert_eq!(position, 1);
    drop(slot);
    let (slot, position) = granted(&mut any_3).unwrap();
    assert_eq!((position, bench.queued()), (2, (0, vec![0])));
    drop(slot);
    assert_eq!(bench.servers[0].served.load(Ordering::Relaxed), 0);
}

#[test]
fn one_that_leaves_loses_nothing() {
    let bench = Bench::new("roundrobin", 1, |line| line.maxconn = Some(1));
    let slot = bench.slot();
    let (first, mut second, third) = (bench.wait(None), bench.wait(None), bench.wait(None));
    assert_eq!(third.position(), 1);
    drop(slot);
    // haproxy 2.6.12 logs a request that gives up with the turns that others had, and one for itself.
    assert_eq!(third.position(), 2);
    drop(third);
    // The first has its slot now, and goes without having looked.
    assert_eq!(bench.queued(), (1, vec![0]));
    drop(first);
    assert!(granted(&mut second).is_some());
    assert_eq!(bench.queued(), (0, vec![0]));
}

#[test]
fn a_full_queue_refuses_or_redispatches() {
    let bench = Bench::new("roundrobin", 2, |line| {
        line.maxconn = Some(1);
        line.maxqueue = Some(1);
    });
    let _slot = bench.slot();
    let _waiting = bench.wait(Some(0));
    assert!(matches!(bench.enter(Some(0)), Admission::Slot(slot) if slot.server().unwrap().name == "s2"));
    let direct =
        enter(&bench.balance, &bench.servers, || None, Some(&bench.servers[0]), None, false, bench.priority);
    assert!(matches!(direct, Admission::Refused(Refusal::QueueFull)));
}

#[test]
fn a_server_that_goes_down_sends_its_queue_away() {
    let bench = Bench::new("roundrobin", 2, |line| line.maxconn = Some(1));
    let _slots = (bench.slot(), bench.slot());
    let mut waiting = bench.wait(Some(0));
    bench.servers[0].set_admin(admin::FORCED_MAINT, 0);
    assert!(matches!(poll(&mut waiting), Some(Turn::Again(1))));
    assert_eq!(bench.queued(), (0, vec![0, 0]));
}

#[test]
fn one_that_comes_up_takes_from_the_backend() {
    let bench = Bench::new("roundrobin", 2, |line| line.maxconn = Some(1));
    bench.servers[1].set_operational(Operational::Stopped);
    let _slot = bench.slot();
    let mut waiting = bench.wait(None);
    assert!(granted(&mut waiting).is_none());
    bench.servers[1].set_operational(Operational::Running);
    assert_eq!(granted(&mut waiting).unwrap().0.server().unwrap().name, "s2");
}

#[test]
fn a_raised_limit_is_used_at_once() {
    let bench = Bench::new("first", 1, |line| line.maxconn = Some(1));
    let _slot = bench.slot();
    let mut waiting = bench.wait(None);
    bench.servers[0].set_maxconn(2);
    assert!(granted(&mut waiting).is_some());
}

#[test]
fn minconn_grows_with_the_load() {
    let stats = Arc::new(ProxyStats::new(1));
    let farm = Farm::new(stats.clone(), 100, false);
    let servers = testing::servers_of(&farm, &[1], |line| {
        line.minconn = Some(5);
        line.maxconn = Some(50);
    });
    for (load, limit) in [(0, 5), (10, 5), (20, 10), (99, 49), (100, 50), (500, 50)] {
        stats.current.store(load, Ordering::Relaxed);
        assert_eq!(servers[0].limit(), limit, "{load}");
    }
}

#[test]
fn without_servers_there_is_no_queue() {
    let bench = Bench::new("roundrobin", 0, |_| {});
    assert!(matches!(bench.enter(None), Admission::Refused(Refusal::NoServer)));
    let bench = Bench::new("leastconn", 1, |line| line.disabled = true);
    assert!(matches!(bench.enter(None), Admission::Refused(Refusal::NoServer)));
}

proptest! {
    /// However requests come, go and give up: the limit holds, nobody waits beside a free slot, and each queue is
    /// served in order.
    #[test]
    fn queues_are_fair(
        steps in prop::collection::vec((0u8..4, any::<prop::sample::Index>()), 1..200),
        algorithm in prop::sample::select(&["roundrobin", "leastconn", "first", "random"][..]),
    ) {
        let bench = Bench::new(algorithm, 2, |line| line.maxconn = Some(2));
        let mut slots: Vec<Slot> = Vec::new();
        let mut waiting: Vec<Waiting> = Vec::new();
        for (step, index) in steps {
            match step {
                0 | 1 => match bench.enter((step == 1).then(|| index.index(2))) {
                    Admission::Slot(slot) => slots.push(slot),
                    Admission::Wait(one) => waiting.push(one),
                    Admission::Refused(refusal) => prop_assert!(false, "{refusal}"),
                },
                2 if !slots.is_empty() => drop(slots.swap_remove(index.index(slots.len()))),
                3 if !waiting.is_empty() => drop(waiting.remove(index.index(waiting.len()))),
                _ => {}
            }
            // Whoever is served must be the oldest in its queue.
            let mut stuck = [false; 3];
            let mut rest = Vec::new();
            for mut one in waiting {
                let queue = one.server().map_or(2, |server| server.id as usize - 1);
                match granted(&mut one) {
                    Some((slot, _)) => {
                        prop_assert!(!stuck[queue]);
                        slots.push(slot);
                    }
                    None => {
                        stuck[queue] = true;
                        rest.push(one);
                    }
                }
            }
            waiting = rest;
            for server in &bench.servers {
                let served = server.served.load(Ordering::Relaxed);
                prop_assert!(served <= 2);
                let (backend, own) = bench.queued();
                prop_assert!(served == 2 || (backend == 0 && own[server.id as usize - 1] == 0));
            }
        }
        drop((slots, waiting));
        prop_assert_eq!(bench.queued(), (0, vec![0, 0]));
        prop_assert!(bench.servers.iter().all(|server| server.served.load(Ordering::Relaxed) == 0));
    }
}

/// Many threads at once: the limit is never passed, and all come through.
#[test]
fn threads_share_slots() {
    let bench = Arc::new(Bench::new("leastconn", 2, |line| line.maxconn = Some(2)));
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let bench = bench.clone();
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                runtime.block_on(async {
                    for _ in 0..2000 {
                        let slot = match bench.enter(None) {
                            Admission::Slot(slot) => slot,
                            Admission::Wait(mut waiting) => match waiting.turn().await {
                                Turn::Slot(slot, _) => slot,
                                Turn::Again(_) => panic!(),
                            },
                            Admission::Refused(refusal) => panic!("{refusal}"),
                        };
                        assert!(slot.server().unwrap().served.load(Ordering::SeqCst) <= 2);
                        std::thread::yield_now();
                        drop(slot);
                    }
                });
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(bench.queued(), (0, vec![0, 0]));
}

/// `set-priority-class` and `set-priority-offset`: lower classes first, and in a class by the time of coming, moved.
#[test]
fn turns_go_by_class_and_then_by_time() {
    let mut bench = Bench::new("roundrobin", 1, |line| line.maxconn = Some(1));
    let mut slot = Some(bench.slot());
    let mut waiting = Vec::new();
    for (name, class, offset) in [
        ("plain", 0, 0),
        ("late", 0, 500),
        ("soon", 0, -500),
        ("second", 0, 0),
        ("low", 5, -9999),
        ("high", -5, 9999),
    ] {
        bench.priority = Priority { class, offset };
        waiting.push((name, bench.wait(None)));
    }
    let mut order = Vec::new();
    while !waiting.is_empty() {
        drop(slot.take());
        let (at, turn) =
            waiting.iter_mut().enumerate().find_map(|(at, (_, one))| Some((at, poll(one)?))).expect("a turn");
        match turn {
            Turn::Slot(next, position) => {
                assert_eq!(position as usize, order.len() + 1);
                slot = Some(next);
            }
            other => panic!("{other:?}"),
        }
        order.push(waiting.remove(at).0);
    }
    assert_eq!(order, ["high", "soon", "plain", "second", "late", "low"]);
}

/// `init-state`: what is thought of a server at the start, and again when it leaves maintenance.
#[test]
fn servers_begin_as_their_lines_say() {
    use model::InitState::{Down, FullyDown, FullyUp, Up};
    for (initial, state, failures) in [
        (FullyUp, Operational::Running, 3),
        (Up, Operational::Running, 1),
        (Down, Operational::Stopped, 0),
        (FullyDown, Operational::Stopped, 0),
    ] {
        let servers = testing::servers(&[1], |line| {
            line.check.enabled = true;
            line.check.initial = initial;
        });
        let server = &servers[0];
        for round in 0..2 {
            assert_eq!(server.state(), state, "{initial:?} {round}");
            let health = server.check.as_ref().unwrap().last().health;
            assert_eq!(health.is_full(), initial == FullyUp);
            assert_eq!(health.value() == 0, initial == FullyDown);
            let mut down = health;
            let lost = (0..failures).filter(|_| down.is_up() && down.fail()).count();
            assert_eq!((lost, down.is_up()), (failures, false), "{initial:?}");
            server.set_admin(admin::FORCED_MAINT, 0);
            assert_eq!(server.state(), Operational::Stopped);
            server.set_admin(0, admin::FORCED_MAINT);
        }
    }
}
