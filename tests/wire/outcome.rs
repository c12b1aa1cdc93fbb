//! What became of a case: what both sides heard, and what was logged.

use lb_harness::{HttpLog, escape};
use std::fmt;

pub(crate) use lb_harness::{End, Heard};

/// All that is compared.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Outcome {
    /// What the client heard.
    pub(crate) client: Heard,
    /// What the server heard, one per connection, in the order in which they came.
    pub(crate) servers: Vec<Heard>,
    /// One entry for each request that was logged.
    pub(crate) log: Vec<Log>,
}

/// The fields of a log line that are compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Log {
    /// Name of the server, or `<NOSRV>`.
    pub(crate) server: String,
    /// Status.
    pub(crate) status: String,
    /// Bytes sent to the client.
    pub(crate) bytes: String,
    /// The four letters of the termination state.
    pub(crate) termination: String,
    /// The request line as logged.
    pub(crate) request: String,
}

impl Log {
    /// Takes the compared fields out of a log line.
    pub(crate) fn new(line: HttpLog) -> Self {
        let HttpLog { server, status, bytes, termination, request, .. } = line;
        Self { server, status, bytes, termination, request: escape::encode(request.as_bytes()) }
    }
}

impl fmt::Display for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { server, status, bytes, termination, request } = self;
        write!(f, "log {server} {status} {bytes} {termination} {request}")
    }
}

impl Outcome {
    /// The same, the byte counts of log lines left out.
    pub(crate) fn without_log_bytes(&self) -> Self {
        let log = self.log.iter().map(|log| Log { bytes: "*".into(), ..log.clone() }).collect();
        Self { log, ..self.clone() }
    }

    /// The outcome as the lines of the record.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        heard("client", &self.client, &mut lines);
        for server in &self.servers {
            heard("server", server, &mut lines);
        }
        lines.extend(self.log.iter().map(Log::to_string));
        lines
    }
}

fn heard(who: &str, heard: &Heard, lines: &mut Vec<String>) {
    let end = match heard.end {
        End::Open => "open",
        End::Closed => "closed",
        End::Reset => "reset",
    };
    lines.push(format!("{who} {end}"));
    lines.extend(escape::encode_lines(&heard.bytes).into_iter().map(|line| format!("| {line}")));
}
