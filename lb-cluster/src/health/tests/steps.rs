//! Single steps, by hand.

use crate::health::core::Core;
use crate::health::{Frame, Note, Standing, View};
use crate::state::{Decision, Found, NodeId, Ruling, State, TargetId};
use std::time::Duration;

const ID: TargetId = TargetId(1);
const INTER: Duration = Duration::from_secs(2);

fn view(good: bool) -> View {
    let standing = if good { Standing::Up } else { Standing::Down };
    View { good, standing, found: Found::default() }
}

const fn at(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Nodes that have heard of each other.
fn nodes(count: u64) -> Vec<Core> {
    let ids = || (1..=count).map(NodeId);
    let mut nodes: Vec<_> = ids().map(Core::new).collect();
    for core in &mut nodes {
        let me = core.me();
        core.enter(me, ids().filter(|id| *id != me), true, me == NodeId(1));
        core.attend(ID, "b/s", INTER, Standing::Up);
    }
    exchange(&mut nodes, at(0));
    exchange(&mut nodes, at(0));
    exchange(&mut nodes, at(0));
    nodes
}

fn exchange(nodes: &mut [Core], now: Duration) {
    for from in 0..nodes.len() {
        for to in 0..nodes.len() {
            if from != to {
                let peer = nodes[to].me();
                let frame = nodes[from].frame(peer);
                let me = frame.from;
                nodes[to].hear(frame, now);
                let answer = nodes[to].greeting(me);
                nodes[from].hear(answer, now);
            }
        }
    }
}

fn prober(nodes: &[Core], now: Duration) -> usize {
    let probers: Vec<_> = nodes.iter().map(|core| core.circle(ID, now).prober).collect();
    assert!(probers.iter().all(|prober| *prober == probers[0]), "{probers:?}");
    nodes.iter().position(|core| core.me() == probers[0]).unwrap()
}

#[test]
fn one_node_checks_and_another_when_it_is_silent() {
    let mut nodes = nodes(3);
    let first = prober(&nodes, at(500));
    let wants: Vec<_> = nodes.iter_mut().map(|core| core.wants(ID, Standing::Up, at(500))).collect();
    assert_eq!(wants.iter().filter(|wants| **wants).count(), 1);
    assert!(wants[first]);
    nodes.remove(first);
    exchange(&mut nodes, at(900));
    let second = prober(&nodes, at(1500));
    assert!(nodes[second].wants(ID, Standing::Up, at(1500)));
}

#[test]
fn what_two_others_see_as_well_is_down() {
    let mut nodes = nodes(3);
    let first = prober(&nodes, at(0));
    nodes[first].found(ID, view(false), Standing::Up, at(10));
    assert!(nodes[first].tick(9, 0, at(10)).is_empty(), "nobody has confirmed it");
    exchange(&mut nodes, at(12));
    for other in (0..3).filter(|other| *other != first) {
        assert!(nodes[other].wakes.iter().any(|(id, _)| *id == ID), "it looks at once");
        assert!(nodes[other].wants(ID, Standing::Up, at(12)));
        nodes[other].found(ID, view(false), Standing::Up, at(14));
    }
    exchange(&mut nodes, at(16));
    let findings = nodes[first].tick(9, 0, at(16));
    assert_eq!(findings[0].verdict.ruling, Ruling::Down);
    assert_eq!(findings[0].verdict.views.len(), 3);
    let mut state = State::default();
    state.apply(0, &Decision::Health(findings));
    for core in &mut nodes {
        assert_eq!(core.settle(ID, Standing::Up, None, at(17)), None);
        core.adopt(state.health(), at(17));
        let (to, _) = core.settle(ID, Standing::Up, None, at(17)).unwrap();
        assert_eq!(to, Standing::Down);
    }
}

#[test]
fn one_that_sees_it_alone_goes_by_its_own_view() {
    let mut nodes = nodes(3);
    let first = prober(&nodes, at(0));
    nodes[first].found(ID, view(false), Standing::Up, at(10));
    exchange(&mut nodes, at(12));
    for other in (0..3).filter(|other| *other != first) {
        nodes[other].wants(ID, Standing::Up, at(12));
        nodes[other].found(ID, view(true), Standing::Up, at(14));
    }
    exchange(&mut nodes, at(16));
    let findings = nodes[first].tick(9, 0, at(16));
    assert_eq!(findings[0].verdict.ruling, Ruling::Disputed);
    let mut state = State::default();
    state.apply(0, &Decision::Health(findings));
    for (index, core) in nodes.iter_mut().enumerate() {
        core.adopt(state.health(), at(17));
        let settled = core.settle(ID, Standing::Up, None, at(17)).map(|(to, _)| to);
        assert_eq!(settled, (index == first).then_some(Standing::Down));
        assert!(core.wants(ID, Standing::Up, at(17)), "each looks for itself");
    }
}

#[test]
fn who_was_just_answered_looks_first() {
    let mut nodes = nodes(4);
    let first = prober(&nodes, at(0));
    let idle = nodes[first].circle(ID, at(0)).all[3];
    let idle = nodes.iter().position(|core| core.me() == idle).unwrap();
    nodes[first].found(ID, view(false), Standing::Up, at(10));
    exchange(&mut nodes, at(12));
    for other in (0..4).filter(|other| *other != first && *other != idle) {
        nodes[other].wants(ID, Standing::Up, at(12));
        nodes[other].found(ID, view(false), Standing::Up, at(14));
    }
    assert!(nodes[idle].wakes.is_empty(), "two are enough");
    exchange(&mut nodes, at(16));
    let findings = nodes[first].tick(9, 0, at(16));
    let mut state = State::default();
    state.apply(0, &Decision::Health(findings));
    let core = &mut nodes[idle];
    core.adopt(state.health(), at(17));
    core.wakes.clear();
    assert_eq!(core.settle(ID, Standing::Up, Some(at(100)), at(17)), None);
    assert!(core.wakes.iter().any(|(id, _)| *id == ID) && core.wants(ID, Standing::Up, at(18)));
    // Its own check fails, too.
    core.found(ID, View { standing: Standing::Up, ..view(false) }, Standing::Up, at(20));
    let later = at(17) + INTER;
    assert_eq!(core.settle(ID, Standing::Up, Some(at(0)), later).map(|(to, _)| to), Some(Standing::Down));
}

#[test]
fn what_nobody_names_is_forgotten() {
    let mut nodes = nodes(3);
    let first = prober(&nodes, at(0));
    nodes[first].found(ID, view(false), Standing::Up, at(10));
    let mut state = State::default();
    exchange(&mut nodes, at(12));
    for other in (0..3).filter(|other| *other != first) {
        nodes[other].found(ID, view(false), Standing::Up, at(14));
    }
    // Their views began before they were asked.
    exchange(&mut nodes, at(16));
    assert!(nodes[first].tick(9, 0, at(16)).is_empty());
    let findings = nodes[first].tick(9, 0, at(16) + INTER * 4);
    state.apply(0, &Decision::Health(findings));
    assert_eq!(state.health().iter().count(), 1);
    for core in &mut nodes {
        core.adopt(state.health(), at(10_000));
        core.rests(ID);
    }
    exchange(&mut nodes, at(10_000));
    exchange(&mut nodes, at(10_000));
    assert!(nodes[0].tick(9, 0, at(10_100)).is_empty());
    let findings = nodes[0].tick(9, 0, at(70_200));
    assert_eq!(findings[0].verdict.ruling, Ruling::Up);
    state.apply(0, &Decision::Health(findings));
    assert_eq!(state.health().iter().count(), 0);
}

#[test]
fn frames_that_did_not_arrive_are_sent_again() {
    let mut nodes = nodes(3);
    let first = prober(&nodes, at(0));
    nodes[first].found(ID, view(false), Standing::Up, at(10));
    let to = nodes[(first + 1) % 3].me();
    let frame = nodes[first].frame(to);
    assert!(frame.notes.iter().any(|note| matches!(note, Note::View { .. })));
    assert!(!nodes[first].has_news(to));
    nodes[first].returned(to, frame.clone());
    assert_eq!(nodes[first].frame(to).notes, frame.notes);
    // Who is no member says nothing.
    let stranger = Frame { from: NodeId(99), ..frame };
    nodes[first].hear(stranger, at(20));
    assert!(nodes[first].circle(ID, at(20)).all.iter().all(|node| node.0 != 99));
}
