//! Wrong files, one per kind of error, and what is said about each: by Debian's haproxy, and by the parser.
//!
//! The `.txt` files beside this one hold the cases:
//!
//! ```text
//! === a title
//! lines of a configuration; without a `defaults` section of its own, PRELUDE stands before them
//! --- haproxy
//! what haproxy 2.6 says: version, pid and closing lines left out
//! --- lb: why it differs
//! what the parser says, where that is something else
//! ```
//!
//! Where haproxy is installed the record is compared with it (`LB_DEMAND_TOOLS=1`: fails where it isn't).
//! `LB_MESSAGES_RECORD=1` writes the answers anew and keeps the reasons; a difference without one gets `?`, which fails.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use haproxy_cfg_parser::{Severity, Source, SystemWorld, World, parse, render};
use std::collections::HashMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

/// Timeouts, so that no case has to state them.
const PRELUDE: &str =
    "defaults\n    mode http\n    timeout client 5s\n    timeout connect 5s\n    timeout server 5s\n";

struct Case {
    title: String,
    text: String,
    haproxy: String,
    /// The reason and the text.
    lb: Option<(String, String)>,
}

impl Case {
    fn read(text: &str) -> Self {
        let (title, rest) = text.split_once('\n').unwrap();
        let (text, answers) = rest.split_once("--- haproxy\n").unwrap_or((rest, ""));
        let (haproxy, lb) = match answers.split_once("--- lb: ") {
            Some((haproxy, lb)) => (haproxy, lb.split_once('\n')),
            None => (answers, None),
        };
        let lb = lb.map(|(reason, text)| (reason.to_owned(), text.to_owned()));
        Self { title: title.to_owned(), text: text.to_owned(), haproxy: haproxy.to_owned(), lb }
    }

    fn write(&self, out: &mut String) {
        write!(out, "=== {}\n{}--- haproxy\n{}", self.title, self.text, self.haproxy).unwrap();
        if let Some((reason, text)) = &self.lb {
            write!(out, "--- lb: {reason}\n{text}").unwrap();
        }
    }

    fn file(&self) -> String {
        let own = self.text.starts_with(' ') || self.text.lines().any(|line| line == "defaults");
        if own { self.text.clone() } else { format!("{PRELUDE}{}", self.text) }
    }
}

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/messages");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    files.sort();
    files
}

fn cases(path: &Path) -> Vec<Case> {
    let text = fs::read_to_string(path).unwrap();
    text.split("=== ").skip(1).map(Case::read).collect()
}

/// A world without host names and files of its own.
struct Still(SystemWorld);

impl World for Still {
    fn env(&self) -> Vec<(String, String)> {
        vec![("HOME".into(), "/root".into())]
    }
    fn feature(&self, name: &str) -> bool {
        self.0.feature(name)
    }
    fn version(&self) -> String {
        self.0.version()
    }
    fn resolves(&self, _: &str) -> bool {
        false
    }
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.0.read(path)
    }
    fn list_dir(&self, path: &Path) -> io::Result<Vec<String>> {
        self.0.list_dir(path)
    }
    fn is_dir(&self, path: &Path) -> bool {
        self.0.is_dir(path)
    }
}

fn by_parser(case: &Case) -> String {
    let (_, found) = parse(&[Source::new("a.cfg", case.file())], &Still(SystemWorld::default()));
    let shown = found.iter().filter(|finding| finding.severity > Severity::Diag);
    shown.map(|finding| without_pid(&render(finding, 0)) + "\n").collect()
}

fn by_haproxy(program: &Path, folder: &Path, case: &Case) -> String {
    fs::write(folder.join("a.cfg"), case.file()).unwrap();
    let done = Command::new(program)
        .args(["-c", "-f", "a.cfg"])
        .current_dir(folder)
        .env_clear()
        .env("HOME", "/root")
        .output()
        .unwrap();
    let closing =
        ["Error(s) found in configuration file", "Fatal errors found in", " version is ", "path to exec"];
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    // Some messages end in an empty line.
    let lines =
        said.lines().filter(|line| !line.is_empty() && !closing.iter().any(|part| line.contains(part)));
    lines.map(|line| without_pid(line) + "\n").collect()
}

fn without_pid(line: &str) -> String {
    match line.split_once(") : ") {
        Some((label, rest)) if line.starts_with('[') => {
            format!("{} {rest}", label.split(' ').next().unwrap_or_default())
        }
        _ => line.to_owned(),
    }
}

fn oracle() -> Option<PathBuf> {
    let path: PathBuf = env::var_os("HAPROXY_PROGRAM").unwrap_or_else(|| "/usr/sbin/haproxy".into()).into();
    if path.exists() {
        return Some(path);
    }
    assert!(env::var_os("LB_DEMAND_TOOLS").is_none(), "no haproxy here");
    None
}

fn recording() -> bool {
    env::var_os("LB_MESSAGES_RECORD").is_some()
}

#[test]
fn the_parser_says_what_is_written_down() {
    if recording() {
        return;
    }
    let mut wrong = String::new();
    let mut count = 0;
    for path in files() {
        for case in cases(&path) {
            count += 1;
            let (reason, wanted) = match &case.lb {
                Some((reason, text)) => (reason.as_str(), text),
                None => ("", &case.haproxy),
            };
            let said = by_parser(&case);
            // A difference that is gone is good; the next recording drops its reason.
            let equal = said == *wanted || said == case.haproxy;
            if reason == "?" || !equal {
                writeln!(wrong, "{}: {}\n{wanted}instead\n{said}", path.display(), case.title).unwrap();
            }
        }
    }
    assert!(count >= 150);
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn haproxy_says_what_is_written_down() {
    let Some(program) = oracle() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut wrong = String::new();
    for path in files() {
        let mut text = String::new();
        for mut case in cases(&path) {
            let said = by_haproxy(&program, folder.path(), &case);
            if said != case.haproxy {
                writeln!(wrong, "{}: {}\n{}now\n{said}", path.display(), case.title, case.haproxy).unwrap();
            }
            case.haproxy = said;
            let ours = by_parser(&case);
            let reason = case.lb.map_or_else(|| "?".to_owned(), |lb| lb.0);
            case.lb = (ours != case.haproxy).then_some((reason, ours));
            case.write(&mut text);
        }
        if recording() {
            fs::write(&path, text).unwrap();
        }
    }
    assert!(recording() || wrong.is_empty(), "{wrong}");
}

#[test]
fn titles_are_unique() {
    for path in files() {
        let mut seen = HashMap::new();
        for case in cases(&path) {
            assert!(seen.insert(case.title.clone(), ()).is_none(), "{}: {}", path.display(), case.title);
        }
    }
}
