//! A server behind the nodes: it counts who checks it, can be killed, and can be out of reach for one of them.

use lb_harness::loopback;
use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

/// One.
pub(crate) struct Web {
    pub(crate) at: SocketAddr,
    state: Arc<Mutex<State>>,
    stopped: Arc<AtomicBool>,
}

#[derive(Default)]
struct State {
    /// Checks, by where they came from.
    checks: HashMap<IpAddr, usize>,
    /// From there connections are reset.
    cut: Option<IpAddr>,
    open: Vec<TcpStream>,
}

impl Web {
    pub(crate) fn start() -> Self {
        let mut web =
            Self { at: loopback::free_port().unwrap(), state: Arc::default(), stopped: Arc::default() };
        web.listen();
        web
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Listens, after the start or a kill.
    pub(crate) fn listen(&mut self) {
        let listener = TcpListener::bind(self.at).unwrap();
        let stopped = Arc::new(AtomicBool::new(false));
        (self.stopped, self.state().open) = (Arc::clone(&stopped), Vec::new());
        let state = Arc::clone(&self.state);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if stopped.load(SeqCst) {
                    return;
                }
                let Ok(from) = stream.peer_addr() else { continue };
                let mut known = state.lock().unwrap_or_else(PoisonError::into_inner);
                if known.cut == Some(from.ip()) {
                    continue;
                }
                known.open.extend(stream.try_clone());
                drop(known);
                let state = Arc::clone(&state);
                thread::spawn(move || serve(stream, from.ip(), &state));
            }
        });
    }

    /// Nobody listens any more, and all connections end.
    pub(crate) fn kill(&self) {
        self.stopped.store(true, SeqCst);
        // Wakes the thread, which then sees that it is over.
        let _ = TcpStream::connect(self.at);
        for stream in self.state().open.drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Who comes from there gets no answer.
    pub(crate) fn cut(&self, from: Option<IpAddr>) {
        let mut state = self.state();
        state.cut = from;
        let is_cut = |stream: &TcpStream| stream.peer_addr().is_ok_and(|peer| Some(peer.ip()) == from);
        for stream in state.open.iter().filter(|stream| is_cut(stream)) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// The checks since the last look, by where they came from.
    pub(crate) fn checks(&self) -> HashMap<IpAddr, usize> {
        std::mem::take(&mut self.state().checks)
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        self.kill();
    }
}

fn serve(mut stream: TcpStream, from: IpAddr, state: &Mutex<State>) {
    let (mut seen, mut buffer) = (Vec::new(), [0; 4096]);
    while let Ok(count @ 1..) = stream.read(&mut buffer) {
        seen.extend_from_slice(&buffer[..count]);
        while let Some(end) = seen.windows(4).position(|part| part == b"\r\n\r\n") {
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            if seen.starts_with(b"OPTIONS") {
                *state.checks.entry(from).or_default() += 1;
            }
            if state.cut == Some(from) {
                return;
            }
            drop(state);
            seen.drain(..end + 4);
            if stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").is_err() {
                return;
            }
        }
    }
}
