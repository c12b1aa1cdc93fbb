//! The demo as a child: `lb-example-demo`, which starts all the others.

use lb_harness::{Launch, Proxy, debian, eventually};
use nix::sys::signal::Signal;
use std::collections::HashMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tempfile::TempDir;

/// No wait is longer.
pub const LIMIT: Duration = Duration::from_secs(40);

/// lb, and haproxy where it is installed; or the only one that `STACK_TEST_PROGRAM` names.
pub fn proxies() -> Vec<PathBuf> {
    if let Some(program) = std::env::var_os("STACK_TEST_PROGRAM") {
        return vec![program.into()];
    }
    let lb = PathBuf::from(env!("CARGO_BIN_EXE_lb"));
    let haproxy = debian::find_all([debian::HAPROXY]);
    let haproxy = haproxy.inspect_err(|missing| assert!(!debian::demanded(), "{missing}"));
    [lb].into_iter().chain(haproxy.ok().into_iter().flatten()).collect()
}

/// One demo at a time: another one would take the ports of a tier that is down.
static ONE: Mutex<()> = Mutex::new(());

/// The running demo.
pub struct Demo {
    program: Proxy,
    executable: PathBuf,
    data: TempDir,
    addresses: HashMap<String, SocketAddr>,
    _only: MutexGuard<'static, ()>,
}

impl Demo {
    /// Starts it with this balancer; nothing when the programs were not built: tests of the whole workspace build them.
    pub fn start(proxy: &Path) -> Option<Self> {
        let executable = Path::new(env!("CARGO_BIN_EXE_lb")).with_file_name("lb-example-demo");
        for program in ["demo", "db", "app", "web"] {
            if !executable.with_file_name(format!("lb-example-{program}")).is_file() {
                assert!(!debian::demanded(), "lb-example-{program} is not built");
                eprintln!("skipped: lb-example-{program} is not built (cargo test --workspace builds it)");
                return None;
            }
        }
        let only = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        let data = tempfile::Builder::new().prefix("lb-demo-").tempdir().unwrap();
        let mut launch = Launch::server(&executable).arg("--restart-after").arg("1");
        // lb is what it starts by itself: three of them.
        if proxy != Path::new(env!("CARGO_BIN_EXE_lb")) {
            launch = launch.arg("--proxy").arg(proxy);
        }
        let mut program = launch.arg("--data").arg(data.path()).start().unwrap();
        let up = eventually(LIMIT, || program.stdout().contains("all is up") || !program.is_running());
        assert!(up && program.is_running(), "{}{}", program.stdout(), program.stderr());
        let addresses = fs::read_to_string(data.path().join("addresses")).unwrap();
        let pair = |line: &str| {
            let (name, value) = line.split_once('=').unwrap();
            (name.to_owned(), value.parse().unwrap())
        };
        let addresses = addresses.lines().map(pair).collect();
        Some(Self { program, executable, data, addresses, _only: only })
    }

    pub fn address(&self, name: &str) -> SocketAddr {
        self.addresses[name]
    }

    /// What it has printed.
    pub fn said(&self) -> String {
        self.program.stdout() + &self.program.stderr()
    }

    /// Ends a tier by `--stop` or `--kill`, and waits until it is back and gets requests again.
    pub fn end(&self, how: &str, tier: &str) {
        let again = format!("{tier} is started again");
        let before = self.program.stdout().matches(&again).count();
        let asked = Command::new(&self.executable)
            .arg("--data")
            .arg(self.data.path())
            .args([how, tier])
            .output()
            .unwrap();
        assert!(asked.status.success(), "{}", String::from_utf8_lossy(&asked.stderr));
        assert!(
            eventually(LIMIT, || self.program.stdout().matches(&again).count() > before),
            "{}",
            self.said()
        );
        assert!(eventually(LIMIT, || self.is_up(tier)), "{}", self.said());
    }

    /// Whether all balancers find this server well, wherever it is named.
    fn is_up(&self, tier: &str) -> bool {
        let server = format!(",{tier},");
        self.balancers().iter().all(|balancer| {
            let answer = self.ask(balancer, "show stat");
            // The database is behind no balancer.
            !answer.is_empty()
                && answer.lines().filter(|line| line.contains(&server)).all(|line| line.contains(",UP,"))
        })
    }

    /// The names of the balancers, by their sockets.
    pub fn balancers(&self) -> Vec<String> {
        let names = self.files().into_iter().filter_map(|name| name.strip_suffix(".sock").map(str::to_owned));
        names.filter(|name| name != "control").collect()
    }

    /// What a balancer's runtime API answers; nothing when it does not run.
    fn ask(&self, balancer: &str, command: &str) -> String {
        let mut answer = String::new();
        if let Ok(mut stream) = UnixStream::connect(self.data.path().join(format!("{balancer}.sock"))) {
            let _ = writeln!(stream, "{command}");
            let _ = stream.read_to_string(&mut answer);
        }
        answer
    }

    /// Which balancer holds the site's address, as all say that answer.
    pub fn holder(&self) -> Option<String> {
        let said = self.balancers().into_iter().map(|balancer| self.ask(&balancer, "show cluster"));
        let holders = said.filter(|answer| !answer.is_empty()).map(|answer| {
            let line = answer.lines().find_map(|line| line.strip_prefix("holder: "));
            line.filter(|name| *name != "none").map(str::to_owned)
        });
        let mut holders: Vec<_> = holders.collect();
        holders.dedup();
        if let [holder] = &holders[..] { holder.clone() } else { None }
    }

    /// The numbers of what it has started.
    pub fn children(&self) -> Vec<u32> {
        let pid = self.program.pid();
        let list = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
        list.split_ascii_whitespace().map(|pid| pid.parse().unwrap()).collect()
    }

    /// Ends it as Ctrl-C does; whether it ended well.
    pub fn stop(&mut self) -> bool {
        self.program.signal(Signal::SIGINT).unwrap();
        self.program.wait(LIMIT).is_some_and(|status| status.success())
    }

    /// The names in its folder.
    pub fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.data.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}
