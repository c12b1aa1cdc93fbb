//! Starting and stopping a program: a proxy, or a server behind it.

use crate::eventually;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{
    ffi::{OsStr, OsString},
    fs, io,
    io::{BufRead, Read},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};
use tempfile::TempDir;

/// How long a program may take to listen.
const START_LIMIT: Duration = Duration::from_secs(10);
/// How long a program may take to end after SIGTERM, before SIGKILL.
const STOP_LIMIT: Duration = Duration::from_secs(3);
/// How long the last output of a program that has ended may take to come.
const LAST_WORDS_LIMIT: Duration = Duration::from_secs(2);
/// The most that is kept of each output.
const KEEP_OUTPUT: usize = 4 << 20;

/// What is to be started: mostly a program that takes HAProxy's command line, and how.
#[derive(Debug)]
pub struct Launch {
    program: PathBuf,
    /// Nothing for a program that is no proxy.
    config: Option<String>,
    args: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    listening: Vec<SocketAddr>,
}

impl Launch {
    /// Starts this program: `env!("CARGO_BIN_EXE_lb")`, or `/usr/sbin/haproxy`.
    #[must_use]
    pub fn new(program: impl AsRef<Path>) -> Self {
        Self {
            program: program.as_ref().to_owned(),
            config: Some(String::new()),
            args: Vec::new(),
            env: Vec::new(),
            listening: Vec::new(),
        }
    }

    /// Starts this program, which is no proxy: it gets the arguments and no configuration file.
    #[must_use]
    pub fn server(program: impl AsRef<Path>) -> Self {
        Self { config: None, ..Self::new(program) }
    }

    /// With this text as its configuration file.
    #[must_use]
    pub fn config(mut self, text: &str) -> Self {
        self.config = Some(text.to_owned());
        self
    }

    /// With one more argument, behind a proxy's `-db -f FILE`.
    #[must_use]
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    /// With one more environment variable.
    #[must_use]
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.env.push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// [`start`](Self::start) waits until somebody listens on this TCP address. It looks at the kernel's table, so
    /// that the proxy sees no connection that no test made.
    #[must_use]
    pub fn listening_on(mut self, addr: SocketAddr) -> Self {
        self.listening.push(addr);
        self
    }

    /// Starts the program in the foreground, in a temporary folder of its own, and waits until it listens.
    ///
    /// # Errors
    /// That it can't be started, has ended, or does not listen within ten seconds; its output is part of the text.
    pub fn start(mut self) -> io::Result<Proxy> {
        let mut waited = std::mem::take(&mut self.listening);
        let program = self.program.clone();
        let mut proxy = self.spawn()?;
        let up = eventually(START_LIMIT, || {
            let open = kernel_listeners();
            waited.retain(|addr| !open.contains(addr));
            waited.is_empty() || !proxy.is_running()
        });
        if up && waited.is_empty() && proxy.is_running() {
            return Ok(proxy);
        }
        let why = match proxy.wait(Duration::ZERO) {
            Some(status) => format!("ended with {status}"),
            None => format!("does not listen on {waited:?}"),
        };
        Err(io::Error::other(format!("{} {why}\n{}", program.display(), proxy.last_words())))
    }

    /// Starts what must not run: waits until it ends by itself; how it did, and all that it wrote.
    ///
    /// # Errors
    /// That it can't be started, or has not ended within ten seconds.
    pub fn refused(self) -> io::Result<(ExitStatus, String)> {
        let mut proxy = self.spawn()?;
        let status = proxy.wait(START_LIMIT);
        let text = proxy.last_words();
        status
            .map(|status| (status, text.clone()))
            .ok_or_else(|| io::Error::other(format!("it runs\n{text}")))
    }

    fn spawn(self) -> io::Result<Proxy> {
        let dir = tempfile::Builder::new().prefix("lb-test-").tempdir()?;
        let mut command = Command::new(&self.program);
        if let Some(config) = &self.config {
            let file = dir.path().join("haproxy.cfg");
            fs::write(&file, config)?;
            command.arg("-db").arg("-f").arg(&file);
        }
        let mut child = command
            .args(&self.args)
            .envs(self.env)
            .current_dir(dir.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let stdout = collect(child.stdout.take())?;
        let stderr = collect(child.stderr.take())?;
        Ok(Proxy { child, dir, stdout, stderr, ended: None })
    }
}

/// A running proxy, stopped by its pid when dropped: SIGTERM, and SIGKILL three seconds later.
#[derive(Debug)]
pub struct Proxy {
    child: Child,
    dir: TempDir,
    stdout: Output,
    stderr: Output,
    ended: Option<ExitStatus>,
}

impl Proxy {
    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its folder, where its configuration is `haproxy.cfg`.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// What it wrote to its standard output so far.
    #[must_use]
    pub fn stdout(&self) -> String {
        self.stdout.text()
    }

    /// What it wrote to its standard error so far.
    #[must_use]
    pub fn stderr(&self) -> String {
        self.stderr.text()
    }

    /// What it wrote to both, with what is still on its way when it has ended.
    fn last_words(&self) -> String {
        if self.ended.is_some() {
            let _ = eventually(LAST_WORDS_LIMIT, || self.stdout.is_whole() && self.stderr.is_whole());
        }
        self.stdout() + &self.stderr()
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        self.wait(Duration::ZERO).is_none()
    }

    /// Sends a signal.
    ///
    /// # Errors
    /// What kill gives; also that the program has ended.
    pub fn signal(&mut self, signal: Signal) -> io::Result<()> {
        if !self.is_running() {
            return Err(io::Error::new(io::ErrorKind::NotFound, "the program has ended"));
        }
        let pid = i32::try_from(self.child.id()).map_err(io::Error::other)?;
        Ok(kill(Pid::from_raw(pid), signal)?)
    }

    /// Waits until it has ended, for at most `limit`; how it did.
    pub fn wait(&mut self, limit: Duration) -> Option<ExitStatus> {
        let (child, ended) = (&mut self.child, &mut self.ended);
        let _ = eventually(limit, || {
            if ended.is_none() {
                *ended = child.try_wait().ok().flatten();
            }
            ended.is_some()
        });
        *ended
    }

    /// Ends it: SIGTERM, and SIGKILL where that has not worked within three seconds; how it ended.
    pub fn stop(&mut self) -> Option<ExitStatus> {
        let _ = self.signal(Signal::SIGTERM);
        self.wait(STOP_LIMIT).or_else(|| {
            let _ = self.signal(Signal::SIGKILL);
            self.wait(STOP_LIMIT)
        })
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.stop();
    }
}

/// What a program writes, collected by a thread.
#[derive(Debug, Clone, Default)]
struct Output(Arc<Mutex<Vec<u8>>>);

impl Output {
    /// Its thread, which keeps the other reference, has come to the end.
    fn is_whole(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

fn collect(pipe: Option<impl Read + Send + 'static>) -> io::Result<Output> {
    let output = Output::default();
    let (Some(mut pipe), keep) = (pipe, output.clone()) else { return Ok(output) };
    thread::Builder::new().name("output".into()).spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(n @ 1..) = pipe.read(&mut buffer) {
            let mut kept = keep.0.lock().unwrap_or_else(PoisonError::into_inner);
            let room = KEEP_OUTPUT.saturating_sub(kept.len());
            kept.extend_from_slice(&buffer[..n.min(room)]);
        }
    })?;
    Ok(output)
}

/// All addresses on which somebody listens for TCP, from the kernel's tables.
fn kernel_listeners() -> Vec<SocketAddr> {
    // They come first, and before ten thousand that have ended the rest is long in coming.
    ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|path| fs::File::open(path).ok())
        .flat_map(|table| io::BufReader::new(table).lines().skip(1).map_while(|line| listener(&line.ok()?)))
        .collect()
}

/// The local address of one line of the kernel's table, if that is a listening socket (state 0A).
fn listener(line: &str) -> Option<SocketAddr> {
    let mut fields = line.split_ascii_whitespace().skip(1);
    let (local, _remote, state) = (fields.next()?, fields.next()?, fields.next()?);
    let (ip, port) = local.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    // Words of 32 bits in the byte order of the machine.
    let words = (0..ip.len() / 8).map(|i| u32::from_str_radix(ip.get(i * 8..i * 8 + 8)?, 16).ok());
    let bytes: Vec<u8> = words.collect::<Option<Vec<_>>>()?.into_iter().flat_map(u32::to_ne_bytes).collect();
    let ip = match bytes.len() {
        4 => <[u8; 4]>::try_from(bytes).ok()?.into(),
        _ => std::net::IpAddr::from(<[u8; 16]>::try_from(bytes).ok()?),
    };
    (state == "0A").then(|| SocketAddr::new(ip, port))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn listeners_are_found_in_the_kernels_table() {
        let socket = std::net::TcpListener::bind((crate::loopback::own_address(), 0)).unwrap();
        let addr = socket.local_addr().unwrap();
        assert!(kernel_listeners().contains(&addr));
        drop(socket);
        // A program that another test starts holds a copy of the socket until its exec.
        assert!(eventually(START_LIMIT, || !kernel_listeners().contains(&addr)));
    }

    #[test]
    fn a_program_that_ends_at_once_is_an_error_with_its_output() {
        let (status, text) = Launch::new("/bin/sh").arg("-c").refused().unwrap();
        assert!(!status.success() && text.contains("sh: "), "{status} {text}");
    }
}
