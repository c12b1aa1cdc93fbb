//! Two thousand requests a second through the address while its holder is killed.

use crate::client::ask;
use crate::outages::setting;
use crate::site::{A_WHILE, Mover, Site};
use crate::world::VIP;
use nix::sys::signal::Signal;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Clients, each of which asks so often.
const CLIENTS: u32 = 40;
const EACH: Duration = Duration::from_millis(20);

/// One request: when it began and ended, and who answered.
type Asked = (Instant, Instant, Option<String>);

#[test]
#[ignore = "takes a minute and a core; `just under-load` runs it"]
fn requests_fail_only_while_nobody_holds() {
    let lb = Mover::Lb { patient: false, arguments: &[], more: "", front: "" };
    let Some(mut site) = Site::start("r", lb) else { return };
    for round in 0..setting("LB_VIP_ROUNDS").unwrap_or(2) {
        let first = site.holder();
        let done = Arc::new(AtomicBool::new(false));
        let clients: Vec<_> = (0..CLIENTS)
            .map(|number| {
                let done = Arc::clone(&done);
                site.world.on_client(move || requests(&done, EACH * number / CLIENTS))
            })
            .collect();
        sleep(A_WHILE * 4);
        let killed = Instant::now();
        site.signal(first, Signal::SIGKILL);
        site.holder_among(|host| host != first);
        sleep(A_WHILE * 4);
        done.store(true, Ordering::Relaxed);
        let all: Vec<Asked> = clients.into_iter().flat_map(|client| client.join().unwrap()).collect();
        let taken_over =
            |(_, ended, by): &Asked| by.as_ref().filter(|by| **by != Site::name(first)).map(|_| *ended);
        let answered = all.iter().filter_map(taken_over).min().unwrap();
        let failed: Vec<_> = all.iter().filter(|(.., by)| by.is_none()).collect();
        println!(
            "round {round}: {} requests, {} failed, {:?} without a holder",
            all.len(),
            failed.len(),
            answered - killed
        );
        let outside = failed.iter().filter(|(begun, ended, _)| *ended < killed || *begun > answered).count();
        assert_eq!(outside, 0, "{}", site.all_said());
        site.restart(first);
        sleep(A_WHILE * 4);
    }
}

fn requests(done: &AtomicBool, offset: Duration) -> Vec<Asked> {
    let mut next = Instant::now() + offset;
    let mut all = Vec::new();
    while !done.load(Ordering::Relaxed) {
        sleep(next.saturating_duration_since(Instant::now()));
        let begun = Instant::now();
        let by = ask(IpAddr::from(VIP));
        all.push((begun, Instant::now(), by));
        // What an outage held up is not made up for.
        next = (next + EACH).max(Instant::now());
    }
    all
}
