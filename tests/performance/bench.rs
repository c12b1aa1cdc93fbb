//! CPU time per request and memory per connection of lb beside haproxy and nginx: `cargo bench --bench performance`.
//!
//! How it is measured and how to read the table: `README.md` beside this file.

mod figures;
mod idle;
mod options;
mod scenario;
mod sink;
mod stand;
mod wrk;

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use figures::{Round, Verdict};
use lb_harness::debian;
use options::{Options, Request, Rival};
use scenario::{Goal, LARGE, Scenario};
use stand::{Processors, Running, Stand};

/// Where the measured programs are.
struct Programs {
    haproxy: PathBuf,
    nginx: PathBuf,
    wrk: PathBuf,
}

fn main() -> ExitCode {
    let options = match options::parse(env!("CARGO_BIN_EXE_lb").into()) {
        Ok(Request::Run(options)) => options,
        Ok(Request::List) => {
            scenario::ALL.iter().for_each(|scenario| println!("{:12} {}", scenario.name, scenario.what));
            return ExitCode::SUCCESS;
        }
        Ok(Request::Help) => {
            println!("{}", options::USAGE);
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("performance: {error}\n{}", options::USAGE);
            return ExitCode::from(2);
        }
    };
    let programs = match debian::find_all([debian::HAPROXY, debian::NGINX, debian::WRK]) {
        Ok([haproxy, nginx, wrk]) => Programs { haproxy, nginx, wrk },
        Err(missing) => {
            println!("performance: skipped, {missing}");
            return if debian::demanded() { ExitCode::FAILURE } else { ExitCode::SUCCESS };
        }
    };
    match measure_all(&options, &programs) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("performance: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Measures and prints every wanted scenario. False when one failed or is far beyond its goal.
fn measure_all(options: &Options, programs: &Programs) -> io::Result<bool> {
    let known = |name: &String| scenario::ALL.iter().any(|scenario| scenario.name == name);
    if let Some(unknown) = options.scenarios.iter().find(|name| !known(name)) {
        return Err(io::Error::other(format!("there is no scenario '{unknown}' (--list prints them)")));
    }
    let processors = Processors::choose()?;
    stand::raise_file_limit()?;
    println!(
        "{} rounds of {} s; proxies on CPU {}, load and web server on CPU {}; medians",
        options.rounds, options.seconds, processors.proxy, processors.load
    );
    let mut verdicts = Vec::new();
    let wanted = |scenario: &&Scenario| {
        options.scenarios.is_empty() || options.scenarios.iter().any(|name| name == scenario.name)
    };
    for scenario in scenario::ALL.iter().filter(wanted) {
        println!("\n{}: {}", scenario.name, scenario.what);
        let measure = || {
            measure(scenario, options, programs, processors).unwrap_or_else(|error| {
                println!("  failed: {error}");
                Verdict::Failed
            })
        };
        let mut verdict = measure();
        if matches!(verdict, Verdict::FarBeyond(_)) {
            println!("  far beyond its goal: all over again, with new processes");
            verdict = measure();
        }
        verdicts.push((scenario, verdict));
    }
    println!("\n{}", figures::summary(&verdicts));
    Ok(verdicts.iter().all(|(_, verdict)| verdict.acceptable()))
}

/// Measures one scenario on every proxy and prints its table.
fn measure(
    scenario: &Scenario,
    options: &Options,
    programs: &Programs,
    processors: Processors,
) -> io::Result<Verdict> {
    let folder = tempfile::tempdir()?;
    let stand = Stand::start(folder.path(), &programs.nginx, processors, LARGE)?;
    let start_all = || -> io::Result<Vec<(&'static str, Running)>> {
        let mut proxies = vec![("lb", stand.haproxy(&options.subject, "lb", scenario)?)];
        for rival in &options.rivals {
            proxies.push(match rival {
                Rival::Haproxy => ("haproxy", stand.haproxy(&programs.haproxy, "haproxy", scenario)?),
                Rival::Nginx => ("nginx", stand.nginx("nginx", scenario)?),
            });
        }
        Ok(proxies)
    };
    match scenario.goal {
        Goal::CpuRatio(goal) => {
            let proxies = start_all()?;
            warm_up(&proxies, scenario, &programs.wrk)?;
            let mut rounds = Vec::new();
            for _ in 0..options.rounds {
                let one =
                    |(_, proxy): &(_, Running)| load(proxy, scenario, &stand, &programs.wrk, options.seconds);
                rounds.push(proxies.iter().map(one).collect::<io::Result<Vec<Round>>>()?);
            }
            let names: Vec<&str> = proxies.iter().map(|(name, _)| *name).collect();
            Ok(figures::print_cpu(&names, &rounds, goal))
        }
        Goal::IdleBytes(goal) => {
            let mut rounds = Vec::new();
            let mut names = Vec::new();
            for _ in 0..options.rounds {
                // Fresh processes: what one has taken for a round it may keep for the next.
                let proxies = start_all()?;
                warm_up(&proxies, scenario, &programs.wrk)?;
                let growth = |(_, proxy): &(_, Running)| idle::growth_per_connection(proxy, scenario);
                rounds.push(proxies.iter().map(growth).collect::<io::Result<Vec<f64>>>()?);
                names = proxies.iter().map(|(name, _)| *name).collect();
            }
            Ok(figures::print_idle(&names, &rounds, goal))
        }
    }
}

/// One second of load that isn't counted: buffers, pools and caches fill.
fn warm_up(proxies: &[(&str, Running)], scenario: &Scenario, wrk: &Path) -> io::Result<()> {
    proxies.iter().try_for_each(|(_, proxy)| wrk::run(wrk, scenario, proxy.port, 1).map(|_| ()))
}

/// Loads one proxy and takes its CPU time over the load.
fn load(proxy: &Running, scenario: &Scenario, stand: &Stand, wrk: &Path, seconds: u32) -> io::Result<Round> {
    let lines = stand.sink.lines();
    let before = proxy.usage()?;
    let load = wrk::run(wrk, scenario, proxy.port, seconds)?;
    let after = proxy.usage()?;
    let logged = stand.sink.lines() - lines;
    // The kernel may drop datagrams, but a proxy that logs only now and then would win unfairly.
    if scenario.logged && logged < load.requests / 2 {
        return Err(io::Error::other(format!("only {logged} log lines for {} requests", load.requests)));
    }
    Ok(Round {
        cpu: (after.total() - before.total()).as_secs_f64() / load.requests as f64,
        user: after.user.saturating_sub(before.user).as_secs_f64() / load.requests as f64,
        busy: (after.total() - before.total()).as_secs_f64() / f64::from(seconds),
        load,
    })
}
