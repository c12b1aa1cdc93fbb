//! What reloads take over.
#![allow(clippy::unwrap_used, clippy::panic)]
use super::*;
use crate::server::Operational;
use crate::testing;
use std::fs;

const HEAD: &str = "defaults\n mode http\n timeout client 2s\n timeout server 2s\n timeout connect 2s\n";

fn compile(text: &str, previous: Option<&Plan>) -> Plan {
    testing::plan(&format!("{HEAD}{text}"), previous).unwrap_or_else(|errors| panic!("{errors:#?}"))
}

/// A plan, and the one that a reload makes of another text after `change`.
fn reload(before: &str, change: impl FnOnce(&Plan), after: &str) -> (Plan, Plan) {
    let old = compile(before, None);
    change(&old);
    let new = compile(after, Some(&old));
    succeed(&old, &new);
    (old, new)
}

fn find(plan: &Plan, name: &str) -> Arc<Server> {
    plan.backends.load().iter().find_map(|one| one.servers.find(name)).unwrap()
}

fn numbers(server: &Server) -> (u32, u8, Operational, u32) {
    let (weight, admin) = (server.weight.load(Relaxed), server.admin.load(Relaxed));
    let health = server.check.as_ref().map_or(0, |probe| probe.last().health.value());
    (weight, admin, server.state(), health)
}

const TWO: &str = "backend b\n server s 127.0.0.1:1 weight 5 check\n server t 127.0.0.1:2 check\n";

fn touch(plan: &Plan) {
    let server = find(plan, "s");
    server.set_weight(77);
    server.set_operational(Operational::Stopped);
    server.counters.mine().sess_tot.inc();
    server.check.as_ref().unwrap().failures.store(3, Relaxed);
    find(plan, "t").set_admin(crate::server::admin::FORCED_DRAIN, 0);
}

#[test]
fn a_server_that_is_said_alike_is_the_same() {
    // Elsewhere in the file, behind lines that are new.
    let (old, new) = reload(TWO, touch, &format!("backend a\n\n{TWO} server u 127.0.0.1:3\n"));
    for name in ["s", "t"] {
        assert!(Arc::ptr_eq(&find(&old, name), &find(&new, name)), "{name}");
        assert!(!find(&new, name).retired.load(Relaxed));
    }
    assert_eq!(numbers(&find(&new, "s")), (77, 0, Operational::Stopped, 0));
    assert_ne!(find(&new, "u").uid, find(&new, "t").uid);
    assert_eq!(new.generation, 1);
}

#[test]
fn what_the_line_says_otherwise_wins_and_the_rest_stays() {
    let weight = TWO.replace("weight 5", "weight 6");
    let (old, new) = reload(TWO, touch, &weight);
    assert!(find(&old, "s").retired.load(Relaxed));
    let server = find(&new, "s");
    assert_eq!(numbers(&server), (6, 0, Operational::Stopped, 0), "its health goes on");
    assert_eq!(server.check.as_ref().unwrap().failures.load(Relaxed), 3);
    assert_eq!(server.counters.mine().sess_tot.get(), 1);
    let backup = TWO.replace("weight 5", "weight 5 backup");
    let (_, new) = reload(TWO, touch, &backup);
    assert_eq!(numbers(&find(&new, "s")), (77, 0, Operational::Stopped, 0));
}

#[test]
fn nodes_of_all_builds_tell_checks_by_the_same_numbers() {
    assert_eq!(fingerprint(&"a"), 0x06c8_8f6f_46b0_473b);
    let definition = |text: &str| compile(text, None).backends.load()[0].watches.load()[0].definition();
    assert_eq!(definition(TWO), definition(&format!("\n{TWO}")), "elsewhere in the file");
    assert_eq!(definition(TWO), definition(&TWO.replace("127.0.0.1:1", "127.0.0.1:9")), "wherever they go");
    assert_ne!(definition(TWO), definition(&TWO.replace("weight 5 check", "check inter 9s")));
    assert_ne!(definition(TWO), definition(&TWO.replace("backend b", "backend b\n option httpchk")));
}

#[test]
fn health_starts_anew_at_another_place_and_with_other_checks() {
    for changed in [
        TWO.replace("127.0.0.1:1", "127.0.0.1:9"),
        TWO.replace("weight 5 check", "weight 5 check inter 9s"),
        TWO.replace("backend b", "backend b\n option httpchk"),
    ] {
        let (_, new) = reload(TWO, touch, &changed);
        assert_eq!(numbers(&find(&new, "s")), (77, 0, Operational::Running, 2), "{changed}");
        assert_eq!(find(&new, "s").counters.mine().sess_tot.get(), 1);
    }
}

#[test]
fn commands_about_addresses_last_until_the_line_changes() {
    let elsewhere = crate::server::ServerAddress::Inet("127.0.0.5:5".parse().unwrap());
    let set = |plan: &Plan| _ = find(plan, "s").set_address(elsewhere.clone());
    let (_, new) = reload(TWO, set, TWO);
    assert_eq!(find(&new, "s").address(), elsewhere);
    let (_, new) = reload(TWO, set, &TWO.replace("weight 5", "weight 6"));
    assert_eq!(find(&new, "s").address(), elsewhere);
    let (_, new) = reload(TWO, set, &TWO.replace("127.0.0.1:1", "127.0.0.1:9"));
    assert_eq!(find(&new, "s").address().port(), 9);
}

#[test]
fn what_commands_do_while_a_plan_is_compiled_is_not_lost() {
    let head = "global\n maxconnrate 10\n maxsessrate 10\n";
    let text = |weight: u32| format!("{head}{HEAD}{TWO}").replace("weight 5", &format!("weight {weight}"));
    let old = testing::plan(&text(5), None).unwrap();
    let new = testing::plan(&text(6), Some(&old)).unwrap();
    let elsewhere = crate::server::ServerAddress::Inet("127.0.0.5:5".parse().unwrap());
    find(&old, "s").set_address(elsewhere.clone());
    old.connection_rate.set_max(3);
    old.session_rate.set_max(4);
    let gone = find(&old, "t");
    gone.set_admin(crate::server::admin::FORCED_MAINT, 0);
    crate::compile::delete_server(&old, &old.backends.load()[0], "t").unwrap();
    assert!(gone.retired.load(Relaxed));
    succeed(&old, &new);
    assert_eq!(find(&new, "s").address(), elsewhere);
    assert_eq!((new.connection_rate.max(), new.session_rate.max()), (3, 4));
    assert!(Arc::ptr_eq(&gone, &find(&new, "t")) && !gone.retired.load(Relaxed));
}

#[test]
fn disabled_in_the_file_or_by_command() {
    let maint = |plan: &Plan| _ = find(plan, "s").set_admin(crate::server::admin::FORCED_MAINT, 0);
    let heavier = TWO.replace("weight 5", "weight 6");
    let (_, new) = reload(TWO, maint, &heavier);
    assert!(find(&new, "s").in_maintenance() && find(&new, "s").state() == Operational::Stopped);
    let (_, new) = reload(TWO, maint, &TWO.replace("weight 5", "disabled"));
    assert!(find(&new, "s").in_maintenance());
    let (_, new) = reload(&TWO.replace("weight 5", "disabled"), |_| (), TWO);
    assert_eq!(numbers(&find(&new, "s")), (5, 0, Operational::Running, 2));
}

#[test]
fn followers_follow_those_of_the_new_plan() {
    let text = |weight: u32| {
        format!("{TWO}backend f\n server u 127.0.0.1:3 track b/s\n")
            .replace("weight 5", &format!("weight {weight}"))
    };
    let down = |plan: &Plan| _ = find(plan, "s").set_operational(Operational::Stopped);
    let (old, new) = reload(&text(5), down, &text(6));
    let (leader, follower) = (find(&new, "s"), find(&new, "u"));
    assert!(Arc::ptr_eq(&follower, &find(&old, "u")) && !Arc::ptr_eq(&leader, &find(&old, "s")));
    assert!(Arc::ptr_eq(&follower.tracked().unwrap(), &leader));
    assert_eq!(follower.state(), Operational::Stopped);
    leader.set_operational(Operational::Running);
    assert_eq!(follower.state(), Operational::Running);
    find(&old, "s").set_operational(Operational::Stopped);
    assert_eq!(follower.state(), Operational::Running, "the one that is gone has no followers");
    // One that begins to follow takes over what the other is.
    let (_, new) = reload(TWO, down, &text(5));
    assert_eq!(find(&new, "u").state(), Operational::Stopped);
}

#[test]
fn limits_stay_unless_the_file_changes_them() {
    let text = |max: u32| format!("listen l\n bind 127.0.0.1:80 maxconn 3\n maxconn {max}\n");
    let change = |plan: &Plan| {
        plan.connections.set_max(7);
        plan.frontends[0].connections.set_max(8);
        plan.frontends[0].connections.enter();
        plan.binds[0].listener.connections.enter();
    };
    let (_, new) = reload(&text(50), change, &text(50));
    let limits = |plan: &Plan| (plan.connections.max(), plan.frontends[0].connections.max());
    assert_eq!(limits(&new), (7, 8));
    let (_, new) = reload(&text(50), change, &text(60));
    assert_eq!(limits(&new), (7, 60));
    assert_eq!((new.frontends[0].connections.current(), new.binds[0].listener.connections.current()), (1, 1));
}

#[test]
fn lists_keep_what_commands_made_of_them_until_their_file_changes() {
    let folder = std::env::temp_dir().join(format!("lb-registry-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join("a.map");
    let text = format!(
        "listen l\n bind 127.0.0.1:80\n http-request set-header x %[path,map({})]\n http-request deny if {{ path /q }}\n",
        file.display()
    );
    let keys = |plan: &Plan| {
        let keys = |list: &Arc<crate::acl::Reference>| {
            list.versions().entries().map(|entry| entry.key.to_string()).collect::<Vec<_>>()
        };
        plan.references.iter().map(keys).collect::<Vec<_>>()
    };
    let add = |plan: &Plan| {
        for list in &plan.references {
            let value = list.is_map().then_some("v");
            list.change(|versions| versions.add(None, "/new", value, "map")).unwrap();
        }
    };
    fs::write(&file, "/a 1\n").unwrap();
    let old = compile(&text, None);
    add(&old);
    let new = compile(&text, Some(&old));
    assert_eq!(keys(&new), [vec!["/a"], vec!["/q"]], "nothing is taken over before it is sure");
    succeed(&old, &new);
    assert_eq!(keys(&new), [vec!["/a", "/new"], vec!["/q", "/new"]]);
    let map = new.references.iter().find(|list| list.is_map()).unwrap();
    assert!(map.find("/new")[0].contains("value=\"v\""), "the expression sees it");
    let newer = compile(&text, Some(&new));
    succeed(&new, &newer);
    assert_eq!(keys(&newer), keys(&new), "once more");
    fs::write(&file, "/b 1\n").unwrap();
    let newest = compile(&text, Some(&newer));
    succeed(&newer, &newest);
    assert_eq!(keys(&newest), [vec!["/b"], vec!["/q", "/new"]]);
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_refused_plan_leaves_no_trace() {
    let text = format!(
        "global\n set-var proc.reg_trace int(1)\n{HEAD}{TWO}listen l\n bind 127.0.0.1:80\n http-request set-header x %[var(proc.reg_trace)]\n"
    );
    let old = testing::plan(&text, None).unwrap();
    touch(&old);
    let before = numbers(&find(&old, "s"));
    let key = crate::sample::VarKey::parse("proc.reg_trace").unwrap();
    let value = || {
        let exchange = old.checks.exchange();
        exchange.var(key).map(crate::sample::Sample::into_owned)
    };
    // What is no error is never swapped in here.
    let wrong = |new: String| testing::plan(&new, Some(&old)).is_err();
    let set = text.replace("int(1)", "int(2)");
    assert!(!wrong(set.clone()));
    assert!(wrong(set.clone() + " use_backend nowhere\n"));
    assert!(wrong(set.clone() + " http-request deny if { path -m reg ( }\n"));
    assert!(wrong(set.clone() + " http-request set-header x %[path,map(/nowhere)]\n"));
    assert!(wrong(set.replace("weight 5", "weight 6 track b/nobody")));
    assert_eq!(numbers(&find(&old, "s")), before);
    assert_eq!(value(), Some(crate::sample::Sample::Int(1)));
    assert!(!find(&old, "s").retired.load(Relaxed));
    let new = testing::plan(&set, Some(&old)).unwrap();
    succeed(&old, &new);
    assert_eq!(value(), Some(crate::sample::Sample::Int(2)));
}

#[test]
fn places_are_not_what_lines_say() {
    let place = |line| model::Place { file: "a { b }.cfg".into(), line };
    assert_eq!(said(&(1, place(4), "x")), said(&(1, place(5), "x")));
    assert_ne!(said(&(1, place(4), "x")), said(&(1, place(4), "y")));
}
