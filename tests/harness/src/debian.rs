//! Programs from Debian's packages that the outside suites run.
//!
//! A suite whose programs are absent says so and is skipped, unless `LB_DEMAND_TOOLS=1` asks that it must run
//! (`.ci/run` does).

use std::env;
use std::path::PathBuf;

/// A program and the Debian package that has it.
#[derive(Clone, Copy, Debug)]
pub struct Tool {
    /// The file name, looked for in `PATH` and the system's `sbin` folders.
    pub program: &'static str,
    /// What to `apt-get install`.
    pub package: &'static str,
}

/// The proxy that every outside suite compares with.
pub const HAPROXY: Tool = Tool { program: "haproxy", package: "haproxy" };
/// The web server behind the proxies, and a proxy to compare with.
pub const NGINX: Tool = Tool { program: "nginx", package: "nginx-light" };
/// The load.
pub const WRK: Tool = Tool { program: "wrk", package: "wrk" };
/// The server that scrapes metrics, and its tool that checks them.
pub const PROMETHEUS: Tool = Tool { program: "prometheus", package: "prometheus" };
/// See [`PROMETHEUS`].
pub const PROMTOOL: Tool = Tool { program: "promtool", package: "prometheus" };
/// The runner of `.vtc` files.
pub const VARNISHTEST: Tool = Tool { program: "varnishtest", package: "varnish" };
/// PostgreSQL's client.
pub const PSQL: Tool = Tool { program: "psql", package: "postgresql-client" };
/// Asks whether a PostgreSQL server is ready.
pub const PG_ISREADY: Tool = Tool { program: "pg_isready", package: "postgresql-client" };
/// A browser.
pub const CHROMIUM: Tool = Tool { program: "chromium", package: "chromium" };
/// What drives it.
pub const CHROMEDRIVER: Tool = Tool { program: "chromedriver", package: "chromium-driver" };

impl Tool {
    /// Where the program is, or nothing when it isn't installed.
    pub fn find(self) -> Option<PathBuf> {
        let path = env::var_os("PATH").unwrap_or_default();
        env::split_paths(&path)
            .chain(["/usr/sbin".into(), "/usr/local/sbin".into(), "/sbin".into()])
            .map(|folder| folder.join(self.program))
            .find(|file| file.is_file())
    }
}

/// Whether a missing tool is a failure (`LB_DEMAND_TOOLS=1`) and not a reason to skip.
pub fn demanded() -> bool {
    env::var_os("LB_DEMAND_TOOLS").is_some_and(|value| value == "1")
}

/// Finds all of `tools`, or says in one sentence which are missing and how to get them.
///
/// # Errors
/// The sentence, when at least one is missing.
pub fn find_all<const N: usize>(tools: [Tool; N]) -> Result<[PathBuf; N], String> {
    let found = tools.map(Tool::find);
    let missing: Vec<Tool> =
        tools.iter().zip(&found).filter(|(_, found)| found.is_none()).map(|(tool, _)| *tool).collect();
    if missing.is_empty() {
        return Ok(found.map(Option::unwrap_or_default));
    }
    let programs: Vec<&str> = missing.iter().map(|tool| tool.program).collect();
    let packages: Vec<&str> = missing.iter().map(|tool| tool.package).collect();
    Err(format!("not installed: {} (apt-get install {})", programs.join(", "), packages.join(" ")))
}
