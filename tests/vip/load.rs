//! Two thousand requests a second through the address while its holder is killed.

use crate::client::PATIENCE;
use crate::outages::setting;
use crate::site::{A_WHILE, Mover, Site};
use crate::world::{VIP, World};
use lb_harness::glance;
use nix::sys::signal::Signal;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};

/// Clients, each of which asks so often.
pub(crate) const CLIENTS: u32 = 40;
pub(crate) const EACH: Duration = Duration::from_millis(20);

/// One request: when it began and ended, and who answered.
type Asked = (Instant, Instant, Option<String>);

/// Clients at work; they end with it.
pub(crate) struct Load {
    done: Arc<AtomicBool>,
    clients: Vec<JoinHandle<Vec<Asked>>>,
}

impl Load {
    /// Each request is a connection of its own.
    pub(crate) fn start(world: &World, at: SocketAddr) -> Self {
        let done = Arc::new(AtomicBool::new(false));
        let client = |number| {
            let done = Arc::clone(&done);
            world.on_client(move || requests(&done, EACH * number / CLIENTS, at))
        };
        let clients = (0..CLIENTS).map(client).collect();
        Self { done, clients }
    }

    pub(crate) fn stop(mut self) -> Vec<Asked> {
        self.done.store(true, Ordering::Relaxed);
        std::mem::take(&mut self.clients).into_iter().flat_map(|client| client.join().unwrap()).collect()
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.done.store(true, Ordering::Relaxed);
    }
}

#[test]
#[ignore = "takes a minute and a core; `just under-load` runs it"]
fn requests_fail_only_while_nobody_holds() {
    let lb = Mover::Lb { patient: false, arguments: &[], more: "", front: "" };
    let Some(mut site) = Site::start("r", lb) else { return };
    for round in 0..setting("LB_VIP_ROUNDS").unwrap_or(2) {
        let first = site.holder();
        let load = Load::start(&site.world, (VIP, 80).into());
        sleep(A_WHILE * 4);
        let killed = Instant::now();
        site.signal(first, Signal::SIGKILL);
        site.holder_among(|host| host != first);
        sleep(A_WHILE * 4);
        let all = load.stop();
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

fn requests(done: &AtomicBool, offset: Duration, at: SocketAddr) -> Vec<Asked> {
    let mut next = Instant::now() + offset;
    let mut all = Vec::new();
    while !done.load(Ordering::Relaxed) {
        sleep(next.saturating_duration_since(Instant::now()));
        let begun = Instant::now();
        let by = glance(at, PATIENCE);
        all.push((begun, Instant::now(), by));
        // What an outage held up is not made up for.
        next = (next + EACH).max(Instant::now());
    }
    all
}
