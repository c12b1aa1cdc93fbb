//! Leave to answer at addresses that are not always this node's. It ends by itself: whoever grants it says until when.
//! Whoever withdraws it finds nobody listening there when that returns.

use socket2::Socket;
use std::io;
use std::net::Shutdown;
use std::sync::atomic::{AtomicU64, Ordering};
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
}

impl Default for Permit {
    fn default() -> Self {
        Self(Arc::new(Inner {
            origin: Instant::now(),
            until: AtomicU64::new(0),
            number: AtomicU64::new(0),
            turns: watch::Sender::new(()),
            sockets: Mutex::default(),
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
        if !self.is_granted() {
            return Ok(None);
        }
        let kept = Arc::new(socket.try_clone()?);
        socket.listen(backlog)?;
        sockets.retain(|socket| socket.strong_count() > 0);
        sockets.push(Arc::downgrade(&kept));
        Ok(Some(kept))
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

/// Has a socket listen no more; connections that were not accepted yet are reset.
pub(super) fn quieten(socket: &Socket) {
    // One that does not listen would be marked as shut for reading, and so would all connections that it accepts later.
    if socket.is_listener().unwrap_or(false) {
        // It fails where another descriptor's owner was faster.
        let _ = socket.shutdown(Shutdown::Read);
    }
}

/// One tenure, as a connection that began in it remembers it.
#[derive(Clone, Debug)]
pub struct Tenure {
    permit: Permit,
    number: u64,
}

impl Tenure {
    /// The one that goes on now.
    pub fn of(permit: &Permit) -> Option<Self> {
        permit.tenure().map(|number| Self { permit: permit.clone(), number })
    }

    /// It has ended: whatever began in it must not go on.
    #[inline]
    pub fn is_over(&self) -> bool {
        self.permit.is_over(self.number)
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

    #[test]
    fn what_began_in_a_tenure_ends_with_it() {
        let permit = Permit::default();
        assert!(Tenure::of(&permit).is_none());
        permit.grant(Instant::now() + LONG);
        let tenure = Tenure::of(&permit).unwrap();
        permit.grant(Instant::now() + 2 * LONG);
        assert!(!tenure.is_over());
        permit.withdraw();
        // Also when nobody looked in between.
        permit.grant(Instant::now() + LONG);
        assert!(tenure.is_over() && !Tenure::of(&permit).unwrap().is_over());
    }
}
