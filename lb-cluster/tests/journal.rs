//! What is kept leads an engine to where all of it leads.
#![allow(clippy::unwrap_used)]

use haproxy_cfg_parser::{Source, SystemWorld, parse};
use lb_cluster::state::{Entry, Journal, NodeId, Outcome, Proposal, RequestId, is_gone};
use lb_core::admin::{By, Change, PatternEdit, ServerState, TAKEN};
use lb_core::compile::{Options, Plan, compile};
use proptest::prelude::*;
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

fn plan(map: &Path) -> Plan {
    let text = format!(
        "defaults\n mode http\n timeout client 5s\n timeout server 5s\n timeout connect 5s\n\
         frontend f\n bind 127.0.0.1:80\n http-request set-header a %[path,map({})]\n default_backend b\n\
         backend b\n balance roundrobin\n server s 127.0.0.1:1 weight 3\n server t 127.0.0.1:2 disabled check\n",
        map.display()
    );
    let world = SystemWorld::default();
    let (config, _) = parse(&[Source::new("test.cfg", text)], &world);
    let options = Options { threads: 1, maxconn: 100, world: &world, previous: None, held: &[] };
    compile(&Arc::new(config), &options).unwrap().0
}

/// All that commands change, as text.
fn seen(plan: &Plan) -> String {
    let mut out = String::new();
    for server in plan.backends.load()[0].servers.load().iter() {
        let checked = server.check.as_ref().map(|check| check.enabled.load(Relaxed));
        let _ = writeln!(
            out,
            "{} {} {} {:?} {} {checked:?} {:?}",
            server.name,
            server.weight.load(Relaxed),
            server.admin.load(Relaxed),
            server.address(),
            server.maxconn.load(Relaxed),
            server.state(),
        );
    }
    let list = plan.references[0].versions();
    for version in list.current()..=list.next() {
        let entries: Vec<_> = list.of(version).map(|entry| (&entry.key, &entry.value)).collect();
        let _ = writeln!(out, "{version} of {}: {entries:?}", list.current());
    }
    let _ = writeln!(out, "{:?} {}", plan.frontends[0].gate.get(), plan.backends.load()[0].is_published());
    out
}

fn edit() -> impl Strategy<Value = PatternEdit> {
    let key = || prop::sample::select(vec!["a", "b", "c"]).prop_map(str::to_owned);
    let value = || prop::sample::select(vec!["1", "2"]).prop_map(str::to_owned);
    let version = || prop::option::weighted(0.4, 1..4u32);
    let pairs = prop::collection::vec((key(), value().prop_map(Some)), 1..3);
    prop_oneof![
        4 => (version(), pairs).prop_map(|(version, entries)| PatternEdit::Add { version, entries }),
        2 => (key(), value()).prop_map(|(key, value)| PatternEdit::Set { key, value }),
        2 => key().prop_map(|key| PatternEdit::Delete { key }),
        1 => version().prop_map(|version| PatternEdit::Clear { version }),
        1 => (1..4u32).prop_map(|version| PatternEdit::Prepare { version }),
        1 => (1..4u32).prop_map(|version| PatternEdit::Commit { version }),
        1 => (key(), 0..2u32, value()).prop_map(|(key, nth, value)| PatternEdit::SetNth { key, nth, value }),
        1 => (key(), 0..2u32).prop_map(|(key, nth)| PatternEdit::DeleteNth { key, nth }),
    ]
}

fn of_server() -> impl Strategy<Value = Change> {
    use ServerState::{Disabled, Drain, Enabled, Maint, Ready};
    let state = prop::sample::select(vec![Ready, Drain, Maint, Disabled, Enabled]);
    let words = prop::sample::select(vec!["127.0.0.1:7", "127.0.0.1:8 weight 9"]);
    let ip = prop::option::of(prop::sample::select(vec!["127.0.0.5", "127.0.0.6"]));
    let server = prop::sample::select(vec!["s", "t", "n"]).prop_map(str::to_owned);
    let parts = (0..8u8, 0..9u32, state, words, ip, prop::option::of(1..4u16));
    (server, parts).prop_map(|(server, (kind, number, state, words, ip, port))| {
        let backend = "b".to_owned();
        let ip = ip.map(|ip| ip.parse().unwrap());
        match kind {
            0 => Change::Weight { backend, server, weight: number },
            1 | 2 => Change::State { backend, server, state },
            3 => Change::ServerMaxconn { backend, server, maxconn: number },
            4 => Change::Address { backend, server, ip, port },
            5 => {
                let words = words.split(' ').map(str::to_owned).collect();
                Change::AddServer { backend, server, words }
            }
            6 => Change::DeleteServer { backend, server },
            _ if number < 5 => {
                Change::Health { backend, server, health: if number.is_multiple_of(2) { 0 } else { 2 } }
            }
            _ => Change::Checks { backend, server, agent: false, enabled: number.is_multiple_of(2) },
        }
    })
}

fn change(map: String) -> impl Strategy<Value = Change> {
    use lb_core::listen::Entrance;
    let frontend = any::<bool>().prop_map(|open| Change::Frontend {
        frontend: "f".to_owned(),
        entrance: if open { Entrance::Open } else { Entrance::Paused },
    });
    let publish = any::<bool>().prop_map(|published| Change::Publish { backend: "b".to_owned(), published });
    prop_oneof![
        10 => edit().prop_map(move |edit| Change::Patterns { list: map.clone(), edit }),
        10 => of_server(),
        1 => frontend,
        1 => publish,
    ]
}

fn make(plan: &Plan, entries: Vec<(u64, Entry)>) {
    entries.iter().for_each(|(_, entry)| drop(entry.change.settle(plan)));
}

/// `PROPTEST_CASES` asks for more. A failing case shrinks until it is short, else nobody can read it.
fn config() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig {
        cases: cases.unwrap_or(400),
        failure_persistence: None,
        max_shrink_iters: 100_000,
        max_shrink_time: 60_000,
        ..ProptestConfig::default()
    }
}

/// Has changes made: all of them by a node that is there all the time, what is kept of them by one that starts at the end, and by
/// one that is behind after the first `seen_by_all`.
fn lead(changes: Vec<Change>, seen_by_all: usize) -> Result<(), TestCaseError> {
    let home = tempfile::tempdir().unwrap();
    let map = home.path().join("a.map");
    std::fs::write(&map, "a 1\na 2\nb 1\n").unwrap();
    let (whole, lagging) = (plan(&map), plan(&map));
    let mut journal = Journal::default();
    let mut reached = 0;
    for (index, change) in (1u64..).zip(changes) {
        let change = match change {
            Change::Patterns { edit, .. } => {
                Change::Patterns { list: map.to_string_lossy().into_owned(), edit }
            }
            other => other,
        };
        if index == seen_by_all as u64 + 1 {
            make(&lagging, journal.after(0));
            reached = seen_by_all as u64;
        }
        // A node that is asked looks first.
        if change.check(&whole).is_err() {
            continue;
        }
        let id = RequestId { node: NodeId(1), life: 1, number: index };
        let proposal = Proposal { id, floor: 0, change, base: 0, by: By::default(), at: 0 };
        match journal.record(index, &proposal) {
            Outcome::Done => drop(proposal.change.settle(&whole)),
            Outcome::Refused(why) => {
                let known = why == TAKEN || why.starts_with("Version") || why.starts_with("Already");
                prop_assert!(known, "{}", why);
            }
        }
    }
    // As from a snapshot.
    let stored = postcard::to_allocvec(&journal).unwrap();
    prop_assert_eq!(&postcard::from_bytes::<Journal>(&stored).unwrap(), &journal);
    let fresh = plan(&map);
    make(&fresh, journal.after(0).into_iter().filter(|(_, entry)| !is_gone(entry)).collect());
    prop_assert_eq!(seen(&whole), seen(&fresh));
    make(&lagging, journal.after(reached));
    prop_assert_eq!(seen(&whole), seen(&lagging));
    Ok(())
}

proptest! {
    #![proptest_config(config())]
    #[test]
    fn what_is_kept_leads_to_where_all_leads(
        before in prop::collection::vec(change("/MAP".to_owned()), 0..20),
        after in prop::collection::vec(change("/MAP".to_owned()), 0..20),
    ) {
        let seen = before.len();
        lead(before.into_iter().chain(after).collect(), seen)?;
    }
}

/// Cases that have failed.
#[test]
fn a_health_that_a_maintenance_ended_is_ended_for_who_did_not_see_the_maintenance() {
    use ServerState::{Disabled, Drain, Enabled, Maint, Ready};
    let state =
        |server: &str, state| Change::State { backend: "b".to_owned(), server: server.to_owned(), state };
    let health =
        |server: &str, health| Change::Health { backend: "b".to_owned(), server: server.to_owned(), health };
    let words = vec!["127.0.0.1:7".to_owned()];
    let add = Change::AddServer { backend: "b".to_owned(), server: "n".to_owned(), words };
    lead(vec![health("s", 0), state("s", Maint), state("s", Ready)], 1).unwrap();
    lead(vec![health("s", 0), state("s", Disabled), state("s", Enabled)], 1).unwrap();
    lead(vec![health("s", 0), state("s", Maint), state("s", Drain), state("s", Ready)], 1).unwrap();
    lead(vec![add, state("n", Ready), health("n", 0), state("n", Maint), state("n", Ready)], 3).unwrap();
    lead(vec![state("t", Ready), health("t", 0), state("t", Maint), state("t", Ready)], 2).unwrap();
}
