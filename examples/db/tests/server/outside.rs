//! Other programs against the server. Without them, each says so and is skipped.

use crate::{Database, PASSWORD};
use lb_harness::debian::{self, Tool};
use lb_harness::{Launch, eventually, loopback};
use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::Duration;

/// The program, or a word about its absence.
fn find(tool: Tool) -> Option<PathBuf> {
    let [program] = debian::find_all([tool])
        .inspect_err(|missing| {
            assert!(!debian::demanded(), "{missing}");
            eprintln!("skipped: {missing}");
        })
        .ok()?;
    Some(program)
}

fn run(database: &Database, program: PathBuf, arguments: &[&str]) -> Output {
    Command::new(program)
        .args(["-h", &database.addr.ip().to_string(), "-p", &database.addr.port().to_string(), "-U", "app"])
        .args(arguments)
        .env("PGPASSWORD", PASSWORD)
        .output()
        .unwrap()
}

#[test]
fn psql_works() {
    let Some(psql) = find(debian::PSQL) else { return };
    let database = Database::start(&[]);
    let script = "CREATE TABLE n (a BIGINT, b TEXT); INSERT INTO n VALUES (1, 'one'), (2, NULL); SELECT a, b FROM n ORDER BY a; DELETE FROM n WHERE a = 1";
    let done = run(&database, psql.clone(), &["-X", "-v", "ON_ERROR_STOP=1", "-A", "notes", "-c", script]);
    let (said, failed) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert_eq!(said, "CREATE TABLE\nINSERT 0 2\na|b\n1|one\n2|\n(2 rows)\nDELETE 1\n", "{failed}");

    let script = [
        "-c",
        "BEGIN",
        "-c",
        "SELECT oops",
        "-c",
        "SELECT 1",
        "-c",
        "ROLLBACK",
        "-c",
        "SELECT count(*) FROM n",
    ];
    let arguments: Vec<_> =
        ["-X", "-At", "-v", "VERBOSITY=verbose", "notes"].into_iter().chain(script).collect();
    let done = run(&database, psql, &arguments);
    let (said, failed) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert_eq!(said, "BEGIN\nROLLBACK\n1\n", "{failed}");
    assert!(failed.contains("ERROR:  42703: no such column: oops"), "{failed}");
    assert!(failed.contains("LINE 1: SELECT oops"), "the place is shown: {failed}");
    assert!(failed.contains("ERROR:  25P02:"), "{failed}");
}

#[test]
fn pg_isready_says_yes_and_then_no() {
    let Some(pg_isready) = find(debian::PG_ISREADY) else { return };
    let mut database = Database::start(&[]);
    assert_eq!(run(&database, pg_isready.clone(), &[]).status.code(), Some(0));
    database.program.stop();
    assert_eq!(run(&database, pg_isready, &[]).status.code(), Some(2));
}

#[test]
fn haproxys_check_finds_it_well_and_then_not() {
    let Some(haproxy) = find(debian::HAPROXY) else { return };
    let mut database = Database::start(&[]);
    let front = loopback::free_port().unwrap();
    let config = format!(
        "global\n stats socket unix@cli.sock level admin\n\
         defaults\n mode tcp\n timeout client 5s\n timeout server 5s\n timeout connect 1s\n\
         listen db\n bind {front}\n option pgsql-check user app\n server db1 {} check inter 50ms rise 1 fall 1\n",
        database.addr
    );
    let proxy = Launch::new(haproxy).config(&config).listening_on(front).start().unwrap();
    let status = || {
        use std::io::{Read as _, Write as _};
        let mut cli = std::os::unix::net::UnixStream::connect(proxy.dir().join("cli.sock")).unwrap();
        cli.write_all(b"show stat\n").unwrap();
        let mut answer = String::new();
        cli.read_to_string(&mut answer).unwrap();
        answer.lines().find(|line| line.starts_with("db,db1,")).unwrap().to_owned()
    };
    assert!(
        eventually(Duration::from_secs(10), || status().contains(",UP,") && status().contains("L7OK")),
        "{}",
        status()
    );
    database.program.stop();
    assert!(eventually(Duration::from_secs(10), || status().contains(",DOWN,")), "{}", status());
}
