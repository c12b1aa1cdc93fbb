//! The outside as the parser sees it: environment, files, and what the running program can do.

use crate::raw;
use std::ffi::OsStr;
use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::path::Path;

/// Everything that a configuration can ask of its surroundings.
///
/// The binary implements it for real; tests implement it with fixed answers.
pub trait World {
    /// The environment that `${VAR}`, `defined()` and the `setenv` family start from; values as [`raw`] keeps them.
    fn env(&self) -> Vec<(String, String)>;
    /// True if the program was built with the feature (`feature(NAME)`, manual 2.4).
    fn feature(&self, name: &str) -> bool;
    /// The version that `version_atleast()` and `version_before()` compare with, e.g. `3.5.0`.
    fn version(&self) -> String;
    /// True if a start-up option is on (`enabled(POLL|EPOLL|SPLICE|GETADDRINFO|REUSEPORT|...)`, manual 2.4).
    fn enabled(&self, _option: &str) -> bool {
        true
    }
    /// The TLS library's name and version, e.g. `("OpenSSL", "3.0.11")`.
    fn tls_library(&self) -> (String, String) {
        ("OpenSSL".into(), "3.0.0".into())
    }
    /// True if a host name has an address. The default doesn't ask: whoever runs the configuration finds out.
    fn resolves(&self, _host: &str) -> bool {
        true
    }
    /// A host name's addresses. The default knows none.
    ///
    /// # Errors
    /// It has none.
    fn addresses(&self, _host: &str) -> io::Result<Vec<IpAddr>> {
        Err(io::ErrorKind::NotFound.into())
    }
    /// A file's bytes.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
    /// The names of a folder's entries, unsorted.
    fn list_dir(&self, path: &Path) -> io::Result<Vec<String>>;
    /// True if the path is a folder.
    fn is_dir(&self, path: &Path) -> bool;
}

/// The real environment and file system, with the features and version that the caller states.
#[derive(Clone, Debug)]
pub struct SystemWorld {
    /// Feature names that `feature()` answers true for.
    pub features: Vec<String>,
    /// See [`World::version`].
    pub version: String,
    /// Ask the system's resolver about host names; see [`World::resolves`].
    pub resolve: bool,
}

impl Default for SystemWorld {
    fn default() -> Self {
        Self { features: Vec::new(), version: "3.5.0".into(), resolve: false }
    }
}

impl World for SystemWorld {
    fn env(&self) -> Vec<(String, String)> {
        std::env::vars_os()
            .map(|(name, value)| {
                let text = |part: &OsStr| raw::text(part.as_encoded_bytes()).into_owned();
                (text(&name), text(&value))
            })
            .collect()
    }

    fn feature(&self, name: &str) -> bool {
        self.features.iter().any(|feature| feature == name)
    }

    fn version(&self) -> String {
        self.version.clone()
    }

    fn resolves(&self, host: &str) -> bool {
        !self.resolve || (host, 0).to_socket_addrs().is_ok_and(|mut found| found.next().is_some())
    }

    fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        Ok((host, 0).to_socket_addrs()?.map(|found| found.ip()).collect())
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }

    fn list_dir(&self, path: &Path) -> io::Result<Vec<String>> {
        std::fs::read_dir(path)?
            .map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()))
            .collect()
    }

    fn is_dir(&self, path: &Path) -> bool {
        path.is_dir()
    }
}
