//! Whole files: what is said about each stands beside it, in HAProxy's form.
//!
//! `UPDATE=1 cargo test -p haproxy-cfg-parser --test cases` writes the texts anew.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use haproxy_cfg_parser::{Source, SystemWorld, parse, render};
use std::path::Path;

#[test]
fn each_file_is_judged_as_written_down() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "cfg"));
    files.sort();
    assert!(files.len() >= 5);
    for path in files {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let world = SystemWorld { features: vec!["OPENSSL".into()], ..SystemWorld::default() };
        let (_, diagnostics) = parse(&[Source::new(name, std::fs::read(&path).unwrap())], &world);
        let said: String = diagnostics.iter().map(|diagnostic| render(diagnostic, 1) + "\n").collect();
        let expected = path.with_extension("txt");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&expected, &said).unwrap();
        }
        assert_eq!(said, std::fs::read_to_string(&expected).unwrap(), "{}", path.display());
    }
}
