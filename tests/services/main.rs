//! Real services behind lb in `mode tcp`: their own clients get through lb what they get directly, and health checks of
//! their protocols find out what haproxy's find out.
//!
//! PostgreSQL, Redis, MariaDB, OpenLDAP and Postfix from Debian's packages; where one is absent its test says so, and fails
//! only where `LB_DEMAND_TOOLS=1` asks for it.

mod checked;
mod mariadb;
mod openldap;
mod postfix;
mod postgresql;
mod redis;
mod service;

use lb_harness::debian;
use lb_harness::{Launch, Proxy, loopback};
use std::error::Error;
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// How long a service may take to answer first, and to end.
const PATIENCE: Duration = Duration::from_secs(30);

type Done = Result<(), Box<dyn Error>>;

/// Says that a test is left out; an error where it must not be.
fn absent(missing: String) -> Done {
    println!("skipped, {missing}");
    if debian::demanded() { Err(missing.into()) } else { Ok(()) }
}

/// lb in front of a service, at an address and at a unix socket of it.
fn relay(service: SocketAddr, socket: &Path) -> Result<(Proxy, [SocketAddr; 2]), Box<dyn Error>> {
    let fronts = [loopback::free_port()?, loopback::free_port()?];
    let config = format!(
        "defaults\n mode tcp\n timeout connect 5s\n timeout client 60s\n timeout server 60s\n\
         listen inet\n bind {}\n server s {service}\n\
         listen unix\n bind {}\n option splice-auto\n server s {}\n",
        fronts[0],
        fronts[1],
        socket.display()
    );
    let launch = Launch::new(env!("CARGO_BIN_EXE_lb")).config(&config);
    Ok((launch.listening_on(fronts[0]).listening_on(fronts[1]).start()?, fronts))
}

/// What a client prints when it is fed `input`.
fn output(command: &mut Command, input: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let mut stdin = child.stdin.take().ok_or("no standard input")?;
    let input = input.to_owned();
    let feeder = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let done = child.wait_with_output()?;
    // A client that ends early closes its input.
    let _ = feeder.join();
    if !done.status.success() {
        return Err(format!("{}: {}", done.status, String::from_utf8_lossy(&done.stderr)).into());
    }
    Ok(done.stdout)
}
