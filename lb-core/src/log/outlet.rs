//! Servers that the lines of a ring are sent to, over TCP or UNIX sockets (manual 3.9 `ring`, `server`).

use super::Ring;
use crate::compile::{Context, Plan, server_address};
use crate::connect::{Route, dial};
use crate::net::{Buffer, Deadline, Fail, Io};
use crate::server::ServerAddress;
use haproxy_cfg_parser::model;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

/// From one attempt to connect to the next, at least.
const PAUSE: Duration = Duration::from_secs(1);
/// Bytes sent at once, but for longer lines; after a break they are sent again.
const PIECE: usize = 16_384;
/// Bytes read at once of what a server says, which nobody asked for.
const ANSWER: usize = 1024;

/// A server of a ring: it gets each line once, those first that there were before it could be reached.
#[derive(Debug)]
pub struct Outlet {
    /// The ring's name and its own.
    name: String,
    ring: Arc<Ring>,
    address: ServerAddress,
    /// `log-proto octet-count` (RFC 6587 3.4.1), else lines (3.4.2).
    counts: bool,
    connect: Option<Duration>,
    server: Option<Duration>,
    /// The place in the ring behind what it has got.
    place: Arc<AtomicU64>,
}

impl Outlet {
    /// Those of all rings; what says what it said before goes on.
    pub(crate) fn all(
        sections: &[model::Ring],
        rings: &[Arc<Ring>],
        previous: &[Arc<Self>],
        context: &mut Context<'_>,
    ) -> Vec<Arc<Self>> {
        let mut all = Vec::new();
        for section in sections {
            let Some(ring) = rings.iter().find(|ring| ring.name == section.name) else { continue };
            for line in &section.servers {
                let name = format!("{}/{}", section.name, line.name);
                match Self::new(name.clone(), ring, section, line, previous, context) {
                    Ok(outlet) => {
                        let same = previous.iter().find(|known| known.says_as(&outlet));
                        all.push(same.map_or_else(|| Arc::new(outlet), Arc::clone));
                    }
                    Err(reason) => context.error(&line.place, format!("'server {name}' : {reason}.")),
                }
            }
        }
        all
    }

    fn new(
        name: String,
        ring: &Arc<Ring>,
        section: &model::Ring,
        line: &model::ServerLine,
        previous: &[Arc<Self>],
        context: &Context<'_>,
    ) -> Result<Self, String> {
        let protocol = line.others.iter().find(|(name, _)| *name == "log-proto");
        let counts = match protocol.and_then(|(_, words)| words.first()).map(String::as_str) {
            None | Some("legacy") => false,
            Some("octet-count") => true,
            Some(other) => {
                return Err(format!(
                    "'log-proto' expects one of 'legacy' or 'octet-count' but got '{other}'"
                ));
            }
        };
        // Of a ring that was there before, a new server gets what comes.
        let known = previous.iter().find(|known| known.name == name && Arc::ptr_eq(&known.ring, ring));
        let place = known.map_or_else(|| Arc::new(ring.end().into()), |known| Arc::clone(&known.place));
        let address = server_address(&line.address, context)?;
        let (connect, server) = (section.connect, section.server);
        Ok(Self { name, ring: Arc::clone(ring), address, counts, connect, server, place })
    }

    fn says_as(&self, other: &Self) -> bool {
        let said = |outlet: &Self| (outlet.counts, outlet.connect, outlet.server);
        self.name == other.name
            && Arc::ptr_eq(&self.ring, &other.ring)
            && self.address == other.address
            && said(self) == said(other)
    }

    /// Sends what comes, over one connection after the other.
    async fn run(self: Arc<Self>) {
        let route = Route::straight(self.address.clone());
        let mut told = false;
        loop {
            let begun = Instant::now();
            let mut deadline = Deadline::default();
            deadline.after(begun, self.connect);
            let reason = match dial(&route, b"", &mut deadline).await {
                Ok((io, _)) => {
                    if std::mem::take(&mut told) {
                        tracing::info!(server = self.name, "a server of a ring is reached again");
                    }
                    let fail = self.serve(io).await;
                    tracing::debug!(server = self.name, ?fail, "a connection to a server of a ring ended");
                    None
                }
                Err(reason) => Some(reason),
            };
            if let Some(reason) = reason.filter(|_| !std::mem::replace(&mut told, true)) {
                tracing::warn!(server = self.name, ?reason, "a server of a ring is not reached");
            }
            tokio::time::sleep_until((begun + PAUSE).into()).await;
        }
    }

    /// Until the connection ends; none: the server has ended it.
    async fn serve(&self, mut io: Io) -> Option<Fail> {
        let mut answer = Buffer::new(ANSWER);
        let (mut never, mut deadline) = (Deadline::default(), Deadline::default());
        loop {
            let (lines, end) = tokio::select! {
                read = io.read(&mut answer, &mut never) => match read {
                    Ok(0) => return None,
                    Ok(_) => {
                        answer.clear();
                        continue;
                    }
                    Err(fail) => return Some(fail),
                },
                next = self.ring.next(self.place.load(Relaxed)) => next,
            };
            let mut place = end - lines.len() as u64;
            for piece in pieces(&lines) {
                deadline.after(Instant::now(), self.server);
                let sent = match self.counts {
                    true => io.write_all(&counted(piece), &mut deadline).await,
                    false => io.write_all(piece, &mut deadline).await,
                };
                if let Err(fail) = sent {
                    return Some(fail);
                }
                place += piece.len() as u64;
                self.place.store(place, Relaxed);
            }
        }
    }
}

/// Whole lines, as many at once as make no more than [`PIECE`] bytes, at least one.
fn pieces(mut lines: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let ends = |part: &[u8]| part.iter().rposition(|byte| *byte == b'\n');
        let first = || lines.iter().position(|byte| *byte == b'\n');
        let end = ends(lines.get(..PIECE).unwrap_or(lines)).or_else(first).map_or(lines.len(), |end| end + 1);
        let (piece, rest) = lines.split_at(end);
        lines = rest;
        Some(piece).filter(|piece| !piece.is_empty())
    })
}

/// Each line without its end, behind its length.
fn counted(lines: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(lines.len() + lines.len() / 16);
    for line in lines.split_inclusive(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        out.extend_from_slice(itoa::Buffer::new().format(line.len()).as_bytes());
        out.push(b' ');
        out.extend_from_slice(line);
    }
    out
}

/// The tasks of a plan's outlets.
#[derive(Debug, Default)]
pub(crate) struct Outlets(Vec<(Arc<Outlet>, JoinHandle<()>)>);

impl Outlets {
    /// Starts the tasks of new ones on the calling thread's `LocalSet`, and ends those of others.
    pub(crate) fn serve(&mut self, plan: &Plan) {
        let is = |one: &Arc<Outlet>, other: &Arc<Outlet>| Arc::ptr_eq(one, other);
        self.0.retain(|(known, task)| {
            let stays = plan.outlets.iter().any(|one| is(one, known));
            if !stays {
                task.abort();
            }
            stays
        });
        for outlet in &plan.outlets {
            if !self.0.iter().any(|(known, _)| is(known, outlet)) {
                let task = tokio::task::spawn_local(Arc::clone(outlet).run());
                self.0.push((Arc::clone(outlet), task));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_sent_whole() {
        let collect = |lines: &[u8]| pieces(lines).map(<[u8]>::to_vec).collect::<Vec<_>>();
        assert_eq!(collect(b"a\nbc\n"), [b"a\nbc\n".to_vec()]);
        assert_eq!(collect(b""), <[Vec<u8>; 0]>::default());
        let long = [vec![b'x'; PIECE], b"\n".to_vec()].concat();
        let half = [vec![b'y'; PIECE / 2], b"\n".to_vec()].concat();
        let all = [&long[..], &half, &half, b"z\n"].concat();
        assert_eq!(collect(&all), [long, half.clone(), [&half[..], b"z\n"].concat()]);
    }

    #[test]
    fn lengths_stand_before_lines() {
        assert_eq!(counted(b"abc\n\n<1>de\n"), b"3 abc0 5 <1>de");
    }
}
