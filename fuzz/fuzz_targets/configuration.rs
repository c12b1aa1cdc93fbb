//! Configuration files: no panic.
#![no_main]

use haproxy_cfg_parser::{Source, SystemWorld, parse};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = parse(&[Source::new("fuzz.cfg", bytes)], &SystemWorld::default());
});
