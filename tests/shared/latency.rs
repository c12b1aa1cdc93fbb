//! How long a command takes with three nodes, by way of the leader and of a follower (`just latency`).

use crate::trio::{ALL, Trio};
use std::time::{Duration, Instant};

const COMMANDS: usize = 1000;
/// What is promised, for the median and for 99 of 100.
const PROMISED: [Duration; 2] = [Duration::from_millis(5), Duration::from_millis(50)];

#[test]
#[ignore = "it measures time; `just latency`"]
fn a_command_is_quick() {
    let trio = Trio::start();
    let leader = trio.leader();
    for (kind, node) in
        [("leader", leader), ("follower", ALL.into_iter().find(|node| *node != leader).unwrap())]
    {
        let mut took: Vec<_> = (0..COMMANDS)
            .map(|number| {
                let begun = Instant::now();
                assert_eq!(trio.ask(node, &format!("set weight b/s1 {}", number % 200)), "\n");
                begun.elapsed()
            })
            .collect();
        took.sort();
        let [median, high] = [COMMANDS / 2, COMMANDS * 99 / 100].map(|at| took[at]);
        println!("{kind}: p50 {median:?}, p99 {high:?}, most {:?}", took[COMMANDS - 1]);
        for (seen, promised) in [median, high].into_iter().zip(PROMISED) {
            assert!(seen < promised.mul_f64(1.25), "{kind}: {seen:?}, and {promised:?} is promised");
        }
    }
}
