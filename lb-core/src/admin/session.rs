//! One connection to a `stats socket`.

use super::authority::{Applied, By, PATIENCE};
use super::change::TAKEN;
use super::command::{self, Action, Call, Command, Outcome, Severity, Trust, Watch};
use super::{Authority, Change, Context, Level, Local, line, suggest};
use crate::compile::Plan;
use crate::extension;
use std::io;
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// What a process says that takes over. It stands alone on its line, and in no list of commands.
const SOCKETS: &str = "_getsocks";

/// How a session goes on after a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// It ends.
    Once,
    /// It waits for another.
    Interactive,
    /// It waits for another and shows a prompt.
    Prompt,
}

/// How a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// All is said.
    Over,
    /// Its client wants the listening sockets, and hears nothing else any more (`_getsocks`).
    Sockets,
}

/// Who is served, and what it may do.
#[derive(Clone, Debug, Default)]
pub struct Guest {
    /// Which commands it may give.
    pub level: Level,
    /// It may change what other nodes have, too (`cluster-write`).
    pub shares: bool,
    /// Its socket, and who it is.
    pub by: By,
}

/// How one command is run.
#[derive(Clone, Copy)]
struct Terms<'a> {
    /// For all nodes.
    shared: bool,
    /// Why this node may not know what others were told.
    stale: Option<&'a str>,
    /// When it is given up.
    deadline: Instant,
}

/// A command with this before it concerns this node only.
const HERE: &str = "@local";
/// The socket may not change what other nodes have.
const UNSHARED: &str = "Other nodes would change, too, which this socket may not ask for: its 'stats socket' line needs \
                        'cluster-write'.";
/// How often a version is numbered anew that others prepare at the same time.
const ATTEMPTS: usize = 8;

struct Session<'a> {
    context: &'a Context,
    level: Level,
    shares: bool,
    by: By,
    mode: Mode,
    /// The prompt shows the uptime.
    timed: bool,
    severity: Severity,
    timeout: Duration,
    experimental: bool,
    expert: bool,
    /// Messages that it waits for, which nothing else follows.
    watch: Option<Watch>,
}

/// Serves one connection until its end. `level` is the socket's.
///
/// # Errors
/// The connection broke. Its end, a line longer than the buffer, and idleness are no errors.
pub async fn serve<S>(stream: S, level: Level, context: &Context) -> io::Result<End>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let guest = Guest { level, shares: true, by: By::default() };
    resume(stream, guest, context, Vec::new()).await
}

/// [`serve`] where another has read the beginning.
///
/// # Errors
/// As for [`serve`].
pub async fn resume<S>(stream: S, guest: Guest, context: &Context, said: Vec<u8>) -> io::Result<End>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let session = Session {
        context,
        level: guest.level,
        shares: guest.shares,
        by: guest.by,
        mode: Mode::Once,
        timed: false,
        severity: Severity::None,
        timeout: context.timeout,
        experimental: false,
        expert: false,
        watch: None,
    };
    session.run(stream, said).await
}

/// A line with its payload: what one turn of the session answers.
struct Input {
    line: String,
    payload: Option<String>,
    /// How much of the buffer it took.
    taken: usize,
}

impl Session<'_> {
    async fn run(
        mut self,
        mut stream: impl AsyncRead + AsyncWrite + Unpin,
        mut buffer: Vec<u8>,
    ) -> io::Result<End> {
        loop {
            // Lines that came together are answered together.
            while let Some(input) = self.next(&buffer) {
                buffer.drain(..input.taken);
                if input.line.trim() == SOCKETS {
                    return Ok(End::Sockets);
                }
                let (answer, end) = self.answer(&input.line, input.payload.as_deref()).await;
                stream.write_all(answer.as_bytes()).await?;
                if let Some(watch) = self.watch.take() {
                    return follow(stream, watch).await.map(|()| End::Over);
                }
                if end || (self.mode == Mode::Once && !buffer.contains(&b'\n')) {
                    stream.flush().await?;
                    return stream.shutdown().await.map(|()| End::Over);
                }
            }
            if self.mode == Mode::Prompt && in_payload(&buffer) {
                stream.write_all(b"+ ").await?;
            }
            stream.flush().await?;
            if buffer.len() >= self.context.bufsize {
                return Ok(End::Over);
            }
            match tokio::time::timeout(self.timeout, stream.read_buf(&mut buffer)).await {
                Err(_) | Ok(Ok(0)) => return Ok(End::Over),
                Ok(Err(error)) => return Err(error),
                Ok(Ok(_)) => {}
            }
        }
    }

    /// The first line of the buffer, once its payload is there too.
    fn next(&self, buffer: &[u8]) -> Option<Input> {
        let end = memchr::memchr(b'\n', buffer)?;
        let text = String::from_utf8_lossy(buffer.get(..end)?).into_owned();
        let text = text.trim_end_matches('\r');
        let Some((command, pattern)) = line::payload(text) else {
            return Some(Input { line: text.to_owned(), payload: None, taken: end + 1 });
        };
        let first = end + 1;
        let mut start = first;
        loop {
            let rest = buffer.get(start..)?;
            let end = memchr::memchr(b'\n', rest)?;
            let text = rest.get(..end)?;
            start += end + 1;
            if text.strip_suffix(b"\r").unwrap_or(text) == pattern.as_bytes() {
                let lines = buffer.get(first..start - end - 1)?;
                let payload = Some(String::from_utf8_lossy(lines).into_owned());
                return Some(Input { line: command.to_owned(), payload, taken: start });
            }
        }
    }

    /// Runs all commands of a line; the text to send, and whether the session ends with it.
    async fn answer(&mut self, line: &str, payload: Option<&str>) -> (String, bool) {
        let mut out = String::new();
        let commands = line::commands(line);
        let last = commands.len() - 1;
        for (index, command) in commands.into_iter().enumerate() {
            let words = line::words(command);
            // A payload belongs to the command that its mark stands behind.
            let payload = payload.filter(|_| index == last);
            if self.execute(&words, payload, &mut out).await {
                return (out, true);
            }
            out.push('\n');
            if self.mode == Mode::Prompt {
                out.push_str(&self.prompt());
            }
        }
        (out, false)
    }

    /// Runs one command; true when it ends the session.
    async fn execute(&mut self, words: &[String], payload: Option<&str>, out: &mut String) -> bool {
        let here = words.first().is_some_and(|word| word == HERE);
        let words = if here { words.get(1..).unwrap_or_default() } else { words };
        let extension = &self.context.extension;
        let Some(command) = command::find(words) else {
            match extension.command(words) {
                Some(added) => self.execute_added(added, here, words, out).await,
                None => self.message(6, &suggest::unknown(words, extension), out),
            }
            return false;
        };
        if command::is_experimental(words) && !self.experimental {
            self.message(3, "This command is restricted to experimental mode only.", out);
            return false;
        }
        if command.level > self.level {
            self.message(3, "Permission denied", out);
            return false;
        }
        let deadline = Instant::now() + PATIENCE;
        let shared = !here && self.context.authority.is_shared();
        let stale = if shared && command::is_shared(words) {
            self.context.authority.catch_up(deadline).await.err()
        } else {
            None
        };
        let terms = Terms { shared, stale: stale.as_deref(), deadline };
        let mut outcome = self.run_command(command, words, payload, terms).await;
        for _ in 1..ATTEMPTS {
            if !matches!(&outcome, Outcome::Error(text) if text == TAKEN) {
                break;
            }
            outcome = self.run_command(command, words, payload, terms).await;
        }
        match outcome {
            Outcome::Dump(text) => out.push_str(&text),
            Outcome::Info(text) => self.message(6, &text, out),
            Outcome::Error(text) => self.message(3, &text, out),
            Outcome::Later(later) => match later.await {
                Ok(text) => out.push_str(&text),
                Err(text) => self.message(3, &text, out),
            },
            Outcome::SaidLater(later) => match later.await {
                Ok(text) => self.message(6, &text, out),
                Err(text) => self.message(3, &text, out),
            },
            Outcome::Watch(watch) => {
                self.watch = Some(watch);
                return true;
            }
            Outcome::Session(action) => return self.act(action, out),
            // They have been proposed.
            Outcome::Change(_) | Outcome::Said(..) => {}
        }
        if let Some(why) = stale.filter(|_| command::says_when_stale(words)) {
            out.push_str(&format!("# this may be old: {why}\n"));
        }
        false
    }

    /// Runs one command, and has changed what it wants to be changed.
    async fn run_command(
        &self,
        command: &Command,
        words: &[String],
        payload: Option<&str>,
        terms: Terms<'_>,
    ) -> Outcome {
        let shared = terms.shared;
        let plan = self.context.stage.plan();
        let args = words.get(command.words.len()..).unwrap_or_default();
        let call = Call { context: self.context, plan: &plan, level: self.level, shared, args, payload };
        let (change, said) = match (command.run)(&call) {
            Outcome::Change(change) => (change, Outcome::Dump(String::new())),
            Outcome::Said(change, text) => (change, Outcome::Info(text)),
            outcome => return outcome,
        };
        match self.propose(&plan, change, terms).await {
            Ok(()) => said,
            Err(text) => Outcome::Error(text),
        }
    }

    /// Has a change made: on all nodes, or on this one.
    async fn propose(&self, plan: &Plan, change: Change, terms: Terms<'_>) -> Applied {
        let Terms { shared, stale, deadline } = terms;
        let stage = &self.context.stage;
        if !shared || !change.is_shared() {
            return Local.propose(stage, change, &self.by, deadline).await;
        }
        if !self.shares {
            return Err(format!("{UNSHARED} '{HERE}' before a command changes this node only."));
        }
        if let Some(why) = stale {
            return Err(format!("Not committed: {why}. Nothing was changed."));
        }
        self.context.authority.propose(stage, change.portable(plan)?, &self.by, deadline).await
    }

    /// Runs a command that the program adds.
    async fn execute_added(
        &self,
        command: &extension::Command,
        here: bool,
        words: &[String],
        out: &mut String,
    ) {
        if command.level > self.level {
            return self.message(3, "Permission denied", out);
        }
        if command.writes && here {
            let text =
                format!("'{HERE}' cannot stand before '{}': all nodes change.", command.words.join(" "));
            return self.message(3, &text, out);
        }
        if command.writes && !self.shares {
            return self.message(3, UNSHARED, out);
        }
        let args = words.get(command.words.len()..).unwrap_or_default();
        match (command.run)(args.to_vec()).await {
            Ok(text) => out.push_str(&text),
            Err(text) => self.message(3, &text, out),
        }
    }

    fn act(&mut self, action: Action, out: &mut String) -> bool {
        match action {
            Action::Trust(Trust::Experimental, Some(on)) => self.experimental = on,
            Action::Trust(Trust::Expert, Some(on)) => self.expert = on,
            Action::Trust(trust, None) => {
                let (name, on) = match trust {
                    Trust::Experimental => ("experimental-mode", self.experimental),
                    Trust::Expert => ("expert-mode", self.expert),
                };
                self.message(6, &format!("{name} is {}", if on { "ON" } else { "OFF" }), out);
            }
            Action::Lower(level) => self.level = level,
            Action::Timeout(timeout) => self.timeout = timeout,
            Action::Severity(severity) => self.severity = severity,
            Action::Quit => return true,
            Action::Prompt(words) if words.is_empty() => {
                self.mode = if self.mode == Mode::Prompt { Mode::Once } else { Mode::Prompt };
            }
            Action::Prompt(words) => {
                for word in words {
                    match word.as_str() {
                        "n" => self.mode = Mode::Once,
                        "i" => self.mode = Mode::Interactive,
                        "p" => self.mode = Mode::Prompt,
                        _ => {
                            self.timed = !self.timed;
                            self.mode = Mode::Prompt;
                        }
                    }
                }
            }
        }
        false
    }

    /// A message with its severity (syslog's: 3 error, 6 info), if the session wants to see it.
    fn message(&self, severity: u8, text: &str, out: &mut String) {
        match (self.severity, severity) {
            (Severity::None, _) => {}
            (Severity::Number, number) => out.push_str(&format!("[{number}]: ")),
            (Severity::Word, 3) => out.push_str("[err]: "),
            (Severity::Word, _) => out.push_str("[info]: "),
        }
        out.push_str(text);
        out.push('\n');
    }

    fn prompt(&self) -> String {
        if !self.timed {
            return "> ".into();
        }
        let up = self.context.process.started.elapsed().unwrap_or_default().as_secs();
        let (days, hours, minutes) = (up / 86400, up / 3600 % 24, up / 60 % 60);
        format!("[{days}:{hours:02}:{minutes:02}:{:02}]> ", up % 60)
    }
}

/// Sends messages as they come, until the client says anything or closes.
async fn follow(mut stream: impl AsyncRead + AsyncWrite + Unpin, mut watch: Watch) -> io::Result<()> {
    let mut said = [0];
    loop {
        tokio::select! {
            read = stream.read(&mut said) => return read.map(drop),
            lines = watch.next() => stream.write_all(&lines).await?,
        }
        stream.flush().await?;
    }
}

/// The buffer begins with a command whose payload goes on.
fn in_payload(buffer: &[u8]) -> bool {
    let first = memchr::memchr(b'\n', buffer).and_then(|end| buffer.get(..end));
    first.is_some_and(|text| line::payload(String::from_utf8_lossy(text).trim_end_matches('\r')).is_some())
}
