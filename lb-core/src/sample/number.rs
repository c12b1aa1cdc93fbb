//! Numbers and addresses inside sample bytes, read as HAProxy's casts read them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An optional sign and the digits after it, saturating; whatever follows is ignored, no digit at all is 0.
pub fn parse_int(text: &[u8]) -> i64 {
    let (negative, digits) = match text.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        _ => (false, text),
    };
    let mut value: i64 = 0;
    for digit in digits.iter().take_while(|byte| byte.is_ascii_digit()) {
        let digit = i64::from(digit - b'0');
        value = value.saturating_mul(10);
        value = if negative { value.saturating_sub(digit) } else { value.saturating_add(digit) };
    }
    value
}

/// An IPv4 or IPv6 address; an IPv4 one may carry a port, which is ignored.
pub fn parse_address(text: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(text).ok()?;
    if let Ok(address) = text.parse::<Ipv4Addr>() {
        return Some(address.into());
    }
    if let Ok(address) = text.parse::<Ipv6Addr>() {
        return Some(address.into());
    }
    let (host, port) = text.split_once(':')?;
    let port_like = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    port_like.then(|| host.parse::<Ipv4Addr>().ok().map(IpAddr::V4)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_stop_at_the_first_stranger_and_saturate() {
        for (text, value) in [
            ("12", 12),
            ("12abc", 12),
            ("abc", 0),
            (" 12", 0),
            ("+12", 12),
            ("-12", -12),
            ("0x12", 0),
            ("99999999999999999999", i64::MAX),
            ("-99999999999999999999", i64::MIN),
            ("", 0),
        ] {
            assert_eq!(parse_int(text.as_bytes()), value, "{text:?}");
        }
    }
}
