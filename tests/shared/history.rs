//! Clients of all nodes at once, while leaders are killed and come back: each key of a map is a register.

use crate::linear::{Act, Operation, is_linearizable};
use crate::trio::{ALL, Trio, said};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

const CLIENTS: usize = 4;
const KEYS: [&str; 2] = ["a", "b"];
/// Between two faults.
const PAUSE: Duration = Duration::from_secs(3);

/// What clients share.
struct Desk {
    sockets: Vec<PathBuf>,
    map: String,
    done: AtomicBool,
    next: AtomicU64,
    seen: Mutex<Vec<(usize, Operation)>>,
    /// Writes that were answered as made; as not made; reads that may have been old, or had no answer.
    counts: [AtomicU64; 3],
}

impl Desk {
    /// One operation on one key by way of one node.
    fn act(&self, key: usize, node: usize, write: bool) {
        let (name, map) = (KEYS[key], &self.map);
        // One that is dead is asked nothing.
        if UnixStream::connect(&self.sockets[node]).is_err() {
            return;
        }
        let called = Instant::now();
        let (act, answered) = if write {
            let value = self.next.fetch_add(1, Ordering::Relaxed);
            let answer =
                said(&self.sockets[node], &format!("set map {map} {name} {value}")).unwrap_or_default();
            let answered = Instant::now();
            if answer.starts_with("Not committed") {
                // It must never be seen.
                self.counts[1].fetch_add(1, Ordering::Relaxed);
                return;
            }
            let made = answer == "\n";
            if made {
                self.counts[0].fetch_add(1, Ordering::Relaxed);
            }
            (Act::Write(value), made.then_some(answered))
        } else {
            let answer = said(&self.sockets[node], &format!("get map {map} {name}")).unwrap_or_default();
            let value = answer.split_once("value=\"").and_then(|(_, rest)| rest.split_once('"'));
            let value = value.and_then(|(value, _)| value.parse().ok());
            match value.filter(|_| !answer.contains("may be old")) {
                Some(value) => (Act::Read(value), Some(Instant::now())),
                None => {
                    self.counts[2].fetch_add(1, Ordering::Relaxed);
                    return;
                }
            }
        };
        self.seen.lock().unwrap().push((key, Operation { act, called, answered }));
    }
}

#[test]
fn histories_are_linearizable_while_leaders_are_killed() {
    let mut trio = Trio::start();
    let desk = Arc::new(Desk {
        sockets: ALL.map(|index| trio.socket(index)).to_vec(),
        map: trio.map(),
        done: AtomicBool::new(false),
        next: AtomicU64::new(1),
        seen: Mutex::default(),
        counts: Default::default(),
    });
    let client = |client: usize| {
        let desk = Arc::clone(&desk);
        thread::spawn(move || {
            let mut step = client * 31;
            while !desk.done.load(Ordering::Relaxed) {
                step += 1;
                let mixed = step.wrapping_mul(0x9e37_79b9) >> 7;
                desk.act(mixed % KEYS.len(), (mixed >> 3) % ALL.len(), (mixed >> 6).is_multiple_of(2));
                thread::sleep(Duration::from_millis(3));
            }
        })
    };
    let clients: Vec<_> = (0..CLIENTS).map(client).collect();
    for _ in 0..2 {
        thread::sleep(PAUSE);
        let leader = trio.leader();
        trio.kill(leader);
        thread::sleep(PAUSE);
        trio.start_node(leader);
    }
    thread::sleep(PAUSE);
    desk.done.store(true, Ordering::Relaxed);
    clients.into_iter().for_each(|client| client.join().unwrap());
    let seen = desk.seen.lock().unwrap();
    let [made, refused, unread] = desk.counts.each_ref().map(|count| count.load(Ordering::Relaxed));
    let open = seen.iter().filter(|(_, operation)| operation.answered.is_none()).count();
    println!(
        "{} operations: {made} writes made, {refused} known not to be, {open} unknown; {unread} reads without a value",
        seen.len()
    );
    let read = seen.iter().filter(|(_, operation)| matches!(operation.act, Act::Read(_))).count();
    assert!(made > 50 && read > 50, "too few to say anything: {made} writes, {read} reads");
    for (key, name) in KEYS.iter().enumerate() {
        let of = seen.iter().filter(|(of, _)| *of == key).map(|(_, operation)| *operation);
        let history: Vec<_> = of.collect();
        assert!(is_linearizable(&history, 0), "key {name}: {history:#?}");
    }
}
