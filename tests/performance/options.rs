//! The command line of the harness.

use std::path::PathBuf;

/// What `--help` prints.
pub(crate) const USAGE: &str = "\
cargo bench --bench performance [-- OPTIONS]
  --scenario NAME    only this one (may stand several times); --list prints the names
  --rounds N         rounds per scenario, the proxies taking turns in each (default 5)
  --seconds N        seconds of load per proxy and round (default 3)
  --with PATH        measure this binary instead of the lb just built
  --against LIST     the proxies to compare with, haproxy and/or nginx (default haproxy,nginx);
                     ratios are to the first";

/// A proxy to compare with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rival {
    /// Debian's haproxy, on the same file as lb.
    Haproxy,
    /// nginx, on an own file with equal rules.
    Nginx,
}

/// What to measure and how long.
#[derive(Debug)]
pub(crate) struct Options {
    /// Names of scenarios; none means all.
    pub(crate) scenarios: Vec<String>,
    /// How many rounds; at least one.
    pub(crate) rounds: u32,
    /// Seconds of load per proxy and round; at least one.
    pub(crate) seconds: u32,
    /// The binary to measure.
    pub(crate) subject: PathBuf,
    /// In the order in which they are printed; never empty.
    pub(crate) rivals: Vec<Rival>,
}

/// What the command line asks for.
#[derive(Debug)]
pub(crate) enum Request {
    /// Measure.
    Run(Options),
    /// Print the scenarios' names.
    List,
    /// Print the usage.
    Help,
}

/// Reads the process's arguments; `subject` is measured unless `--with` names another.
///
/// # Errors
/// An unknown flag or an unusable value.
pub(crate) fn parse(subject: PathBuf) -> Result<Request, lexopt::Error> {
    use lexopt::prelude::*;
    let mut options = Options {
        scenarios: Vec::new(),
        rounds: 5,
        seconds: 3,
        subject,
        rivals: vec![Rival::Haproxy, Rival::Nginx],
    };
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("scenario") => options.scenarios.push(arguments.value()?.string()?),
            Long("rounds") => options.rounds = arguments.value()?.parse_with(at_least_one)?,
            Long("seconds") => options.seconds = arguments.value()?.parse_with(at_least_one)?,
            Long("with") => options.subject = arguments.value()?.into(),
            Long("against") => options.rivals = arguments.value()?.parse_with(rivals)?,
            Long("list") => return Ok(Request::List),
            Long("help") | Short('h') => return Ok(Request::Help),
            // What `cargo bench` adds.
            Long("bench") => {}
            other => return Err(other.unexpected()),
        }
    }
    Ok(Request::Run(options))
}

fn at_least_one(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(0) => Err("it must be at least 1".into()),
        Ok(number) => Ok(number),
        Err(error) => Err(format!("{error}")),
    }
}

fn rivals(text: &str) -> Result<Vec<Rival>, String> {
    text.split(',')
        .map(|name| match name {
            "haproxy" => Ok(Rival::Haproxy),
            "nginx" => Ok(Rival::Nginx),
            other => Err(format!("'{other}' is neither haproxy nor nginx")),
        })
        .collect()
}
