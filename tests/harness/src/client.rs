//! A client that knows nothing of HTTP: it sends what it is told to, when it is told to.

use crate::{End, Heard, connection::Connection};
use std::{
    io,
    net::{SocketAddr, TcpStream},
    thread,
    time::Duration,
};

/// How long connecting may take.
const LIMIT: Duration = Duration::from_secs(5);

/// One connection to the program under test, closed when dropped.
#[derive(Debug)]
pub struct Client(Connection);

impl Client {
    /// Connects, within five seconds, and begins to record what comes.
    ///
    /// # Errors
    /// What the connection attempt gives.
    pub fn connect(addr: SocketAddr) -> io::Result<Self> {
        Ok(Self(Connection::new(TcpStream::connect_timeout(&addr, LIMIT)?)?))
    }

    /// Our own end of the connection.
    ///
    /// # Errors
    /// What getsockname gives.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.stream.local_addr()
    }

    /// Sends these bytes, in one write if the socket takes them.
    ///
    /// # Errors
    /// What the write gives, among it that the other side has closed, or has not read for five seconds.
    pub fn send(&self, bytes: &[u8]) -> io::Result<()> {
        self.0.send(bytes)
    }

    /// Sends the bytes one by one, each in its own segment, `pause` apart.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn drip(&self, bytes: &[u8], pause: Duration) -> io::Result<()> {
        for byte in bytes {
            self.send(std::slice::from_ref(byte))?;
            thread::sleep(pause);
        }
        Ok(())
    }

    /// Says that no more will be sent, and goes on listening.
    ///
    /// # Errors
    /// What shutdown gives.
    pub fn half_close(&self) -> io::Result<()> {
        self.0.half_close()
    }

    /// Ends the connection with a reset; returns what came until then.
    pub fn reset(self) -> Heard {
        self.0.reset()
    }

    /// What came so far.
    #[must_use]
    pub fn heard(&self) -> Heard {
        self.0.ear.now()
    }

    /// Waits until `condition` holds for what came, for at most `limit`; says whether it does.
    #[must_use]
    pub fn wait_for(&self, condition: impl Fn(&Heard) -> bool, limit: Duration) -> bool {
        self.0.ear.wait_for(condition, limit)
    }

    /// Waits until these bytes came, behind the first `from` ones, for at most `limit`; the place behind them.
    #[must_use]
    pub fn wait_bytes(&self, from: usize, bytes: &[u8], limit: Duration) -> Option<usize> {
        let find = |heard: &Heard| {
            let all = heard.bytes.get(from..)?;
            all.windows(bytes.len()).position(|w| w == bytes).map(|at| from + at + bytes.len())
        };
        self.0.ear.wait_for(|heard| find(heard).is_some() || heard.end != End::Open, limit);
        find(&self.heard())
    }

    /// Waits until the other side has closed or reset, for at most `limit`; what came until then.
    #[must_use]
    pub fn wait_end(&self, limit: Duration) -> Heard {
        self.0.ear.wait_for(|heard| heard.end != End::Open, limit);
        self.heard()
    }

    /// Waits until the end, or until nothing has come for `quiet`, for at most `limit`; what came until then.
    #[must_use]
    pub fn wait_quiet(&self, quiet: Duration, limit: Duration) -> Heard {
        self.0.ear.wait_quiet(quiet, limit)
    }
}
