//! Names of unix sockets that no file has.

/// Longest name: what an address has room for behind the byte that makes it abstract.
const LENGTH: usize = 107;

/// The name of an `abns@` address as the system is told it: HAProxy fills it up with zeros, and both ends must say the
/// same.
pub fn abstract_name(name: &str) -> Vec<u8> {
    let mut bytes = name.as_bytes().to_vec();
    bytes.resize(bytes.len().max(LENGTH), 0);
    bytes
}
