//! Captured headers and cookies of an exchange (`capture request header` and its like).

use super::Run;

impl Run<'_> {
    /// Captures what the frontend asks for from the request.
    pub(super) fn capture_request(&mut self) {
        let exchange = &mut self.exchange;
        let frontend = &exchange.frontend;
        for (name, length) in &frontend.request_captures {
            let value = name.as_ref().and_then(|name| exchange.request.headers.values(name).next_back());
            exchange.request_captures.push(value.map(|value| cut(value, *length)));
        }
        if let Some((name, length)) = &frontend.cookie_capture {
            let cookies = exchange.request.headers.values_of(crate::http::HeaderId::Cookie);
            exchange.request_cookie = cookies
                .flat_map(|line| line.split(|byte| *byte == b';'))
                .find_map(|pair| named(pair, name, *length));
        }
    }

    /// Captures what the frontend asks for from the response.
    pub(super) fn capture_response(&mut self) {
        let exchange = &mut self.exchange;
        let frontend = &exchange.frontend;
        exchange.response_captures.clear();
        for (name, length) in &frontend.response_captures {
            let value = name.as_ref().and_then(|name| exchange.response.headers.values(name).next_back());
            exchange.response_captures.push(value.map(|value| cut(value, *length)));
        }
        if let Some((name, length)) = &frontend.cookie_capture {
            let mut cookies = exchange.response.headers.values_of(crate::http::HeaderId::SetCookie);
            exchange.response_cookie = cookies.find_map(|line| {
                named(line.split(|byte| *byte == b';').next().unwrap_or_default(), name, *length)
            });
        }
    }
}

fn cut(value: &[u8], length: usize) -> Vec<u8> {
    value.get(..length).unwrap_or(value).to_vec()
}

/// The cookie `name=value` when its name starts as asked (manual 4.2 "capture cookie").
fn named(pair: &[u8], name: &[u8], length: usize) -> Option<Vec<u8>> {
    let pair = pair.trim_ascii();
    pair.starts_with(name).then(|| cut(pair, length))
}
