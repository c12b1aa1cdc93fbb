#![allow(clippy::unwrap_used)]

use super::{Decision, Journal, NodeId, Outcome, State, Tenure};
use lb_core::admin::{Change, PatternEdit, ServerState};
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

fn journal(changes: &[Change]) -> Vec<Change> {
    let mut journal = Journal::default();
    changes.iter().for_each(|change| journal.record(change).unwrap());
    journal.iter().cloned().collect()
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
fn an_address_without_a_port_keeps_the_port() {
    let kept = journal(&[address(Some("10.0.0.1"), Some(80)), address(Some("10.0.0.2"), None)]);
    assert_eq!(kept.len(), 2);
    let kept = journal(&[address(Some("10.0.0.1"), None), address(None, Some(81))]);
    assert_eq!(kept.len(), 2);
    let kept = journal(&[address(Some("10.0.0.1"), None), address(Some("10.0.0.2"), Some(80))]);
    assert_eq!(kept.len(), 1);
}

#[test]
fn clearing_a_list_forgets_its_edits_unless_versions_were_numbered() {
    let clear = || patterns(PatternEdit::Clear { version: None });
    assert_eq!(journal(&[add(None, "a"), add(None, "b"), clear()]), [clear()]);
    assert_eq!(journal(&[patterns(PatternEdit::Prepare), add(Some(1), "a"), clear()]).len(), 3);
}

#[test]
fn counters_are_not_kept() {
    assert_eq!(journal(&[Change::ClearCounters { all: true }]), []);
}

#[test]
fn a_full_journal_refuses_and_stays_as_it_was() {
    let big = add(None, &"x".repeat(3 << 20));
    let mut journal = Journal::default();
    journal.record(&big).unwrap();
    journal.record(&big).unwrap();
    let before = journal.clone();
    assert!(journal.record(&big).is_err());
    assert_eq!(journal, before);
    journal.record(&patterns(PatternEdit::Clear { version: None })).unwrap();
    journal.record(&big).unwrap();
}

#[test]
fn only_the_holder_of_the_same_term_releases() {
    let (first, second) = (Tenure { node: NodeId(1), term: 3 }, Tenure { node: NodeId(2), term: 4 });
    let mut state = State::default();
    assert_eq!(state.apply(&Decision::Acquired(first)), Outcome::Done);
    assert_eq!(state.apply(&Decision::Acquired(second)), Outcome::Done);
    assert_eq!(state.apply(&Decision::Released(first)), Outcome::Done);
    assert_eq!(state.holder(), Some(second));
    state.apply(&Decision::Released(second));
    assert_eq!(state.holder(), None);
    assert!(matches!(state.apply(&Decision::Acquired(second)), Outcome::Refused(_)));
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
            let outcome = state.apply(&decision);
            if acquire && outcome == Outcome::Done && before != Some(tenure) {
                prop_assert!(last.is_none_or(|last| term > last));
                last = Some(term);
            }
        }
    }
}
