//! Single steps, by hand.

use crate::health::core::{Core, Incident};
use crate::health::{Frame, Note, Standing, View};
use crate::state::{
    Decision, Finding, Found, MAX_VERDICTS, NodeId, Outcome, Ruling, State, TargetId, Verdict,
};
use lb_core::check::Wake;
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
        // Traffic was refused just before.
        core.unreached(ID, at(17));
        let (to, _) = core.settle(ID, Standing::Up, None, at(17)).unwrap();
        assert_eq!(to, Standing::Down);
    }
    let wants = nodes.iter_mut().map(|core| core.wants(ID, Standing::Down, at(18)));
    assert_eq!(wants.filter(|wants| *wants).count(), 1, "the others have nothing to find out");
}

#[test]
fn traffic_that_was_refused_before_a_server_was_held_has_nobody_look() {
    let mut nodes = nodes(3);
    let mut state = State::default();
    state.apply(0, &Decision::Health(vec![Finding { target: ID, verdict: verdict(Ruling::Held) }]));
    for core in &mut nodes {
        core.adopt(state.health(), at(17));
        core.unreached(ID, at(17));
    }
    let wants = nodes.iter_mut().map(|core| core.wants(ID, Standing::Down, at(18)));
    assert_eq!(wants.filter(|wants| *wants).count(), 1);
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

#[test]
fn where_there_is_no_room_for_a_verdict_each_goes_by_its_own_view() {
    let mut nodes = nodes(3);
    let finding = |id| Finding { target: TargetId(id), verdict: verdict(Ruling::Down) };
    let findings = (2..).map(finding).take(MAX_VERDICTS).collect();
    let mut state = State::default();
    assert_eq!(state.apply(0, &Decision::Health(findings)), Outcome::Done);
    for core in &mut nodes {
        core.adopt(state.health(), at(5));
        assert!(core.wants(ID, Standing::Up, at(10)), "nobody can tell it");
        core.found(ID, view(false), Standing::Up, at(10));
    }
    exchange(&mut nodes, at(12));
    for core in &mut nodes {
        assert!(core.tick(9, 0, at(14)).is_empty(), "it would be refused");
        assert_eq!(core.settle(ID, Standing::Up, None, at(14)).map(|(to, _)| to), Some(Standing::Down));
    }
    // Another comes up.
    let up = Finding { target: TargetId(2), verdict: verdict(Ruling::Up) };
    state.apply(0, &Decision::Health(vec![up]));
    let mut wants = 0;
    for core in &mut nodes {
        core.adopt(state.health(), at(20));
        core.found(ID, view(true), Standing::Up, at(30));
        wants += usize::from(core.wants(ID, Standing::Up, at(30)));
    }
    assert_eq!(wants, 1);
}

#[test]
fn losses_before_the_first_look_are_compared_with_what_is_checked() {
    let mut core = alone_with_a_silent_peer(20);
    let mine: Vec<_> = (0..20).map(TargetId).filter(|id| core.circle(*id, at(0)).probes()).take(2).collect();
    assert_eq!(mine.len(), 2);
    for id in mine {
        core.found(id, view(false), Standing::Up, at(10));
    }
    assert!(!core.incidents.contains(&Incident::Trusts(false)) && core.is_fit());
}

/// A node that has heard what another has, the same so many servers.
fn alone_with_a_silent_peer(servers: u128) -> Core {
    let mut core = Core::new(NodeId(1));
    core.enter(NodeId(1), [NodeId(2)], true, true);
    for id in 0..servers {
        core.attend(TargetId(id), "b/s", INTER, Standing::Up);
    }
    let targets = Some((0..servers).map(TargetId).collect());
    core.hear(Frame { from: NodeId(2), fit: true, targets, ..Frame::default() }, at(0));
    core
}

#[test]
fn what_was_found_of_a_server_is_known_after_a_restart() {
    let mut state = State::default();
    let found = Found { status: 7, ..Found::default() };
    let verdict = Verdict { found: found.clone(), ..verdict(Ruling::Down) };
    state.apply(0, &Decision::Health(vec![Finding { target: ID, verdict }]));
    let mut core = Core::new(NodeId(1));
    core.enter(NodeId(1), [NodeId(2)], true, true);
    core.adopt(state.health(), at(0));
    core.attend(ID, "b/s", INTER, Standing::Up);
    assert_eq!(core.settle(ID, Standing::Up, None, at(1)), Some((Standing::Down, found)));
}

#[test]
fn what_a_removed_node_has_seen_is_forgotten() {
    let mut core = alone_with_a_silent_peer(2);
    let note = Note::View { target: ID, round: 0, view: view(false) };
    core.hear(Frame { from: NodeId(2), fit: true, notes: vec![note], ..Frame::default() }, at(1));
    let seen = |core: &Core| core.targets().map(|(_, target)| target.views(NodeId(1)).count()).sum::<usize>();
    assert_eq!(seen(&core), 1);
    core.wakes.clear();
    core.enter(NodeId(1), [NodeId(3)], true, true);
    assert_eq!(seen(&core), 0);
    assert!(core.wakes.contains(&(ID, Wake::Now)), "what it was about to find, others look for");
}

#[test]
fn servers_and_news_do_not_travel_in_one_piece() {
    let mut core = alone_with_a_silent_peer(2);
    core.hear(Frame { from: NodeId(2), fit: true, asks: true, ..Frame::default() }, at(1));
    core.found(ID, view(false), Standing::Up, at(2));
    let first = core.frame(NodeId(2));
    assert!(first.targets.is_some() && first.notes.is_empty() && core.has_news(NodeId(2)));
    let second = core.frame(NodeId(2));
    assert!(second.targets.is_none() && !second.notes.is_empty());
}

fn verdict(ruling: Ruling) -> Verdict {
    Verdict { ruling, name: "b/s".into(), by: NodeId(1), at: 0, views: Vec::new(), found: Found::default() }
}
