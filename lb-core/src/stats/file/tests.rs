#![allow(clippy::unwrap_used, clippy::panic)]
use super::*;
use crate::testing;

const HEAD: &str = "defaults\n mode http\n timeout client 2s\n timeout server 2s\n timeout connect 2s\n";
const TEXT: &str = "frontend f\n guid gf\n bind 127.0.0.1:80 guid-prefix gl\n default_backend b\n\
    backend b\n guid gb\n server s 127.0.0.1:1 check guid gs\n server t 127.0.0.1:2\nlisten l\n guid gl\n bind 127.0.0.1:81\n";

fn plan(text: &str, previous: Option<&Plan>) -> Plan {
    testing::plan(&format!("{HEAD}{text}"), previous).unwrap_or_else(|errors| panic!("{errors:#?}"))
}

fn server(plan: &Plan) -> Arc<Server> {
    plan.backends.find("b").unwrap().servers.find("s").unwrap()
}

#[test]
fn what_is_dumped_is_preloaded() {
    let old = plan(TEXT, None);
    let counters = old.frontends[0].stats.counters.mine();
    counters.sess_tot.add(3);
    counters.req_tot.add(7);
    let known = server(&old);
    known.counters.mine().hrsp[1].add(5);
    known.downs.store(2, Relaxed);
    known.changed.store(clock::ago(100_000), Relaxed);
    old.backends.find("b").unwrap().stats.counters.mine().lbtot.add(9);
    let text = dump(&old);
    let lines: Vec<_> = text.lines().collect();
    assert!(lines[0].starts_with("#fe guid,stot,bin,bout,dreq,dresp,ereq,rate,hrsp_1xx,"), "{text}");
    assert!(lines[1].starts_with("gf,3,0,") && lines[1].ends_with(",0,7,0,0,"), "{text}");
    assert!(lines[2].starts_with("gl,0,") && lines[3].is_empty(), "{text}");
    assert!(lines[4].starts_with("#be guid,stot,bin,bout,dreq,dresp,econ,eresp,"), "{text}");
    let starts: Vec<_> = lines[5..].iter().map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!(starts, ["gs", "gb", "gl"]);

    // In another process, under other names.
    let new = plan(
        &TEXT
            .replace("frontend f", "frontend web")
            .replace("backend b", "backend app")
            .replace("_backend b", "_backend app"),
        None,
    );
    assert_eq!(preload(&new, None, "f", &text), <[&str; 0]>::default());
    let counters = &new.frontends[0].stats.counters;
    assert_eq!((counters.sum(|c| c.sess_tot.get()), counters.sum(|c| c.req_tot.get())), (3, 7));
    let app = new.backends.find("app").unwrap();
    assert_eq!(app.stats.counters.sum(|c| c.lbtot.get()), 9);
    let server = app.servers.find("s").unwrap();
    assert_eq!((server.counters.sum(|c| c.hrsp[1].get()), server.downs.load(Relaxed)), (5, 2));
    assert!((100..110).contains(&(clock::since(&server.changed) / 1000)));
    assert_eq!(server.last_session.load(Relaxed), 0);
    let lines = |text: &str| {
        text.lines().map(|line| line.split(",0,").next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(lines(&dump(&new))[..4], lines(&text)[..4]);
}

#[test]
fn a_reload_goes_on_with_what_it_has() {
    let old = plan(TEXT, None);
    server(&old).counters.mine().sess_tot.add(4);
    let new = plan(&format!("{TEXT}backend new\n guid gn\n"), Some(&old));
    let file = "#be guid,stot,\ngs,1,\ngb,1,\ngn,1,\n";
    assert_eq!(preload(&new, Some(&old), "f", file), <[&str; 0]>::default());
    assert_eq!(server(&new).counters.sum(|c| c.sess_tot.get()), 4);
    let sessions = |name: &str| new.backends.find(name).unwrap().stats.counters.sum(|c| c.sess_tot.get());
    assert_eq!((sessions("b"), sessions("new")), (0, 1));
}

#[test]
fn rows_of_the_other_part_are_told() {
    let plan = plan(TEXT, None);
    let file = "#fe guid,stot,\ngs,1,\ngb,1,\ngl-1,1,\nunknown,1,\n#be guid,stot,\ngl-1,1,\n#be\n";
    assert_eq!(
        preload(&plan, None, "/f", file),
        [
            "config: Ignored stats-file line 2 in file '/f'.",
            "config: Ignored stats-file line 7 in file '/f'.",
            "config: Ignored stats-file header line '8' in file '/f'."
        ]
    );
    assert_eq!(preload(&plan, None, "/f", "x"), ["config: Invalid stats-file format in file '/f'."]);
}

#[test]
fn columns_are_named_as_those_of_show_stat() {
    for column in COLUMNS {
        assert!(super::super::column::named(column.name).is_some(), "{}", column.name);
    }
}
