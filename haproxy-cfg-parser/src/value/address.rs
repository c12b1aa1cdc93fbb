//! Addresses of bind, server, log and source lines (manual 2.9).

use crate::environment::Environment;
use crate::model::{Address, Host, StandardStream};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Why a text is no address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AddressError {
    #[error("missing or empty address")]
    Empty,
    #[error("invalid character '{0}' in port number '{1}' in '{2}'")]
    PortCharacter(char, String, String),
    #[error("invalid port '{0}'")]
    Port(String),
    #[error("invalid port range '{0}'")]
    PortRange(String),
    #[error("invalid address: '{0}' in '{1}'")]
    Host(String, String),
    #[error("file descriptor '{0}' is not a valid integer in '{1}'")]
    Descriptor(String, String),
    #[error("missing closing brace in '{0}'")]
    Brace(String),
}

/// Reads an address. Unquoted `$VAR` and `${VAR}` are resolved here, as HAProxy does for addresses only.
pub(crate) fn address(text: &str, env: &Environment) -> Result<Address, AddressError> {
    let expanded = expand(text, env)?;
    let text = expanded.as_str();
    if text.is_empty() {
        return Err(AddressError::Empty);
    }
    match text {
        "stdout" => return Ok(Address::Standard(StandardStream::Stdout)),
        "stderr" => return Ok(Address::Standard(StandardStream::Stderr)),
        _ => {}
    }
    let bare = text.strip_prefix("stream+").or_else(|| text.strip_prefix("dgram+")).unwrap_or(text);
    if bare.starts_with('/') {
        return Ok(Address::Unix(bare.into()));
    }
    let Some((prefix, rest)) = bare.split_once('@') else {
        return inet(bare, text, Family::Either);
    };
    let descriptor = || rest.parse().map_err(|_| AddressError::Descriptor(rest.to_owned(), text.to_owned()));
    match prefix {
        "unix" | "uxst" | "uxdg" | "unix+dgram" => Ok(Address::Unix(rest.into())),
        "abns" => Ok(Address::Abstract(rest.into(), false)),
        "abnsz" => Ok(Address::Abstract(rest.into(), true)),
        "fd" => descriptor().map(Address::Fd),
        "sockpair" => descriptor().map(Address::Sockpair),
        "ring" => Ok(Address::Ring(rest.into())),
        "ipv4" | "tcp4" => inet(rest, text, Family::V4),
        "ipv6" | "tcp6" => inet(rest, text, Family::V6),
        "ip" | "inet" | "tcp" => inet(rest, text, Family::Either),
        "udp" | "udp4" | "udp6" => inet(rest, text, Family::Either),
        _ if STREAMS.contains(&prefix) => Ok(Address::Other(prefix.into(), rest.into())),
        // Anything else is part of a name, which then has no address.
        _ => inet(bare, text, Family::Either),
    }
}

/// Families of connections that only later versions of HAProxy know.
const STREAMS: [&str; 7] = ["rhttp", "rev", "quic4", "quic6", "mptcp", "mptcp4", "mptcp6"];

/// True for an address of datagrams, which nothing that takes connections can use.
pub(crate) fn is_datagram(text: &str) -> bool {
    matches!(text.split_once('@'), Some(("udp" | "udp4" | "udp6" | "uxdg" | "unix+dgram", _)))
        || text.starts_with("dgram+")
}

/// `ADDR/BITS`, `ADDR/MASK` or `ADDR`: the network and its prefix length; none if it is no such thing.
pub(crate) fn network(text: &str) -> Option<(IpAddr, u8)> {
    let (host, mask) = text.split_once('/').map_or((text, None), |(host, mask)| (host, Some(mask)));
    let ip: IpAddr = host.parse().ok().or_else(|| short_ipv4(host))?;
    let full = if ip.is_ipv4() { 32 } else { 128 };
    let bits = match mask {
        None => full,
        Some(mask) => match mask.parse::<u8>() {
            Ok(bits) if bits <= full => bits,
            Ok(_) => return None,
            Err(_) => {
                let mask = u32::from(mask.parse::<Ipv4Addr>().ok()?);
                (mask.leading_ones() + mask.trailing_zeros() == 32).then_some(mask.leading_ones() as u8)?
            }
        },
    };
    Some((ip, bits))
}

/// `10.1` as C's `inet_aton` reads it: the last number fills what is left.
fn short_ipv4(text: &str) -> Option<IpAddr> {
    // A leading zero makes it octal.
    let number = |part: &str| match part.strip_prefix('0') {
        Some(digits) if !digits.is_empty() => u32::from_str_radix(digits, 8).ok(),
        _ => part.parse::<u32>().ok(),
    };
    let parts: Vec<u32> = text.split('.').map(number).collect::<Option<_>>()?;
    let (last, first) = parts.split_last()?;
    if first.len() > 3 || first.iter().any(|part| *part > 255) {
        return None;
    }
    let room = 8 * (4 - first.len() as u32);
    if room < 32 && *last >> room != 0 {
        return None;
    }
    let high = first.iter().enumerate().map(|(index, part)| part << (24 - 8 * index as u32)).sum::<u32>();
    Some(Ipv4Addr::from(high | last).into())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    Either,
    V4,
    V6,
}

fn inet(text: &str, whole: &str, family: Family) -> Result<Address, AddressError> {
    // Without brackets the last colon is the port's: `::1:80` is port 80 of `::1`.
    let (host, port) = if let Some(inside) = text.strip_prefix('[') {
        let (host, rest) = inside.split_once(']').ok_or_else(|| AddressError::Brace(whole.into()))?;
        (host, rest.strip_prefix(':'))
    } else if family == Family::V6 && text.parse::<Ipv6Addr>().is_ok() && text.ends_with(':') {
        (text, None)
    } else {
        match text.rsplit_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        }
    };
    let any = match family {
        Family::Either => Host::Any,
        Family::V4 => Host::AnyV4,
        Family::V6 => Host::AnyV6,
    };
    let host = match host {
        "" | "*" => any,
        // `:::80`: the unspecified IPv6 address.
        "::" => Host::Ip(IpAddr::V6(Ipv6Addr::UNSPECIFIED)),
        _ => match host.parse::<IpAddr>() {
            Ok(ip) if family != (if ip.is_ipv4() { Family::V6 } else { Family::V4 }) => Host::Ip(ip),
            Err(_) if host.contains([' ', ',', '/']) => {
                return Err(AddressError::Host(host.into(), whole.into()));
            }
            // An address of the other family is a name that has none.
            Ok(_) | Err(_) => Host::Name(host.into()),
        },
    };
    let (ports, offset) = match port {
        None | Some("") => ((0, 0), None),
        Some(port) if port.starts_with(['+', '-']) => {
            let (sign, digits) = port.split_at(1);
            let number = i32::from(port_number(digits, whole)?);
            ((0, 0), Some(if sign == "-" { -number } else { number }))
        }
        Some(port) => match port.split_once('-') {
            Some((low, high)) => {
                let (low, high) = (port_number(low, whole)?, port_number(high, whole)?);
                if low == 0 || low > high {
                    return Err(AddressError::PortRange(port.into()));
                }
                ((low, high), None)
            }
            None => {
                let number = port_number(port, whole)?;
                ((number, number), None)
            }
        },
    };
    Ok(Address::Inet { host, ports, offset })
}

fn port_number(text: &str, whole: &str) -> Result<u16, AddressError> {
    // As HAProxy does, what follows the digits is ignored.
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    if let (0, Some(c)) = (digits, text.chars().next()) {
        return Err(AddressError::PortCharacter(c, text.into(), whole.into()));
    }
    text.get(..digits).unwrap_or_default().parse().map_err(|_| AddressError::Port(text.into()))
}

fn expand(text: &str, env: &Environment) -> Result<String, AddressError> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        let (name, tail) = match after.strip_prefix('{') {
            Some(inside) => inside.split_once('}').ok_or_else(|| AddressError::Brace(text.into()))?,
            None => {
                let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
                after.split_at(end)
            }
        };
        out.push_str(env.get(name).unwrap_or_default());
        rest = tail;
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    fn parse(text: &str) -> Result<Address, AddressError> {
        address(text, &Environment::new(vec![("PORT".into(), "8080".into())]))
    }

    fn inet(host: Host, first: u16, last: u16) -> Result<Address, AddressError> {
        Ok(Address::Inet { host, ports: (first, last), offset: None })
    }

    #[test]
    fn forms() {
        let ip = |text: &str| Host::Ip(text.parse().unwrap());
        assert_eq!(parse(":80"), inet(Host::Any, 80, 80));
        assert_eq!(parse("*:80"), inet(Host::Any, 80, 80));
        assert_eq!(parse("*:$PORT"), inet(Host::Any, 8080, 8080));
        assert_eq!(parse("10.0.0.1"), inet(ip("10.0.0.1"), 0, 0));
        assert_eq!(parse("10.0.0.1:80-90"), inet(ip("10.0.0.1"), 80, 90));
        assert_eq!(parse("[::1]:80"), inet(ip("::1"), 80, 80));
        assert_eq!(parse("::1:80"), inet(ip("::1"), 80, 80));
        assert_eq!(parse(":::80"), inet(ip("::"), 80, 80));
        assert_eq!(parse("ipv6@:80"), inet(Host::AnyV6, 80, 80));
        assert_eq!(parse("ipv4@*:80"), inet(Host::AnyV4, 80, 80));
        assert_eq!(parse("app.local:80"), inet(Host::Name("app.local".into()), 80, 80));
        assert_eq!(parse("/run/x.sock"), Ok(Address::Unix("/run/x.sock".into())));
        assert_eq!(parse("unix@x.sock"), Ok(Address::Unix("x.sock".into())));
        assert_eq!(parse("abns@x"), Ok(Address::Abstract("x".into(), false)));
        assert_eq!(parse("fd@3"), Ok(Address::Fd(3)));
        assert_eq!(parse("stdout"), Ok(Address::Standard(StandardStream::Stdout)));
        let offset = Address::Inet { host: ip("1.2.3.4"), ports: (0, 0), offset: Some(10) };
        assert_eq!(parse("1.2.3.4:+10"), Ok(offset));
        assert!(matches!(parse("1.2.3.4:x"), Err(AddressError::PortCharacter('x', ..))));
        assert!(matches!(parse("1.2.3.4:90-80"), Err(AddressError::PortRange(..))));
        assert!(parse("fd@x").is_err());
    }

    #[test]
    fn networks() {
        assert_eq!(network("10.0.0.0/8"), Some(("10.0.0.0".parse().unwrap(), 8)));
        assert_eq!(network("10.0.0.0/255.255.0.0"), Some(("10.0.0.0".parse().unwrap(), 16)));
        assert_eq!(network("::1"), Some(("::1".parse().unwrap(), 128)));
        assert_eq!(network("10.0.0.0/33"), None);
        assert_eq!(network("10.0.0.0/255.0.255.0"), None);
    }
}
