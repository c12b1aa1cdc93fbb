//! What health checks ask, and what they make of answers: good ones, wrong ones, cut, endless and binary ones. Each case
//! was recorded from Debian's haproxy, which runs again beside lb where it is installed. How cases are written:
//! `README.md` beside this file.

mod case;
mod peer;

use case::{Case, Seen};
use lb_harness::{Launch, Syslog, debian, eventually, loopback};
use peer::Peer;
use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{env, fs};

/// How long all verdicts of one program may take: far more than they do, since machines that build meanwhile are slow.
const PATIENCE: Duration = Duration::from_secs(40);
/// How long nothing must come where nothing is to come.
const SILENCE: Duration = Duration::from_millis(500);

const GLOBAL: &str = "global
    node here
    external-check
    insecure-fork-wanted
    max-spread-checks 1s
defaults
    mode tcp
    balance roundrobin
    log global
    option log-health-checks
    timeout connect 2s
    timeout client 5s
    timeout server 5s
    timeout check 2s
";

type Done = Result<(), Box<dyn Error>>;

#[test]
fn tcp() -> Done {
    judge("tcp.txt")
}

#[test]
fn http() -> Done {
    judge("http.txt")
}

#[test]
fn protocols() -> Done {
    judge("protocols.txt")
}

#[test]
fn socks4() -> Done {
    judge("socks4.txt")
}

#[test]
fn agents() -> Done {
    judge("agents.txt")
}

#[test]
fn sequences() -> Done {
    judge("sequences.txt")
}

/// How often haproxy may run a case: that a busy machine held it up says nothing of the record.
const TRIES: usize = 3;

/// Runs the cases of a file on haproxy, if there is one, and on lb; both must see what the file says.
fn judge(file: &str) -> Done {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/answers").join(file);
    let text = fs::read_to_string(&path)?;
    let cases = case::read(&text)?;
    if env::var_os("LB_RECORD").is_some() {
        let haproxy = debian::HAPROXY.find().ok_or("no haproxy to record from")?;
        let seen = run(&haproxy, &cases.iter().collect::<Vec<_>>())?;
        return Ok(fs::write(&path, case::write(&text, &seen))?);
    }
    let mut wrong = String::new();
    let haproxy = debian::HAPROXY.find().map(|program| (program, TRIES));
    for (program, tries) in haproxy.into_iter().chain([(PathBuf::from(env!("CARGO_BIN_EXE_lb")), 1)]) {
        for (case, seen) in unexpected(&program, cases.iter().collect(), tries)? {
            writeln!(
                wrong,
                "{} [{}]\nexpected {:#?}\nbut {seen:#?}",
                program.display(),
                case.name,
                case.expected
            )?;
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.into()) }
}

/// The cases in which a program does not do what the file says, each time that it is tried.
fn unexpected<'a>(
    program: &Path,
    mut cases: Vec<&'a Case>,
    tries: usize,
) -> Result<Vec<(&'a Case, Seen)>, Box<dyn Error>> {
    let mut wrong = Vec::new();
    for _ in 0..tries {
        let seen = run(program, &cases)?;
        wrong = cases.into_iter().zip(seen).filter(|(case, seen)| case.expected != *seen).collect();
        cases = wrong.iter().map(|(case, _)| *case).collect();
        if cases.is_empty() {
            break;
        }
    }
    Ok(wrong)
}

/// What one program asks and says in all cases.
fn run(program: &Path, cases: &[&Case]) -> Result<Vec<Seen>, Box<dyn Error>> {
    let syslog = Syslog::start()?;
    let front = loopback::free_port()?;
    let mut config = format!("{GLOBAL}frontend none\n    bind {front}\n").replacen(
        "global\n",
        &format!("global\n    log {} local0 debug\n", syslog.addr()),
        1,
    );
    let mut peers = Vec::new();
    for (case, index) in cases.iter().zip(0..) {
        let peer = Peer::start(case)?;
        config.push_str(&case.backend(index, peer.addr()));
        peers.push(peer);
    }
    let proxy = Launch::new(program).config(&config).listening_on(front).start()?;
    let lines = || case::sorted(&syslog.lines(), cases.len());
    let recording = env::var_os("LB_RECORD").is_some();
    if recording {
        std::thread::sleep(Duration::from_secs(15));
    } else {
        let enough = |lines: &[Vec<String>]| {
            cases.iter().zip(lines).all(|(case, lines)| lines.len() >= case.expected.lines.len())
        };
        let _ = eventually(PATIENCE, || enough(&lines()));
        std::thread::sleep(SILENCE);
    }
    let lines = lines();
    drop(proxy);
    let seen = |((case, peer), lines): ((&&Case, &Peer), Vec<String>)| case.seen(peer, lines, recording);
    Ok(cases.iter().zip(&peers).zip(lines).map(seen).collect())
}
