//! Configuration files: no panic, whatever is asked of them, and time that grows with their size only.
#![no_main]

use haproxy_cfg_parser::lex::Document;
use haproxy_cfg_parser::{Source, World, modernise, parse, print, render, render_carets};
use libfuzzer_sys::fuzz_target;
use std::io;
use std::path::Path;

/// A world without files, in which some variables are set.
struct Nothing;

impl World for Nothing {
    fn env(&self) -> Vec<(String, String)> {
        [("A", "one"), ("B", "two words"), ("P", "8080")].map(|(name, value)| (name.into(), value.into())).into()
    }

    fn feature(&self, name: &str) -> bool {
        name == "OPENSSL"
    }

    fn version(&self) -> String {
        "3.5.0".into()
    }

    fn read(&self, _: &Path) -> io::Result<Vec<u8>> {
        Ok(b"nameserver 127.0.0.1\n".into())
    }

    fn list_dir(&self, _: &Path) -> io::Result<Vec<String>> {
        Ok(Vec::new())
    }

    fn is_dir(&self, _: &Path) -> bool {
        false
    }
}

fuzz_target!(|bytes: &[u8]| {
    assert_eq!(Document::new(bytes).write(), bytes);
    let sources = [Source::new("fuzz.cfg", bytes)];
    let (mut config, findings) = parse(&sources, &Nothing);
    let (mut printed, _) = parse(&print(&sources, &Nothing), &Nothing);
    // How many findings there are is not what a file says.
    config.wrong_files.clear();
    printed.wrong_files.clear();
    assert!(format!("{config:?}") == format!("{printed:?}"), "printed, it says something else");
    for finding in &findings {
        let _ = render(finding, 1);
    }
    assert_eq!(render_carets(&findings, &sources).len(), findings.len());
    let (once, _) = modernise(&sources, &Nothing);
    assert_eq!(once, modernise(&once, &Nothing).0);
});
