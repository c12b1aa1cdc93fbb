use crate::service::{self, Service};
use crate::{Done, PATIENCE, absent, checked, output, relay};
use lb_harness::debian::{self, Tool};
use lb_harness::{eventually, loopback};
use nix::sys::signal::Signal;
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Stdio};

const PSQL: Tool = Tool { program: "psql", package: "postgresql" };

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
    let user = service::user("postgres")?;
    service::give(user.as_ref(), folder.path())?;
    let data = folder.path().join("data");
    let mut initdb = Command::new(programs.join("initdb"));
    initdb.args(["-A", "trust", "-U", "postgres", "--no-sync", "-D"]).arg(&data).current_dir(folder.path());
    service::run_as(user.as_ref(), &mut initdb);
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
    service::run_as(user.as_ref(), &mut postgres);
    let service = Service { child: postgres.spawn()?, stop: Signal::SIGINT };
    let ask = |to: SocketAddr, input: &str| {
        let mut command = Command::new(&psql);
        command.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "postgres"]);
        output(command.args(["-h", &to.ip().to_string(), "-p", &to.port().to_string()]), input)
    };
    assert!(eventually(PATIENCE, || ask(at, "select 1;\n").is_ok()));
    let socket = folder.path().join(format!(".s.PGSQL.{}", at.port()));
    let (lb, fronts) = relay(at, &socket)?;
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
    drop(lb);
    checked::judge(
        service,
        at,
        &[
            ("option pgsql-check user postgres", "succeeded, reason: Layer7 check passed"),
            ("option pgsql-check user nobody", "reason: Layer7 "),
            ("option mysql-check", "failed, reason: "),
        ],
    )
}
