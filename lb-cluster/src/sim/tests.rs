#![allow(clippy::panic)]

use super::coverage::Coverage;
use super::story::{Story, tell};
use super::world::Telling;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Tells many stories, on all processors. The first that breaks something ends it.
fn all(seeds: Range<u64>, without: Option<u8>) -> (Coverage, Option<(u64, String)>) {
    let next = AtomicU64::new(seeds.start);
    let end = AtomicU64::new(seeds.end);
    let found = Mutex::new((Coverage::default(), None::<(u64, String)>));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end.load(Ordering::Relaxed) {
                        return;
                    }
                    let story = tell(Telling { seed, without, ..Telling::default() });
                    let Ok(mut found) = found.lock() else { return };
                    found.0.add(&story.coverage);
                    if let Some(what) = story.broken {
                        end.fetch_min(seed, Ordering::Relaxed);
                        if found.1.as_ref().is_none_or(|(known, _)| seed < *known) {
                            found.1 = Some((seed, what));
                        }
                    }
                }
            });
        }
    });
    found.into_inner().unwrap_or_default()
}

fn traced(seed: u64, without: Option<u8>) -> Story {
    tell(Telling { seed, traced: true, without, ..Telling::default() })
}

/// 200 seeds, or as many as `LB_SIM_COUNT` says, from `LB_SIM_SEED` on.
#[test]
fn nothing_is_broken_whatever_happens() {
    let (first, count) = (number("LB_SIM_SEED").unwrap_or(0), number("LB_SIM_COUNT").unwrap_or(200));
    let begun = Instant::now();
    let without = number("LB_SIM_WITHOUT").and_then(|rule| u8::try_from(rule).ok());
    let (coverage, broken) = all(first..first + count, without);
    let took = begun.elapsed().as_secs_f64();
    println!("{coverage}{count} seeds from {first} on, {:.1} a second", count as f64 / took);
    if let Some((seed, what)) = broken {
        let story = traced(seed, without);
        let last = story.trace.len().saturating_sub(if std::env::var_os("LB_SIM_TRACE").is_some() {
            100_000
        } else {
            60
        });
        panic!("seed {seed}: {what}\n{}", story.trace[last..].join("\n"));
    }
    if count >= 200 {
        assert_eq!(coverage.missing(), Vec::<&str>::new(), "no seed came to this");
    }
}

#[test]
fn a_seed_tells_the_same_story_twice() {
    for seed in [3, 11] {
        let (one, two) = (traced(seed, None).trace, traced(seed, None).trace);
        let differs = one.iter().zip(&two).find(|(one, two)| one != two);
        assert_eq!(differs, None);
        assert_eq!(one.len(), two.len());
        assert!(one.len() > 100, "{}", one.len());
    }
}

/// Who changes and looks at the same things by all nodes, whatever happens to them, sees what one alone could have seen. 11
/// seeds, or as many as `LB_SIM_COUNT` says, from `LB_SIM_SEED` on.
#[test]
fn what_many_see_at_once_could_be_seen_in_turn() {
    let (first, count) = (number("LB_SIM_SEED").unwrap_or(5000), number("LB_SIM_COUNT").unwrap_or(11));
    let mut heard = 0;
    for seed in first..first + count {
        let story = tell(Telling { seed, recorded: true, ..Telling::default() });
        assert_eq!(story.broken, None, "seed {seed}");
        heard += story.heard;
    }
    assert!(heard as u64 > count * 30, "{heard} acts in {count} stories");
}

/// What time of day it is matters to nothing.
#[test]
fn clocks_on_walls_change_no_story() {
    for seed in 20..26 {
        let set = tell(Telling { seed, traced: true, ..Telling::default() });
        let left = tell(Telling { seed, traced: true, untouched_walls: true, ..Telling::default() });
        assert_eq!(set.trace, left.trace, "seed {seed}");
    }
}

/// Tests of the tests: what the rules of the protocol forbid is found out, by the first seed that comes to it.
fn missed(rule: u8, first: u64) {
    let seeds = first..first + number("LB_SIM_COUNT").unwrap_or(1000);
    let (_, broken) = all(seeds, Some(rule));
    let (seed, what) = broken.unwrap_or_else(|| panic!("rule {rule} is never missed"));
    println!("rule {rule}: seed {seed}, {what}");
}

#[test]
fn rule_1_a_role_alone_is_no_lease() {
    missed(1, 0);
}

#[test]
fn rule_2_a_guard_that_does_not_end_is_missed() {
    missed(2, 0);
}

#[test]
fn rule_3_a_lost_guard_that_nobody_hears_of_is_missed() {
    missed(3, 0);
}

#[test]
fn rule_4_an_address_that_is_announced_once_is_missed() {
    missed(4, 0);
}

#[test]
fn rule_5_a_node_that_votes_at_once_is_missed() {
    missed(5, 0);
}

#[test]
fn rule_6_a_transfer_before_the_release_is_missed() {
    missed(6, 0);
}

#[test]
fn rule_7_nodes_with_other_times_are_missed() {
    missed(7, 0);
}

#[test]
fn rule_8_a_witness_that_holds_is_missed() {
    missed(8, 0);
}

#[test]
fn rule_9_an_id_that_is_used_again_is_missed() {
    missed(9, 0);
}
