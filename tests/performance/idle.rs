//! Memory that an idle keep-alive connection holds.

use std::io;
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use crate::scenario::{IDLE_CONNECTIONS, Scenario};
use crate::stand::{self, Running};

/// Long enough for a proxy to put its buffers back, short beside every timeout of the files.
const SETTLE: Duration = Duration::from_millis(500);

/// Bytes by which the proxy's resident memory grows per connection that asked once and stays open.
///
/// # Errors
/// A connection or its request fails, or was closed meanwhile.
pub(crate) fn growth_per_connection(proxy: &Running, scenario: &Scenario) -> io::Result<f64> {
    thread::sleep(SETTLE);
    let before = proxy.usage()?.resident;
    let mut connections = Vec::new();
    for _ in 0..IDLE_CONNECTIONS {
        let mut connection = TcpStream::connect(("127.0.0.1", proxy.port))?;
        stand::ask(&mut connection, scenario)?;
        connections.push(connection);
    }
    thread::sleep(SETTLE);
    let after = proxy.usage()?.resident;
    // All of them must still be open, or the figure is that of fewer.
    for connection in &mut connections {
        stand::ask(connection, scenario)?;
    }
    Ok((after as f64 - before as f64) / f64::from(IDLE_CONNECTIONS))
}
