//! How long one HTTP/1 message is: just enough for a server to know when a request has come whole.
//!
//! This is no judge of syntax: it is meant for what a proxy sends, which is clear, and takes the first framing
//! header it finds. RFC 9112, section 6.

/// The length of the head, its empty line included; nothing while it is not complete.
#[must_use]
pub fn head_len(bytes: &[u8]) -> Option<usize> {
    find(bytes, b"\r\n\r\n").map(|at| at + 4)
}

/// The length of the request at the start of `bytes`, head and body; nothing while it is not complete.
#[must_use]
pub fn request_len(bytes: &[u8]) -> Option<usize> {
    let head = head_len(bytes)?;
    let body = &bytes[head..];
    if header(&bytes[..head], b"transfer-encoding").is_some() {
        return chunked_len(body).map(|n| head + n);
    }
    let length = header(&bytes[..head], b"content-length").and_then(number::<10>).unwrap_or(0);
    (body.len() >= length).then_some(head + length)
}

/// The length of the chunked body at the start of `body`, trailers included; nothing while it is not complete.
#[must_use]
pub fn chunked_len(body: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let line = at + find(body.get(at..)?, b"\r\n")?;
        let digits = body[at..line].split(|&b| b == b';').next()?;
        let size = number::<16>(digits)?;
        if size == 0 {
            let rest = &body[line..];
            return Some(line + head_len(rest)?);
        }
        at = line.checked_add(size)?.checked_add(4)?;
    }
}

/// The data of a chunked body without trailers; nothing if it is not one, whole and alone.
#[must_use]
pub fn unchunked(body: &[u8]) -> Option<Vec<u8>> {
    let (mut rest, mut data) = (body, Vec::new());
    if chunked_len(body)? != body.len() {
        return None;
    }
    loop {
        let line = find(rest, b"\r\n")?;
        let size = number::<16>(rest[..line].split(|&b| b == b';').next()?)?;
        rest = rest.get(line + 2..)?;
        if size == 0 {
            return (rest == b"\r\n").then_some(data);
        }
        data.extend_from_slice(rest.get(..size)?);
        rest = rest.get(size + 2..)?;
    }
}

/// The value of the first header of this name (given in lower case), without the space around it.
fn header<'a>(head: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    head.split(|&b| b == b'\n').skip(1).find_map(|line| {
        let colon = line.iter().position(|&b| b == b':')?;
        line[..colon].eq_ignore_ascii_case(name).then(|| line[colon + 1..].trim_ascii())
    })
}

fn number<const RADIX: u32>(digits: &[u8]) -> Option<usize> {
    usize::from_str_radix(std::str::from_utf8(digits).ok()?.trim(), RADIX).ok()
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_ends_with_its_body() {
        let check =
            |text: &str, expect: Option<usize>| assert_eq!(request_len(text.as_bytes()), expect, "{text:?}");
        check("GET / HTTP/1.1\r\nhost: a\r\n\r\nGET", Some(27));
        check("GET / HTTP/1.1\r\nhost: a\r\n", None);
        check("POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi!", Some(40));
        check("POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nh", None);
        check("POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\nX", Some(59));
        check("POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n", None);
    }

    #[test]
    fn trailers_belong_to_the_body() {
        assert_eq!(chunked_len(b"0\r\nx: y\r\n\r\nGET"), Some(11));
        assert_eq!(unchunked(b"1\r\na\r\n2;x\r\nbc\r\n0\r\n\r\n").as_deref(), Some(&b"abc"[..]));
        assert_eq!(unchunked(b"1\r\na\r\n0\r\n\r\n."), None);
        assert_eq!(chunked_len(b"a;ext\r\n0123456789\r\n0\r\n\r\n"), Some(24));
    }
}
