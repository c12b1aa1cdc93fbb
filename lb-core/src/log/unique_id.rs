//! `unique-id-format` (manual 8.2.6): an id made when it is first asked for.

use crate::exchange::Exchange;

/// The id of an exchange: made by the frontend's `unique-id-format` when first asked for, and kept. None without that
/// format. It goes into requests (`unique-id-header`), logs (`%ID`) and expressions (`unique-id`).
pub fn unique_id(exchange: &Exchange) -> Option<&[u8]> {
    if exchange.unique_id.get().is_none() {
        let (format, _) = exchange.frontend.unique_id.as_ref()?;
        // The format itself does not ask for the id, which `compile` has made sure of.
        let _ = exchange.unique_id.set(format.text(exchange));
    }
    exchange.unique_id.get().map(Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{exchange, frontend, http_frontend};

    #[test]
    fn it_is_made_once() {
        let head = b"GET / HTTP/1.1\r\nhost: h\r\nin: x\r\n\r\n";
        let mut exchange = exchange(http_frontend(" unique-id-format ID-%[req.hdr(in)]-%ci"), head);
        assert_eq!(unique_id(&exchange), Some(&b"ID-x-127.0.0.1"[..]));
        exchange.request.headers.clear();
        assert_eq!(unique_id(&exchange), Some(&b"ID-x-127.0.0.1"[..]));
    }

    #[test]
    fn it_does_not_ask_for_itself() {
        for format in ["%ID", "%[unique-id]"] {
            let text = format!(
                "listen f\n mode http\n bind 127.0.0.1:80\n timeout client 1s\n unique-id-format {format}\n"
            );
            assert!(frontend(&text).is_err(), "{format}");
        }
    }
}
