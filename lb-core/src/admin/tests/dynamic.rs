//! Servers that commands add and delete.

use super::{ask_as, compiled};
use crate::admin::Level;
use crate::server::Operational;

/// Its connections end with it, as those of a server of the file do.
#[tokio::test]
async fn a_server_that_is_added_is_tied_as_its_line_says() {
    let context = compiled("backend b\n balance roundrobin\n server s 127.0.0.1:1\n");
    for (name, words, tied) in [("m", "on-marked-down shutdown-sessions", true), ("n", "weight 5", false)] {
        let line = format!("add server b/{name} 127.0.0.1:5 check {words}");
        let answer = ask_as(&context, Level::Admin, &format!("{line}\n")).await;
        assert!(answer.contains("New server registered."), "{line}: {answer}");
        let plan = context.stage.plan();
        let server = plan.backends.load()[0].servers.find(name).unwrap();
        assert_eq!(server.ties.get().is_some(), tied, "{line}");
    }
}

#[tokio::test]
async fn servers_come_and_go() {
    let context = compiled(
        "backend b\n balance roundrobin\n server s 127.0.0.1:1 check\n server t 127.0.0.1:2 track s\n server u 127.0.0.1:3\n\
         backend st\n balance static-rr\n server s 127.0.0.1:1\n",
    );
    for (line, expected) in [
        ("add server foo/s 127.0.0.1:5", "No such backend."),
        ("add server b", "Require 'backend/server'."),
        ("add server b/n", "'server' expects <name> and <addr>[:<port>] as arguments."),
        (
            "add server st/n 127.0.0.1:5",
            "Backend must use a dynamic load balancing to support dynamic servers.",
        ),
        ("add server b/s 127.0.0.1:5", "Already exists a server with the same name in backend."),
        ("add server b/n 127.0.0.1:5 foo", "unknown keyword 'foo'; did you mean 'tfo' maybe ?"),
        ("add server b/n 127.0.0.1:5 cookie x", "'cookie' option is not accepted for dynamic server"),
        (
            "add server b/n 127.0.0.1:5 init-addr none",
            "'init-addr' option is not accepted for dynamic server",
        ),
        (
            "add server b/n 127.0.0.1:5 track u",
            "unable to use b/u for tracking as it does not have any check nor agent enabled.",
        ),
        ("add server b/n 127.0.0.1:5 track s weight 7", "New server registered."),
        ("add server b/m 127.0.0.1:5 track n", "unable to use b/n for tracking as it is a dynamic server."),
        ("add server b/m 127.0.0.1:6 check", "New server registered."),
        ("get weight b/n", "7 (initial 7)"),
        (
            "del server b/s",
            "This server cannot be removed at runtime due to other configuration elements pointing to it.",
        ),
        ("del server b/u", "Only servers in maintenance mode can be deleted."),
        ("disable server b/u", ""),
        ("del server b/u", "Server deleted."),
        ("del server b/u", "No such server."),
        ("enable server b/n", ""),
        ("del server b/n", "Only servers in maintenance mode can be deleted."),
        ("disable server b/n", ""),
        ("del server b/n", "Server deleted."),
        ("enable health b/t", "Health check was not configured on this server, cannot enable."),
        ("enable agent b/m", "Agent was not configured on this server, cannot enable."),
        ("enable health b/m", ""),
        ("set server b/m check-port x", "provided port is not an integer"),
        ("set server b/m check-port 70000", "provided port is invalid"),
        ("set server b/m check-port 99", ""),
        ("set server b/t check-addr 127.0.0.3", "health checks are not enabled on this server"),
        ("set server b/m check-addr 127.0.0.3 port 88", ""),
        ("set server b/m agent up", "agent checks are not enabled on this server."),
    ] {
        let answer = ask_as(&context, Level::Admin, &format!("{line}\n")).await;
        assert_eq!(answer.trim_end(), expected, "{line}");
    }
    let plan = context.stage.plan();
    let backend = &plan.backends.load()[0];
    let names: Vec<_> = backend.servers.load().iter().map(|server| server.name.clone()).collect();
    assert_eq!(names, ["s", "t", "m"]);
    let watch = backend.watches.load().iter().find(|watch| watch.server.name == "m").cloned().unwrap();
    assert_eq!((watch.port, watch.address.as_ref().unwrap().to_string()), (Some(88), "127.0.0.3:0".into()));
    // Who followed is told no more.
    let leader = backend.servers.find("s").unwrap();
    leader.set_operational(Operational::Stopped);
    assert_eq!(backend.servers.find("t").unwrap().state(), Operational::Stopped);
}
