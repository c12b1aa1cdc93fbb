//! Trailers of a chunked body (RFC 9112 7.1.2).

use super::body::BodyError;

/// Names that would change framing or routing after the fact.
const FORBIDDEN: [&[u8]; 3] = [b"content-length", b"transfer-encoding", b"host"];

/// Writes a block of trailer lines, without its blank line, as it is sent on: names in lower case, values trimmed, line
/// ends within a value as spaces. Gives the length of all names and values.
///
/// # Errors
/// A line that is no header, or one that must not be a trailer.
pub fn write_trailers(block: &[u8], out: &mut Vec<u8>) -> Result<u64, BodyError> {
    let mut weight = 0;
    let mut rest = block;
    while !rest.is_empty() {
        let mut end = 0;
        // A line goes on where the next one starts with a blank.
        loop {
            end += memchr::memchr(b'\n', &rest[end..]).map_or(rest.len() - end, |at| at + 1);
            if !matches!(rest.get(end), Some(b' ' | b'\t')) {
                break;
            }
        }
        weight += write_line(&rest[..end], out)?;
        rest = &rest[end..];
    }
    Ok(weight)
}

fn write_line(line: &[u8], out: &mut Vec<u8>) -> Result<u64, BodyError> {
    let colon = memchr::memchr(b':', line).ok_or(BodyError)?;
    let name: Vec<u8> = line[..colon].iter().map(u8::to_ascii_lowercase).collect();
    let is_token = |byte: &u8| byte.is_ascii_graphic() && !b"\"(),/:;<=>?@[\\]{}".contains(byte);
    if name.is_empty() || !name.iter().all(is_token) || FORBIDDEN.contains(&&name[..]) {
        return Err(BodyError);
    }
    let value = line[colon + 1..].trim_ascii();
    for (at, byte) in value.iter().enumerate() {
        match byte {
            0 => return Err(BodyError),
            b'\r' if value.get(at + 1) != Some(&b'\n') => return Err(BodyError),
            _ => {}
        }
    }
    out.extend_from_slice(&name);
    out.extend_from_slice(b": ");
    out.extend(value.iter().map(|byte| if matches!(byte, b'\r' | b'\n') { b' ' } else { *byte }));
    out.extend_from_slice(b"\r\n");
    Ok((name.len() + value.len()) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_written_anew() {
        let mut out = Vec::new();
        assert_eq!(write_trailers(b"X-T: y\r\n  z\r\nB:c\n", &mut out), Ok(3 + 6 + 1 + 1));
        assert_eq!(out, b"x-t: y    z\r\nb: c\r\n");
        for bad in [&b"Host: a\r\n"[..], b"x y: z\r\n", b": z\r\n", b"nothing\r\n", b"a: b\rc\r\n"] {
            assert_eq!(write_trailers(bad, &mut Vec::new()), Err(BodyError), "{bad:?}");
        }
    }
}
