//! Starting the program in every way that its command line has.

use lb_harness::{eventually, loopback};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::net::{SocketAddr, TcpStream};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;
use tempfile::TempDir;

/// No wait is longer.
pub(crate) const LIMIT: Duration = Duration::from_secs(10);

/// The program under test.
pub(crate) fn path() -> PathBuf {
    std::env::var_os("PROCESS_TEST_PROGRAM").map_or_else(|| env!("CARGO_BIN_EXE_lb").into(), PathBuf::from)
}

/// The program under test is lb, not haproxy.
pub(crate) fn is_lb() -> bool {
    std::env::var_os("PROCESS_TEST_PROGRAM").is_none()
}

/// How the program names itself in messages about its start.
pub(crate) fn main_says(text: &str) -> String {
    format!(" : [{}.main()] {text}\n", path().display())
}

/// A folder with configuration files, and an address to listen on.
pub(crate) struct Place {
    pub(crate) dir: TempDir,
    pub(crate) front: SocketAddr,
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Code(i32),
    Signal(i32),
}

/// What a program that ended wrote, and how it ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) end: End,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Place {
    pub(crate) fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("lbp").tempdir().unwrap();
        Self { dir, front: loopback::free_port().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        path
    }

    /// A configuration that answers `ok` at [`Place::front`], with these lines in its global section.
    pub(crate) fn config(&self, global: &str) -> PathBuf {
        let front = self.front;
        self.write(
            "lb.cfg",
            &format!(
                "global\n{global}\ndefaults\n mode http\n timeout client 5s\n timeout connect 5s\n timeout server 5s\n\
                 frontend f\n bind {front}\n http-request return status 200 content-type text/plain string ok\n"
            ),
        )
    }

    /// One whose requests go to this server.
    pub(crate) fn forwarding(&self, global: &str, server: SocketAddr) -> PathBuf {
        let front = self.front;
        self.write(
            "lb.cfg",
            &format!(
                "global\n{global}\ndefaults\n mode http\n timeout client 30s\n timeout connect 5s\n \
                 timeout server 30s\nfrontend f\n bind {front}\n default_backend b\nbackend b\n \
                 balance roundrobin\n server s {server}\n"
            ),
        )
    }

    /// Runs to the end.
    pub(crate) fn run<S: AsRef<std::ffi::OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Ended {
        let mut running = self.spawn(args);
        let end = running.wait();
        running.output(end)
    }

    /// Starts.
    pub(crate) fn spawn<S: AsRef<std::ffi::OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Running {
        self.spawn_with(args, &[])
    }

    /// Starts with more environment.
    pub(crate) fn spawn_with<S: AsRef<std::ffi::OsStr>>(
        &self,
        args: impl IntoIterator<Item = S>,
        env: &[(&str, &Path)],
    ) -> Running {
        let mut command = Command::new(path());
        command.args(args).envs(env.iter().copied());
        self.spawn_command(command)
    }

    /// Starts another program.
    pub(crate) fn spawn_program<S: AsRef<std::ffi::OsStr>>(
        &self,
        program: &Path,
        args: impl IntoIterator<Item = S>,
    ) -> Running {
        let mut command = Command::new(program);
        command.args(args);
        self.spawn_command(command)
    }

    fn spawn_command(&self, mut command: Command) -> Running {
        let mut child = command
            .current_dir(self.dir.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = collect(child.stdout.take());
        let stderr = collect(child.stderr.take());
        Running { child, stdout: Some(stdout), stderr: Some(stderr), ended: false }
    }

    /// Starts, and waits until it listens.
    pub(crate) fn start<S: AsRef<std::ffi::OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Running {
        self.start_program(&path(), args)
    }

    /// Starts another program, and waits until it listens.
    pub(crate) fn start_program<S: AsRef<std::ffi::OsStr>>(
        &self,
        program: &Path,
        args: impl IntoIterator<Item = S>,
    ) -> Running {
        let mut running = self.spawn_program(program, args);
        if !eventually(LIMIT, || self.listens() || running.has_ended()) || running.has_ended() {
            let end = running.wait();
            panic!("does not listen: {:?}", running.output(end));
        }
        running.settle();
        running
    }

    pub(crate) fn listens(&self) -> bool {
        TcpStream::connect_timeout(&self.front, Duration::from_millis(500)).is_ok()
    }

    /// The process id in a file.
    pub(crate) fn pid_in(&self, name: &str) -> Option<i32> {
        fs::read_to_string(self.path(name)).ok()?.trim().parse().ok()
    }
}

/// A program that was started; killed when dropped, with its child.
pub(crate) struct Running {
    child: Child,
    stdout: Option<JoinHandle<String>>,
    stderr: Option<JoinHandle<String>>,
    ended: bool,
}

impl Running {
    pub(crate) fn pid(&self) -> i32 {
        self.child.id() as i32
    }

    /// The worker, if there is a monitor.
    pub(crate) fn worker(&self) -> Option<i32> {
        children(self.pid()).first().copied()
    }

    /// Waits until signals have handlers: listening alone does not say so.
    fn settle(&self) {
        let of = self.worker().unwrap_or(self.pid());
        assert!(eventually(LIMIT, || handles_usr1(of) && handles_usr1(self.pid())), "no signal handlers");
        if !is_lb() {
            std::thread::sleep(Duration::from_millis(500)); // haproxy's master starts itself again meanwhile
        }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.pid()), signal).unwrap();
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.ended = self.ended || matches!(self.child.try_wait(), Ok(Some(_)));
        self.ended
    }

    /// How it ends.
    pub(crate) fn wait(&mut self) -> End {
        assert!(eventually(LIMIT, || self.has_ended()), "does not end");
        let status = self.child.wait().unwrap();
        match (status.code(), status.signal()) {
            (Some(code), _) => End::Code(code),
            (None, Some(signal)) => End::Signal(signal),
            _ => unreachable!("neither code nor signal"),
        }
    }

    /// What it wrote until both streams were closed by all who held them.
    pub(crate) fn output(&mut self, end: End) -> Ended {
        let mut text = |stream: fn(&mut Self) -> &mut Option<JoinHandle<String>>| {
            let handle = stream(self).take().unwrap();
            assert!(eventually(LIMIT, || handle.is_finished()), "somebody keeps the output open");
            handle.join().unwrap()
        };
        let (stdout, stderr) = (text(|this| &mut this.stdout), text(|this| &mut this.stderr));
        Ended { end, stdout, stderr }
    }

    /// Sends a signal, and says how it ended and what it had written.
    pub(crate) fn end_by(mut self, signal: Signal) -> Ended {
        self.signal(signal);
        let end = self.wait();
        self.output(end)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.has_ended() {
            for child in children(self.pid()) {
                let _ = kill(Pid::from_raw(child), Signal::SIGKILL);
            }
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

fn collect(pipe: Option<impl Read + Send + 'static>) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut text = String::new();
        let _ = pipe.unwrap().read_to_string(&mut text);
        text
    })
}

/// The children of a process.
pub(crate) fn children(pid: i32) -> Vec<i32> {
    let parent = |entry: &fs::DirEntry| -> Option<(i32, i32)> {
        let child = entry.file_name().to_str()?.parse().ok()?;
        let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
        Some((child, stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()?))
    };
    let all = fs::read_dir("/proc").unwrap().flatten();
    all.filter_map(|entry| parent(&entry)).filter(|&(_, of)| of == pid).map(|(child, _)| child).collect()
}

/// `/proc/PID/status`.
pub(crate) fn status(pid: i32) -> BTreeMap<String, String> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let fields = text.lines().filter_map(|line| line.split_once(':'));
    fields.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect()
}

/// Soft and hard limit of open files.
pub(crate) fn open_files(pid: i32) -> Option<(u64, u64)> {
    let text = fs::read_to_string(format!("/proc/{pid}/limits")).ok()?;
    let line = text.lines().find(|line| line.starts_with("Max open files"))?;
    let mut numbers = line.split_whitespace().skip(3);
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

pub(crate) fn exists(pid: i32) -> bool {
    status(pid).get("State").is_some_and(|state| !state.starts_with('Z'))
}

fn handles_usr1(pid: i32) -> bool {
    let caught = status(pid).get("SigCgt").and_then(|mask| u64::from_str_radix(mask, 16).ok());
    let blocked = status(pid).get("SigBlk").and_then(|mask| u64::from_str_radix(mask, 16).ok());
    let usr1 = 1 << (Signal::SIGUSR1 as u64 - 1);
    caught.unwrap_or(0) & usr1 != 0 && blocked.unwrap_or(u64::MAX) & usr1 == 0
}
