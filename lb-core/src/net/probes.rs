//! Probes on silent connections (`option tcpka`, `option clitcpka`, `option srvtcpka`).

use super::Io;
use haproxy_cfg_parser::model::TcpProbes;
use socket2::{SockRef, TcpKeepalive};

/// Has the system ask now and then whether the other end of a silent connection is still there (RFC 1122, 4.2.3.6).
#[derive(Clone, Debug)]
pub struct Probes(TcpKeepalive);

impl Probes {
    /// Probes as a proxy's lines have them; the system's own numbers for what they do not say.
    pub fn new(probes: &TcpProbes) -> Self {
        let mut settings = TcpKeepalive::new();
        if let Some(idle) = probes.idle {
            settings = settings.with_time(idle);
        }
        if let Some(interval) = probes.interval {
            settings = settings.with_interval(interval);
        }
        if let Some(count) = probes.count {
            settings = settings.with_retries(count);
        }
        Self(settings)
    }

    /// Has a connection probed. Unix sockets know no probes, and numbers that the system does not take change nothing.
    pub fn apply(&self, io: &Io) {
        let fd = io.fd();
        let socket = SockRef::from(&fd);
        if socket.set_keepalive(true).is_ok() {
            let _ = socket.set_tcp_keepalive(&self.0);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use std::time::Duration;
    use tokio::net::{TcpListener, TcpStream};

    #[test]
    fn connections_are_probed_as_lines_say() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let io = Io::Tcp(TcpStream::connect(listener.local_addr().unwrap()).await.unwrap());
            let fd = io.fd();
            let socket = SockRef::from(&fd);
            assert!(!socket.keepalive().unwrap());
            let usual = socket.tcp_keepalive_interval().unwrap();
            let idle = Some(Duration::from_secs(7));
            Probes::new(&TcpProbes { count: Some(3), idle, interval: None }).apply(&io);
            assert!(socket.keepalive().unwrap());
            assert_eq!(socket.tcp_keepalive_time().ok(), idle);
            assert_eq!(socket.tcp_keepalive_retries().unwrap(), 3);
            assert_eq!(socket.tcp_keepalive_interval().unwrap(), usual);
        });
    }
}
