//! Sessions where another decides for several nodes.

use super::super::authority::{Authority, By};
use super::compiled;
use crate::admin::{Applied, Change, Context, Guest, Level, Stage, resume};
use crate::extension::{self, Extension};
use async_trait::async_trait;
use std::sync::{Arc, Mutex};
use std::time::Instant;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Makes changes as a node of a cluster does, and remembers who asked. `stale`: nobody vouches for what it knows.
#[derive(Default)]
struct Cluster {
    stale: bool,
    asked: Mutex<Vec<(Change, By)>>,
}

#[async_trait]
impl Authority for Cluster {
    async fn propose(&self, stage: &Stage, change: Change, by: &By, _: Instant) -> Applied {
        let plan = &stage.plan();
        change.check(plan)?;
        self.asked.lock().unwrap().push((change.clone(), by.clone()));
        change.settle(plan)
    }

    async fn catch_up(&self, _: Instant) -> Applied {
        if self.stale { Err("nobody leads".to_owned()) } else { Ok(()) }
    }

    fn is_shared(&self) -> bool {
        true
    }
}

fn site(cluster: &Arc<Cluster>) -> Context {
    let context = compiled(
        "frontend f\n bind 127.0.0.1:80\n acl known path /a /b\n http-request deny if known\n default_backend b\n\
         backend b\n balance roundrobin\n server s 127.0.0.1:1\n",
    );
    Context { authority: Arc::clone(cluster) as Arc<dyn Authority>, ..context }
}

async fn ask(context: &Context, shares: bool, line: &str) -> String {
    let (mut near, far) = tokio::io::duplex(1 << 16);
    near.write_all(format!("{line}\n").as_bytes()).await.unwrap();
    let by = By { socket: "/run/a".into(), peer: "uid 1".into() };
    let guest = Guest { level: Level::Admin, shares, by };
    let mut out = String::new();
    let talk = async {
        near.read_to_string(&mut out).await.unwrap();
    };
    let (served, ()) = tokio::join!(resume(far, guest, context, Vec::new()), talk);
    served.unwrap();
    out
}

#[tokio::test]
async fn a_repetition_is_a_success_and_each_is_asked_for() {
    let cluster = Arc::<Cluster>::default();
    let context = site(&cluster);
    for (line, expected) in [
        ("set weight b/s 5", "\n"),
        ("disable frontend f", "\n"),
        ("unpublish backend b", "Backend unpublished.\n\n"),
        ("add acl #0 /c", "\n"),
        ("show acl #0", "0x1 /a\n0x2 /b\n0x3 /c\n\n"),
    ] {
        for _ in 0..2 {
            assert_eq!(ask(&context, true, line).await, expected, "{line}");
        }
    }
    let asked = cluster.asked.lock().unwrap();
    assert_eq!(asked.len(), 8);
    assert!(asked.iter().all(|(_, by)| by.socket == "/run/a" && by.peer == "uid 1"));
}

#[tokio::test]
async fn versions_are_numbered_once_and_entries_are_named_by_their_keys() {
    let cluster = Arc::<Cluster>::default();
    let context = site(&cluster);
    for (line, expected) in [
        ("prepare acl #0", "New version created: 1\n\n"),
        ("prepare acl #0", "New version created: 2\n\n"),
        ("add acl @2 #0 /z", "\n"),
        ("commit acl @2 #0", "\n"),
        ("commit acl @2 #0", "\n"),
        ("commit acl @1 #0", "Version number out of range.\n\n"),
        ("del acl #0 #0x3", "\n"),
        ("del acl #0 #0x3", "Key not found.\n\n"),
    ] {
        assert_eq!(ask(&context, true, line).await, expected, "{line}");
    }
    let asked = cluster.asked.lock().unwrap();
    let (last, _) = asked.last().unwrap();
    assert!(format!("{last:?}").contains(r#"DeleteNth { key: "/z", nth: 0 }"#), "{last:?}");
}

#[tokio::test]
async fn who_may_not_is_refused_and_local_commands_ask_nobody() {
    let cluster = Arc::<Cluster>::default();
    let context = site(&cluster);
    let refused = ask(&context, false, "set weight b/s 5").await;
    assert!(refused.contains("'cluster-write'") && refused.contains("'@local'"), "{refused}");
    assert_eq!(ask(&context, false, "get weight b/s").await, "1 (initial 1)\n\n");
    assert_eq!(ask(&context, false, "@local set weight b/s 5;get weight b/s").await, "\n5 (initial 1)\n\n");
    assert_eq!(ask(&context, false, "clear counters all;shutdown frontend f").await, "\n\n");
    assert_eq!(
        ask(&context, true, "@local disable frontend f").await,
        "Frontend was previously shut down, cannot disable.\n\n"
    );
    assert!(cluster.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_a_program_adds_for_all_nodes_needs_the_right_to() {
    let command = |words, writes| extension::Command {
        words,
        usage: "x",
        doc: "x",
        level: Level::Admin,
        writes,
        run: Box::new(|_| Box::pin(std::future::ready(Ok("done\n".to_owned())))),
    };
    let commands = vec![command(&["thing", "look"], false), command(&["thing", "stop"], true)];
    let extension = Arc::new(Extension { commands, ..Extension::default() });
    let context = Context { extension, ..site(&Arc::default()) };
    assert_eq!(ask(&context, true, "thing stop").await, "done\n\n");
    let refused = ask(&context, false, "thing stop").await;
    assert!(refused.contains("'cluster-write'"), "{refused}");
    for shares in [true, false] {
        let refused = ask(&context, shares, "@local thing stop").await;
        assert_eq!(refused, "'@local' cannot stand before 'thing stop': all nodes change.\n\n");
        assert_eq!(ask(&context, shares, "@local thing look;thing look").await, "done\n\ndone\n\n");
    }
}

#[tokio::test]
async fn what_may_be_old_says_so_where_a_form_lets_it() {
    let cluster = Arc::new(Cluster { stale: true, ..Cluster::default() });
    let context = site(&cluster);
    assert_eq!(
        ask(&context, true, "set weight b/s 5").await,
        "Not committed: nobody leads. Nothing was changed.\n\n"
    );
    assert_eq!(
        ask(&context, true, "get weight b/s").await,
        "1 (initial 1)\n# this may be old: nobody leads\n\n"
    );
    assert!(!ask(&context, true, "show servers state").await.contains("old"));
    assert_eq!(ask(&context, true, "@local get weight b/s").await, "1 (initial 1)\n\n");
}
