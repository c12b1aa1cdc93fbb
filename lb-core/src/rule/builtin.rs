//! The built-in error answers, byte for byte as HAProxy 2.6 sends them.

use super::message::Message;

/// Status, reason, the heading and the sentence of the page.
const PAGES: &[(u16, &str, &str)] = &[
    (200, "OK", "Service ready."),
    (400, "Bad request", "Your browser sent an invalid request."),
    (401, "Unauthorized", "You need a valid user and password to access this content."),
    (403, "Forbidden", "Request forbidden by administrative rules."),
    (404, "Not Found", "The resource could not be found."),
    (
        405,
        "Method Not Allowed",
        "A request was made of a resource using a request method not supported by that resource",
    ),
    (407, "Unauthorized", "You need a valid user and password to access this content."),
    (408, "Request Time-out", "Your browser didn't send a complete request in time."),
    (410, "Gone", "The resource is no longer available and will not be available again."),
    (413, "Payload Too Large", "The request entity exceeds the maximum allowed."),
    (421, "Misdirected Request", "Request sent to a non-authoritative server."),
    (422, "Unprocessable Content", "The server cannot process the contained instructions."),
    (425, "Too Early", "Your browser sent early data."),
    (429, "Too Many Requests", "You have sent too many requests in a given amount of time."),
    (500, "Internal Server Error", "An internal server error occurred."),
    (
        501,
        "Not Implemented",
        ".The server does not support the functionality required to fulfill the request.",
    ),
    (502, "Bad Gateway", "The server returned an invalid or incomplete response."),
    (503, "Service Unavailable", "No server is available to handle this request."),
    (504, "Gateway Time-out", "The server didn't respond in time."),
];

/// The built-in pages.
pub(super) fn pages() -> impl Iterator<Item = Message> {
    PAGES.iter().map(|(status, reason, sentence)| {
        let page = format!("<html><body><h1>{status} {reason}</h1>\n{sentence}\n</body></html>\n");
        let mut message = Message::new(*status);
        message.reason = reason.as_bytes().into();
        let message = message
            .header("content-length", page.len().to_string())
            .header("cache-control", "no-cache")
            .header("content-type", "text/html");
        Message { body: page.into(), ..message }
    })
}

/// True for statuses that have a built-in page, which are those that `errorfile` may replace.
pub(super) fn has_page(status: u16) -> bool {
    PAGES.iter().any(|(known, ..)| *known == status)
}
