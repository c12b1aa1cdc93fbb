//! The command line.

use std::path::PathBuf;
use std::time::Duration;

/// What `--help` says.
pub const USAGE: &str = "\
usage: run [OPTION...]          builds and starts db1, app1, app2, web1, web2 and lb1, lb2, lb3; Ctrl-C stops them
  --data FOLDER                 where the database and the logs are (target/demo)
  --proxy PROGRAM               runs this, one of it, instead of three lb, for example haproxy
  --configuration FILE          its configuration (examples/haproxy.cfg)
  --restart-after SECONDS       when a tier that has ended is started again (5)
       run --kill NAME          kills a tier of the running demo (SIGKILL)
       run --stop NAME          asks one to end (SIGTERM)";

/// What is to be done.
#[derive(Debug)]
pub enum Command {
    /// Everything is started.
    Run,
    /// The running demo is asked to do this to that tier.
    Ask(&'static str, String),
}

/// What the command line said.
#[derive(Debug)]
pub struct Options {
    /// What to do.
    pub command: Command,
    /// Where all files are.
    pub data: PathBuf,
    /// The one balancer, if not three lb.
    pub proxy: Option<PathBuf>,
    /// What it is given.
    pub configuration: PathBuf,
    /// What three lb are given as well.
    pub cluster: PathBuf,
    /// When a tier that has ended is started again.
    pub restart_after: Duration,
}

/// Reads the command line; nothing when help was asked for.
///
/// # Errors
/// What cannot be understood.
pub fn parse() -> Result<Option<Options>, lexopt::Error> {
    use lexopt::prelude::{Long, Short, ValueExt as _};
    let examples = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let mut options = Options {
        command: Command::Run,
        data: std::env::temp_dir().join("lb-demo"),
        proxy: None,
        configuration: examples.join("haproxy.cfg"),
        cluster: examples.join("demo/cluster.cfg"),
        restart_after: Duration::from_secs(5),
    };
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("data") => options.data = arguments.value()?.into(),
            Long("proxy") => options.proxy = Some(arguments.value()?.into()),
            Long("configuration") => options.configuration = arguments.value()?.into(),
            Long("restart-after") => {
                options.restart_after = Duration::from_secs(arguments.value()?.parse()?);
            }
            Long("kill") => options.command = Command::Ask("kill", arguments.value()?.string()?),
            Long("stop") => options.command = Command::Ask("stop", arguments.value()?.string()?),
            Long("help") | Short('h') => return Ok(None),
            other => return Err(other.unexpected()),
        }
    }
    Ok(Some(options))
}
