#![allow(clippy::unwrap_used)]

use super::{Decision, Journal, NodeId, Outcome, Proposal, RequestId, State, Tenure, describe};
use lb_core::admin::{By, Change, PatternEdit, ServerState};
use proptest::prelude::*;

fn weight(server: &str, weight: u32) -> Change {
    Change::Weight { backend: "b".into(), server: server.into(), weight }
}

fn state(server: &str, state: ServerState) -> Change {
    Change::State { backend: "b".into(), server: server.into(), state }
}

fn patterns(edit: PatternEdit) -> Change {
    Change::Patterns { list: "/etc/lb/hosts.map".into(), edit }
}

fn add(version: Option<u32>, key: &str) -> Change {
    patterns(PatternEdit::Add { version, entries: vec![(key.into(), Some("v".into()))] })
}

fn address(ip: Option<&str>, port: Option<u16>) -> Change {
    let ip = ip.map(|ip| ip.parse().unwrap());
    Change::Address { backend: "b".into(), server: "s".into(), ip, port }
}

fn proposal(number: u64, change: &Change) -> Proposal {
    let id = RequestId { node: NodeId(1), life: 7, number };
    Proposal { id, floor: 0, change: change.clone(), base: 0, by: By::default(), at: 0 }
}

fn journal(changes: &[Change]) -> Vec<Change> {
    let mut journal = Journal::default();
    for (index, change) in (1..).zip(changes) {
        assert_eq!(journal.record(index, &proposal(index, change)), Outcome::Done);
    }
    journal.after(0).into_iter().map(|(_, entry)| entry.change).collect()
}

#[test]
fn a_later_change_replaces_what_it_makes_void_and_nothing_else() {
    let kept = journal(&[weight("a", 1), weight("b", 2), weight("a", 3)]);
    assert_eq!(kept, [weight("b", 2), weight("a", 3)]);
}

#[test]
fn disable_and_enable_leave_draining_as_it_was() {
    use ServerState::{Disabled, Drain, Enabled, Ready};
    let kept = journal(&[state("a", Drain), state("a", Disabled), state("a", Enabled)]);
    assert_eq!(kept, [state("a", Drain), state("a", Enabled)]);
    assert_eq!(journal(&[state("a", Drain), state("a", Disabled), state("a", Ready)]), [state("a", Ready)]);
}

#[test]
fn a_maintenance_that_ended_a_health_stays_and_the_health_does_not() {
    use ServerState::{Disabled, Maint, Ready};
    let down = || Change::Health { backend: "b".into(), server: "a".into(), health: 0 };
    let all = [down(), state("a", Maint), state("a", Ready)];
    assert_eq!(journal(&all), [state("a", Maint), state("a", Ready)]);
    let again = [&all[..], &[state("a", Disabled), state("a", Maint), state("a", Ready), state("a", Ready)]];
    assert_eq!(journal(&again.concat()), [state("a", Maint), state("a", Ready)]);
    assert_eq!(journal(&[state("a", Maint), state("a", Ready)]), [state("a", Ready)]);
}

#[test]
fn an_address_without_a_port_keeps_the_port() {
    let kept = journal(&[address(Some("10.0.0.1"), Some(80)), address(Some("10.0.0.2"), None)]);
    assert_eq!(kept.len(), 2);
    let kept = journal(&[address(Some("10.0.0.1"), None), address(None, Some(81))]);
    assert_eq!(kept.len(), 2);
    let kept = journal(&[address(Some("10.0.0.1"), None), address(Some("10.0.0.2"), Some(80))]);
    assert_eq!(kept.len(), 1);
}

#[test]
fn a_list_keeps_what_counts() {
    let clear = || patterns(PatternEdit::Clear { version: None });
    let prepare = |version| patterns(PatternEdit::Prepare { version });
    let commit = |version| patterns(PatternEdit::Commit { version });
    let delete = |key: &str| patterns(PatternEdit::Delete { key: key.into() });
    assert_eq!(journal(&[add(None, "a"), add(None, "b"), clear()]), [clear()]);
    assert_eq!(journal(&[prepare(1), add(Some(1), "a"), clear()]).len(), 3);
    assert_eq!(journal(&[add(None, "a"), add(None, "a"), add(None, "a")]), [add(None, "a")]);
    let pairs = |pairs: &[(&str, &str)]| {
        let entries = pairs.iter().map(|(key, value)| ((*key).to_owned(), Some((*value).to_owned())));
        patterns(PatternEdit::Add { version: None, entries: entries.collect() })
    };
    // What was added is there until something else is done to its key.
    let (one, other) = (pairs(&[("a", "1"), ("a", "2")]), pairs(&[("b", "1")]));
    let both = pairs(&[("b", "1"), ("a", "2"), ("b", "1")]);
    assert_eq!(journal(&[one.clone(), other.clone(), both]), [one.clone(), other.clone()]);
    let more = pairs(&[("b", "1"), ("b", "2")]);
    assert_eq!(journal(&[other.clone(), more.clone(), other.clone()]), [other, more]);
    let set = patterns(PatternEdit::Set { key: "a".into(), value: "3".into() });
    assert_eq!(journal(&[one.clone(), set.clone(), one.clone()]), [one.clone(), set, one]);
    assert_eq!(journal(&[add(None, "a"), delete("a"), add(None, "a")]), [delete("a"), add(None, "a")]);
    let versions = [add(None, "x"), prepare(1), add(Some(1), "a"), prepare(2), commit(1)];
    assert_eq!(journal(&versions), [add(Some(1), "a"), prepare(2), commit(1)]);
}

#[test]
fn counters_are_not_kept() {
    assert_eq!(journal(&[Change::ClearCounters { all: true }]), []);
}

#[test]
fn a_full_journal_refuses_and_stays_as_it_was() {
    let big = |key: &str| proposal(1, &add(None, &key.repeat(3 << 20)));
    let mut journal = Journal::default();
    assert_eq!(journal.record(1, &big("x")), Outcome::Done);
    assert_eq!(journal.record(2, &big("y")), Outcome::Done);
    let before = journal.clone();
    assert!(matches!(journal.record(3, &big("z")), Outcome::Refused(why) if why.contains("no room")));
    assert_eq!(journal, before);
    journal.record(4, &proposal(1, &patterns(PatternEdit::Clear { version: None })));
    assert_eq!(journal.record(5, &big("z")), Outcome::Done);
}

#[test]
fn a_request_that_comes_again_is_decided_once() {
    let mut state = State::default();
    let ask = |number, weight_of| Decision::Change(Box::new(proposal(number, &weight("a", weight_of))));
    assert_eq!(state.apply(1, &ask(1, 5)), Outcome::Done);
    assert_eq!(state.apply(2, &ask(2, 6)), Outcome::Done);
    // It was on its way while another took over.
    assert_eq!(state.apply(3, &ask(1, 5)), Outcome::Done);
    let kept: Vec<_> = state.changes().after(0).into_iter().map(|(_, entry)| entry.change).collect();
    assert_eq!((kept, state.told().count()), (vec![weight("a", 6)], 2));
}

#[test]
fn a_request_that_is_over_is_not_made_again() {
    let mut state = State::default();
    let ask = |number, weight_of| {
        let proposal = Proposal { floor: number, ..proposal(number, &weight("a", weight_of)) };
        Decision::Change(Box::new(proposal))
    };
    assert_eq!(state.apply(1, &ask(1, 5)), Outcome::Done);
    assert_eq!(state.apply(2, &ask(2, 6)), Outcome::Done);
    // Who asked for it has an answer; a copy of it was still on its way.
    assert!(matches!(state.apply(3, &ask(1, 5)), Outcome::Refused(why) if why.contains("over")));
    let kept: Vec<_> = state.changes().after(0).into_iter().map(|(_, entry)| entry.change).collect();
    assert_eq!((kept, state.told().count()), (vec![weight("a", 6)], 2));
}

#[test]
fn servers_that_came_by_a_command_leave_nothing_but_a_memory() {
    let (backend, server) = ("b".to_owned(), "n".to_owned());
    let words = vec!["127.0.0.1:1".to_owned()];
    let add = |words: &[String]| Change::AddServer {
        backend: "b".into(),
        server: "n".into(),
        words: words.to_vec(),
    };
    let delete = Change::DeleteServer { backend, server };
    let mut journal = Journal::default();
    assert!(!journal.holds(&add(&words)) && !journal.holds(&delete));
    journal.record(1, &proposal(1, &add(&words)));
    journal.record(2, &proposal(2, &weight("n", 4)));
    assert!(journal.holds(&add(&words)) && !journal.holds(&add(&[])) && !journal.holds(&delete));
    assert!(matches!(journal.record(3, &proposal(3, &add(&[]))), Outcome::Refused(_)));
    journal.record(4, &proposal(4, &delete));
    assert!(journal.holds(&delete) && journal.size() == (0, 0) && journal.reaches(0));
    // Who is behind hears of it.
    assert_eq!(journal.after(2).into_iter().map(|(_, entry)| entry.change).collect::<Vec<_>>(), [delete]);
    assert!(journal.after(4).is_empty());
}

#[test]
fn no_secret_is_told() {
    let secret = "hunter2";
    let texts = [
        describe(&patterns(PatternEdit::Set { key: secret.into(), value: secret.into() })),
        describe(&add(None, secret)),
        describe(&Change::AddServer { backend: "b".into(), server: "s".into(), words: vec![secret.into()] }),
        describe(&Change::Variable {
            name: "proc.a".into(),
            value: lb_core::admin::Value::Str(secret.into()),
        }),
    ];
    assert!(texts.iter().all(|text| !text.contains(secret)), "{texts:?}");
}

#[test]
fn only_the_holder_of_the_same_term_releases() {
    let (first, second) = (Tenure { node: NodeId(1), term: 3 }, Tenure { node: NodeId(2), term: 4 });
    let mut state = State::default();
    assert_eq!(state.apply(0, &Decision::Acquired(first)), Outcome::Done);
    assert_eq!(state.apply(0, &Decision::Acquired(second)), Outcome::Done);
    assert_eq!(state.apply(0, &Decision::Released(first)), Outcome::Done);
    assert_eq!(state.holder(), Some(second));
    state.apply(0, &Decision::Released(second));
    assert_eq!(state.holder(), None);
    assert!(matches!(state.apply(0, &Decision::Acquired(second)), Outcome::Refused(_)));
}

proptest! {
    /// I3: whatever is proposed, in whatever order, the terms of those who were let hold only rise.
    #[test]
    fn terms_of_acquisitions_rise(proposals in prop::collection::vec((0..3u64, 0..20u64, any::<bool>()), 0..60)) {
        let mut state = State::default();
        let mut last = None;
        for (node, term, acquire) in proposals {
            let tenure = Tenure { node: NodeId(node), term };
            let before = state.holder();
            let decision = if acquire { Decision::Acquired(tenure) } else { Decision::Released(tenure) };
            let outcome = state.apply(0, &decision);
            if acquire && outcome == Outcome::Done && before != Some(tenure) {
                prop_assert!(last.is_none_or(|last| term > last));
                last = Some(term);
            }
        }
    }
}
