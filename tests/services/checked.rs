//! Health checks of a real service: what lb finds out is what haproxy finds out, and that it has ended is noticed.

use crate::service::Service;
use crate::{Done, PATIENCE};
use lb_harness::{Launch, Proxy, Syslog, debian, loopback};
use std::error::Error;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;

/// Lines of a backend that say how to check, and what must be found out.
pub(crate) type Case<'a> = (&'a str, &'a str);

/// A proxy that checks a service in each of these ways, and where its log goes.
fn watch(program: &Path, at: SocketAddr, cases: &[Case<'_>]) -> Result<(Proxy, Syslog), Box<dyn Error>> {
    let (syslog, front) = (Syslog::start()?, loopback::free_port()?);
    let mut config = format!(
        "global\n log {} local0 debug\n\
         defaults\n mode tcp\n log global\n option log-health-checks\n balance roundrobin\n\
         timeout connect 5s\n timeout client 5s\n timeout server 5s\n timeout check 5s\n\
         frontend none\n bind {front}\n",
        syslog.addr()
    );
    for ((lines, _), number) in cases.iter().zip(0..) {
        write!(config, "backend b{number}\n {lines}\n server s {at} check inter 500ms rise 1 fall 1\n")?;
    }
    Ok((Launch::new(program).config(&config).listening_on(front).start()?, syslog))
}

/// What the first check of each backend found out, without how long it took.
fn verdicts(lines: &[String], count: usize) -> Vec<Option<String>> {
    let verdict = |number: usize| {
        let start = format!("Health check for server b{number}/s ");
        let line = lines.iter().find_map(|line| line.split_once(&start))?.1;
        let (before, after) = line.split_once(", check duration: ")?;
        Some(format!("{before},{}", after.split_once(',')?.1))
    };
    (0..count).map(verdict).collect()
}

/// Checks a service with haproxy, where it is installed, and with lb: both find out the same, and what the cases say.
/// Then the service ends: lb notices.
pub(crate) fn judge(service: Service, at: SocketAddr, cases: &[Case<'_>]) -> Done {
    let lb = Path::new(env!("CARGO_BIN_EXE_lb"));
    let all = |lines: &[String]| verdicts(lines, cases.len()).iter().all(Option::is_some);
    let mut found = Vec::new();
    for program in debian::HAPROXY.find().as_deref().into_iter().chain([lb]) {
        let (_proxy, syslog) = watch(program, at, cases)?;
        assert!(syslog.wait_for(all, PATIENCE), "{}: {:#?}", program.display(), syslog.lines());
        let seen = verdicts(&syslog.lines(), cases.len());
        for (verdict, (lines, expected)) in seen.iter().flatten().zip(cases) {
            assert!(verdict.contains(expected), "{} with {lines}: {verdict}", program.display());
        }
        found.push(seen);
    }
    assert!(found.windows(2).all(|pair| pair[0] == pair[1]), "haproxy and lb differ: {found:#?}");
    let (_proxy, syslog) = watch(lb, at, cases.get(..1).unwrap_or_default())?;
    assert!(syslog.wait_for(|lines| verdicts(lines, 1)[0].is_some(), PATIENCE));
    drop(service);
    let noticed = |lines: &[String]| {
        lines.iter().any(|line| line.contains("Server b0/s is DOWN"))
            && lines.iter().any(|line| line.contains("failed, reason: Layer4 connection problem"))
    };
    assert!(syslog.wait_for(noticed, PATIENCE), "{:#?}", syslog.lines());
    Ok(())
}
