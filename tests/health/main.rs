//! Health checks at work, beside Debian's haproxy where it is installed: a server that is killed under load, mails
//! about it, and many servers that are checked. The plain run takes small doses; `just health` the whole.

mod killed;
mod mails;
mod many;

use lb_harness::debian;
use std::error::Error;
use std::path::PathBuf;

type Done = Result<(), Box<dyn Error>>;

/// haproxy, and why there is none; then lb.
fn programs() -> (Option<PathBuf>, PathBuf) {
    let haproxy = debian::HAPROXY.find();
    if haproxy.is_none() {
        println!("haproxy is not installed: lb is measured alone");
    }
    (haproxy, PathBuf::from(env!("CARGO_BIN_EXE_lb")))
}
