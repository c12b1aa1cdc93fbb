//! The whole system of `examples/`, as `./examples/run` starts it: tiers that end under load, a database that is killed
//! in mid-write, a browser. `just stack` runs the long form, beside haproxy with the same file.
#![allow(clippy::unwrap_used)]

mod browser;
mod demo;
mod load;
mod notes;

use demo::{Demo, LIMIT, proxies};
use lb_harness::{ask, eventually};
use load::Load;
use std::path::Path;

#[test]
fn all_of_it_starts_works_and_leaves_nothing() {
    for proxy in proxies() {
        let Some(mut demo) = Demo::start(&proxy) else { return };
        let (site, admin) = (demo.address("SITE"), demo.address("ADMIN"));
        let page = ask(site, "GET /", &[], "").unwrap();
        assert!(page.status == 200 && page.text().contains("<title>Notebook</title>"), "{page:?}");
        assert!(page.header("x-lb").is_some_and(|name| name.starts_with("lb")), "{page:?}");
        assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
        assert!(page.header("set-cookie").unwrap().starts_with("SERVER=web"));

        let body = r#"{"title": "first", "body": "over all tiers"}"#;
        let made = ask(site, "POST /api/notes", &["Content-Type: application/json"], body).unwrap();
        assert_eq!(made.status, 201, "{}", made.text());
        for header in ["x-lb", "x-web", "x-app", "x-request-id"] {
            assert!(made.header(header).is_some(), "{header}: {made:?}");
        }
        let place = made.header("location").unwrap().to_owned();
        let listed = ask(site, "GET /api/notes?q=OVER%20all", &[], "").unwrap();
        assert!(listed.text().contains(&place["/api/notes/".len()..]), "{}", listed.text());
        assert_eq!(ask(site, &format!("DELETE {place}"), &[], "").unwrap().status, 204);

        assert_eq!(ask(site, "GET /.git/config", &[], "").unwrap().status, 403);
        assert_eq!(ask(site, "PATCH /", &[], "").unwrap().status, 405);
        assert_eq!(ask(admin, "GET /stats", &[], "").unwrap().status, 200);
        let metrics = ask(admin, "GET /metrics", &[], "").unwrap().text();
        assert!(metrics.contains(r#"haproxy_server_status{proxy="notebook",server="app1""#), "{metrics}");

        let children = demo.children();
        assert_eq!(children.len(), 5 + demo.balancers().len());
        assert!(demo.stop(), "{}", demo.said());
        assert!(children.iter().all(|pid| !Path::new(&format!("/proc/{pid}")).exists()));
        let left: Vec<_> = demo.files().into_iter().filter(|name| name.ends_with(".sock")).collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

#[test]
fn under_load_a_tier_that_is_told_to_end_costs_nothing_and_one_that_is_killed_little() {
    let Some(demo) = Demo::start(&proxies()[0]) else { return };
    let load = Load::start(demo.address("SITE"));
    for tier in ["web1", "app1"] {
        demo.end("--stop", tier);
    }
    assert_eq!(load.failures(), [""; 0]);
    for tier in ["web2", "app2"] {
        demo.end("--kill", tier);
    }
    let (served, failures) = load.end();
    assert!(failures.len() <= 2 * load::CLIENTS, "{failures:?}");
    assert!(served > 100, "{served}");
}

#[test]
fn the_site_moves_on_when_the_balancer_that_holds_it_is_killed() {
    let Some(demo) = Demo::start(&proxies()[0]) else { return };
    let mut holder = None;
    let mut all_say = || {
        assert!(eventually(LIMIT, || {
            holder = demo.holder();
            holder.is_some()
        }));
        holder.clone().unwrap()
    };
    let first = all_say();
    demo.end("--kill", &first);
    let second = all_say();
    assert_ne!(first, second);
    let told = format!("{second} holds ");
    assert!(eventually(LIMIT, || demo.said().contains(&told)), "{}", demo.said());
    // On the new one nothing fails.
    let load = Load::start(demo.address("SITE"));
    assert!(eventually(LIMIT, || load.served() > 100));
    assert_eq!(load.end().1, [""; 0]);
}

#[test]
fn nothing_acknowledged_is_lost_when_the_database_is_killed() {
    let Some(demo) = Demo::start(&proxies()[0]) else { return };
    let site = demo.address("SITE");
    let writers = notes::Writers::start(site);
    assert!(eventually(LIMIT, || writers.acknowledged() >= 50));
    demo.end("--kill", "db1");
    let before = writers.acknowledged();
    assert!(eventually(LIMIT, || writers.acknowledged() >= before + 50), "it recovers by itself");
    let ended = writers.end();
    assert!(ended.refused > 0, "while it is down, the answer is 503");
    assert_eq!(ended.wrong, [""; 0]);
    notes::all_are_there(site, &ended.acknowledged);
}

/// How often the judge goes through haproxy and lb in turn.
const ROUNDS: usize = 3;

/// The judge: every web and app process in turn, twice, told to end and killed, through haproxy and through lb in the same
/// run. A request whose answer had begun to come from a process that is killed is lost to any proxy: which one's clients
/// that befalls is chance, so each client may lose one more on lb. Nothing else may fail.
#[test]
#[ignore = "takes minutes: just stack"]
fn judge() {
    let mut cut = vec![0; proxies().len()];
    for _ in 0..ROUNDS {
        for (proxy, cut) in proxies().iter().zip(&mut cut).rev() {
            let Some(demo) = Demo::start(proxy) else { return };
            let load = Load::start(demo.address("SITE"));
            for tier in ["web1", "web2", "app1", "app2"].repeat(2) {
                demo.end("--stop", tier);
            }
            let stopped = load.failures();
            for tier in ["web1", "web2", "app1", "app2"].repeat(2) {
                demo.end("--kill", tier);
            }
            let (served, failures) = load.end();
            let (begun, others): (Vec<_>, Vec<_>) =
                failures.iter().partition(|failure| load::is_cut(failure));
            println!(
                "{}: {served} requests; failed: {} with SIGTERM; with SIGKILL {} in mid-answer, {} others",
                proxy.display(),
                stopped.len(),
                begun.len(),
                others.len()
            );
            if *proxy == proxies()[0] {
                assert_eq!(stopped, [""; 0]);
                assert_eq!(others.first(), None);
            }
            *cut += begun.len();
        }
    }
    let (lb, haproxy) = (cut[0], cut[1..].iter().sum::<usize>());
    assert!(lb <= haproxy + load::CLIENTS, "lb {lb}, haproxy {haproxy}");
}
