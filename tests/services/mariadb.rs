use crate::service::{self, Service};
use crate::{Done, PATIENCE, absent, checked, output, relay};
use lb_harness::debian::{self, Tool};
use lb_harness::{eventually, loopback};
use nix::sys::signal::Signal;
use std::net::SocketAddr;
use std::process::{Command, Stdio};

const SERVER: Tool = Tool { program: "mariadbd", package: "mariadb-server" };
const INSTALL: Tool = Tool { program: "mariadb-install-db", package: "mariadb-server" };
const CLIENT: Tool = Tool { program: "mariadb", package: "mariadb-server" };

#[test]
fn mariadb() -> Done {
    let (server, install, client) = match debian::find_all([SERVER, INSTALL, CLIENT]) {
        Ok([server, install, client]) => (server, install, client),
        Err(missing) => return absent(missing),
    };
    let folder = tempfile::Builder::new().prefix("lb-my-").tempdir()?;
    let user = service::user("mysql")?;
    service::give(user.as_ref(), folder.path())?;
    let data = folder.path().join("data");
    let mut make = Command::new(install);
    make.args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"])
        .arg(format!("--datadir={}", data.display()))
        .current_dir(folder.path());
    service::run_as(user.as_ref(), &mut make);
    output(&mut make, "")?;
    let (at, socket) = (loopback::free_port()?, folder.path().join("my.sock"));
    let mut mariadb = Command::new(server);
    mariadb
        .arg("--no-defaults")
        .arg(format!("--datadir={}", data.display()))
        .arg(format!("--socket={}", socket.display()))
        .arg(format!("--pid-file={}", folder.path().join("pid").display()))
        .args([format!("--bind-address={}", at.ip()), format!("--port={}", at.port())])
        // Wrong hands shake often here, which must not lock the proxy out.
        .args(["--skip-name-resolve", "--max-connect-errors=100000"])
        .current_dir(folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    service::run_as(user.as_ref(), &mut mariadb);
    let service = Service { child: mariadb.spawn()?, stop: Signal::SIGTERM };
    let ask = |to: SocketAddr, input: &str| {
        let mut command = Command::new(&client);
        command.args(["--no-defaults", "--protocol=tcp", "--batch", "--skip-column-names", "-u", "root"]);
        output(command.args(["-h", &to.ip().to_string(), "-P", &to.port().to_string()]), input)
    };
    assert!(eventually(PATIENCE, || ask(at, "select 1;\n").is_ok()));
    // The user that checks name: any place, no password, no rights.
    ask(at, "create user 'checker'@'%'; create user 'locked'@'%' identified by 'secret';\n")?;
    {
        let (_lb, fronts) = relay(at, &socket)?;
        let mut input =
            String::from("create database d; use d; create table t (id int primary key, name text);\n");
        for number in 0..200 {
            input.push_str(&format!("replace into t values ({number}, 'name {number}');\n"));
        }
        input.push_str("select count(*), max(name) from t; select repeat('0123456789', 100000);\n");
        input.push_str("drop database d;\n");
        let direct = ask(at, &input)?;
        assert!(direct.len() > 1_000_000);
        for front in fronts {
            assert!(ask(front, &input)? == direct, "MariaDB says something else through {front}");
        }
    }
    checked::judge(
        service,
        at,
        &[
            ("option mysql-check user checker", "succeeded, reason: Layer7 check passed"),
            ("option mysql-check", "succeeded, reason: Layer7 check passed"),
            ("option mysql-check user checker post-41", "succeeded, reason: Layer7 check passed"),
            ("option mysql-check user nobody", "failed, reason: Layer7 wrong status"),
            ("option mysql-check user locked", "failed, reason: Layer7 wrong status"),
            ("option redis-check", "failed, reason: Layer7 wrong status"),
        ],
    )
}
