//! The files in `examples/` are good, for lb and for Debian's haproxy.
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
