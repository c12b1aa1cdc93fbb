//! The databases under the program.

use lb_harness::{Launch, Proxy, debian, loopback};
use nix::unistd::{Uid, User, chown};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

pub const PASSWORD: &str = "a password";

/// The example's own database.
pub struct Example {
    pub program: Proxy,
    pub addr: SocketAddr,
    folder: TempDir,
}

impl Example {
    /// Nothing when it was not built: tests of the whole workspace build it.
    pub fn start() -> Option<Self> {
        let (folder, addr) = (tempfile::tempdir().unwrap(), loopback::free_port().unwrap());
        let program = Self::launch(addr, folder.path())?;
        Some(Self { program, addr, folder })
    }

    pub fn start_again(&mut self) {
        self.program = Self::launch(self.addr, self.folder.path()).unwrap();
    }

    pub fn url(&self) -> String {
        format!("postgresql://app@{}/notes", self.addr)
    }

    fn launch(addr: SocketAddr, folder: &Path) -> Option<Proxy> {
        let program = Path::new(env!("CARGO_BIN_EXE_lb-example-app")).with_file_name("lb-example-db");
        if !program.is_file() {
            assert!(!debian::demanded(), "lb-example-db is not built");
            eprintln!("skipped: lb-example-db is not built (cargo test --workspace builds it)");
            return None;
        }
        let launch = Launch::server(program).env("DB_PASSWORD", PASSWORD).listening_on(addr);
        let launch = launch.arg("--listen").arg(addr.to_string()).arg("--file").arg(folder.join("notes.db"));
        Some(launch.start().unwrap())
    }
}

/// Debian's PostgreSQL, with a data folder of its own.
pub struct PostgreSql {
    server: Child,
    pub addr: SocketAddr,
    _folder: TempDir,
}

impl PostgreSql {
    /// Nothing when it is not installed.
    pub fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            assert!(!debian::demanded(), "not installed: postgres (apt-get install postgresql)");
            eprintln!("skipped: not installed: postgres (apt-get install postgresql)");
            return None;
        };
        let (folder, addr) = (tempfile::tempdir().unwrap(), loopback::free_port().unwrap());
        let (data, word) = (folder.path().join("data"), folder.path().join("word"));
        std::fs::write(&word, PASSWORD).unwrap();
        // PostgreSQL refuses to run as root; its package makes a user for it.
        let user = Uid::effective().is_root().then(|| User::from_name("postgres").unwrap().unwrap());
        let as_user = |program: &str| {
            let mut command = Command::new(programs.join(program));
            if let Some(user) = &user {
                command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
            }
            command.current_dir(folder.path()).stdin(Stdio::null());
            command
        };
        if let Some(user) = &user {
            for path in [folder.path(), &word] {
                chown(path, Some(user.uid), Some(user.gid)).unwrap();
            }
        }
        let made = as_user("initdb")
            .args(["--no-sync", "-A", "scram-sha-256", "-U", "app", "--pwfile"])
            .arg(&word)
            .arg("-D")
            .arg(&data)
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let server = as_user("postgres")
            .arg("-D")
            .arg(&data)
            .args(["-h", &addr.ip().to_string(), "-p", &addr.port().to_string(), "-k", "", "-F"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Some(Self { server, addr, _folder: folder })
    }

    /// Its first database is named `postgres`.
    pub fn url(&self) -> String {
        format!("postgresql://app@{}/postgres", self.addr)
    }
}

impl Drop for PostgreSql {
    fn drop(&mut self) {
        // SIGQUIT: PostgreSQL's "immediate shutdown".
        let pid = nix::unistd::Pid::from_raw(i32::try_from(self.server.id()).unwrap());
        let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGQUIT);
        let _ = self.server.wait();
    }
}

/// The folder of the newest version: Debian does not have it in `PATH`.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let folders = versions.filter_map(|entry| Some(entry.ok()?.path().join("bin")));
    folders.filter(|folder| folder.join("postgres").is_file() && folder.join("initdb").is_file()).max()
}
