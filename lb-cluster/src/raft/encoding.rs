//! Values to bytes and back, on disk as on the wire.

use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io;

/// A value as bytes.
///
/// # Errors
/// The value has no form in bytes, which no type here is without.
pub(super) fn encode<T: Serialize>(value: &T) -> io::Result<Vec<u8>> {
    postcard::to_allocvec(value).map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))
}

/// The value of bytes.
///
/// # Errors
/// They are of another type, or more than one value.
pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> io::Result<T> {
    let damaged = |what: String| io::Error::new(io::ErrorKind::InvalidData, what);
    match postcard::take_from_bytes(bytes) {
        Ok((value, [])) => Ok(value),
        Ok((_, rest)) => Err(damaged(format!("{} bytes too many", rest.len()))),
        Err(error) => Err(damaged(error.to_string())),
    }
}
