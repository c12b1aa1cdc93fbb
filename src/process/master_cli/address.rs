//! Where the master socket listens.

use crate::sys;
use lb_core::admin::Level;
use nix::sys::stat::{FchmodatFlags, Mode, fchmodat};
use socket2::{Domain, SockAddr, Socket, Type};
use std::io;
use std::net::ToSocketAddrs;
use std::os::unix::fs::FileTypeExt;

/// Connections that wait to be accepted.
const BACKLOG: i32 = 64;

/// Why there is no master socket.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    /// An option that it does not have.
    #[error("unknown option '{0}'; known are 'level user|operator|admin' and 'mode OCTAL'.")]
    Option(String),
    /// The system's reason.
    #[error("cannot listen on '{0}': {reason}.", reason = crate::load::reason(.1))]
    Listen(String, #[source] io::Error),
}

/// Opens what `-S` says: an address, then options and their values, all separated by commas.
pub(super) fn open(words: &str) -> Result<(Socket, Level), OpenError> {
    let mut words = words.split(',');
    let address = words.next().unwrap_or_default();
    let (mut level, mut mode) = (Level::Admin, None);
    while let Some(option) = words.next() {
        let value = words.next().unwrap_or_default();
        match (option, value) {
            ("level", "user") => level = Level::User,
            ("level", "operator") => level = Level::Operator,
            ("level", "admin") => level = Level::Admin,
            ("mode", octal) if u32::from_str_radix(octal, 8).is_ok() => {
                mode = u32::from_str_radix(octal, 8).ok()
            }
            _ => return Err(OpenError::Option(format!("{option} {value}"))),
        }
    }
    let listen = || -> io::Result<Socket> {
        let socket = if let Some(number) = address.strip_prefix("fd@") {
            let number = number.parse().map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
            sys::inherited(number)?.into()
        } else if let Some(path) = unix_path(address) {
            unix(path, mode)?
        } else {
            let inet = address.strip_prefix("ipv4@").or_else(|| address.strip_prefix("ipv6@"));
            let address = inet.unwrap_or(address).to_socket_addrs()?.next();
            let address = address.ok_or(io::ErrorKind::InvalidInput)?;
            let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
            socket.set_reuse_address(true)?;
            socket.bind(&address.into())?;
            socket
        };
        socket.listen(BACKLOG)?;
        socket.set_nonblocking(true)?;
        Ok(socket)
    };
    listen().map(|socket| (socket, level)).map_err(|error| OpenError::Listen(address.to_owned(), error))
}

/// `unix@PATH`, or a path from the root.
fn unix_path(address: &str) -> Option<&str> {
    address.strip_prefix("unix@").or_else(|| address.starts_with('/').then_some(address))
}

fn unix(path: &str, mode: Option<u32>) -> io::Result<Socket> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    // what a former process left there
    if std::fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket()) {
        std::fs::remove_file(path)?;
    }
    socket.bind(&SockAddr::unix(path)?)?;
    if let Some(mode) = mode {
        let mode = Mode::from_bits_truncate(mode);
        fchmodat(nix::fcntl::AT_FDCWD, path, mode, FchmodatFlags::FollowSymlink)?;
    }
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_apart() {
        assert_eq!(unix_path("/run/a:99"), Some("/run/a:99"));
        assert_eq!(unix_path("unix@a.sock"), Some("a.sock"));
        assert_eq!(unix_path("127.0.0.1:99"), None);
        assert!(open("a.sock").is_err());
    }

    #[test]
    fn options_follow_commas() {
        let level = |words: &str| open(words).map(|(_, level)| level).map_err(|error| error.to_string());
        assert_eq!(level("127.0.0.1:0,level,operator"), Ok(Level::Operator));
        assert_eq!(level("127.0.0.1:0"), Ok(Level::Admin));
        assert!(level("127.0.0.1:0,ssl").is_err_and(|text| text.contains("unknown option 'ssl '")));
        let missing = level("/nonexistent/dir/socket");
        assert!(
            missing
                .is_err_and(|text| text.ends_with("'/nonexistent/dir/socket': No such file or directory."))
        );
    }
}
