//! Speaks SMTP (RFC 5321) with one mail server, as HAProxy does: a mail that is refused is lost.

use super::{Mail, Mailbox, Route};
use crate::connect::{self, dial};
use crate::net::{Buffer, Deadline};
use std::sync::PoisonError;
use std::time::Instant;

/// Longest answer of a mail server that is read.
const ANSWER: usize = 4096;

/// Starts the task of each mail server on the calling thread's `LocalSet`.
pub(crate) fn drive(mailbox: &Mailbox) {
    let routes = std::mem::take(&mut *mailbox.routes.lock().unwrap_or_else(PoisonError::into_inner));
    for mut route in routes {
        tokio::task::spawn_local(async move {
            while let Some(mail) = route.mails.recv().await {
                if let Err(reason) = deliver(&route, &mail).await {
                    tracing::warn!(address = ?route.address, reason, "a mail was not delivered");
                }
            }
        });
    }
}

/// What is awaited, and what is said then.
fn dialogue(mail: &Mail, date: &str) -> [(&'static str, String); 7] {
    let Mail { hello, from, to, text } = mail;
    [
        ("220 ", format!("HELO {hello}\r\n")),
        ("250 ", format!("MAIL FROM:<{from}>\r\n")),
        ("250 ", format!("RCPT TO:<{to}>\r\n")),
        ("250 ", "DATA\r\n".into()),
        (
            "354 ",
            format!(
                "From: {from}\r\nTo: {to}\r\nDate: {date}\r\nSubject: [HAProxy Alert] {text}\r\n\r\n{text}\r\n\r\n.\r\n"
            ),
        ),
        ("250 ", "QUIT\r\n".into()),
        ("221 ", String::new()),
    ]
}

async fn deliver(route: &Route, mail: &Mail) -> Result<(), &'static str> {
    let mut deadline = Deadline::default();
    deadline.after(Instant::now(), Some(route.timeout));
    let (mut io, _) = dial(&connect::Route::straight(route.address.clone()), b"", &mut deadline)
        .await
        .map_err(|_| "no connection")?;
    let date = jiff::Zoned::now().strftime("%a, %d %b %Y %T %z (%Z)").to_string();
    let mut answer = Buffer::new(ANSWER);
    for (code, line) in dialogue(mail, &date) {
        answer.clear();
        while !says(answer.filled(), code)? {
            if answer.is_full() || io.read(&mut answer, &mut deadline).await.map_err(|_| "no answer")? == 0 {
                return Err("no answer");
            }
        }
        io.write_all(line.as_bytes(), &mut deadline).await.map_err(|_| "the connection broke")?;
    }
    Ok(())
}

/// True for a whole answer with that code; lines that go on (`250-...`) come before it.
fn says(answer: &[u8], code: &str) -> Result<bool, &'static str> {
    let mut lines = answer.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n"));
    let last = lines.find(|line| line.get(3) != Some(&b'-'));
    match last {
        None => Ok(false),
        Some(line) if line.starts_with(code.as_bytes()) => Ok(true),
        Some(_) => Err("another answer than was hoped for"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers() {
        assert_eq!(says(b"220 hi\r\n", "220 "), Ok(true));
        assert_eq!(says(b"220 h", "220 "), Ok(false));
        assert_eq!(says(b"250-a\r\n250 b\r\n", "250 "), Ok(true));
        assert_eq!(says(b"250-a\r\n", "250 "), Ok(false));
        assert!(says(b"550 no\r\n", "250 ").is_err());
        assert_eq!(says(b"", "250 "), Ok(false));
    }
}
