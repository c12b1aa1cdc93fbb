//! What one process read of the outside for a configuration, for another that may not read it.

use crate::load::Surroundings;
use haproxy_cfg_parser::World;
use nix::sys::memfd::{MFdFlags, memfd_create};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::net::IpAddr;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

/// Files and folders by path, and addresses by name.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Bundle {
    entries: BTreeMap<PathBuf, Entry>,
    /// Addresses of host names.
    names: BTreeMap<String, Vec<IpAddr>>,
}

#[derive(Debug, PartialEq, Eq)]
enum Entry {
    File(Vec<u8>),
    /// Names, each ended by a zero byte.
    Folder(Vec<u8>),
}

/// Most bytes of a bundle.
const LIMIT: u64 = 1 << 30;

impl Bundle {
    /// As a file in memory.
    pub(crate) fn into_file(self) -> io::Result<OwnedFd> {
        let fd = memfd_create(c"lb-reload", MFdFlags::MFD_CLOEXEC)?;
        let mut file = File::from(fd);
        file.write_all(&self.encode())?;
        Ok(file.into())
    }

    /// From such a file.
    pub(crate) fn from_file(fd: OwnedFd) -> io::Result<Self> {
        let mut file = File::from(fd);
        file.rewind()?;
        let mut bytes = Vec::new();
        file.take(LIMIT).read_to_end(&mut bytes)?;
        Self::decode(&bytes).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    /// For each entry: its kind, then path and content behind their lengths.
    fn encode(&self) -> Vec<u8> {
        use std::os::unix::ffi::OsStrExt;
        let mut out = Vec::new();
        let mut put = |kind: u8, key: &[u8], content: &[u8]| {
            out.push(kind);
            for part in [key, content] {
                out.extend_from_slice(&(part.len() as u64).to_le_bytes());
                out.extend_from_slice(part);
            }
        };
        for (path, entry) in &self.entries {
            match entry {
                Entry::File(content) => put(b'f', path.as_os_str().as_bytes(), content),
                Entry::Folder(names) => put(b'd', path.as_os_str().as_bytes(), names),
            }
        }
        for (name, addresses) in &self.names {
            let addresses: Vec<String> = addresses.iter().map(IpAddr::to_string).collect();
            put(b'n', name.as_bytes(), addresses.join(" ").as_bytes());
        }
        out
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        use std::os::unix::ffi::OsStrExt;
        let mut rest = bytes;
        let mut bundle = Self::default();
        while let Some((kind, tail)) = rest.split_first() {
            rest = tail;
            let mut part = || {
                let (length, tail) = rest.split_first_chunk::<8>()?;
                let (part, tail) =
                    tail.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
                rest = tail;
                Some(part)
            };
            let (key, content) = (part()?, part()?.to_vec());
            let path = || std::ffi::OsStr::from_bytes(key).into();
            match kind {
                b'f' => drop(bundle.entries.insert(path(), Entry::File(content))),
                b'd' => drop(bundle.entries.insert(path(), Entry::Folder(content))),
                b'n' => {
                    let addresses = str::from_utf8(&content).ok()?.split_ascii_whitespace();
                    let addresses: Result<_, _> = addresses.map(str::parse).collect();
                    bundle.names.insert(str::from_utf8(key).ok()?.to_owned(), addresses.ok()?);
                }
                _ => return None,
            }
        }
        Some(bundle)
    }
}

/// The real surroundings, whose answers are kept.
pub(crate) struct Recorder {
    real: Surroundings,
    bundle: RefCell<Bundle>,
}

impl Recorder {
    pub(crate) fn new(real: Surroundings) -> Self {
        Self { real, bundle: RefCell::default() }
    }

    pub(crate) fn finish(self) -> Bundle {
        self.bundle.into_inner()
    }

    fn keep(&self, path: &Path, entry: Entry) {
        self.bundle.borrow_mut().entries.insert(path.to_owned(), entry);
    }
}

impl World for Recorder {
    fn env(&self) -> Vec<(String, String)> {
        self.real.env()
    }

    fn feature(&self, name: &str) -> bool {
        self.real.feature(name)
    }

    fn version(&self) -> String {
        self.real.version()
    }

    fn enabled(&self, option: &str) -> bool {
        self.real.enabled(option)
    }

    fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        let addresses = self.real.addresses(host)?;
        self.bundle.borrow_mut().names.insert(host.to_owned(), addresses.clone());
        Ok(addresses)
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let content = self.real.read(path)?;
        self.keep(path, Entry::File(content.clone()));
        Ok(content)
    }

    fn list_dir(&self, path: &Path) -> io::Result<Vec<String>> {
        let names = self.real.list_dir(path)?;
        let text = names.iter().flat_map(|name| name.bytes().chain([0])).collect();
        self.keep(path, Entry::Folder(text));
        Ok(names)
    }

    fn is_dir(&self, path: &Path) -> bool {
        let is_dir = self.real.is_dir(path);
        if is_dir && !self.bundle.borrow().entries.contains_key(path) {
            // An empty list stands for one that nobody asked for.
            self.keep(path, Entry::Folder(Vec::new()));
        }
        is_dir
    }
}

/// Answers that another process got.
pub(crate) struct Replay {
    bundle: Bundle,
    /// For what is no file.
    real: Surroundings,
}

impl Replay {
    pub(crate) fn new(bundle: Bundle, real: Surroundings) -> Self {
        Self { bundle, real }
    }
}

impl World for Replay {
    fn env(&self) -> Vec<(String, String)> {
        self.real.env()
    }

    fn feature(&self, name: &str) -> bool {
        self.real.feature(name)
    }

    fn version(&self) -> String {
        self.real.version()
    }

    fn enabled(&self, option: &str) -> bool {
        self.real.enabled(option)
    }

    fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        self.bundle.names.get(host).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        match self.bundle.entries.get(path) {
            Some(Entry::File(content)) => Ok(content.clone()),
            _ => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn list_dir(&self, path: &Path) -> io::Result<Vec<String>> {
        let Some(Entry::Folder(names)) = self.bundle.entries.get(path) else {
            return Err(io::ErrorKind::NotFound.into());
        };
        let names = names.split(|byte| *byte == 0).filter(|name| !name.is_empty());
        Ok(names.map(|name| String::from_utf8_lossy(name).into_owned()).collect())
    }

    fn is_dir(&self, path: &Path) -> bool {
        matches!(self.bundle.entries.get(path), Some(Entry::Folder(_)))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn bundles_survive_the_file() {
        let bundle = || Bundle {
            entries: BTreeMap::from([
                ("/a".into(), Entry::File(b"x\0y".to_vec())),
                ("/d".into(), Entry::Folder(b"one\0two\0".to_vec())),
                ("/empty".into(), Entry::File(Vec::new())),
            ]),
            names: BTreeMap::from([("host".into(), vec![[127, 0, 0, 1].into(), [0; 16].into()])]),
        };
        assert_eq!(Bundle::from_file(bundle().into_file().unwrap()).unwrap(), bundle());
        let bytes = bundle().encode();
        for end in 0..bytes.len() {
            // Whatever was cut is refused or is a shorter bundle; nothing panics.
            let _ = Bundle::decode(&bytes[..end]);
        }
        assert_eq!(Bundle::decode(b"fxxxxxxxxxxxxxxxxxxxxxxxx"), None);
    }
}
