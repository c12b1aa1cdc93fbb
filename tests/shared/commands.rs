//! Each command, said to each node in turn as tools do.

use crate::trio::{ALL, LIMIT, Trio, said};
use lb_harness::eventually;

/// Says a command to all nodes in turn: each answers this.
fn tell_all(trio: &Trio, line: &str, expected: &str) {
    for index in trio.running() {
        assert_eq!(trio.ask(index, line), expected, "{line}, node {index}\n{}", trio.told(index));
    }
}

fn alike(trio: &Trio) {
    let first = trio.state(0);
    for index in trio.running() {
        assert_eq!(trio.state(index), first, "node {index}");
    }
}

#[test]
fn what_one_is_told_all_know_and_a_repetition_is_a_success() {
    let mut trio = Trio::start();
    let map = trio.map();
    for (line, expected) in [
        ("set weight b/s1 7", "\n"),
        ("get weight b/s1", "7 (initial 1)\n\n"),
        ("set server b/s1 state drain", "\n"),
        ("disable server b/s2", "\n"),
        ("set maxconn server b/s1 9", "\n"),
        ("set maxconn frontend other 5", "\n"),
        ("disable frontend other", "\n"),
        ("enable frontend other", "\n"),
        ("unpublish backend b", "Backend unpublished.\n\n"),
        ("publish backend b", "Backend published.\n\n"),
        ("add map MAP k v", "\n"),
        ("set map MAP k topsecret", "\n"),
        ("del map MAP b", "\n"),
        ("del map MAP never", "Key not found.\n\n"),
        ("set map MAP never v", "entry not found.\n\n"),
        ("add server b/n 127.0.0.1:9 weight 3", "New server registered.\n\n"),
        ("add server b/n 127.0.0.1:8", "Already exists a server with the same name in backend.\n\n"),
        ("get weight b/n", "3 (initial 3)\n\n"),
        ("del server b/n", "Server deleted.\n\n"),
        ("del server b/never", "No such server.\n\n"),
        ("add server b/kept 127.0.0.1:9 weight 4", "New server registered.\n\n"),
        ("enable server b/kept", "\n"),
        ("del server b/s2", "Server deleted.\n\n"),
        ("set server b/nowhere weight 1", "No such server.\n\n"),
        ("commit map @9 MAP", "Version number out of range.\n\n"),
    ] {
        let line = line.replace("MAP", &map);
        tell_all(&trio, &line, expected);
    }
    // Only the first node moves it.
    for (index, said) in
        ["IP changed from '127.0.0.3' to '127.0.0.9'", "no need to change the addr"].iter().enumerate()
    {
        let expected = format!("{said} by 'stats socket command'\n\n");
        assert_eq!(trio.ask(index, "set server b/s3 addr 127.0.0.9"), expected);
    }
    // A tool that prepares on one node, and fills and commits on all.
    assert_eq!(trio.ask(1, &format!("prepare map {map}")), "New version created: 1\n\n");
    tell_all(&trio, &format!("add map @1 {map} x 1"), "\n");
    tell_all(&trio, &format!("commit map @1 {map}"), "\n");
    assert_eq!(trio.ask(2, &format!("prepare map {map}")), "New version created: 2\n\n");
    alike(&trio);
    assert!(trio.state(0).starts_with("x 1\n"), "{}", trio.state(0));

    // One entry by the number that one node gives it.
    let shown = trio.ask(2, &format!("show map {map}"));
    let id = shown.split(' ').next().unwrap();
    assert_eq!(trio.ask(2, &format!("set map {map} #{id} 2")), "\n");
    alike(&trio);
    assert!(trio.state(0).starts_with("x 2\n"), "{}", trio.state(0));

    // This node only, and who may not.
    assert_eq!(trio.ask(0, "@local set weight b/s1 3"), "\n");
    assert_eq!(trio.ask(0, "get weight b/s1"), "3 (initial 1)\n\n");
    assert_eq!(trio.ask(1, "get weight b/s1"), "7 (initial 1)\n\n");
    let narrow = trio.narrow(1);
    let refused = said(&narrow, "set weight b/s1 1").unwrap();
    assert!(refused.contains("'cluster-write'") && refused.contains("'@local'"), "{refused}");
    assert_eq!(said(&narrow, "get weight b/s1").unwrap(), "7 (initial 1)\n\n");
    assert_eq!(said(&narrow, "@local set weight b/s1 2;get weight b/s1").unwrap(), "\n2 (initial 1)\n\n");
    tell_all(&trio, "set weight b/s1 7", "\n");

    let events = trio.ask(2, "show cluster events");
    let (told, socket) = ("weight of b/s1 is 7 (asked: lb1, ", format!("{}, uid ", trio.socket(0).display()));
    assert!(events.contains(told) && events.contains(&socket), "{told}{socket}\n{events}");
    assert!(!events.contains("topsecret"), "{events}");

    // All end at once, and begin again.
    let before = trio.state(0);
    ALL.iter().for_each(|index| trio.kill(*index));
    ALL.iter().for_each(|index| trio.start_node(*index));
    trio.settle();
    alike(&trio);
    assert_eq!(trio.state(0), before);

    // A reload of the same file changes nothing; a changed value counts.
    trio.reload(0);
    alike(&trio);
    assert_eq!(trio.state(0), before);
    trio.say(0, " server s4 127.0.0.4:4\n");
    trio.reload(0);
    assert_eq!(trio.ask(0, "get weight b/s1"), "7 (initial 1)\n\n");
    let shows = |text: &str| {
        let shown = || ALL.iter().all(|index| trio.ask(*index, "show cluster config").contains(text));
        assert!(eventually(LIMIT, shown), "{text}\n{}", trio.ask(1, "show cluster config"));
    };
    shows("differs backend b\n");
    assert!(eventually(LIMIT, || trio
        .told(1)
        .contains("do not have the same proxy sections: backend b (lb1)")));
    let json = trio.ask(1, "show cluster config json");
    assert!(json.contains(r#"{"node":"lb1","section":"backend b","how":"differs"}"#), "{json}");
    (1..3).for_each(|index| trio.say(index, " server s4 127.0.0.4:4\n"));
    (1..3).for_each(|index| trio.reload(index));
    let shown = || ALL.iter().all(|index| trio.ask(*index, "show cluster config").contains("\nalike: yes\n"));
    assert!(eventually(LIMIT, shown), "{}", trio.ask(1, "show cluster config"));
    alike(&trio);
}

#[test]
fn without_a_majority_nothing_changes_and_reads_say_that_they_may_be_old() {
    let mut trio = Trio::start();
    let last = trio.leader();
    let others: Vec<_> = ALL.into_iter().filter(|index| *index != last).collect();
    others.iter().for_each(|index| trio.kill(*index));
    assert!(eventually(LIMIT, || trio.ask(last, "show cluster").contains("quorum: no")));
    let refused = || trio.ask(last, "set weight b/s1 9").starts_with("Not committed: no majority");
    assert!(eventually(LIMIT, refused), "{}", trio.ask(last, "set weight b/s1 9"));
    let read = trio.ask(last, "get weight b/s1");
    assert!(read.starts_with("1 (initial 1)\n# this may be old: "), "{read}");
    assert!(!trio.ask(last, "show stat").contains("may be old"));
    assert_eq!(trio.ask(last, "@local set weight b/s1 8"), "\n");
    trio.start_node(others[0]);
    trio.settle();
    assert_eq!(trio.ask(others[0], "get weight b/s1"), "1 (initial 1)\n\n");
}
