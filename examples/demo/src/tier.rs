//! The programs: what each is started with, and its life.

use crate::options::Options;
use crate::sys;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::error::Error;
use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long a program may take to end before it is killed.
const END_LIMIT: Duration = Duration::from_secs(8);
/// How much of a log is shown when a program fails, in lines.
const LAST_WORDS: usize = 10;

/// The balancers, where there are three.
const NODES: [&str; 3] = ["lb1", "lb2", "lb3"];
/// The one, where there is one.
const ALONE: &str = "lb";

/// A program of the demo.
#[derive(Debug)]
pub struct Tier {
    /// What the reader calls it.
    pub name: &'static str,
    /// When it is to be started again.
    pub restart_at: Option<Instant>,
    program: PathBuf,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    child: Option<Child>,
}

/// All of them, in the order in which they start.
///
/// # Errors
/// That the programs are not beside this one.
pub fn all(
    options: &Options,
    environment: &[(&str, String)],
    configuration: &Path,
    cluster: &Path,
) -> Result<Vec<Tier>, Box<dyn Error>> {
    let own = std::env::current_exe()?;
    let folder = own.parent().ok_or("this program is in no folder")?;
    let value = |name: &str| {
        environment
            .iter()
            .find(|(known, _)| *known == name)
            .map_or_else(String::new, |(_, value)| value.clone())
    };
    let database = format!("postgresql://app@{}/notes", value("DB"));
    let tier = |name: &'static str, program: &Path, arguments: &[&str]| -> Result<Tier, Box<dyn Error>> {
        // A bare name is one that PATH knows.
        if program.components().count() > 1 && !program.is_file() {
            return Err(format!("{} does not exist: ./examples/run builds it", program.display()).into());
        }
        Ok(Tier {
            name,
            restart_at: None,
            program: program.to_owned(),
            arguments: arguments.iter().map(|&argument| argument.to_owned()).collect(),
            environment: environment
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone()))
                .collect(),
            child: None,
        })
    };
    let (db, app, web) =
        (folder.join("lb-example-db"), folder.join("lb-example-app"), folder.join("lb-example-web"));
    let text = |path: &'_ Path| path.to_str().map(str::to_owned).ok_or("a configuration's path is not text");
    let (configuration, cluster) = (text(configuration)?, text(cluster)?);
    let mut tiers = vec![
        tier("db1", &db, &["--listen", &value("DB1"), "--file", "notes.db"])?,
        tier("app1", &app, &["--listen", &value("APP1"), "--name", "app1", "--database", &database])?,
        tier("app2", &app, &["--listen", &value("APP2"), "--name", "app2", "--database", &database])?,
        tier("web1", &web, &["--listen", &value("WEB1"), "--name", "web1", "--api", &value("APP")])?,
        tier("web2", &web, &["--listen", &value("WEB2"), "--name", "web2", "--api", &value("APP")])?,
    ];
    if let Some(proxy) = &options.proxy {
        tiers.push(tier(ALONE, proxy, &["-db", "-f", &configuration])?.with("SOCKET", &socket(ALONE)));
        return Ok(tiers);
    }
    for (name, admin) in NODES.into_iter().zip(["ADMIN", "ADMIN2", "ADMIN3"]) {
        let arguments = ["-db", "-L", name, "-f", &configuration, "-f", &cluster];
        let node = tier(name, &folder.join("lb"), &arguments)?.with("NODE", name);
        tiers.push(node.with("ADMIN", &value(admin)).with("SOCKET", &socket(name)));
    }
    Ok(tiers)
}

/// The names of the balancers that there are.
pub fn balancers(options: &Options) -> &'static [&'static str] {
    if options.proxy.is_some() { &[ALONE] } else { &NODES }
}

/// Where a balancer's runtime API is, in the data folder.
pub fn socket_of(balancer: &str) -> String {
    format!("{balancer}.sock")
}

fn socket(balancer: &str) -> String {
    format!("unix@{}", socket_of(balancer))
}

impl Tier {
    /// With another value of a variable.
    fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Starts it. What it says goes to a file of its name.
    ///
    /// # Errors
    /// That it cannot be started.
    pub fn start(&mut self) -> io::Result<()> {
        self.restart_at = None;
        let log = File::options().create(true).append(true).open(self.log())?;
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            // Ctrl-C is for the demo, which ends them in order.
            .process_group(0);
        sys::end_with_us(&mut command);
        let child = command.spawn();
        let program = self.program.display();
        self.child =
            Some(child.map_err(|error| io::Error::new(error.kind(), format!("{program}: {error}")))?);
        Ok(())
    }

    /// How it has ended, once.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        let status = self.child.as_mut()?.try_wait().ok().flatten()?;
        self.child = None;
        Some(status)
    }

    /// Sends it a signal, if it runs. It is a child that was not waited for, so its number is still its own.
    ///
    /// # Errors
    /// That it does not run.
    pub fn signal(&self, signal: Signal) -> io::Result<()> {
        let child = self.child.as_ref().ok_or_else(|| io::Error::other("does not run"))?;
        let pid = i32::try_from(child.id()).map_err(io::Error::other)?;
        Ok(kill(Pid::from_raw(pid), signal)?)
    }

    /// Asks it to end, now.
    pub fn tell_to_end(&mut self) {
        let _ = self.signal(Signal::SIGTERM); // it may have ended by itself
    }

    /// Waits until it has ended; kills it when that takes too long.
    pub fn wait_for_end(&mut self) {
        let begin = Instant::now();
        let mut repeated = false;
        while self.child.is_some() && self.ended().is_none() {
            // Told twice, a tier does not wait for a balancer to notice.
            if !repeated && begin.elapsed() > Duration::from_millis(200) {
                repeated = true;
                self.tell_to_end();
            }
            if begin.elapsed() > END_LIMIT {
                let _ = self.signal(Signal::SIGKILL);
            }
            sleep(Duration::from_millis(20));
        }
    }

    /// The end of what it said.
    pub fn last_words(&self) -> String {
        let text = fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines.get(lines.len().saturating_sub(LAST_WORDS)..).unwrap_or_default().join("\n")
    }

    fn log(&self) -> String {
        format!("{}.log", self.name)
    }
}
