//! What packets are marked with, for routers and filters.

use super::Io;
use socket2::SockRef;

/// Marks that a connection's packets are to get from now on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marking {
    /// The kernel's own mark (`set-fc-mark`), which never leaves the machine.
    pub mark: Option<u32>,
    /// The type of service, or traffic class (`set-fc-tos`; RFC 2474).
    pub tos: Option<u8>,
}

impl Marking {
    /// Something is to be set.
    #[inline]
    pub fn is_set(self) -> bool {
        self.mark.is_some() || self.tos.is_some()
    }

    /// Has the connection's packets marked. What the system does not allow stays as it is, as in HAProxy.
    #[inline]
    pub fn apply(self, io: &Io) {
        if self.is_set() {
            self.set(io);
        }
    }

    #[cold]
    fn set(self, io: &Io) {
        let Self { mark, tos } = self;
        let fd = io.fd();
        let socket = SockRef::from(&fd);
        if let Some(mark) = mark {
            let _ = socket.set_mark(mark);
        }
        if let Some(tos) = tos {
            let _ = socket.set_tos_v4(tos.into());
            let _ = socket.set_tclass_v6(tos.into());
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use tokio::net::{TcpListener, TcpStream};

    #[test]
    fn packets_get_their_marks() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let io = Io::Tcp(TcpStream::connect(listener.local_addr().unwrap()).await.unwrap());
            let marking = Marking { mark: None, tos: Some(0x10) };
            marking.apply(&io);
            let fd = io.fd();
            assert_eq!(SockRef::from(&fd).tos_v4().unwrap(), 0x10);
            Marking::default().apply(&io);
            assert_eq!(SockRef::from(&fd).tos_v4().unwrap(), 0x10);
        });
    }
}
