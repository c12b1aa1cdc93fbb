//! Real services behind lb in `mode tcp`: their own clients get through lb what they get directly.
//!
//! PostgreSQL and Redis from Debian's packages; where one is absent its test says so, and fails only where
//! `LB_DEMAND_TOOLS=1` asks for it.

use lb_harness::debian::{self, Tool};
use lb_harness::{Launch, Proxy, eventually, loopback};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, User, geteuid};
use std::error::Error;
use std::fs;
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const REDIS: Tool = Tool { program: "redis-server", package: "redis-server" };
const REDIS_CLI: Tool = Tool { program: "redis-cli", package: "redis-server" };
const PSQL: Tool = Tool { program: "psql", package: "postgresql" };

/// How long a service may take to answer first, and to end.
const PATIENCE: Duration = Duration::from_secs(30);

type Done = Result<(), Box<dyn Error>>;

/// A running service, stopped by its pid when dropped.
struct Service {
    child: Child,
    stop: Signal,
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = i32::try_from(self.child.id()).map(|pid| kill(Pid::from_raw(pid), self.stop));
        if !eventually(PATIENCE, || matches!(self.child.try_wait(), Ok(Some(_)))) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// Says that a test is left out; an error where it must not be.
fn absent(missing: String) -> Done {
    println!("skipped, {missing}");
    if debian::demanded() { Err(missing.into()) } else { Ok(()) }
}

/// lb in front of a service, at an address and at a unix socket of it.
fn relay(service: SocketAddr, socket: &Path) -> Result<(Proxy, [SocketAddr; 2]), Box<dyn Error>> {
    let fronts = [loopback::free_port()?, loopback::free_port()?];
    let config = format!(
        "defaults\n mode tcp\n timeout connect 5s\n timeout client 60s\n timeout server 60s\n\
         listen inet\n bind {}\n server s {service}\n\
         listen unix\n bind {}\n option splice-auto\n server s {}\n",
        fronts[0],
        fronts[1],
        socket.display()
    );
    let launch = Launch::new(env!("CARGO_BIN_EXE_lb")).config(&config);
    Ok((launch.listening_on(fronts[0]).listening_on(fronts[1]).start()?, fronts))
}

/// What a client prints when it is fed `input`.
fn output(command: &mut Command, input: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let mut stdin = child.stdin.take().ok_or("no standard input")?;
    let input = input.to_owned();
    let feeder = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let done = child.wait_with_output()?;
    // A client that ends early closes its input.
    let _ = feeder.join();
    if !done.status.success() {
        return Err(format!("{}: {}", done.status, String::from_utf8_lossy(&done.stderr)).into());
    }
    Ok(done.stdout)
}

#[test]
fn redis() -> Done {
    let (server, cli) = match debian::find_all([REDIS, REDIS_CLI]) {
        Ok([server, cli]) => (server, cli),
        Err(missing) => return absent(missing),
    };
    let folder = tempfile::Builder::new().prefix("lb-redis-").tempdir()?;
    let (at, socket) = (loopback::free_port()?, folder.path().join("redis.sock"));
    let child = Command::new(server)
        .args(["--save", "", "--appendonly", "no", "--dir"])
        .arg(folder.path())
        .args(["--bind", &at.ip().to_string(), "--port", &at.port().to_string(), "--unixsocket"])
        .arg(&socket)
        .stdout(Stdio::null())
        .spawn()?;
    let _service = Service { child, stop: Signal::SIGTERM };
    let ask = |to: SocketAddr, input: &str| {
        let mut command = Command::new(&cli);
        output(command.args(["-h", &to.ip().to_string(), "-p", &to.port().to_string()]), input)
    };
    assert!(eventually(PATIENCE, || ask(at, "PING\n").is_ok_and(|said| said == b"PONG\n")));
    let (_lb, fronts) = relay(at, &socket)?;
    // Small exchanges in turns, and answers of a megabyte.
    let mut input = String::new();
    for number in 0..500 {
        input.push_str(&format!("SET key{number} value{number}\nGET key{number}\n"));
    }
    input.push_str("EVAL \"return string.rep('0123456789', 100000)\" 0\nDBSIZE\n");
    let direct = ask(at, &input)?;
    assert!(direct.len() > 1_000_000);
    for front in fronts {
        assert!(ask(front, &input)? == direct, "redis says something else through {front}");
    }
    Ok(())
}

/// PostgreSQL's own programs stand in no `PATH`.
fn postgres_folder() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?.flatten();
    versions.map(|version| version.path().join("bin")).find(|folder| folder.join("initdb").is_file())
}

#[test]
fn postgresql() -> Done {
    let psql = match debian::find_all([PSQL]) {
        Ok([psql]) => psql,
        Err(missing) => return absent(missing),
    };
    let Some(programs) = postgres_folder() else {
        return absent("not installed: initdb (apt-get install postgresql)".into());
    };
    let folder = tempfile::Builder::new().prefix("lb-pg-").tempdir()?;
    // PostgreSQL refuses to run as root.
    let user = if geteuid().is_root() { User::from_name("postgres")? } else { None };
    let own = |command: &mut Command| {
        if let Some(user) = &user {
            command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
        }
    };
    if let Some(user) = &user {
        std::os::unix::fs::chown(folder.path(), Some(user.uid.as_raw()), Some(user.gid.as_raw()))?;
    }
    let data = folder.path().join("data");
    let mut initdb = Command::new(programs.join("initdb"));
    initdb.args(["-A", "trust", "-U", "postgres", "--no-sync", "-D"]).arg(&data).current_dir(folder.path());
    own(&mut initdb);
    output(&mut initdb, "")?;
    let at = loopback::free_port()?;
    let mut postgres = Command::new(programs.join("postgres"));
    postgres
        .arg("-D")
        .arg(&data)
        .args(["-h", &at.ip().to_string(), "-p", &at.port().to_string(), "-F", "-k"])
        .arg(folder.path())
        .current_dir(folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    own(&mut postgres);
    let _service = Service { child: postgres.spawn()?, stop: Signal::SIGINT };
    let ask = |to: SocketAddr, input: &str| {
        let mut command = Command::new(&psql);
        command.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "postgres"]);
        output(command.args(["-h", &to.ip().to_string(), "-p", &to.port().to_string()]), input)
    };
    assert!(eventually(PATIENCE, || ask(at, "select 1;\n").is_ok()));
    let socket = folder.path().join(format!(".s.PGSQL.{}", at.port()));
    let (_lb, fronts) = relay(at, &socket)?;
    let mut input = String::from("create temporary table t (id int primary key, name text);\n");
    for number in 0..200 {
        input.push_str(&format!("insert into t values ({number}, 'name {number}');\n"));
    }
    input.push_str("select count(*), max(name) from t;\n");
    input.push_str("copy (select repeat('0123456789', 10) from generate_series(1, 20000)) to stdout;\n");
    let direct = ask(at, &input)?;
    assert!(direct.len() > 1_000_000);
    for front in fronts {
        assert!(ask(front, &input)? == direct, "PostgreSQL says something else through {front}");
    }
    Ok(())
}
