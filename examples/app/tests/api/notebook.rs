//! The notebook, the same over both databases.

use crate::database::{Example, PostgreSql};
use crate::{App, json};
use lb_harness::ask;
use serde_json::{Value, json as value};

#[test]
fn the_notebook_works_over_the_examples_database() {
    if let Some(database) = Example::start() {
        notebook(&database.url());
    }
}

#[test]
fn the_notebook_works_over_postgresql() {
    if let Some(database) = PostgreSql::start() {
        notebook(&database.url());
    }
}

fn notebook(url: &str) {
    // Two programs make the tables at the same time.
    let apps = [App::start(url, &["--name", "one"]), App::start(url, &["--name", "two"])];
    apps.iter().for_each(App::wait_until_ready);
    let [one, two] = &apps;
    assert_eq!(json(&one.ask("GET /ready", "")), value!({"database": "up", "draining": false}));

    let made = one.ask("POST /api/notes", r#"{"title": "Zoë's 100%", "body": "a\nb"}"#);
    assert_eq!((made.status, made.header("x-app")), (201, Some("one")));
    let note = json(&made);
    assert_eq!(
        (&note["title"], &note["body"], &note["version"]),
        (&value!("Zoë's 100%"), &value!("a\nb"), &value!(1))
    );
    let place = made.header("location").unwrap().to_owned();
    let read = two.ask(&format!("GET {place}"), "");
    assert_eq!((read.status, read.header("x-app"), json(&read)), (200, Some("two"), note));

    let put = |version: i64, title: &str| {
        let body = value!({"title": title, "body": "", "version": version});
        one.ask(&format!("PUT {place}"), &body.to_string())
    };
    let changed = put(1, "changed");
    assert_eq!((changed.status, &json(&changed)["version"]), (200, &value!(2)));
    let late = put(1, "late");
    assert_eq!((late.status, &json(&late)["error"]["code"]), (409, &value!("conflict")));
    assert_eq!(json(&two.ask(&format!("GET {place}"), ""))["title"], "changed");

    for number in 0..7 {
        let body =
            value!({"title": format!("note {number}"), "body": if number == 3 { "50%_off\\" } else { "" }});
        assert_eq!(one.ask("POST /api/notes", &body.to_string()).status, 201);
    }
    let titles = |page: &Value| -> Vec<String> {
        page["notes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|note| note["title"].as_str().unwrap().to_owned())
            .collect()
    };
    let (mut pages, mut next) = (Vec::new(), String::new());
    loop {
        let page = json(&two.ask(&format!("GET /api/notes?limit=3{next}"), ""));
        pages.push(titles(&page));
        let Some(after) = page["next"].as_str() else { break };
        next = format!("&after={after}");
    }
    let expected: [&[&str]; 3] =
        [&["note 6", "note 5", "note 4"], &["note 3", "note 2", "note 1"], &["note 0", "changed"]];
    assert_eq!(pages, expected);
    for (search, found) in [("NOTE", 7), ("%25_o", 1), ("%25", 1), ("f%5C", 1), ("nowhere", 0), ("_", 1)] {
        let page = json(&two.ask(&format!("GET /api/notes?q={search}&limit=100"), ""));
        assert_eq!(titles(&page).len(), found, "{search}");
    }

    assert_eq!(two.ask(&format!("DELETE {place}"), "").status, 204);
    for request in [format!("DELETE {place}"), format!("GET {place}")] {
        let answer = one.ask(&request, "");
        assert_eq!(
            (answer.status, &json(&answer)["error"]["code"]),
            (404, &value!("not_found")),
            "{request}"
        );
    }
    assert_eq!(put(2, "gone").status, 404);

    let long = value!({"title": "x".repeat(201)}).to_string();
    for (request, body) in [
        ("POST /api/notes", ""),
        ("POST /api/notes", "{}"),
        ("POST /api/notes", r#"{"title": " "}"#),
        ("POST /api/notes", r#"{"title": "a\u0000"}"#),
        ("POST /api/notes", &long),
        ("GET /api/notes?limit=0", ""),
        ("GET /api/notes?limit=many", ""),
        ("GET /api/notes?after=%27", ""),
    ] {
        let answer = one.ask(request, body);
        assert_eq!(
            (answer.status, &json(&answer)["error"]["code"]),
            (400, &value!("invalid")),
            "{request} {body}"
        );
    }
    let large = value!({"title": "a", "body": "x".repeat(70_000)}).to_string();
    assert_eq!(one.ask("POST /api/notes", &large).status, 413);
    for request in ["GET /api/notes/%27%3B", "GET /api/", "GET /nowhere"] {
        assert_eq!(one.ask(request, "").status, 404, "{request}");
    }

    let answer = ask(one.addr, "GET /api/notes", &["X-Request-ID: seven"], "").unwrap();
    assert_eq!(answer.header("x-request-id"), Some("seven"));
    assert!(one.ask("GET /api/notes", "").header("x-request-id").unwrap().len() > 20);
}
