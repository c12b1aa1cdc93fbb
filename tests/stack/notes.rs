//! Clients that write, and remember what was acknowledged.

use lb_harness::ask;
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

const WRITERS: usize = 4;

/// What became of the writes.
#[derive(Default, Debug, Clone)]
pub struct Written {
    /// Where the notes are that were acknowledged (201), and their titles.
    pub acknowledged: Vec<(String, String)>,
    /// How many writes were refused as documented (503).
    pub refused: usize,
    /// Answers that should not be.
    pub wrong: Vec<String>,
}

/// The clients at work.
pub struct Writers {
    written: Arc<Mutex<Written>>,
    end: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Writers {
    pub fn start(site: SocketAddr) -> Self {
        let (written, end) = (Arc::<Mutex<Written>>::default(), Arc::<AtomicBool>::default());
        let threads = (0..WRITERS)
            .map(|number| {
                let (written, end) = (Arc::clone(&written), Arc::clone(&end));
                thread::spawn(move || {
                    for count in 0.. {
                        if end.load(Ordering::Relaxed) {
                            return;
                        }
                        let title = format!("writer {number}, note {count}");
                        let refused = write(site, &title, &written);
                        if refused {
                            thread::sleep(Duration::from_millis(20));
                        }
                    }
                })
            })
            .collect();
        Self { written, end, threads }
    }

    pub fn acknowledged(&self) -> usize {
        self.written.lock().unwrap().acknowledged.len()
    }

    pub fn end(self) -> Written {
        self.end.store(true, Ordering::Relaxed);
        for thread in self.threads {
            thread.join().unwrap();
        }
        self.written.lock().unwrap().clone()
    }
}

/// Writes one note; whether it was refused.
fn write(site: SocketAddr, title: &str, written: &Mutex<Written>) -> bool {
    let body = serde_json::json!({ "title": title }).to_string();
    let answer = ask(site, "POST /api/notes", &["Content-Type: application/json"], &body);
    let mut written = written.lock().unwrap();
    match answer {
        Ok(answer) if answer.status == 201 => {
            let place = answer.header("location").unwrap().to_owned();
            written.acknowledged.push((place, title.to_owned()));
            false
        }
        Ok(answer) if answer.status == 503 && code(&answer.body).as_deref() == Some("unavailable") => {
            written.refused += 1;
            true
        }
        other => {
            written.wrong.push(format!("{other:?}"));
            true
        }
    }
}

fn code(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    Some(body["error"]["code"].as_str()?.to_owned())
}

/// Reads every note that was acknowledged.
pub fn all_are_there(site: SocketAddr, notes: &[(String, String)]) {
    for (place, title) in notes {
        let answer = ask(site, &format!("GET {place}"), &[], "").unwrap();
        assert_eq!(answer.status, 200, "{title} is lost");
        let note: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(note["title"], title.as_str());
    }
}
