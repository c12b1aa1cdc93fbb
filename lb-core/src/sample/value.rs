//! A sample and its casts (manual 7.1.1).

use super::number::{parse_address, parse_int};
use crate::http::Method;
use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr};

/// Types of samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// Known at run time only.
    Any,
    /// A boolean.
    Bool,
    /// A signed 64-bit integer.
    Int,
    /// An IPv4 or IPv6 address.
    Ip,
    /// A string.
    Str,
    /// Bytes.
    Bin,
    /// An HTTP method.
    Method,
}

/// A value: borrowed from the exchange where it can be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sample<'a> {
    /// A boolean.
    Bool(bool),
    /// A signed 64-bit integer.
    Int(i64),
    /// An address.
    Ip(IpAddr),
    /// A string.
    Str(Cow<'a, [u8]>),
    /// Bytes.
    Bin(Cow<'a, [u8]>),
    /// A method with its text.
    Method(Method, Cow<'a, [u8]>),
}

impl<'a> Sample<'a> {
    /// A string that is borrowed.
    #[inline]
    pub fn str(bytes: &'a [u8]) -> Self {
        Self::Str(Cow::Borrowed(bytes))
    }

    /// A string of its own.
    pub fn owned(bytes: Vec<u8>) -> Self {
        Self::Str(Cow::Owned(bytes))
    }

    /// An integer of any width; what does not fit saturates.
    pub fn int(value: impl TryInto<i64>) -> Self {
        Self::Int(value.try_into().unwrap_or(i64::MAX))
    }

    /// Its type.
    pub fn kind(&self) -> Type {
        match self {
            Self::Bool(_) => Type::Bool,
            Self::Int(_) => Type::Int,
            Self::Ip(_) => Type::Ip,
            Self::Str(_) => Type::Str,
            Self::Bin(_) => Type::Bin,
            Self::Method(..) => Type::Method,
        }
    }

    /// As a boolean: a number other than zero.
    pub fn to_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => self.to_int().map(|value| value != 0),
        }
    }

    /// As an integer; an IPv6 address and bytes have none.
    pub fn to_int(&self) -> Option<i64> {
        match self {
            Self::Bool(value) => Some(i64::from(*value)),
            Self::Int(value) => Some(*value),
            Self::Ip(IpAddr::V4(address)) => Some(i64::from(u32::from(*address))),
            Self::Str(text) if !text.is_empty() => Some(parse_int(text)),
            _ => None,
        }
    }

    /// As an address.
    pub fn to_ip(&self) -> Option<IpAddr> {
        match self {
            Self::Ip(address) => Some(*address),
            // HAProxy keeps the low 32 bits.
            Self::Int(value) => Some(Ipv4Addr::from(*value as u32).into()),
            Self::Str(text) => parse_address(text),
            _ => None,
        }
    }

    /// As text or bytes. What prints as itself is not copied.
    pub fn into_bytes(self) -> Cow<'a, [u8]> {
        match self {
            Self::Str(bytes) | Self::Bin(bytes) | Self::Method(_, bytes) => bytes,
            Self::Bool(value) => Cow::Borrowed(if value { b"1" } else { b"0" }),
            Self::Int(value) => Cow::Owned(itoa::Buffer::new().format(value).as_bytes().to_vec()),
            Self::Ip(address) => Cow::Owned(address.to_string().into_bytes()),
        }
    }

    /// As bytes: integers become eight bytes and addresses four or sixteen, in network order.
    pub fn into_bin(self) -> Option<Cow<'a, [u8]>> {
        Some(match self {
            Self::Str(bytes) | Self::Bin(bytes) | Self::Method(_, bytes) => bytes,
            Self::Int(value) => Cow::Owned(value.to_be_bytes().to_vec()),
            Self::Ip(IpAddr::V4(address)) => Cow::Owned(address.octets().to_vec()),
            Self::Ip(IpAddr::V6(address)) => Cow::Owned(address.octets().to_vec()),
            Self::Bool(_) => return None,
        })
    }

    /// Writes its text: what `%[...]` prints before escaping.
    pub fn write_text(&self, out: &mut Vec<u8>) {
        match self {
            Self::Str(bytes) | Self::Bin(bytes) | Self::Method(_, bytes) => out.extend_from_slice(bytes),
            Self::Bool(value) => out.push(b'0' + u8::from(*value)),
            Self::Int(value) => out.extend_from_slice(itoa::Buffer::new().format(*value).as_bytes()),
            Self::Ip(address) => {
                use std::io::Write as _;
                // Writing to a vector cannot fail.
                let _ = write!(out, "{address}");
            }
        }
    }

    /// Casts to another type; none when there is no such cast, or the text does not fit it.
    pub fn cast(self, to: Type) -> Option<Self> {
        if to == Type::Any || to == self.kind() {
            return Some(self);
        }
        match to {
            Type::Any => Some(self),
            Type::Bool => self.to_bool().map(Self::Bool),
            Type::Int => self.to_int().map(Self::Int),
            Type::Ip => self.to_ip().map(Self::Ip),
            Type::Str => Some(Self::Str(match self {
                Self::Bin(bytes) => until_nul(bytes),
                other => other.into_bytes(),
            })),
            Type::Bin => self.into_bin().map(Self::Bin),
            Type::Method => Some(Self::method(self.into_bytes())),
        }
    }

    /// A method of a token.
    pub fn method(token: Cow<'a, [u8]>) -> Self {
        Self::Method(Method::of(&token), token)
    }

    /// The same value without borrows.
    pub fn into_owned(self) -> Sample<'static> {
        match self {
            Self::Bool(value) => Sample::Bool(value),
            Self::Int(value) => Sample::Int(value),
            Self::Ip(value) => Sample::Ip(value),
            Self::Str(bytes) => Sample::Str(Cow::Owned(bytes.into_owned())),
            Self::Bin(bytes) => Sample::Bin(Cow::Owned(bytes.into_owned())),
            Self::Method(method, bytes) => Sample::Method(method, Cow::Owned(bytes.into_owned())),
        }
    }

    /// The same value, borrowed from this one.
    pub fn borrow(&'a self) -> Self {
        match self {
            Self::Bool(value) => Self::Bool(*value),
            Self::Int(value) => Self::Int(*value),
            Self::Ip(value) => Self::Ip(*value),
            Self::Str(bytes) => Self::Str(Cow::Borrowed(bytes)),
            Self::Bin(bytes) => Self::Bin(Cow::Borrowed(bytes)),
            Self::Method(method, bytes) => Self::Method(*method, Cow::Borrowed(bytes)),
        }
    }
}

impl Type {
    /// True when a value of this type may become one of `to` (manual 7.1.1: "casts").
    pub fn casts_to(self, to: Self) -> bool {
        use Type::*;
        self == to
            || matches!(
                (self, to),
                (Any, _)
                    | (_, Any)
                    | (Bool, Int | Str)
                    | (Int, Bool | Ip | Str | Bin)
                    | (Ip, Int | Str | Bin)
                    | (Str, Bool | Int | Ip | Bin | Method)
                    | (Bin, Str)
                    | (Method, Str | Bin)
            )
    }
}

/// Bytes as a string end before the first NUL.
fn until_nul(bytes: Cow<'_, [u8]>) -> Cow<'_, [u8]> {
    let Some(end) = memchr::memchr(0, &bytes) else { return bytes };
    match bytes {
        Cow::Borrowed(bytes) => Cow::Borrowed(bytes.get(..end).unwrap_or_default()),
        Cow::Owned(mut bytes) => {
            bytes.truncate(end);
            Cow::Owned(bytes)
        }
    }
}

/// Upper-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> Vec<u8> {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    bytes.iter().flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn casts_follow_haproxy() {
        assert_eq!(Sample::str(b"12abc").cast(Type::Int), Some(Sample::Int(12)));
        assert_eq!(Sample::str(b"").cast(Type::Int), None);
        assert_eq!(
            Sample::Int(16_909_060).cast(Type::Ip),
            Some(Sample::Ip(Ipv4Addr::new(1, 2, 3, 4).into()))
        );
        assert_eq!(Sample::Bin(b"a\xff\x00b"[..].into()).cast(Type::Str), Some(Sample::str(b"a\xff")));
        assert_eq!(Sample::Int(5).cast(Type::Bin), Some(Sample::Bin(b"\0\0\0\0\0\0\0\x05"[..].into())));
        assert_eq!(Sample::Bool(true).cast(Type::Str), Some(Sample::str(b"1")));
        assert_eq!(Sample::Bool(true).cast(Type::Bin), None);
        assert_eq!(Sample::str(b"1.2.3.4:80").to_ip(), Some(Ipv4Addr::new(1, 2, 3, 4).into()));
    }
}
