//! A tool that says a thousand commands to all nodes, while one of them is killed and comes back.

use crate::trio::{ALL, LIMIT, Trio};
use lb_harness::eventually;
use std::collections::BTreeMap;

const COMMANDS: usize = 1000;
const NODE: usize = 1;

/// What one HAProxy would have.
#[derive(Default)]
struct Model {
    weights: BTreeMap<String, usize>,
    map: BTreeMap<String, String>,
}

/// The command of a step, and what it does.
fn step(number: usize, map: &str, model: &mut Model) -> String {
    let key = format!("k{}", number * 7 % 23);
    let value = format!("v{number}");
    match number % 3 {
        0 => {
            let (server, weight) = (format!("s{}", number % 2 + 1), number % 200);
            model.weights.insert(server.clone(), weight);
            format!("set weight b/{server} {weight}")
        }
        _ if model.map.contains_key(&key) && number.is_multiple_of(2) => {
            model.map.remove(&key);
            format!("del map {map} {key}")
        }
        _ if model.map.contains_key(&key) => {
            model.map.insert(key.clone(), value.clone());
            format!("set map {map} {key} {value}")
        }
        _ => {
            model.map.insert(key.clone(), value.clone());
            format!("add map {map} {key} {value}")
        }
    }
}

#[test]
fn a_loop_over_all_nodes_leaves_what_one_haproxy_would_have() {
    let mut trio = Trio::start();
    let map = trio.map();
    let mut model = Model::default();
    model.map.extend([("a", "0"), ("b", "0")].map(|(key, value)| (key.to_owned(), value.to_owned())));
    let mut unanswered = 0;
    for number in 0..COMMANDS {
        if number == COMMANDS / 3 {
            trio.kill(NODE);
        }
        if number == COMMANDS * 2 / 3 {
            trio.start_node(NODE);
        }
        let line = step(number, &map, &mut model);
        // As a tool does that wants to be heard: again, until one has said that it is done.
        let done = || {
            let answers = ALL.map(|index| trio.ask(index, &line));
            unanswered += answers.iter().filter(|answer| answer.as_str() != "\n").count();
            answers.iter().any(|answer| answer == "\n")
        };
        assert!(eventually(LIMIT, done), "{line}: {:?}", ALL.map(|index| trio.ask(index, &line)));
    }
    println!("{COMMANDS} commands to three nodes; {unanswered} answers were none, or not that it is done");
    trio.settle();
    let mut expected: Vec<_> = model.map.iter().map(|(key, value)| format!("{key} {value}")).collect();
    expected.sort();
    let check = |trio: &Trio| {
        for index in ALL {
            let shown = trio.ask(index, &format!("show map {map}"));
            let pairs = shown.lines().filter_map(|line| Some(line.split_once(' ')?.1.to_owned()));
            let mut pairs: Vec<_> = pairs.collect();
            pairs.sort();
            assert_eq!(pairs, expected, "node {index}");
            for (server, weight) in &model.weights {
                let read = trio.ask(index, &format!("get weight b/{server}"));
                assert_eq!(read, format!("{weight} (initial 1)\n\n"), "node {index}");
            }
        }
    };
    check(&trio);
    ALL.iter().for_each(|index| trio.kill(*index));
    ALL.iter().for_each(|index| trio.start_node(*index));
    trio.settle();
    check(&trio);
}
