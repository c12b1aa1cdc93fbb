//! The test stand: a web server, the proxies in front of it, and the processors that each may use.

use std::fs;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use lb_harness::cpu::Usage;
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::scenario::Scenario;
use crate::sink::Sink;

/// How long a program may take to listen, and to stop.
const PATIENCE: Duration = Duration::from_secs(10);

/// The two processors of the measurement.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Processors {
    /// For the load, the web server, the log sink and this process.
    pub(crate) load: usize,
    /// For the proxies.
    pub(crate) proxy: usize,
}

impl Processors {
    /// The first and the last processor that this process may use.
    ///
    /// # Errors
    /// There is only one: load and proxy would disturb each other.
    pub(crate) fn choose() -> io::Result<Processors> {
        let allowed = sched_getaffinity(Pid::this())?;
        let mut usable = (0..CpuSet::count()).filter(|cpu| allowed.is_set(*cpu).unwrap_or(false));
        match (usable.next(), usable.next_back()) {
            (Some(load), Some(proxy)) => Ok(Processors { load, proxy }),
            _ => Err(io::Error::other("two processors are needed, one for the proxy and one for the load")),
        }
    }
}

/// Lets this thread, and the processes and threads that it starts from now on, run on one processor only.
///
/// # Errors
/// The kernel refuses.
pub(crate) fn run_on(cpu: usize) -> io::Result<()> {
    let mut set = CpuSet::new();
    set.set(cpu)?;
    Ok(sched_setaffinity(Pid::from_raw(0), &set)?)
}

/// Raises the limit on open files as far as is allowed; the programs started from here inherit it.
///
/// # Errors
/// The kernel refuses.
pub(crate) fn raise_file_limit() -> io::Result<()> {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    Ok(setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?)
}

/// A started program that listens on loopback. Dropping it stops it and its children.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    /// Where it listens on 127.0.0.1.
    pub(crate) port: u16,
}

impl Running {
    /// Starts a program that will listen on a port, and waits until it does.
    fn start(command: &mut Command, port: u16, error_file: &Path) -> io::Result<Running> {
        let errors = fs::File::create(error_file)?;
        let child = command.stdin(Stdio::null()).stdout(errors.try_clone()?).stderr(errors).spawn()?;
        let mut running = Running { child, port };
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if running.child.try_wait()?.is_some() || Instant::now() > deadline {
                let said = fs::read_to_string(error_file).unwrap_or_default();
                return Err(io::Error::other(format!("{command:?} doesn't listen: {said}")));
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(running)
    }

    /// What it and its children have used up to now.
    ///
    /// # Errors
    /// It has ended.
    pub(crate) fn usage(&self) -> io::Result<Usage> {
        Usage::of_tree(self.child.id())
    }

    /// Sends the scenario's request once and checks the answer.
    ///
    /// # Errors
    /// No 200, or a body of another length.
    pub(crate) fn check(&self, scenario: &Scenario) -> io::Result<()> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        ask(&mut stream, scenario)
    }
}

/// One request on an open connection. The answer is read to its end and must be the web server's.
///
/// # Errors
/// No 200, or a body of another length.
pub(crate) fn ask(stream: &mut TcpStream, scenario: &Scenario) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut request = format!("GET {} HTTP/1.1\r\n", scenario.path);
    for header in scenario.headers {
        request.push_str(header);
        request.push_str("\r\n");
    }
    if !scenario.headers.iter().any(|header| header.starts_with("Host:")) {
        request.push_str("Host: 127.0.0.1\r\n");
    }
    request.push_str("\r\n");
    stream.write_all(request.as_bytes())?;

    let mut answer = Vec::new();
    let mut chunk = [0; 16 * 1024];
    loop {
        let length = stream.read(&mut chunk)?;
        answer.extend_from_slice(chunk.get(..length).unwrap_or_default());
        let head = answer.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4);
        if head.is_some_and(|head| answer.len() == head + scenario.body)
            && answer.starts_with(b"HTTP/1.1 200 ")
        {
            return Ok(());
        }
        if length == 0 || head.is_some_and(|head| answer.len() > head + scenario.body) {
            let begin = String::from_utf8_lossy(answer.get(..answer.len().min(400)).unwrap_or_default());
            return Err(io::Error::new(ErrorKind::InvalidData, format!("unexpected answer: {begin}")));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = i32::try_from(self.child.id()).map(|pid| kill(Pid::from_raw(pid), Signal::SIGTERM));
        let deadline = Instant::now() + PATIENCE;
        while matches!(self.child.try_wait(), Ok(None)) {
            if Instant::now() > deadline {
                let _ = self.child.kill();
            }
            thread::sleep(Duration::from_millis(10));
        }
    }
}

/// The web server of one scenario, and what the proxies in front of it need to know.
#[derive(Debug)]
pub(crate) struct Stand {
    folder: PathBuf,
    nginx: PathBuf,
    processors: Processors,
    backend: Running,
    /// Where the proxies log to.
    pub(crate) sink: Sink,
}

impl Stand {
    /// Starts the web server and the log sink. `folder` holds their files.
    ///
    /// # Errors
    /// The web server doesn't start.
    pub(crate) fn start(
        folder: &Path,
        nginx: &Path,
        processors: Processors,
        large: usize,
    ) -> io::Result<Stand> {
        run_on(processors.load)?;
        fs::write(folder.join("large"), vec![b'x'; large])?;
        let port = free_port()?;
        let conf = folder.join("backend.conf");
        fs::write(&conf, fill(include_str!("backend.conf"), folder, port, port, 0))?;
        let mut command = Command::new(nginx);
        command.arg("-p").arg(folder).arg("-c").arg(&conf);
        Ok(Stand {
            backend: Running::start(&mut command, port, &folder.join("backend.err"))?,
            folder: folder.into(),
            nginx: nginx.into(),
            processors,
            sink: Sink::start()?,
        })
    }

    /// Starts a program that reads haproxy's files.
    ///
    /// # Errors
    /// It doesn't listen, or doesn't pass the request on.
    pub(crate) fn haproxy(&self, program: &Path, label: &str, scenario: &Scenario) -> io::Result<Running> {
        let port = free_port()?;
        let cfg = self.folder.join(format!("{label}.cfg"));
        fs::write(&cfg, scenario.haproxy_cfg)?;
        let mut command = Command::new(program);
        command
            .args(["-db", "-f"])
            .arg(&cfg)
            .env("PORT", port.to_string())
            .env("BACKEND", self.backend.port.to_string())
            .env("SYSLOG", self.sink.port.to_string());
        self.proxy(&mut command, port, label, scenario)
    }

    /// Starts nginx as a proxy.
    ///
    /// # Errors
    /// It doesn't listen, or doesn't pass the request on.
    pub(crate) fn nginx(&self, label: &str, scenario: &Scenario) -> io::Result<Running> {
        let port = free_port()?;
        let conf = self.folder.join(format!("{label}.conf"));
        let filled = fill(scenario.nginx_conf, &self.folder, port, self.backend.port, self.sink.port);
        fs::write(&conf, filled)?;
        let mut command = Command::new(&self.nginx);
        command.arg("-p").arg(&self.folder).arg("-c").arg(&conf);
        self.proxy(&mut command, port, label, scenario)
    }

    fn proxy(
        &self,
        command: &mut Command,
        port: u16,
        label: &str,
        scenario: &Scenario,
    ) -> io::Result<Running> {
        run_on(self.processors.proxy)?;
        let started = Running::start(command, port, &self.folder.join(format!("{label}.err")));
        run_on(self.processors.load)?;
        let running = started?;
        running.check(scenario)?;
        Ok(running)
    }
}

/// nginx's files know no environment: the harness writes the values into a copy.
fn fill(template: &str, folder: &Path, port: u16, backend: u16, syslog: u16) -> String {
    template
        .replace("${DIR}", &folder.to_string_lossy())
        .replace("${PORT}", &port.to_string())
        .replace("${BACKEND}", &backend.to_string())
        .replace("${SYSLOG}", &syslog.to_string())
}

/// A port that was free a moment ago.
fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
