//! Whole lives of clusters under faults: what must never be, and within what time what has to be.

use super::model::{COMMIT, DOWN, FALL, FAST, INTER, RISE, Reach, TIMEOUT, World};
use crate::health::Standing;
use crate::health::core::Incident;
use crate::state::Ruling;
use crate::transport::MAX_BODY;
use std::time::Duration;

const SEEDS: u64 = 20;
const SECOND: Duration = Duration::from_secs(1);

/// The longest that HAProxy takes to find that a server is dead: it may have been checked just before.
fn haproxy(hangs: bool) -> Duration {
    let check = if hangs { TIMEOUT } else { Duration::from_millis(2) };
    INTER + FAST * (FALL - 1) + check * FALL
}

/// And what sharing may add.
fn allowed(hangs: bool) -> Duration {
    // The model looks every 5 ms, and nodes learn of what was committed some looks later.
    haproxy(hangs) + Duration::from_millis(200) + COMMIT
}

fn each(mut run: impl FnMut(u64, usize)) {
    for seed in 0..SEEDS {
        run(seed, if seed % 2 == 0 { 3 } else { 5 });
    }
}

/// Nobody takes a server that it reaches itself for down while most nodes reach it.
fn assert_none_lost(world: &World, seed: u64) {
    for server in 0..world.servers.len() {
        let reaches = |node: usize| world.reach[node][server] == Reach::Good && world.servers[server].alive;
        let alive: Vec<_> = (0..world.nodes.len()).filter(|node| world.nodes[*node].alive).collect();
        let good = alive.iter().filter(|node| reaches(**node)).count();
        if good * 2 <= alive.len() {
            continue;
        }
        for node in alive.into_iter().filter(|node| reaches(*node)) {
            assert!(
                world.nodes[node].state[server].is_up(),
                "seed {seed}: server {server} is down on node {node} at {:?}, {:?}",
                world.now,
                world.ruling(server)
            );
        }
    }
}

#[test]
fn without_faults_each_server_is_checked_by_one_node() {
    each(|seed, nodes| {
        let mut world = World::new(seed, nodes, 9);
        world.run(SECOND * 5, |_| ());
        world.servers.iter_mut().for_each(|server| server.checks.clear());
        world.run(SECOND * 20, |world| assert_none_lost(world, seed));
        for server in &world.servers {
            let by = server.checks[0].1;
            assert!(server.checks.iter().all(|(_, node)| *node == by), "seed {seed}: {:?}", server.checks);
            assert!((18..=21).contains(&server.checks.len()), "seed {seed}: {}", server.checks.len());
        }
        assert_eq!(world.entries, 0, "a quiet cluster decides nothing");
    });
}

#[test]
fn a_dead_server_is_found_in_time_and_comes_back() {
    each(|seed, nodes| {
        let mut world = World::new(seed, nodes, 6);
        world.traffic = seed % 4 < 2;
        world.run(SECOND * 5, |_| ());
        let victim = world.rng.usize(..6);
        let hangs = world.servers[victim].hangs;
        world.servers[victim].alive = false;
        let died = world.now;
        // However often traffic and others have it looked at, it is given the time of `fall` checks.
        world.run(FAST * (FALL - 1), |world| {
            let up = world.nodes.iter().all(|node| node.state[victim] == Standing::Up);
            assert!(up, "seed {seed}: down {:?} after its end", world.now - died);
        });
        world.run(allowed(hangs) - FAST * (FALL - 1), |_| ());
        for (index, node) in world.nodes.iter().enumerate() {
            assert_eq!(node.state[victim], Standing::Down, "seed {seed}, node {index}, hangs: {hangs}");
        }
        assert_eq!(world.ruling(victim), Ruling::Down);
        world.run(SECOND * 20, |world| assert_none_lost(world, seed));
        world.servers[victim].alive = true;
        world.run(DOWN + FAST * RISE + TIMEOUT + Duration::from_millis(300), |_| ());
        assert!(world.nodes.iter().all(|node| node.state[victim] == Standing::Up), "seed {seed}");
        let before = world.entries;
        assert!(before <= 4, "seed {seed}: {before} entries");
        world.run(SECOND * 10, |world| assert_none_lost(world, seed));
        assert_eq!(world.entries, before);
    });
}

#[test]
fn a_prober_that_is_cut_off_takes_nothing_down_for_others() {
    each(|seed, nodes| {
        let mut world = World::new(seed, nodes, 9);
        world.run(SECOND * 5, |_| ());
        let cut = world.rng.usize(..nodes);
        let duties = world.servers.iter().filter(|server| server.checks.last().unwrap().1 == cut).count();
        let how = if world.rng.bool() { Reach::Refused } else { Reach::Silent };
        world.set_reach(cut, how);
        world.run(SECOND * 20, |world| assert_none_lost(world, seed));
        let distrusts = |world: &World, trusts: bool| {
            world.nodes[cut].said.iter().any(|(_, said)| *said == Incident::Trusts(trusts))
        };
        if duties > 2 {
            assert!(distrusts(&world, false), "seed {seed}");
        }
        // With its traffic it sees what it cannot reach.
        assert!(world.nodes[cut].state.iter().all(|state| *state == Standing::Down), "seed {seed}");
        world.set_reach(cut, Reach::Good);
        world.run(SECOND * 12, |_| ());
        world.run(SECOND * 5, |world| assert_none_lost(world, seed));
        assert!(world.nodes.iter().all(|node| node.core.is_fit()), "seed {seed}");
        assert!((0..9).all(|server| world.ruling(server) == Ruling::Up), "seed {seed}");
    });
}

#[test]
fn a_gray_node_harms_itself_at_most() {
    each(|seed, nodes| {
        let mut world = World::new(seed, nodes, 9);
        world.run(SECOND * 5, |_| ());
        let gray = world.rng.usize(..nodes);
        world.set_reach(gray, Reach::Half);
        world.run(SECOND * 60, |world| assert_none_lost(world, seed));
        assert!((0..9).all(|server| world.ruling(server) != Ruling::Held), "a dispute is no turn");
    });
}

#[test]
fn a_prober_that_is_killed_in_mid_failure_is_replaced() {
    each(|seed, nodes| {
        let mut world = World::new(seed, nodes, 6);
        world.traffic = false;
        world.run(SECOND * 5, |_| ());
        let victim = world.rng.usize(..6);
        let prober = world.servers[victim].checks.last().unwrap().1;
        world.servers[victim].alive = false;
        let hangs = world.servers[victim].hangs;
        let while_it_fails = INTER.mul_f64(world.rng.f64() * 1.5);
        world.run(while_it_fails, |_| ());
        world.set_alive(prober, false);
        // Its silence has to be noticed first.
        world.run(Duration::from_millis(1300) + allowed(hangs), |world| assert_none_lost(world, seed));
        for (index, node) in world.nodes.iter().enumerate().filter(|(_, node)| node.alive) {
            assert_eq!(node.state[victim], Standing::Down, "seed {seed}, node {index}");
        }
        world.set_alive(prober, true);
        world.run(SECOND * 8, |world| assert_none_lost(world, seed));
        assert_eq!(world.nodes[prober].state[victim], Standing::Down, "seed {seed}: it learns what is known");
        world.servers[victim].alive = true;
        world.run(SECOND * 4, |_| ());
        assert!(world.nodes.iter().all(|node| node.state[victim] == Standing::Up), "seed {seed}");
    });
}

#[test]
fn nodes_with_other_files_share_nothing() {
    each(|seed, nodes| {
        let mut world = World::new(seed, nodes, 4);
        // The last node's file has another check for the last server, and none of the first.
        let odd = nodes - 1;
        world.nodes[odd].ids[3].0 += 1_000_000;
        world.run(SECOND * 5, |_| ());
        world.set_reach(odd, Reach::Refused);
        world.reach[odd][0] = Reach::Good;
        world.run(SECOND * 10, |world| assert_none_lost(world, seed));
        // Alone with what it has: it decides for itself.
        assert_eq!(world.nodes[odd].state[3], Standing::Down, "seed {seed}");
        assert!(world.nodes[..odd].iter().all(|node| node.state[3] == Standing::Up), "seed {seed}");
    });
}

#[test]
fn a_server_that_flaps_is_held_down_and_let_go() {
    each(|seed, nodes| {
        let mut world = World::new(seed, nodes, 3);
        world.run(SECOND * 5, |_| ());
        let begun = world.now;
        while world.ruling(0) != Ruling::Held {
            world.servers[0].alive = !world.servers[0].alive;
            let until = if world.servers[0].alive { Standing::Up } else { Standing::Down };
            let mut turned = false;
            while !turned && world.ruling(0) != Ruling::Held {
                world.run(Duration::from_millis(50), |_| ());
                turned = world.nodes[0].state[0] == until;
                assert!(world.now < begun + SECOND * 60, "seed {seed}: {:?}", world.ruling(0));
            }
        }
        world.servers[0].alive = true;
        world.run(SECOND * 5, |_| ());
        assert!(world.nodes.iter().all(|node| node.state[0] == Standing::Down), "seed {seed}");
        world.run(SECOND * 9, |_| ());
        assert!(
            world.nodes.iter().all(|node| node.state[0] == Standing::Up),
            "seed {seed}: {:?}",
            world.ruling(0)
        );
    });
}

#[test]
fn without_a_majority_each_goes_by_its_own() {
    each(|seed, nodes| {
        let mut world = World::new(seed, nodes, 4);
        world.run(SECOND * 5, |_| ());
        for node in 0..=nodes / 2 {
            world.set_alive(node, false);
        }
        world.run(SECOND * 3, |_| ());
        world.servers.iter_mut().for_each(|server| server.checks.clear());
        world.servers[0].alive = false;
        world.run(SECOND * 5, |_| ());
        for node in nodes / 2 + 1..nodes {
            assert_eq!(world.nodes[node].state[0], Standing::Down, "seed {seed}");
            assert!(world.servers[1].checks.iter().any(|(_, by)| *by == node), "seed {seed}: each checks");
        }
        for node in 0..=nodes / 2 {
            world.set_alive(node, true);
        }
        world.servers[0].alive = true;
        world.run(SECOND * 12, |_| ());
        world.run(SECOND * 5, |world| assert_none_lost(world, seed));
    });
}

#[test]
fn thousands_of_servers_take_short_frames_and_little_work_at_a_time() {
    let count = 5000;
    let mut world = World::new(7, 3, count);
    (world.traffic, world.room) = (false, 150);
    // As long as real ones.
    let ids = world.nodes.iter_mut().flat_map(|node| &mut node.ids);
    ids.for_each(|id| id.0 = id.0.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835));
    world.run(SECOND * 4, |_| ());
    world.servers.iter_mut().for_each(|server| server.checks.clear());
    world.run(SECOND * 3, |_| ());
    let checks: usize = world.servers.iter().map(|server| server.checks.len()).sum();
    assert!(
        (count * 5 / 2..=count * 7 / 2).contains(&checks),
        "{checks}: more than one node checks a server"
    );
    // A rack dies: not so much that nodes distrust themselves.
    world.servers.iter_mut().take(count * 2 / 5).for_each(|server| server.alive = false);
    world.run(allowed(true) + SECOND, |_| ());
    let down = |world: &World, node: usize| {
        world.nodes[node].state.iter().filter(|state| **state == Standing::Down).count()
    };
    assert_eq!([0, 1, 2].map(|node| down(&world, node)), [count * 2 / 5; 3]);
    // A node that comes back has all of it to learn, and what the lost one did moves to others.
    world.set_alive(2, false);
    world.run(SECOND * 2, |_| ());
    world.set_alive(2, true);
    world.run(SECOND * 3, |_| ());
    assert_eq!([0, 1, 2].map(|node| down(&world, node)), [count * 2 / 5; 3]);
    world.servers.iter_mut().for_each(|server| server.alive = true);
    world.run(SECOND * 6, |_| ());
    assert_eq!([0, 1, 2].map(|node| down(&world, node)), [0; 3]);
    println!(
        "{} entries, frames up to {} bytes, looks at up to {}",
        world.entries, world.longest, world.most
    );
    assert!(world.longest <= MAX_BODY / 2, "a frame of {} bytes", world.longest);
    assert!(world.most <= 1024 + 256, "one look at {} servers", world.most);
    assert!(world.entries <= count / 5, "{} entries", world.entries);
}

#[test]
fn chance_does_its_worst() {
    for seed in 1000..1000 + SEEDS * 3 {
        let nodes = if seed % 2 == 0 { 3 } else { 5 };
        let mut world = World::new(seed, nodes, 8);
        world.run(SECOND * 5, |_| ());
        // Never so much that a majority of the living does not reach what lives.
        for _ in 0..6 {
            let node = world.rng.usize(..nodes);
            let server = world.rng.usize(..8);
            match world.rng.u8(..4) {
                0 => {
                    world.servers[server].alive = false;
                    world.run(SECOND * 4, |world| assert_none_lost(world, seed));
                    world.servers[server].alive = true;
                    // It comes back; until then it may be down.
                    world.run(SECOND * 4, |_| ());
                }
                1 => {
                    world.set_alive(node, false);
                    world.run(SECOND * 4, |world| assert_none_lost(world, seed));
                    world.set_alive(node, true);
                    world.run(SECOND * 4, |_| ());
                }
                2 => {
                    world.reach[node][server] = Reach::Silent;
                    world.run(SECOND * 6, |world| assert_none_lost(world, seed));
                    world.reach[node][server] = Reach::Good;
                    world.run(SECOND * 10, |_| ());
                }
                _ => {
                    world.set_reach(node, Reach::Half);
                    world.run(SECOND * 10, |world| assert_none_lost(world, seed));
                    world.set_reach(node, Reach::Good);
                    world.run(SECOND * 12, |_| ());
                }
            }
        }
    }
}
