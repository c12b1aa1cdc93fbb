//! The way to one peer: a connection that is made when it is needed and used again while it lasts.

use super::frame::{self, Kind};
use super::{Error, Greeting, HANDSHAKE, Identity};
use crate::state::Member;
use futures_util::FutureExt;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_openssl::SslStream;

type Stream = SslStream<TcpStream>;

/// Who calls.
#[derive(Clone)]
pub struct Caller {
    /// Its proof.
    pub identity: Identity,
    /// This node: its name, and the address that its connections come from.
    pub me: Member,
    /// What all nodes of the cluster must have alike.
    pub terms: Vec<u8>,
}

/// A way to one peer, for one request at a time.
pub struct Link {
    caller: Caller,
    peer: Member,
    stream: Option<Stream>,
    sent: bool,
}

impl Link {
    /// A way that is not yet gone.
    pub fn new(caller: Caller, peer: Member) -> Self {
        Self { caller, peer, stream: None, sent: false }
    }

    /// The peer may have heard what it was asked last.
    pub fn was_sent(&self) -> bool {
        self.sent
    }

    /// Asks, and waits for the answer no longer than `limit`.
    ///
    /// A connection that served before may have died unseen: the request then goes over a fresh one, within the same
    /// limit. Requests of Raft may be repeated.
    ///
    /// # Errors
    /// There is no answer, and the connection is closed; or the peer refuses.
    pub async fn call(&mut self, request: &[u8], limit: Duration) -> Result<Vec<u8>, Error> {
        #[cfg(test)]
        if crate::sim::now().is_some() {
            self.sent = true;
            return crate::sim::call(&self.caller, &self.peer, request, limit).await;
        }
        // Taken out, so that a call that is dropped half-way leaves no answer behind for the next one.
        let kept = self.stream.take().filter(is_open);
        self.sent = false;
        let mut sent = false;
        let exchange = async {
            if let Some(mut stream) = kept {
                sent = true;
                match ask(&mut stream, request).await {
                    Err(Error::Io(_)) => {}
                    other => return other.map(|answer| (stream, answer)),
                }
            }
            let mut stream = self.connect().await?;
            sent = true;
            let answer = ask(&mut stream, request).await?;
            Ok((stream, answer))
        };
        let exchanged = timeout(limit, exchange).await;
        self.sent = sent;
        let (stream, (kind, answer)) = exchanged.map_err(|_| Error::Late(limit))??;
        self.stream = Some(stream);
        match kind {
            Kind::Answer => Ok(answer),
            _ => Err(Error::Refused(String::from_utf8_lossy(&answer).into_owned())),
        }
    }

    pub(super) async fn connect(&self) -> Result<Stream, Error> {
        let address = self.peer.address;
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        socket.bind(SocketAddr::new(self.caller.me.address.ip(), 0))?;
        let tcp = socket.connect(address).await?;
        tcp.set_nodelay(true)?;
        let mut stream = SslStream::new(self.caller.identity.session()?, tcp)
            .map_err(|error| Error::Tls(error.to_string()))?;
        Pin::new(&mut stream).connect().await.map_err(|error| Error::Tls(error.to_string()))?;
        let greeting = Greeting { name: self.caller.me.name.clone(), terms: self.caller.terms.clone() };
        greet(&mut stream, &greeting).await?;
        let theirs = greeted(&mut stream).await?;
        if theirs.name != self.peer.name || !self.caller.identity.proves(stream.ssl(), &theirs.name) {
            return Err(Error::WrongPeer { called: self.peer.name.clone(), answered: theirs.name });
        }
        if theirs.terms != self.caller.terms {
            return Err(Error::OtherTerms);
        }
        Ok(stream)
    }
}

/// False when the peer has closed it.
fn is_open(stream: &Stream) -> bool {
    !matches!(stream.get_ref().peek(&mut [0]).now_or_never(), Some(Ok(0) | Err(_)))
}

async fn ask(stream: &mut Stream, request: &[u8]) -> Result<(Kind, Vec<u8>), Error> {
    frame::write(stream, Kind::Request, request).await?;
    // The caller's limit ends the waiting.
    match frame::read(stream, Duration::MAX).await? {
        None => Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into()),
        Some(answer @ (Kind::Answer | Kind::Refusal, _)) => Ok(answer),
        Some(_) => Err(Error::Malformed("not an answer")),
    }
}

/// Says who one is.
pub(super) async fn greet(stream: &mut Stream, greeting: &Greeting) -> Result<(), Error> {
    let body = postcard::to_allocvec(greeting).map_err(|_| Error::Malformed("a greeting too long"))?;
    frame::write(stream, Kind::Greeting, &body).await
}

/// Hears who the other is.
pub(super) async fn greeted(stream: &mut Stream) -> Result<Greeting, Error> {
    match frame::read(stream, HANDSHAKE).await? {
        Some((Kind::Greeting, body)) => {
            postcard::from_bytes(&body).map_err(|_| Error::Malformed("no greeting"))
        }
        Some(_) => Err(Error::Malformed("not a greeting")),
        None => Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into()),
    }
}
