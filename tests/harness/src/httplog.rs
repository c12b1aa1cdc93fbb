//! The fields of a line of `option httplog`.

/// One line of `option httplog` (manual 8.2.3), the parts that do not change from run to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpLog {
    /// Name of the frontend, with a `~` where it was reached by TLS.
    pub frontend: String,
    /// Name of the backend.
    pub backend: String,
    /// Name of the server, or `<NOSRV>`, `<STATS>`.
    pub server: String,
    /// The five timers, `TR/Tw/Tc/Tr/Ta`, as written.
    pub timers: String,
    /// Status of the response, `-1` where there was none.
    pub status: String,
    /// Bytes sent to the client.
    pub bytes: String,
    /// The four letters of how the session ended (manual 8.5).
    pub termination: String,
    /// The connection counters, `actconn/feconn/beconn/srv_conn/retries`.
    pub connections: String,
    /// What is between counters and request, captured headers: ` {..} {..} `, else one space.
    pub captures: String,
    /// The request line, as logged between the quotes.
    pub request: String,
}

impl HttpLog {
    /// Reads a message as it came to the log target, whatever its syslog header; nothing if it isn't of this format.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        // The accept date is the first bracket that is followed by frontend, backend/server and the timers.
        line.match_indices("] ").find_map(|(at, _)| Self::parse_behind_date(&line[at + 2..]))
    }

    fn parse_behind_date(text: &str) -> Option<Self> {
        let mut words = text.splitn(10, ' ');
        let mut word = || words.next().map(str::to_owned);
        let (frontend, path, timers, status, bytes) = (word()?, word()?, word()?, word()?, word()?);
        let (backend, server) = path.split_once('/').map(|(b, s)| (b.to_owned(), s.to_owned()))?;
        if timers.split('/').count() != 5 {
            return None;
        }
        let (_request_cookie, _response_cookie) = (word()?, word()?);
        let (termination, connections, rest) = (word()?, word()?, word()?);
        let (queues, rest) = rest.split_once(' ')?;
        if queues.split('/').count() != 2 {
            return None;
        }
        let (captures, request) = rest.split_once('"')?;
        let request = request.strip_suffix('"').unwrap_or(request).to_owned();
        let captures = format!(" {captures}");
        Some(Self {
            frontend,
            backend,
            server,
            timers,
            status,
            bytes,
            termination,
            connections,
            captures,
            request,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_fields_are_found() {
        let line = "<134>Nov 23 05:17:32 haproxy[23358]: 127.0.0.1:40202 [23/Nov/2026:05:17:32.123] web be/s1 \
                    0/0/1/2/3 200 65 - - ---- 1/1/0/0/0 0/0 {a|} \"GET /\"x\" HTTP/1.1\"";
        let log = HttpLog::parse(line).unwrap();
        assert_eq!((log.frontend.as_str(), log.backend.as_str(), log.server.as_str()), ("web", "be", "s1"));
        assert_eq!(
            (log.status.as_str(), log.bytes.as_str(), log.termination.as_str()),
            ("200", "65", "----")
        );
        assert_eq!(log.captures, " {a|} ");
        assert_eq!(log.request, "GET /\"x\" HTTP/1.1");
        assert_eq!(HttpLog::parse("<134>Nov 23 05:17:32 haproxy[2]: Proxy a started."), None);
    }
}
