//! Sessions of the runtime API: accepted on `stats socket` lines, or handed over by the master socket.

use super::accept::{Acceptor, listening, refused};
use super::handover;
use crate::admin::{self, By, End, Guest};
use crate::engine::Visitor;
use crate::net::Io;
use crate::process;
use crate::proxy::Listener;
use crate::roll::{self, Entry};
use socket2::Socket;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::net::UnixStream;

/// Serves a session of the runtime API that came by another way than a `stats socket`.
pub fn receive((socket, level, said): Visitor, admin: &Arc<admin::Context>) {
    let admin = Arc::clone(admin);
    match connection(Socket::from(socket)) {
        Ok(io) => {
            // Who has the master socket has the process.
            let by = By { socket: "master CLI".to_owned(), peer: peer(&io, None) };
            let guest = Guest { level, shares: true, by };
            tokio::spawn(session(io, None, 0, (guest, false), admin, said));
        }
        Err(error) => tracing::error!(%error, "cannot serve a session"),
    }
}

/// Who is at the other end, as `show cluster events` tells it.
fn peer(io: &Io, source: Option<SocketAddr>) -> String {
    match (io, source) {
        (_, Some(source)) => source.to_string(),
        (Io::Unix(stream), None) => match stream.peer_cred() {
            Ok(cred) => format!("uid {}, pid {}", cred.uid(), cred.pid().unwrap_or(0)),
            Err(_) => String::new(),
        },
        _ => String::new(),
    }
}

/// One session of the runtime API, which operators see and end as any. `rights`: who is served, and whether it may take all
/// listening sockets.
async fn session(
    mut io: Io,
    source: Option<SocketAddr>,
    listener: u32,
    (guest, exposes): (Guest, bool),
    context: Arc<admin::Context>,
    said: Vec<u8>,
) {
    let entry = Entry::session(source, listener, &roll::waker().await);
    tokio::select! {
        // One whose client went away has nobody to tell.
        end = admin::resume(&mut io, guest, &context, said) => match (end, &mut io) {
            (Ok(End::Sockets), Io::Unix(stream)) if exposes => surrender(stream, &context).await,
            _ => {}
        },
        () = entry.cut() => {}
    }
}

/// Gives all listening sockets to the process that takes over. This one goes on accepting until it is told to stop.
async fn surrender(stream: &mut UnixStream, context: &admin::Context) {
    let threads = context.errands.ask(listening).await;
    let sockets: Vec<Socket> = threads.into_iter().flatten().flatten().collect();
    match handover::give(stream, &sockets).await {
        Ok(()) => {
            process::live().handed_over.store(true, Ordering::Relaxed);
            tracing::info!(count = sockets.len(), "listening sockets were given to another process");
        }
        Err(error) => tracing::warn!(%error, "listening sockets could not be given to another process"),
    }
}

fn connection(socket: Socket) -> io::Result<Io> {
    socket.set_nonblocking(true)?;
    let unix = socket.local_addr()?.domain() == socket2::Domain::UNIX;
    let fd = OwnedFd::from(socket);
    Ok(if unix {
        Io::Unix(UnixStream::from_std(fd.into())?)
    } else {
        Io::Tcp(tokio::net::TcpStream::from_std(fd.into())?)
    })
}

/// Accepts sessions of the runtime API, also while traffic is paused or drained: operators watch just then.
pub(super) async fn admin_loop(
    context: Arc<admin::Context>,
    mut listener: Arc<Listener>,
    acceptor: Acceptor,
) {
    let acceptor = acceptor.listed(&listener);
    loop {
        let accepted = poll_fn(|cx| acceptor.poll_accept(cx)).await;
        while let Some(next) = listener.successor.load_full() {
            listener = next;
        }
        match accepted {
            Ok((io, source)) => {
                let by = By { socket: listener.address.clone(), peer: peer(&io, source) };
                let level = listener.level.unwrap_or_default();
                let guest = Guest { level, shares: listener.shares, by };
                let context = Arc::clone(&context);
                let rights = (guest, listener.exposes);
                tokio::spawn(session(io, source, listener.id, rights, context, Vec::new()));
            }
            Err(error) => refused(&listener, &error).await,
        }
    }
}
