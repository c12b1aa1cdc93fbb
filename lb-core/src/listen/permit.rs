//! Leave to answer at addresses that are not always this node's. It ends by itself: whoever grants it says until when.
//! Whoever withdraws it finds nobody listening there when that returns.

use socket2::Socket;
use std::io;
use std::net::Shutdown;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Whether to listen on some addresses now; clones are the same. Nothing is granted at first.
#[derive(Clone, Debug)]
pub struct Permit(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// The instants count from here.
    origin: Instant,
    /// Nanoseconds until the end; 0: withdrawn.
    until: AtomicU64,
    /// Counts tenures, so that none is taken for another that followed it unseen.
    number: AtomicU64,
    /// Tells of beginnings and of withdrawals. Ends by time are found by waiting for them.
    turns: watch::Sender<()>,
    /// Sockets that listen by it.
    sockets: Mutex<Vec<Weak<Socket>>>,
    /// What runs by it: what began before it was to part, and what began since.
    running: [AtomicUsize; 2],
    /// It is to end, and what runs may end before.
    parts: AtomicBool,
    /// Nothing more begins.
    refuses: AtomicBool,
    /// Places where clients are not served.
    complaints: AtomicUsize,
}

impl Default for Permit {
    fn default() -> Self {
        Self(Arc::new(Inner {
            origin: Instant::now(),
            until: AtomicU64::new(0),
            number: AtomicU64::new(0),
            turns: watch::Sender::new(()),
            sockets: Mutex::default(),
            running: Default::default(),
            parts: AtomicBool::new(false),
            refuses: AtomicBool::new(false),
            complaints: AtomicUsize::new(0),
        }))
    }
}

impl Permit {
    /// Grants it until then, or prolongs it. For one caller at a time.
    pub fn grant(&self, until: Instant) {
        let nanos = u64::try_from(until.saturating_duration_since(self.0.origin).as_nanos());
        let begins = self.left().is_none();
        if begins {
            self.0.number.fetch_add(1, Ordering::Release);
        }
        self.0.until.store(nanos.unwrap_or(u64::MAX), Ordering::Release);
        if begins {
            self.0.turns.send_replace(());
        }
    }

    /// Ends it now: no socket listens by it any more.
    pub fn withdraw(&self) {
        let mut sockets = self.0.sockets.lock().unwrap_or_else(PoisonError::into_inner);
        self.0.until.store(0, Ordering::Release);
        for socket in sockets.drain(..).filter_map(|socket| socket.upgrade()) {
            quieten(&socket);
        }
        drop(sockets);
        self.0.turns.send_replace(());
    }

    /// Has a socket listen, for as long as the result lives and this is granted; none when it is not.
    ///
    /// # Errors
    /// The system's: another listens on the address, or there are too many descriptors.
    pub fn listen(&self, socket: &Socket, backlog: i32) -> io::Result<Option<Arc<Socket>>> {
        let mut sockets = self.0.sockets.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.takes_more() {
            return Ok(None);
        }
        let kept = Arc::new(socket.try_clone()?);
        socket.listen(backlog)?;
        sockets.retain(|socket| socket.strong_count() > 0);
        sockets.push(Arc::downgrade(&kept));
        Ok(Some(kept))
    }

    /// From here on what begins is told from what runs already: this is to end, and what runs may end before.
    pub fn part(&self) {
        self.0.parts.store(true, Ordering::Release);
    }

    /// Nobody new is let in any more; what runs goes on.
    pub fn refuse(&self) {
        let mut sockets = self.0.sockets.lock().unwrap_or_else(PoisonError::into_inner);
        self.0.refuses.store(true, Ordering::Release);
        for socket in sockets.drain(..).filter_map(|socket| socket.upgrade()) {
            quieten(&socket);
        }
    }

    /// It is granted, and lets connections in.
    #[inline]
    pub fn takes_more(&self) -> bool {
        self.is_granted() && !self.0.refuses.load(Ordering::Acquire)
    }

    /// How much runs by it: what began before [`Self::part`], and all.
    pub fn running(&self) -> (usize, usize) {
        let [before, since] = [0, 1].map(|age| self.count(age).load(Ordering::Acquire));
        (before, before + since)
    }

    /// What begins now is counted there.
    pub(super) fn age(&self) -> usize {
        usize::from(self.0.parts.load(Ordering::Acquire))
    }

    pub(super) fn count(&self, age: usize) -> &AtomicUsize {
        let [before, since] = &self.0.running;
        if age == 0 { before } else { since }
    }

    /// Clients that come by it are served, as far as is known.
    pub fn is_served(&self) -> bool {
        self.0.complaints.load(Ordering::Relaxed) == 0
    }

    /// Clients are not served at some place, for as long as the result lives.
    pub(super) fn complain(&self) -> Complaint {
        self.0.complaints.fetch_add(1, Ordering::Relaxed);
        Complaint(self.clone())
    }

    /// Has a socket listen no more.
    pub fn rest(&self, socket: &Socket) {
        let _in_turn = self.0.sockets.lock().unwrap_or_else(PoisonError::into_inner);
        quieten(socket);
    }

    /// It is granted, and has not ended.
    #[inline]
    pub fn is_granted(&self) -> bool {
        self.left().is_some()
    }

    /// The number of the tenure that goes on now.
    pub fn tenure(&self) -> Option<u64> {
        // In this order: a number that is read too late belongs to a tenure that has begun since, which goes on.
        self.left().map(|_| self.0.number.load(Ordering::Acquire))
    }

    /// True when the tenure of that number is over.
    #[inline]
    pub fn is_over(&self, tenure: u64) -> bool {
        self.tenure() != Some(tenure)
    }

    /// Waits until the tenure is another than the one last seen, or there is none; then says which.
    pub async fn turned(&self, seen: Option<u64>) -> Option<u64> {
        let mut turns = self.0.turns.subscribe();
        loop {
            let tenure = self.tenure();
            if tenure != seen {
                return tenure;
            }
            let left = self.left();
            tokio::select! {
                _ = turns.changed() => {}
                () = tokio::time::sleep(left.unwrap_or_default()), if left.is_some() => {}
            }
        }
    }

    fn left(&self) -> Option<Duration> {
        let until = Duration::from_nanos(self.0.until.load(Ordering::Acquire));
        until.checked_sub(self.0.origin.elapsed()).filter(|left| !left.is_zero())
    }
}

/// Somewhere clients are not served.
#[derive(Debug)]
pub(super) struct Complaint(Permit);

impl Drop for Complaint {
    fn drop(&mut self) {
        self.0.0.complaints.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Has a socket listen no more; connections that were not accepted yet are reset.
pub(super) fn quieten(socket: &Socket) {
    // One that does not listen would be marked as shut for reading, and so would all connections that it accepts later.
    if socket.is_listener().unwrap_or(false) {
        // It fails where another descriptor's owner was faster.
        let _ = socket.shutdown(Shutdown::Read);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::io::{Read, Write};

    const LONG: Duration = Duration::from_secs(600);

    #[tokio::test]
    async fn it_ends_by_will_and_by_time() {
        let permit = Permit::default();
        assert!(!permit.is_granted());
        permit.grant(Instant::now() + LONG);
        let first = permit.turned(None).await;
        assert!(permit.is_granted() && first.is_some());
        let (turned, ()) = tokio::join!(permit.turned(first), async { permit.withdraw() });
        assert_eq!(turned, None);
        assert!(!permit.is_granted());
        permit.grant(Instant::now() + Duration::from_millis(5));
        permit.turned(permit.tenure()).await;
        assert!(!permit.is_granted());
    }

    #[test]
    fn it_is_served_until_somebody_complains_and_again_when_all_are_content() {
        let permit = Permit::default();
        let complaints = [permit.complain(), permit.complain()];
        for complaint in complaints {
            assert!(!permit.is_served());
            drop(complaint);
        }
        assert!(permit.is_served());
    }

    #[test]
    fn nobody_listens_when_it_was_withdrawn() {
        let permit = Permit::default();
        let socket = Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        // One that the kernel chose would be lost with the first rest.
        let free = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        socket.bind(&address.into()).unwrap();
        let connects = || std::net::TcpStream::connect(address).is_ok();
        assert!(permit.listen(&socket, 8).unwrap().is_none() && !connects());
        permit.grant(Instant::now() + LONG);
        let listening = permit.listen(&socket, 8).unwrap();
        assert!(listening.is_some() && connects());
        permit.withdraw();
        assert!(!connects());
        // Resting twice harms no later connection.
        permit.rest(&socket);
        permit.grant(Instant::now() + LONG);
        assert!(permit.listen(&socket, 8).unwrap().is_some());
        let mut client = std::net::TcpStream::connect(address).unwrap();
        client.write_all(b"heard").unwrap();
        let mut buffer = [0; 5];
        let (accepted, _) = socket.accept().unwrap();
        std::net::TcpStream::from(accepted).read_exact(&mut buffer).unwrap();
    }
}
