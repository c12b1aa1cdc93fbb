//! The program when its database goes, and when it is to go itself.

use crate::database::Example;
use crate::{App, LIMIT, json};
use lb_harness::eventually;
use nix::sys::signal::Signal;
use serde_json::json as value;

#[test]
fn without_its_database_it_says_so_and_recovers() {
    let Some(mut database) = Example::start() else { return };
    let app = App::start(&database.url(), &[]);
    app.wait_until_ready();
    for _ in 0..2 {
        let made = app.ask("POST /api/notes", r#"{"title": "kept"}"#);
        let place = made.header("location").unwrap().to_owned();
        database.program.signal(Signal::SIGKILL).unwrap();
        for request in ["GET /api/notes", "DELETE /api/notes/00000000000000000000000000000000"] {
            let answer = app.ask(request, "");
            assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")), "{request}");
            let error = &json(&answer)["error"];
            assert_eq!(
                *error,
                value!({"code": "unavailable", "message": "the database cannot be asked now"})
            );
        }
        let ready = app.ask("GET /ready", "");
        assert_eq!((ready.status, json(&ready)), (503, value!({"database": "down", "draining": false})));
        assert_eq!(app.ask("GET /health", "").status, 200, "the program itself is well");
        database.start_again();
        assert!(eventually(LIMIT, || app.ask("GET /ready", "").status == 200));
        assert_eq!(app.ask(&format!("GET {place}"), "").status, 200);
    }
}

#[test]
fn it_starts_before_its_database() {
    let Some(mut database) = Example::start() else { return };
    database.program.stop();
    let app = App::start(&database.url(), &[]);
    assert_eq!(app.ask("GET /api/notes", "").status, 503);
    database.start_again();
    app.wait_until_ready();
}

#[test]
fn sigterm_is_announced_before_it_is_obeyed() {
    let Some(database) = Example::start() else { return };
    let mut app = App::start(&database.url(), &["--drain", "3"]);
    app.wait_until_ready();
    app.program.signal(Signal::SIGTERM).unwrap();
    assert!(eventually(LIMIT, || app.ask("GET /health", "").status == 503));
    let answer = app.ask("GET /api/notes", "");
    assert_eq!(
        (answer.status, answer.header("connection")),
        (200, Some("close")),
        "requests are still served"
    );
    assert_eq!(json(&app.ask("GET /ready", ""))["draining"], true);
    app.program.signal(Signal::SIGTERM).unwrap();
    assert!(app.program.wait(LIMIT).unwrap().success(), "told again, it ends");
}
