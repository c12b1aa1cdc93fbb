use crate::service::Service;
use crate::{Done, PATIENCE, absent, checked, output, relay};
use lb_harness::debian::{self, Tool};
use lb_harness::{eventually, loopback};
use nix::sys::signal::Signal;
use std::net::SocketAddr;
use std::process::{Command, Stdio};

const REDIS: Tool = Tool { program: "redis-server", package: "redis-server" };
const REDIS_CLI: Tool = Tool { program: "redis-cli", package: "redis-server" };

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
    let service = Service { child, stop: Signal::SIGTERM };
    let ask = |to: SocketAddr, input: &str| {
        let mut command = Command::new(&cli);
        output(command.args(["-h", &to.ip().to_string(), "-p", &to.port().to_string()]), input)
    };
    assert!(eventually(PATIENCE, || ask(at, "PING\n").is_ok_and(|said| said == b"PONG\n")));
    let (lb, fronts) = relay(at, &socket)?;
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
    drop(lb);
    checked::judge(
        service,
        at,
        &[
            ("option redis-check", "succeeded, reason: Layer7 check passed"),
            ("option pgsql-check user x", "failed, reason: "),
        ],
    )
}
