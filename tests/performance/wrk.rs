//! Running wrk and reading what it prints.

use std::io;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::scenario::{CONNECTIONS, Scenario};

/// What one run of wrk saw.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Load {
    /// Answers that came.
    pub(crate) requests: u64,
    /// Answers per second.
    pub(crate) per_second: f64,
    /// Half of the answers came within this.
    pub(crate) p50: Duration,
    /// 99 of 100 answers came within this.
    pub(crate) p99: Duration,
}

/// Loads a proxy on a loopback port for some seconds.
///
/// # Errors
/// wrk doesn't run, or it saw a failed connection or an answer other than 2xx: such a figure would say nothing.
pub(crate) fn run(wrk: &Path, scenario: &Scenario, port: u16, seconds: u32) -> io::Result<Load> {
    let mut command = Command::new(wrk);
    command.args(["--threads=1", "--latency"]);
    command.arg(format!("--connections={CONNECTIONS}")).arg(format!("--duration={seconds}s"));
    for header in scenario.headers {
        command.args(["--header", header]);
    }
    let output = command.arg(format!("http://127.0.0.1:{port}{}", scenario.path)).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        return Err(io::Error::other(format!(
            "wrk failed: {text}{}",
            String::from_utf8_lossy(&output.stderr)
        )));
    }
    parse(&text).map_err(|what| io::Error::other(format!("{what} in wrk's report:\n{text}")))
}

fn parse(report: &str) -> Result<Load, &'static str> {
    if report.contains("Socket errors:") || report.contains("Non-2xx") {
        return Err("failed requests");
    }
    let after = |label: &str| report.lines().find_map(|line| line.trim().strip_prefix(label)).map(str::trim);
    let (requests, _) = report.split_once(" requests in ").ok_or("no count of requests")?;
    Ok(Load {
        requests: requests
            .rsplit(char::is_whitespace)
            .next()
            .and_then(|count| count.parse().ok())
            .filter(|count| *count > 0)
            .ok_or("no count of requests")?,
        per_second: after("Requests/sec:").and_then(|rate| rate.parse().ok()).ok_or("no rate")?,
        p50: after("50%").and_then(duration).ok_or("no median")?,
        p99: after("99%").and_then(duration).ok_or("no 99th percentile")?,
    })
}

/// A time as wrk prints it: `812.00us`, `1.25ms`, `2.00s`, `1.00m`.
fn duration(text: &str) -> Option<Duration> {
    let unit_at = text.find(|character: char| character.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at(unit_at);
    let seconds = match unit {
        "us" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return None,
    };
    Duration::try_from_secs_f64(number.parse::<f64>().ok()? * seconds).ok()
}
