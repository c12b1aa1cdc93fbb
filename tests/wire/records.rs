//! The record as a whole: `records/*.txt` and `configs/*.cfg`.

use crate::{
    case::Case,
    format::{self, File},
    play::Results,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::{Path, PathBuf},
};

/// All cases and the configurations that they name.
pub(crate) struct Records {
    files: Vec<File>,
    configs: BTreeMap<String, String>,
}

/// A file or folder of `tests/wire/`.
pub(crate) fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wire").join(name)
}

impl Records {
    /// Reads all files, in the order of their names.
    pub(crate) fn load() -> Self {
        let files: Vec<File> = listed("records", "txt")
            .map(|(path, text)| format::parse(path, &text).unwrap_or_else(|why| panic!("{why}")))
            .collect();
        let mut names = BTreeSet::new();
        for case in files.iter().flat_map(|file| &file.cases) {
            assert!(names.insert(&case.name), "two cases are named {}", case.name);
        }
        let stem = |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let configs = listed("configs", "cfg").map(|(path, text)| (stem(&path), text)).collect();
        Self { files, configs }
    }

    /// The files, in the order of their names.
    pub(crate) fn files(&self) -> &[File] {
        &self.files
    }

    /// All cases, in order.
    pub(crate) fn cases(&self) -> impl Iterator<Item = &Case> {
        self.files.iter().flat_map(|file| &file.cases)
    }

    /// The cases that `LB_WIRE_CASE` chooses; without it, all.
    pub(crate) fn chosen(&self) -> Vec<&Case> {
        let text = env::var("LB_WIRE_CASE").unwrap_or_default();
        self.cases().filter(|case| case.name.contains(&text)).collect()
    }

    /// The text of `configs/NAME.cfg`.
    pub(crate) fn config(&self, name: &str) -> Option<&str> {
        self.configs.get(name).map(String::as_str)
    }

    /// Drops what was recorded for the chosen cases.
    pub(crate) fn forget(&mut self) {
        let text = env::var("LB_WIRE_CASE").unwrap_or_default();
        for case in self.files.iter_mut().flat_map(|file| &mut file.cases) {
            if case.name.contains(&text) {
                case.record = None;
            }
        }
    }

    /// Takes these results as the record and writes the files.
    pub(crate) fn write(&mut self, results: &Results, version: &str) {
        for file in &mut self.files {
            for case in &mut file.cases {
                match results.get(&case.name) {
                    Some(Ok(outcome)) => case.record = Some((format!("haproxy {version}"), outcome.clone())),
                    Some(Err(why)) => panic!("{}: {why}", case.name),
                    None => {}
                }
            }
            fs::write(&file.path, format::render(file)).expect("writing the record");
        }
    }
}

/// The files of a folder with this ending, and their texts, by name.
fn listed(folder: &str, ending: &str) -> impl Iterator<Item = (PathBuf, String)> {
    let folder = fs::read_dir(path(folder)).expect("the folders of tests/wire");
    let mut paths: Vec<PathBuf> = folder.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|e| e == ending));
    paths.sort();
    paths.into_iter().map(|path| {
        let text = fs::read_to_string(&path).expect("reading a file of tests/wire");
        (path, text)
    })
}
