//! Starts the three tiers and three load balancers in front of them, of which one leads, on loopback and without privileges, shows them at work,
//! and stops all of it on Ctrl-C. A tier that ends is started again after some seconds, so that the reader can watch the
//! site stay up meanwhile.

mod address;
mod control;
mod http;
mod options;
mod show;
mod sys;
mod tier;

use options::{Command, Options};
use show::View;
use std::error::Error;
use std::fs;
use std::io::{IsTerminal as _, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};
use tier::Tier;

/// How long everything may take to be well.
const START_LIMIT: Duration = Duration::from_secs(30);
/// How long the loop sleeps.
const PAUSE: Duration = Duration::from_millis(100);
/// How often the live line is made anew.
const REFRESH: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    let options = match options::parse() {
        Ok(Some(options)) => options,
        Ok(None) => {
            println!("{}", options::USAGE);
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("demo: {error}\n{}", options::USAGE);
            return ExitCode::from(2);
        }
    };
    let done = match &options.command {
        Command::Run => run(&options),
        Command::Ask(word, name) => {
            control::ask(&options.data, word, name).map(|answer| println!("{answer}"))
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("demo: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM, signal_hook::consts::SIGHUP] {
        signal_hook::flag::register(signal, Arc::clone(&stop))?;
    }
    fs::create_dir_all(&options.data)?;
    // Sockets have short names only: all paths are relative to the folder.
    let absolute =
        |path: &Path| fs::canonicalize(path).map_err(|error| format!("{}: {error}", path.display()));
    let (configuration, cluster) = (absolute(&options.configuration)?, absolute(&options.cluster)?);
    std::env::set_current_dir(&options.data)?;
    let control = control::Control::open()?;

    let addresses = address::choose(options.proxy.is_none())?;
    let mut environment: Vec<(&str, String)> =
        addresses.iter().map(|(name, address)| (*name, address.to_string())).collect();
    let file: String = environment.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
    fs::write("addresses", file)?;
    environment.push(("VIRTUAL", address::VIRTUAL.to_string()));
    environment.push(("DB_PASSWORD", secret("password")?));
    // What the balancers know one another by.
    secret("cluster.key")?;

    for name in tier::balancers(options) {
        // Its addresses may be others than last time, and a cluster is bound to those that it was made with.
        let _ = fs::remove_dir_all(format!("{name}.data"));
    }
    let mut tiers = tier::all(options, &environment, &configuration, &cluster)?;
    let result = serve(options, &stop, &control, &mut tiers, &addresses);
    // The balancer first: nobody is sent to a tier that ends.
    for tier in tiers.iter_mut().rev() {
        tier.tell_to_end();
    }
    for tier in &mut tiers {
        tier.wait_for_end();
    }
    for name in tier::balancers(options) {
        let _ = fs::remove_file(tier::socket_of(name)); // gone already where the balancer removed it
    }
    result
}

fn serve(
    options: &Options,
    stop: &AtomicBool,
    control: &control::Control,
    tiers: &mut [Tier],
    addresses: &[(&'static str, SocketAddr)],
) -> Result<(), Box<dyn Error>> {
    let address =
        |name: &str| addresses.iter().find(|(known, _)| *known == name).map(|(_, address)| *address);
    let (Some(site), Some(admin), Some(database)) = (address("SITE"), address("ADMIN"), address("DB")) else {
        return Err("the table of addresses has no SITE, ADMIN or DB".into());
    };
    for tier in tiers.iter_mut() {
        tier.start()?;
    }
    let begin = Instant::now();
    while !http::is_good(site, "/") || !http::is_good(site, "/api/notes") {
        for tier in tiers.iter_mut() {
            if let Some(how) = tier.ended() {
                let output = tier.last_words();
                return Err(format!("{} has ended ({how}) before all was up:\n{output}", tier.name).into());
            }
        }
        if stop.load(Ordering::Relaxed) {
            return Ok(());
        }
        if begin.elapsed() > START_LIMIT {
            let seconds = START_LIMIT.as_secs();
            return Err(format!(
                "not well after {seconds} seconds; see the .log files in {}",
                options.data.display()
            )
            .into());
        }
        sleep(PAUSE);
    }
    let mut holder = holder(options);
    print!("{}", show::table(options, holder.as_deref(), [site, admin, database], begin.elapsed()));
    std::io::stdout().flush()?;

    let live = std::io::stdout().is_terminal();
    let mut view = View::default();
    let mut next = Instant::now();
    while !stop.load(Ordering::Relaxed) {
        for event in control.answer(tiers) {
            show::event(live, &event);
        }
        for tier in tiers.iter_mut() {
            if let Some(how) = tier.ended() {
                show::event(
                    live,
                    &format!(
                        "{} has ended ({how}); it starts again in {} s",
                        tier.name,
                        options.restart_after.as_secs()
                    ),
                );
                tier.restart_at = Some(Instant::now() + options.restart_after);
            }
            if tier.restart_at.is_some_and(|time| time <= Instant::now()) {
                tier.start()?;
                show::event(live, &format!("{} is started again", tier.name));
            }
        }
        if next <= Instant::now() {
            next = Instant::now() + REFRESH;
            let now = self::holder(options);
            if let Some(name) = now.as_ref().filter(|_| now != holder) {
                show::event(live, &format!("{name} holds {} now", address::VIRTUAL));
            }
            holder = now.or(holder);
            if live {
                let balancer =
                    holder.as_deref().or(tier::balancers(options).first().copied()).unwrap_or_default();
                let statistics = http::command(&tier::socket_of(balancer), "show stat").unwrap_or_default();
                print!("\r\x1b[K{balancer}: {}", view.line(&statistics, REFRESH));
                std::io::stdout().flush()?;
            }
        }
        sleep(PAUSE);
    }
    show::event(live, "stopping");
    Ok(())
}

/// Who holds the virtual address, as the balancers say.
fn holder(options: &Options) -> Option<String> {
    let said = |name: &&str| http::command(&tier::socket_of(name), "show cluster").ok();
    let named = |answer: String| {
        let line = answer.lines().find_map(|line| line.strip_prefix("holder: "))?;
        (line != "none").then(|| line.to_owned())
    };
    tier::balancers(options).iter().filter_map(said).find_map(named)
}

/// A random secret in a file, made when the folder is new.
fn secret(file: &str) -> Result<String, Box<dyn Error>> {
    use std::os::unix::fs::OpenOptionsExt as _;
    if let Ok(secret) = fs::read_to_string(file) {
        return Ok(secret.trim().to_owned());
    }
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    let secret: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(file)?;
    writeln!(file, "{secret}")?;
    Ok(secret)
}
