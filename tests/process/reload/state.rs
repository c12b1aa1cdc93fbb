//! What servers, checks, lists and connections are after a reload.

use super::{DEFAULTS, ask, body, change_to, cli, connect, start_master};
use crate::program::{LIMIT, Place, is_lb};
use lb_harness::{Answering, eventually, loopback};
use std::io::Read;
use std::time::Duration;

/// Checks that the server sees: a connection that is all the check is reset before it is one.
const SEEN: &str = " option tcp-check\n tcp-check send x\n";

fn global(place: &Place) -> String {
    format!("global\n stats socket {} level admin\n", place.path("cli").display())
}

/// Operational state and weight of a server.
fn server(place: &Place, name: &str) -> (String, String) {
    let answer = cli(place, "show servers state");
    let line = answer.lines().map(|line| line.split(' ').collect::<Vec<_>>());
    let line = line.into_iter().find(|fields| fields.get(3) == Some(&name)).unwrap();
    (line[5].to_owned(), line[7].to_owned())
}

#[test]
fn health_and_weight_outlive_reloads() {
    if !is_lb() {
        return;
    }
    let place = Place::new();
    let nobody = loopback::free_port().unwrap();
    let text = |more: &str| {
        format!(
            "{}{DEFAULTS}listen l\n bind {}\n server s {nobody} check inter 50ms\n server t 127.0.0.1:1\n{more}",
            global(&place),
            place.front
        )
    };
    let _running = start_master(&place, &text(""));
    assert!(eventually(LIMIT, || server(&place, "s").0 == "0"), "down");
    assert_eq!(cli(&place, "set server l/t weight 7").trim(), "");
    for round in 0..5 {
        let more = format!(" server u{round} 127.0.0.1:1\n");
        change_to(&place, &text(&more));
        // At once: no server comes up only since there was a reload.
        assert_eq!(server(&place, "s").0, "0");
        assert_eq!(server(&place, "t").1, "7");
        assert_eq!(server(&place, &format!("u{round}")).0, "2");
    }
}

#[test]
fn a_state_file_is_for_servers_that_are_new() {
    if !is_lb() {
        return;
    }
    let place = Place::new();
    let line = |name: &str, weight: u8| {
        format!("2 l 1 {name} 127.0.0.1 2 0 {weight} 1 1 1 0 2 0 0 0 0 - 1 - 0 0 - - 0\n")
    };
    let file = place.write("states", &format!("1\n{}", line("s", 5)));
    let text = |more: &str| {
        format!(
            "{} server-state-file {}\n{DEFAULTS} load-server-state-from-file global\nlisten l\n bind {}\n balance roundrobin\n \
             server s 127.0.0.1:1\n{more}",
            global(&place),
            file.display(),
            place.front
        )
    };
    let _running = start_master(&place, &text(""));
    assert_eq!(server(&place, "s").1, "5");
    place.write("states", &format!("1\n{}{}", line("s", 6), line("t", 7)));
    change_to(&place, &text(" server t 127.0.0.1:1\n"));
    assert_eq!((server(&place, "s").1, server(&place, "t").1), ("5".to_owned(), "7".to_owned()));
    // A file that is gone is no reason to refuse.
    std::fs::remove_file(&file).unwrap();
    change_to(&place, &text(" server t 127.0.0.1:1\n server u 127.0.0.1:1\n"));
    assert_eq!((server(&place, "t").1, server(&place, "u").1), ("7".to_owned(), "1".to_owned()));
}

/// Connections that checks made while this many reloads went by.
fn checks_during(backend: &Answering, reloads: impl Fn()) -> usize {
    let before = backend.accepted();
    reloads();
    let end = std::time::Instant::now() + Duration::from_millis(600);
    while std::time::Instant::now() < end {
        std::thread::sleep(Duration::from_millis(10));
    }
    backend.accepted() - before
}

#[test]
fn nothing_is_checked_twice_and_what_is_gone_no_more() {
    if !is_lb() {
        return;
    }
    let (stays, goes) = (Answering::start().unwrap(), Answering::start().unwrap());
    let place = Place::new();
    let text = |more: &str| {
        format!(
            "{}{DEFAULTS}listen l\n bind {}\n{SEEN} server s {} check inter 30ms\n{more}",
            global(&place),
            place.front,
            stays.address()
        )
    };
    let with = text(&format!(" server g {} check inter 30ms\n", goes.address()));
    let _running = start_master(&place, &with);
    assert!(eventually(LIMIT, || stays.accepted() > 3 && goes.accepted() > 3));
    let alone = checks_during(&stays, || ());
    for _ in 0..20 {
        change_to(&place, &text(""));
        change_to(&place, &with);
    }
    change_to(&place, &text(""));
    let after = checks_during(&stays, || ());
    assert!(after <= alone * 2 + 4 && after > 0, "{after} checks, {alone} before the reloads");
    assert_eq!(checks_during(&goes, || ()), 0, "a server that is gone is checked no more");
    // It is again when it comes back.
    change_to(&place, &with);
    let before = goes.accepted();
    assert!(eventually(LIMIT, || goes.accepted() > before));
}

#[test]
fn a_server_is_checked_although_reloads_are_faster() {
    if !is_lb() {
        return;
    }
    let backend = Answering::start().unwrap();
    let place = Place::new();
    let text = |weight: usize| {
        format!(
            "{}{DEFAULTS}listen l\n bind {}\n{SEEN} server a 127.0.0.1:1 check inter 300ms\n server s {} check inter 300ms weight {weight}\n",
            global(&place),
            place.front,
            backend.address()
        )
    };
    let _running = start_master(&place, &text(1));
    let mut weight = 1;
    assert!(eventually(LIMIT, || {
        weight = weight % 200 + 1;
        change_to(&place, &text(weight));
        backend.accepted() > 2
    }));
}

#[test]
fn lists_of_commands_stay_until_their_file_changes() {
    if !is_lb() {
        return;
    }
    let place = Place::new();
    let map = place.write("map", "/ one\n");
    let text = |status: u16| {
        format!(
            "{}{DEFAULTS}frontend f\n bind {}\n http-request return status {status} content-type text/plain lf-string %[path,map({})]\n",
            global(&place),
            place.front,
            map.display()
        )
    };
    let _running = start_master(&place, &text(200));
    assert_eq!(cli(&place, &format!("set map {} / two", map.display())).trim(), "");
    change_to(&place, &text(404));
    assert_eq!(body(place.front).as_deref(), Some("two"));
    place.write("map", "/ three\n");
    change_to(&place, &text(404));
    assert_eq!(body(place.front).as_deref(), Some("three"));
}

#[test]
fn hard_stop_after_ends_what_the_old_plan_left() {
    if !is_lb() {
        return;
    }
    let backend = Answering::start().unwrap();
    let place = Place::new();
    let text = |more: &str, weight: u32| {
        format!(
            "{}{more}{}listen l\n bind {}\n server s {} weight {weight}\n",
            global(&place),
            DEFAULTS.replace("mode http", "mode tcp"),
            place.front,
            backend.address()
        )
    };
    let _running = start_master(&place, &text("", 1));
    let mut kept = connect(place.front).unwrap();
    assert_eq!(ask(&mut kept, "/").unwrap(), "ok");
    change_to(&place, &text("", 2));
    assert_eq!(ask(&mut kept, "/").unwrap(), "ok", "a session goes on under its plan");
    change_to(&place, &text(" hard-stop-after 300ms\n", 3));
    let mut newer = connect(place.front).unwrap();
    assert_eq!(ask(&mut newer, "/").unwrap(), "ok");
    // Both ways of an end will do.
    assert!(matches!(kept.read(&mut [0; 16]), Ok(0) | Err(_)));
    assert_eq!(ask(&mut newer, "/").unwrap(), "ok", "those of the new plan stay");
    place.write("lb.cfg", &text("", 4));
    let answer = super::command(&place.path("master.sock"), "hard-reload");
    assert!(answer.starts_with("Success=1\n"), "{answer}");
    assert!(matches!(newer.read(&mut [0; 16]), Ok(0) | Err(_)), "at once");
}

#[test]
fn servers_that_commands_add_are_checked_and_carry_traffic() {
    if !is_lb() {
        return;
    }
    let backend = Answering::start().unwrap();
    let place = Place::new();
    let text =
        format!("{}{DEFAULTS}listen l\n bind {}\n balance roundrobin\n{SEEN}", global(&place), place.front);
    let _running = start_master(&place, &text);
    let address = backend.address();
    let added = cli(&place, &format!("add server l/n {address} check inter 20ms"));
    assert_eq!(added.trim(), "New server registered.");
    assert_ne!(body(place.front).as_deref(), Some("ok"), "in maintenance");
    assert_eq!(cli(&place, "enable server l/n;enable health l/n").trim(), "");
    assert_eq!(body(place.front).as_deref(), Some("ok"));
    assert!(eventually(LIMIT, || backend.accepted() > 5), "checks");
    assert_eq!(cli(&place, "disable server l/n").trim(), "");
    assert!(eventually(LIMIT, || cli(&place, "del server l/n").trim() == "Server deleted."));
    assert_ne!(body(place.front).as_deref(), Some("ok"));
    // A frontend that is paused refuses, and accepts again.
    assert_eq!(cli(&place, "disable frontend l").trim(), "");
    assert!(eventually(LIMIT, || connect(place.front).is_err()));
    assert_eq!(cli(&place, "enable frontend l").trim(), "");
    assert!(eventually(LIMIT, || connect(place.front).is_ok()));
}
