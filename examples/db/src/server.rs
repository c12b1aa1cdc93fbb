//! Connections: how many there may be, how each begins and ends, and how all end.

use crate::auth::Account;
use crate::cancel::{Cancels, Ticket};
use crate::limited::Limited;
use crate::session::{Prepared, Session};
use crate::sqlstate::fatal;
use crate::wire::Queries;
use futures_util::{SinkExt as _, StreamExt as _};
use pgwire::api::auth::StartupHandler;
use pgwire::api::{
    ClientInfo as _, DefaultClient, ErrorHandler as _, NoopHandler, PgWireConnectionState as State,
};
use pgwire::error::{ErrorInfo, PgWireError};
use pgwire::messages::response::{GssEncResponse, SslResponse};
use pgwire::messages::{PgWireBackendMessage, PgWireFrontendMessage, SslNegotiationMetaMessage};
use pgwire::tokio::server::{PgWireMessageServerCodec, process_error, process_message};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::codec::Framed;

/// How long a client may take from connecting to its first query.
const STARTUP_LIMIT: Duration = Duration::from_secs(10);
/// How long a client may hold a transaction open without a word. It keeps all other writers waiting.
const IDLE_TRANSACTION_LIMIT: Duration = Duration::from_secs(10);
/// How long open transactions may go on once the server is told to end.
const DRAIN_LIMIT: Duration = Duration::from_secs(5);
/// How many connections beyond the limit are answered that they are too many. More wait to be accepted.
const REFUSED_AT_ONCE: usize = 32;

/// What the server is given.
#[derive(Debug)]
pub struct Settings {
    /// The database.
    pub file: PathBuf,
    /// Who may use it.
    pub account: Account,
    /// How many may, at once.
    pub max_connections: usize,
}

type Socket = Framed<Limited<TcpStream>, PgWireMessageServerCodec<Prepared>>;

/// What all connections share.
struct Server {
    settings: Settings,
    cancels: Arc<Cancels>,
    places: Arc<Semaphore>,
    stopping: watch::Receiver<bool>,
}

/// Serves until `stopping` says so, and then until the last transaction has ended, or five seconds.
pub async fn serve(listener: TcpListener, settings: Settings, stopping: watch::Receiver<bool>) {
    let accepted = Arc::new(Semaphore::new(settings.max_connections + REFUSED_AT_ONCE));
    let places = Arc::new(Semaphore::new(settings.max_connections));
    let server = Arc::new(Server { settings, cancels: Arc::default(), places, stopping: stopping.clone() });
    let mut connections = JoinSet::new();
    let mut stop = stopping;
    loop {
        let accept = async {
            let place = Arc::clone(&accepted).acquire_owned().await;
            (place, listener.accept().await)
        };
        tokio::select! {
            biased;
            () = stopped(&mut stop) => break,
            Some(_) = connections.join_next() => {}
            (place, connection) = accept => match connection {
                Ok((stream, _)) => {
                    let server = Arc::clone(&server);
                    connections.spawn(async move {
                        // An error is the client's going away; it has been told what could be told.
                        let _ = server.connection(stream).await;
                        drop(place);
                    });
                }
                // Out of descriptors: some connection will end.
                Err(_) => sleep(Duration::from_millis(50)).await,
            },
        }
    }
    drop(listener);
    let all = async { while connections.join_next().await.is_some() {} };
    if timeout(DRAIN_LIMIT, all).await.is_err() {
        connections.shutdown().await;
    }
}

impl Server {
    async fn connection(&self, stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let client = DefaultClient::new(stream.peer_addr()?, false);
        let mut socket = Framed::new(Limited::new(stream), PgWireMessageServerCodec::new(client));
        let started = timeout(STARTUP_LIMIT, self.start(&mut socket)).await;
        let Ok(Ok(Some(connection))) = started else { return Ok(()) };
        connection.run(&mut socket, self.stopping.clone()).await
    }

    /// Leads the client to its first query: no encryption, a place, its password.
    async fn start(&self, socket: &mut Socket) -> io::Result<Option<Connected>> {
        let mut connection = None;
        let startup = Arc::new(self.settings.account.startup());
        loop {
            let message = match next(socket).await {
                Some(Ok(message)) => message,
                Some(Err(error)) => {
                    farewell(socket, error).await?;
                    return Ok(None);
                }
                None => return Ok(None),
            };
            match message {
                PgWireFrontendMessage::SslNegotiation(SslNegotiationMetaMessage::PostgresSsl(_)) => {
                    socket.send(PgWireBackendMessage::SslResponse(SslResponse::Refuse)).await?;
                }
                PgWireFrontendMessage::SslNegotiation(SslNegotiationMetaMessage::PostgresGss(_)) => {
                    socket.send(PgWireBackendMessage::GssEncResponse(GssEncResponse::Refuse)).await?;
                }
                PgWireFrontendMessage::SslNegotiation(SslNegotiationMetaMessage::None) => {
                    socket.set_state(State::AwaitingStartup);
                }
                PgWireFrontendMessage::CancelRequest(request) => {
                    pgwire::api::cancel::CancelHandler::on_cancel_request(&*self.cancels, request).await;
                    return Ok(None);
                }
                message => {
                    if let PgWireFrontendMessage::Startup(_) = message {
                        match self.admit().await {
                            Ok(admitted) => {
                                let (number, secret) = admitted.ticket.key();
                                socket.set_pid_and_secret_key(number, secret);
                                connection = Some(admitted);
                            }
                            Err(error) => {
                                farewell(socket, error).await?;
                                return Ok(None);
                            }
                        }
                    }
                    if let Err(error) = startup.on_startup(socket, message).await {
                        farewell(socket, error).await?;
                        return Ok(None);
                    }
                    if matches!(socket.state(), State::ReadyForQuery) {
                        return Ok(connection);
                    }
                }
            }
        }
    }

    /// A place and a session, if there is one.
    async fn admit(&self) -> Result<Connected, PgWireError> {
        let place = Arc::clone(&self.places).try_acquire_owned();
        let place = place.map_err(|_| fatal("53300", "sorry, too many clients already"))?;
        let file = self.settings.file.clone();
        let session = tokio::task::spawn_blocking(move || Session::open(&file)).await;
        let session = session.map_err(|panic| fatal("XX000", panic.to_string()))?;
        let session = session.map_err(|error| fatal("58030", error.to_string()))?;
        let ticket = self.cancels.register(session.interrupt_handle());
        let ticket = ticket.map_err(|error| fatal("58000", error.to_string()))?;
        Ok(Connected {
            queries: Queries::new(session),
            ticket,
            cancels: Arc::clone(&self.cancels),
            _place: place,
        })
    }
}

/// A client that has a place and a session.
struct Connected {
    queries: Queries,
    ticket: Ticket,
    cancels: Arc<Cancels>,
    _place: tokio::sync::OwnedSemaphorePermit,
}

impl Drop for Connected {
    /// A statement that still runs has nobody left who waits for it.
    fn drop(&mut self) {
        self.ticket.interrupt();
    }
}

impl Connected {
    async fn run(&self, socket: &mut Socket, mut stopping: watch::Receiver<bool>) -> io::Result<()> {
        let queries = Arc::new(self.queries.clone());
        // Whether the client is between its Parse and its Sync, where it waits for an answer.
        let mut asking = false;
        loop {
            let in_transaction = self.queries.in_transaction();
            let idle = async {
                if in_transaction {
                    sleep(IDLE_TRANSACTION_LIMIT).await
                } else {
                    std::future::pending().await
                }
            };
            let message = tokio::select! {
                biased;
                message = next(socket) => message,
                () = stopped(&mut stopping), if !in_transaction && !asking => {
                    let error = fatal("57P01", "terminating connection due to administrator command");
                    return farewell(socket, error).await;
                }
                () = idle => {
                    let error = fatal("25P03", "terminating connection due to idle-in-transaction timeout");
                    return farewell(socket, error).await;
                }
            };
            let message = match message {
                None | Some(Ok(PgWireFrontendMessage::Terminate(_))) => return Ok(()),
                Some(Err(error)) => return farewell(socket, error).await,
                Some(Ok(message)) => message,
            };
            let extended = message.is_extended_query();
            asking = extended && !matches!(message, PgWireFrontendMessage::Sync(_));
            let processed = process_message(
                message,
                socket,
                Arc::new(NoopHandler),
                Arc::clone(&queries),
                Arc::clone(&queries),
                Arc::new(NoopHandler),
                Arc::clone(&self.cancels),
            );
            if let Err(mut error) = processed.await {
                queries.on_error(socket, &mut error);
                process_error(socket, error, extended).await?;
            }
        }
    }
}

/// Ends when the server is told to end, or when nobody is left who could tell it.
async fn stopped(stopping: &mut watch::Receiver<bool>) {
    let _ = stopping.wait_for(|stopping| *stopping).await;
}

/// The client's next message. Once one is complete, the next one may be as large again.
async fn next(socket: &mut Socket) -> Option<Result<PgWireFrontendMessage, PgWireError>> {
    socket.get_mut().allow();
    let message = socket.next().await;
    message.map(|message| {
        message.map_err(|error| match error {
            PgWireError::IoError(error) if error.kind() == io::ErrorKind::InvalidData => {
                fatal("54000", error.to_string())
            }
            other => other,
        })
    })
}

/// The last words to a client.
async fn farewell(socket: &mut Socket, error: PgWireError) -> io::Result<()> {
    let mut info = ErrorInfo::from(error);
    "FATAL".clone_into(&mut info.severity);
    socket.send(PgWireBackendMessage::ErrorResponse(info.into())).await?;
    socket.close().await
}
