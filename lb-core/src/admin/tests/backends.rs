//! Backends that commands add and delete.

use super::{ask_as, compiled};
use crate::admin::Level;
use std::sync::Arc;

#[tokio::test]
async fn backends_come_and_go() {
    let context = compiled(
        "defaults d\n mode http\n timeout client 5s\n timeout server 7s\n timeout connect 5s\n retries 9\n balance roundrobin\n\
         defaults t from d\n mode tcp\n\
         defaults r from d\n http-request deny if { src 10.0.0.0/8 }\n\
         frontend f from d\n bind 127.0.0.1:80\n use_backend b if { nbsrv(c) eq 0 }\n use_backend %[path]\n\
         backend b from d\n server s 127.0.0.1:1\nbackend c from d\nbackend free from d\n",
    );
    for (line, expected) in [
        ("show defaults", "# name\nd\nt\nr"),
        ("add backend", "Usage: add backend <name> from <defproxy>."),
        ("add backend n from", "Usage: add backend <name> from <defproxy>."),
        ("add backend n from x", "No such defaults section 'x'."),
        ("add backend n from d mode log", "Only backends of mode 'http' and 'tcp' can be added, not 'log'."),
        ("add backend n/m from d", "character '/' is not permitted in backend name 'n/m'."),
        (
            "add backend n from r",
            "Defaults section 'r' has patterns or maps, which added backends cannot have.",
        ),
        (
            "add backend b from d",
            "Error during backend creation : name is already used by other proxy 'backend b'.",
        ),
        (
            "add backend f from d",
            "Error during backend creation : name is already used by other proxy 'frontend f'.",
        ),
        ("add backend n from d", "New backend registered."),
        (
            "add backend n from d",
            "Error during backend creation : name is already used by other proxy 'backend n'.",
        ),
        ("add backend g from d guid", "Usage: add backend <name> from <defproxy>."),
        ("add backend g from d guid a,b", "'guid': invalid character ','"),
        ("add backend g from d guid g:1 mode tcp", "New backend registered."),
        ("add backend h from d guid g:1", "'guid': duplicate entry with backend g"),
        ("add backend m from t", "New backend registered."),
        ("show backend", "# name\nb\nc\nfree\nn\ng\nm"),
        ("add server n/s 127.0.0.1:9 weight 7", "New server registered."),
        ("get weight n/s", "7 (initial 7)"),
        ("publish backend n", "Backend published."),
        ("del backend x", "No such backend."),
        (
            "del backend b",
            "This backend cannot be removed at runtime due to other configuration elements pointing to it.",
        ),
        (
            "del backend c",
            "This backend cannot be removed at runtime due to other configuration elements pointing to it.",
        ),
        ("del backend n", "Backend must be unpublished prior to its deletion."),
        ("unpublish backend n", "Backend unpublished."),
        ("del backend n", "Only a backend without server can be deleted."),
        ("wait 10 be-removable n", "Failed. Only a backend without server can be deleted."),
        ("disable server n/s", ""),
        ("del server n/s", "Server deleted."),
        ("wait 10 be-removable n", "Done."),
        ("del backend n", "Backend deleted."),
        ("wait 10 be-removable n", "Failed. No such backend."),
        ("unpublish backend free", "Backend unpublished."),
        ("del backend free", "Backend deleted."),
        ("show backend", "# name\nb\nc\ng\nm"),
    ] {
        let answer = ask_as(&context, Level::Admin, &format!("{line}\n")).await;
        assert_eq!(answer.trim_end(), expected, "{line}");
    }
    let plan = context.stage.plan();
    let added = plan.backends.find("m").unwrap();
    assert_eq!((added.retries, added.mode.name(), added.is_published()), (9, "tcp", false));
    assert!(added.farm.announcer().is_some_and(|announcer| Arc::ptr_eq(&announcer, &added.announcer)));
    assert!(plan.backends.load().iter().all(|other| other.name == "m" || other.id < added.id));
    let saved = ask_as(&context, Level::Admin, "dump stats-file\n").await;
    assert!(saved.lines().any(|line| line.starts_with("g:1,")), "{saved}");
    let stat = ask_as(&context, Level::Admin, "show stat m 2 -1\n").await;
    assert!(stat.lines().any(|line| line.starts_with("m,BACKEND,")), "{stat}");
}
