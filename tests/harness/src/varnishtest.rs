//! Running `.vtc` files with Debian's `varnishtest` (vtc(7)).

use crate::leftovers;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// Exit status with which varnishtest says that a `feature` line didn't hold.
const SKIPPED: i32 = 77;

/// How a test ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All it expects came.
    Passed,
    /// The likely reason in one line; the whole log is in the log folder.
    Failed(String),
    /// Why it doesn't apply to this proxy.
    Skipped(String),
}

/// varnishtest with one proxy.
#[derive(Clone, Debug)]
pub struct Varnishtest {
    /// The runner.
    pub program: PathBuf,
    /// What stands for `haproxy` in the files.
    pub proxy: PathBuf,
    /// What the proxy is given before varnishtest's own flags, as one text.
    pub proxy_arguments: &'static str,
    /// The folder that the files' relative paths refer to.
    pub folder: PathBuf,
    /// Where each test's log is written, as `NAME.log` with dots for slashes.
    pub logs: PathBuf,
    /// After this a test has failed.
    pub limit: Duration,
}

impl Varnishtest {
    /// Runs one file; `name` is its path relative to the folder.
    ///
    /// # Errors
    /// varnishtest can't be started, or the log can't be written.
    pub fn run(&self, name: &str) -> io::Result<Outcome> {
        fs::create_dir_all(&self.logs)?;
        // Unix sockets live below it and their paths are short: not the target folder.
        let scratch = tempfile::Builder::new().prefix("vtc").tempdir_in("/tmp")?;
        let log_path = self.logs.join(format!("{}.log", name.replace('/', ".")));
        let log = File::create(&log_path)?;
        let mut child = Command::new(&self.program)
            .args(["-b", "2m", "-t", &self.limit.as_secs().max(1).to_string(), name])
            .current_dir(&self.folder)
            .env("TMPDIR", scratch.path())
            .env("HAPROXY_PROGRAM", &self.proxy)
            .env("HAPROXY_ARGS", self.proxy_arguments)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        // varnishtest keeps the limit itself; this is for one that hangs.
        let deadline = Instant::now() + self.limit * 2 + Duration::from_secs(20);
        let status = loop {
            match child.try_wait()? {
                Some(status) => break Some(status),
                None if Instant::now() > deadline => {
                    child.kill()?;
                    child.wait()?;
                    break None;
                }
                None => thread::sleep(Duration::from_millis(10)),
            }
        };
        // Where it gave up on a proxy that did not start in time, or that went into the background, that one stays.
        leftovers::end_all_of(scratch.path());
        let text = String::from_utf8_lossy(&fs::read(&log_path)?).into_owned();
        Ok(outcome(status, &text))
    }

    /// Runs all files, `jobs` at a time, and hands each result to `seen` as it comes.
    ///
    /// # Errors
    /// The first error of [`Varnishtest::run`]; tests that have begun are finished.
    pub fn run_all(
        &self,
        names: &[String],
        jobs: usize,
        mut seen: impl FnMut(&str, Outcome),
    ) -> io::Result<()> {
        let next = AtomicUsize::new(0);
        let (sender, results) = mpsc::channel();
        thread::scope(|scope| {
            for _ in 0..jobs.max(1) {
                let (sender, next) = (sender.clone(), &next);
                scope.spawn(move || {
                    while let Some(name) = names.get(next.fetch_add(1, Ordering::Relaxed)) {
                        if sender.send((name, self.run(name))).is_err() {
                            break;
                        }
                    }
                });
            }
            drop(sender);
            for (name, result) in results {
                seen(name, result?);
            }
            Ok(())
        })
    }
}

/// The names of all `.vtc` files below a folder, relative to it, sorted.
///
/// # Errors
/// A folder can't be read.
pub fn files_below(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(current) = folders.pop() {
        for entry in fs::read_dir(&current)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "vtc") {
                let relative = path.strip_prefix(folder).unwrap_or(&path);
                names.push(relative.to_string_lossy().into_owned());
            }
        }
    }
    names.sort();
    Ok(names)
}

fn outcome(status: Option<ExitStatus>, log: &str) -> Outcome {
    match status.map(|status| status.code()) {
        Some(Some(0)) => Outcome::Passed,
        Some(Some(SKIPPED)) => Outcome::Skipped("a feature line doesn't hold".into()),
        Some(_) => Outcome::Failed(reason(log)),
        None => Outcome::Failed("varnishtest hung and was killed".into()),
    }
}

/// The line of a log that most likely names the cause: what the proxy refused or how it died, else what the
/// test missed.
fn reason(log: &str) -> String {
    let find = |mark: &str| log.lines().find(|line| line.contains(mark));
    let refused = log.lines().find(|line| {
        // What a master says of its worker's end, and that a warning was fatal, only follow from the cause.
        line.contains("[ALERT]") && !line.contains("Current worker") && !line.contains("zero-warning")
    });
    let warning = find("zero-warning").and_then(|_| find("[WARNING]"));
    let missed = || log.lines().find(|line| line.starts_with("----"));
    let line = find("panicked at").or(refused).or(warning).or_else(missed).unwrap_or("no reason in the log");
    // `***  h1  debug|[ALERT]    (123) : config : ...`: the prefix and the pid say nothing.
    let line = line.rsplit_once("debug|").map_or(line, |(_, text)| text);
    let words: Vec<&str> = line.split_whitespace().collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use std::os::unix::process::ExitStatusExt;

    #[test]
    fn exit_statuses_are_told_apart() {
        let exit = |code: i32| Some(ExitStatus::from_raw(code << 8));
        assert_eq!(outcome(exit(0), ""), Outcome::Passed);
        assert!(matches!(outcome(exit(77), ""), Outcome::Skipped(_)));
        assert!(matches!(outcome(exit(2), ""), Outcome::Failed(_)));
        assert!(matches!(outcome(None, ""), Outcome::Failed(_)));
    }

    #[test]
    fn the_proxys_complaint_comes_before_the_missed_expectation() {
        let log = "***  h1    debug|[ALERT]    (12) : config : parsing [/x:3] : unknown keyword\n\
                   ---- c1    HTTP rx failed\n";
        assert_eq!(reason(log), "[ALERT] (12) : config : parsing [/x:3] : unknown keyword");
        let warned = "*** h1 debug|[WARNING] (12) : w\n*** h1 debug|[ALERT] (12) : 'zero-warning' is set\n";
        assert_eq!(reason(warned), "[WARNING] (12) : w");
        assert_eq!(
            reason("*** h1 debug|[WARNING] (12) : w\n---- c1 EXPECT failed\n"),
            "---- c1 EXPECT failed"
        );
        assert_eq!(reason("**** c1 fine\n---- c1    EXPECT failed\n"), "---- c1 EXPECT failed");
    }

    #[test]
    fn files_are_named_relative_to_their_folder() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("b")).unwrap();
        for name in ["b/two.vtc", "one.vtc", "b/other.pem"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        assert_eq!(files_below(folder.path()).unwrap(), ["b/two.vtc", "one.vtc"]);
    }
}
