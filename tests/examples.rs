//! The files in `examples/` are good, for lb and for Debian's haproxy, and so are those of the package.
#![allow(clippy::unwrap_used)]

use lb_harness::debian;
use std::path::Path;
use std::process::Command;

#[test]
fn every_example_is_good_without_a_warning() {
    let programs: Vec<_> =
        debian::HAPROXY.find().into_iter().chain([env!("CARGO_BIN_EXE_lb").into()]).collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files: Vec<_> = files.filter(|path| path.extension().is_some_and(|end| end == "cfg")).collect();
    assert!(!files.is_empty());
    for file in &files {
        for program in &programs {
            let done = Command::new(program).args(["-c", "-dW", "-f"]).arg(file).output().unwrap();
            let said = String::from_utf8_lossy(&done.stderr);
            assert!(done.status.success(), "{} -c -f {}: {said}", program.display(), file.display());
        }
    }
}

/// What `[package.metadata.deb]` packs is there.
#[test]
fn all_that_the_package_holds_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest = std::fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let (_, metadata) = manifest.split_once("[package.metadata.deb]").unwrap();
    let assets = metadata.lines().filter_map(|line| line.trim().strip_prefix("[\"")?.split_once('"'));
    let files: Vec<_> = assets.map(|(file, _)| file).filter(|file| !file.starts_with("target/")).collect();
    assert!(files.len() > 5, "{files:?}");
    for file in files {
        assert!(root.join(file).is_file(), "{file}");
    }
}

/// The commands of the unit are ones that lb takes, and a reload with a wrong file fails before the signal.
#[test]
fn the_unit_checks_a_file_before_it_reloads() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let unit = std::fs::read_to_string(root.join("packaging/lb.service")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let wrong = folder.path().join("wrong.cfg");
    std::fs::write(&wrong, "frontend f\n nonsense\n").unwrap();
    let reloads: Vec<_> =
        unit.lines().filter_map(|line| line.strip_prefix("ExecReload=/usr/sbin/lb ")).collect();
    assert_eq!(reloads.len(), 1, "{unit}");
    for (file, success) in [(root.join("examples/haproxy.cfg"), true), (wrong, false)] {
        let words = reloads[0].replace("$CONFIG", file.to_str().unwrap());
        let words = words.replace("$EXTRAOPTS", "-S /run/lb-master.sock");
        let done = Command::new(env!("CARGO_BIN_EXE_lb")).args(words.split(' ')).output().unwrap();
        assert_eq!(done.status.success(), success, "{words}: {}", String::from_utf8_lossy(&done.stderr));
    }
}
