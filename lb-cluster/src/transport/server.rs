//! The side that listens.

use super::counters::Event;
use super::frame::{self, Kind};
use super::link::{Caller, greet, greeted};
use super::{Counters, Error, Greeting, HANDSHAKE, Roster};
use crate::state::Member;
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_openssl::SslStream;

/// Connections that one source may have: for requests, heartbeats and snapshots of a few members that share an address.
const PER_SOURCE: usize = 32;
/// How long a connection may be silent.
const IDLE: Duration = Duration::from_secs(60);

/// Answers requests.
pub trait Handler: Send + Sync + 'static {
    /// Answers a member's request.
    ///
    /// # Errors
    /// Why there is no answer; the peer is told.
    fn handle(&self, peer: &Member, request: &[u8]) -> impl Future<Output = Result<Vec<u8>, String>> + Send;
}

struct Server<H> {
    me: Caller,
    roster: Roster,
    counters: Arc<Counters>,
    sources: Mutex<HashMap<IpAddr, usize>>,
    handler: H,
}

/// Accepts members, and answers them, until it is dropped.
pub async fn serve(
    listener: TcpListener,
    me: Caller,
    roster: Roster,
    counters: Arc<Counters>,
    handler: impl Handler,
) {
    let server = Arc::new(Server { me, roster, counters, sources: Mutex::default(), handler });
    let mut connections = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, source)) => {
                    if let Some(place) = server.admit(source.ip()) {
                        connections.spawn(connection(Arc::clone(&server), place, stream, source));
                    }
                }
                // Out of descriptors, for instance: there will be some again.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// A source's place among those that are open.
struct Place<H: Handler> {
    server: Arc<Server<H>>,
    source: IpAddr,
}

impl<H: Handler> Drop for Place<H> {
    fn drop(&mut self) {
        let mut sources = self.server.sources.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = sources.get_mut(&self.source) {
            *open -= 1;
            if *open == 0 {
                sources.remove(&self.source);
            }
        }
    }
}

impl<H: Handler> Server<H> {
    /// Whether a connection is looked at, before any byte of it.
    fn admit(self: &Arc<Self>, source: IpAddr) -> Option<Place<H>> {
        if !self.roster.knows(source) {
            self.counters.count(Event::Stranger);
            return None;
        }
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        let open = sources.entry(source).or_default();
        if *open >= PER_SOURCE {
            self.counters.count(Event::Crowded);
            return None;
        }
        *open += 1;
        Some(Place { server: Arc::clone(self), source })
    }

    /// The encryption, and who is who.
    async fn handshake(
        &self,
        tcp: TcpStream,
        source: SocketAddr,
    ) -> Result<(SslStream<TcpStream>, Member), Error> {
        tcp.set_nodelay(true)?;
        let mut stream = SslStream::new(self.me.identity.session()?, tcp)
            .map_err(|error| Error::Tls(error.to_string()))?;
        Pin::new(&mut stream).accept().await.map_err(|error| Error::Tls(error.to_string()))?;
        let theirs = greeted(&mut stream).await?;
        let known = self.roster.member(&theirs.name, source.ip());
        let peer = known.filter(|member| self.me.identity.proves(stream.ssl(), &member.name));
        let Some(peer) = peer else {
            return Err(Error::WrongPeer { called: source.to_string(), answered: theirs.name });
        };
        // Only a member hears what this cluster's terms are.
        let greeting = Greeting { name: self.me.me.name.clone(), terms: self.me.terms.clone() };
        greet(&mut stream, &greeting).await?;
        if theirs.terms == self.me.terms { Ok((stream, peer)) } else { Err(Error::OtherTerms) }
    }

    /// Requests of one member, one after the other.
    async fn converse(&self, stream: &mut SslStream<TcpStream>, peer: &Member) -> Result<(), Error> {
        while let Some((kind, request)) = frame::read(stream, IDLE).await? {
            if kind != Kind::Request {
                return Err(Error::Malformed("not a request"));
            }
            if self.roster.member(&peer.name, peer.address.ip()).is_none() {
                return Ok(());
            }
            match self.handler.handle(peer, &request).await {
                Ok(answer) => frame::write(stream, Kind::Answer, &answer).await?,
                Err(why) => frame::write(stream, Kind::Refusal, why.as_bytes()).await?,
            }
            self.counters.count(Event::Request);
        }
        Ok(())
    }
}

async fn connection<H: Handler>(server: Arc<Server<H>>, place: Place<H>, tcp: TcpStream, source: SocketAddr) {
    let _place = place;
    let handshake = timeout(HANDSHAKE, server.handshake(tcp, source)).await;
    let (mut stream, peer) = match handshake.unwrap_or(Err(Error::Late(HANDSHAKE))) {
        Ok(known) => known,
        Err(error) => {
            let event = match error {
                Error::OtherTerms => Event::Terms,
                Error::Malformed(_) => Event::Malformed,
                _ => Event::Handshake,
            };
            server.counters.count(event);
            tracing::debug!("cluster: {source}: {error}");
            return;
        }
    };
    if let Err(error @ Error::Malformed(_)) = server.converse(&mut stream, &peer).await {
        server.counters.count(Event::Malformed);
        tracing::warn!("cluster: {} ({source}): {error}", peer.name);
    }
}
