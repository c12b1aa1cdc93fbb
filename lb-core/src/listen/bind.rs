//! Sockets of `bind` lines (manual 5.1).
//!
//! Each traffic thread gets a socket of its own per TCP address (`SO_REUSEPORT`), so that the kernel spreads
//! connections. Unix sockets and inherited descriptors are shared: each thread gets a duplicate.

use super::{Offered, succession};
use crate::compile::{BindSpec, Plan};
use crate::net::abstract_name;
use crate::proxy::Listener;
use haproxy_cfg_parser::model::{Address, Host};
use nix::sys::stat::Mode;
use nix::unistd::{Group, User};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use std::ffi::OsStr;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;

/// A `bind` line that could not be had.
#[derive(Debug, thiserror::Error)]
#[error("Starting {kind} {proxy}: {what} ({error}) [{address}]")]
pub struct BindError {
    /// `frontend` or `proxy`.
    pub kind: &'static str,
    /// Its name.
    pub proxy: String,
    /// What failed, in HAProxy's words.
    pub what: &'static str,
    /// The system's reason.
    pub error: io::Error,
    /// The address.
    pub address: String,
}

/// Listening sockets of a plan, or of one of its threads: the listener and its sockets.
#[derive(Debug, Default)]
pub struct Sockets {
    pub(super) all: Vec<(Arc<Listener>, Vec<Socket>)>,
}

impl Sockets {
    /// How many sockets there are.
    pub fn len(&self) -> usize {
        self.all.iter().map(|(_, sockets)| sockets.len()).sum()
    }

    /// Adds others.
    pub(crate) fn extend(&mut self, others: Self) {
        self.all.extend(others.all);
    }

    /// True for none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The descriptors, to be passed to the process that runs the plan ([`Self::received`]).
    pub fn into_fds(self) -> Vec<OwnedFd> {
        self.all.into_iter().flat_map(|(_, sockets)| sockets).map(OwnedFd::from).collect()
    }

    /// The sockets that another process bound with [`bind_new`] for the same plan.
    ///
    /// # Errors
    /// There are more or fewer than the plan asks for.
    pub fn received(known: &[String], plan: &Plan, fds: Vec<OwnedFd>) -> io::Result<Self> {
        let mut fds = fds.into_iter();
        let mut sockets = Self::default();
        for spec in succession::new(known, plan) {
            let count = if matches!(spec.address, Address::Inet { .. }) { plan.threads } else { 1 };
            let own: Vec<Socket> = fds.by_ref().take(count).map(Socket::from).collect();
            if own.len() < count {
                return Err(io::Error::other("sockets are missing"));
            }
            sockets.all.push((Arc::clone(&spec.listener), own));
        }
        if fds.next().is_some() {
            return Err(io::Error::other("there are more sockets than addresses"));
        }
        Ok(sockets)
    }

    /// One set for each thread.
    pub(crate) fn split(self, threads: usize) -> io::Result<Vec<Self>> {
        let mut sets: Vec<Self> = (0..threads).map(|_| Self::default()).collect();
        for (listener, mut sockets) in self.all {
            if sockets.len() == threads {
                for set in &mut sets {
                    set.all.push((Arc::clone(&listener), sockets.pop().into_iter().collect()));
                }
            } else {
                for (index, set) in sets.iter_mut().enumerate() {
                    let mut own = Vec::new();
                    for socket in &sockets {
                        own.push(socket.try_clone()?);
                    }
                    if index + 1 == threads {
                        own = std::mem::take(&mut sockets);
                    }
                    set.all.push((Arc::clone(&listener), own));
                }
            }
        }
        Ok(sets)
    }
}

/// Binds every address of a plan that another process did not give, collecting all errors.
pub fn bind(plan: &Plan, offered: &Offered) -> Result<Sockets, Vec<BindError>> {
    bind_specs(plan.binds.iter(), plan.threads, offered)
}

/// Binds the addresses of a plan that are not `known` ([`super::addresses`] of the running one), collecting all errors.
pub fn bind_new(known: &[String], plan: &Plan) -> Result<Sockets, Vec<BindError>> {
    bind_specs(succession::new(known, plan).into_iter(), plan.threads, &Offered::default())
}

fn bind_specs<'a>(
    specs: impl Iterator<Item = &'a BindSpec>,
    threads: usize,
    offered: &Offered,
) -> Result<Sockets, Vec<BindError>> {
    let mut sockets = Sockets::default();
    let mut errors = Vec::new();
    for spec in specs {
        match bind_one(spec, threads, offered) {
            Ok(made) => sockets.all.push((Arc::clone(&spec.listener), made)),
            Err((what, error)) => errors.push(BindError {
                kind: spec.kind,
                proxy: spec.proxy.clone(),
                what,
                error: plain(error),
                address: spec.listener.address.clone(),
            }),
        }
    }
    if errors.is_empty() { Ok(sockets) } else { Err(errors) }
}

/// The error without Rust's `(os error N)`, as C programs print it.
fn plain(error: io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(code) => io::Error::other(nix::errno::Errno::from_raw(code).desc()),
        None => error,
    }
}

type Failure = (&'static str, io::Error);

fn bind_one(spec: &BindSpec, threads: usize, offered: &Offered) -> Result<Vec<Socket>, Failure> {
    let given = |found: io::Result<Vec<Socket>>| found.map_err(|error| ("cannot take over socket", error));
    match &spec.address {
        Address::Inet { host, ports, .. } => {
            let addresses = inet_addresses(host, ports.0)?;
            let address =
                addresses.first().copied().ok_or(("invalid address", io::ErrorKind::InvalidInput.into()))?;
            if spec.listener.permit.is_none() {
                let given = given(offered.inet(spec, address))?;
                if !given.is_empty() {
                    return given.into_iter().map(|socket| adopt_inet(spec, socket)).collect();
                }
            }
            (0..threads).map(|_| inet(spec, address)).collect()
        }
        Address::Unix(path) => match given(offered.unix(path))? {
            given if given.is_empty() => unix(spec, path).map(|socket| vec![socket]),
            given => given.into_iter().map(|socket| listen(spec, socket)).collect(),
        },
        Address::Abstract(name, false) => {
            let name = abstract_name(name);
            let given = given(offered.named(&name))?;
            if !given.is_empty() {
                return given.into_iter().map(|socket| listen(spec, socket)).collect();
            }
            let path = [b"\0", &*name].concat();
            let address =
                SockAddr::unix(OsStr::from_bytes(&path)).map_err(|error| ("invalid address", error))?;
            let socket = Socket::new(Domain::UNIX, Type::STREAM, None)
                .map_err(|error| ("cannot create receiving socket", error))?;
            socket.bind(&address).map_err(|error| ("cannot bind UNIX socket", error))?;
            listen(spec, socket).map(|socket| vec![socket])
        }
        Address::Fd(fd) => inherited(*fd).map(|socket| vec![socket]),
        _ => Err(("unsupported address", io::ErrorKind::Unsupported.into())),
    }
}

/// Addresses that a host stands for; names are resolved once, at start.
fn inet_addresses(host: &Host, port: u16) -> Result<Vec<SocketAddr>, Failure> {
    Ok(match host {
        Host::Any | Host::AnyV4 => vec![SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), port)],
        Host::AnyV6 => vec![SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), port)],
        Host::Ip(ip) => vec![SocketAddr::new(*ip, port)],
        Host::Name(name) => std::net::ToSocketAddrs::to_socket_addrs(&(name.as_str(), port))
            .map_err(|error| ("could not resolve address", error))?
            .collect(),
    })
}

fn inet(spec: &BindSpec, address: SocketAddr) -> Result<Socket, Failure> {
    let create = |error| ("cannot create receiving socket", error);
    let options = &spec.options;
    let domain = Domain::for_address(address);
    let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP)).map_err(create)?;
    socket.set_reuse_address(true).map_err(create)?;
    socket.set_reuse_port(true).map_err(create)?;
    if address.is_ipv6() {
        let only = options.v6only || !options.v4v6;
        socket.set_only_v6(only).map_err(|error| ("cannot set IPV6_V6ONLY", error))?;
    }
    if let Some(interface) = &options.interface {
        socket
            .bind_device(Some(interface.as_bytes()))
            .map_err(|error| ("cannot bind listener to device", error))?;
    }
    if options.transparent {
        let transparent = if address.is_ipv4() { socket.set_ip_transparent_v4(true) } else { Ok(()) };
        transparent.map_err(|error| ("cannot make listening socket transparent", error))?;
    }
    let held = spec.listener.permit.is_some();
    if held {
        // It may be on no interface of this machine now.
        let free =
            if address.is_ipv4() { socket.set_freebind_v4(true) } else { socket.set_freebind_v6(true) };
        free.map_err(|error| ("cannot bind to an address that may be elsewhere", error))?;
    }
    prepare(spec, &socket)?;
    socket.bind(&address.into()).map_err(|error| ("cannot bind socket", error))?;
    if held {
        // Whoever accepts on it listens, once it may.
        socket.set_nonblocking(true).map_err(|error| ("cannot make socket non-blocking", error))?;
        return Ok(socket);
    }
    listen(spec, socket)
}

/// A socket that another process has bound. It may have been paused since.
fn adopt_inet(spec: &BindSpec, socket: Socket) -> Result<Socket, Failure> {
    prepare(spec, &socket)?;
    listen(spec, socket)
}

/// Sets what a bound socket may be told as well.
fn prepare(spec: &BindSpec, socket: &Socket) -> Result<(), Failure> {
    let options = &spec.options;
    // Accepted connections inherit it.
    socket.set_tcp_nodelay(true).map_err(|error| ("cannot create receiving socket", error))?;
    if let Some(mss) = options.mss.and_then(|mss| u32::try_from(mss.abs()).ok()) {
        socket.set_tcp_mss(mss).map_err(|error| ("cannot set MSS", error))?;
    }
    if let Some(timeout) = options.tcp_user_timeout {
        socket
            .set_tcp_user_timeout(Some(std::time::Duration::from_millis(timeout)))
            .map_err(|error| ("cannot set TCP User Timeout", error))?;
    }
    if options.defer_accept {
        crate::sys::set_tcp_option(socket, libc::TCP_DEFER_ACCEPT, 1)
            .map_err(|error| ("cannot enable DEFER_ACCEPT", error))?;
    }
    if options.tfo {
        crate::sys::set_tcp_option(socket, libc::TCP_FASTOPEN, 256)
            .map_err(|error| ("cannot enable TCP_FASTOPEN", error))?;
    }
    Ok(())
}

fn listen(spec: &BindSpec, socket: Socket) -> Result<Socket, Failure> {
    socket.listen(spec.backlog).map_err(|error| ("cannot listen to socket", error))?;
    socket.set_nonblocking(true).map_err(|error| ("cannot make socket non-blocking", error))?;
    Ok(socket)
}

/// Binds beside the final path and renames over it, so that a connect never meets a missing socket.
fn unix(spec: &BindSpec, path: &str) -> Result<Socket, Failure> {
    let options = &spec.options;
    let temporary = format!("{path}.{}.tmp", std::process::id());
    let _ = std::fs::remove_file(&temporary);
    let address = SockAddr::unix(&temporary).map_err(|error| ("socket path too long", error))?;
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)
        .map_err(|error| ("cannot create receiving socket", error))?;
    socket.bind(&address).map_err(|error| ("cannot bind UNIX socket", error))?;
    let finish = || -> io::Result<()> {
        let uid = match (&options.user, options.uid) {
            (Some(name), _) => User::from_name(name)?.map(|user| user.uid),
            (None, uid) => uid.map(Into::into),
        };
        let gid = match (&options.group, options.gid) {
            (Some(name), _) => Group::from_name(name)?.map(|group| group.gid),
            (None, gid) => gid.map(Into::into),
        };
        if uid.is_some() || gid.is_some() {
            nix::unistd::chown(temporary.as_str(), uid, gid)?;
        }
        if let Some(mode) = options.mode {
            let mode = Mode::from_bits_truncate(mode);
            nix::sys::stat::fchmodat(
                nix::fcntl::AT_FDCWD,
                temporary.as_str(),
                mode,
                nix::sys::stat::FchmodatFlags::FollowSymlink,
            )?;
        }
        Ok(())
    };
    let finished = finish().map_err(|error| ("cannot change UNIX socket ownership", error));
    let listening = finished.and_then(|()| listen(spec, socket)).and_then(|socket| {
        std::fs::rename(&temporary, path)
            .map_err(|error| ("cannot switch final and temporary UNIX sockets", error))?;
        Ok(socket)
    });
    if listening.is_err() {
        let _ = std::fs::remove_file(&temporary);
    }
    listening
}

/// A listening socket that the parent process opened (`fd@N`).
fn inherited(fd: i32) -> Result<Socket, Failure> {
    let borrow = || -> io::Result<Socket> {
        let fd: BorrowedFd<'_> = crate::sys::inherited_fd(fd)?;
        let socket = Socket::from(fd.try_clone_to_owned()?);
        if !socket.is_listener()? {
            socket.listen(1024)?;
        }
        socket.set_nonblocking(true)?;
        Ok(socket)
    };
    borrow().map_err(|error| ("cannot use file descriptor", error))
}
