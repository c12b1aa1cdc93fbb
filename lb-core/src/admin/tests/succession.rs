//! Commands that come while a reload puts another plan in place.

use super::{ask_as, on};
use crate::admin::Level;
use crate::compile::{Plan, succeed};
use std::sync::{Arc, mpsc};
use std::time::Duration;

fn plan(previous: Option<&Plan>) -> Arc<Plan> {
    let text = "defaults\n mode http\n timeout client 5s\n timeout server 5s\n timeout connect 5s\n\
                frontend f\n bind 127.0.0.1:80\n http-request deny if { path /a }\n";
    Arc::new(crate::testing::plan(text, previous).unwrap())
}

fn keys(plan: &Plan) -> Vec<String> {
    plan.references[0].versions().entries().map(|entry| entry.key.to_string()).collect()
}

#[test]
fn a_command_between_succession_and_swap_is_not_lost() {
    let old = plan(None);
    let context = Arc::new(on(Arc::clone(&old)));
    let new = plan(Some(&old));
    let (told, done) = mpsc::channel();
    let mut asking = None;
    context.stage.replace(&new, |before, after| {
        succeed(before, after);
        let context = Arc::clone(&context);
        asking = Some(std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let answer = runtime.block_on(ask_as(&context, Level::Admin, "add acl #0 /b\n"));
            let _ = told.send(());
            answer
        }));
        // One that does not wait for its turn is made by now, on the plan that goes.
        let _ = done.recv_timeout(Duration::from_millis(100));
    });
    assert_eq!(asking.map(|asking| asking.join().unwrap()).as_deref(), Some("\n"));
    assert_eq!((keys(&old), keys(&new)), (vec!["/a".to_owned()], vec!["/a".to_owned(), "/b".to_owned()]));
}
