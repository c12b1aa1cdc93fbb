use crate::service::Service;
use crate::{Done, PATIENCE, absent, checked};
use lb_harness::debian::{self, Tool};
use lb_harness::{eventually, loopback};
use nix::sys::signal::Signal;
use std::fs;
use std::net::TcpStream;
use std::process::{Command, Stdio};

const SLAPD: Tool = Tool { program: "slapd", package: "slapd" };

#[test]
fn openldap() -> Done {
    let slapd = match debian::find_all([SLAPD]) {
        Ok([slapd]) => slapd,
        Err(missing) => return absent(missing),
    };
    let folder = tempfile::Builder::new().prefix("lb-ldap-").tempdir()?;
    let (config, at) = (folder.path().join("slapd.conf"), loopback::free_port()?);
    // A directory without entries: binding to it is all that a check does.
    let text =
        format!("include /etc/ldap/schema/core.schema\npidfile {}\n", folder.path().join("pid").display());
    fs::write(&config, text)?;
    // With a level of debugging it stays in the foreground.
    let child = Command::new(slapd)
        .args(["-d", "0", "-h", &format!("ldap://{at}/"), "-f"])
        .arg(&config)
        .current_dir(folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let service = Service { child, stop: Signal::SIGTERM };
    assert!(eventually(PATIENCE, || TcpStream::connect(at).is_ok()));
    checked::judge(
        service,
        at,
        &[
            ("option ldap-check", "succeeded, reason: Layer7 check passed"),
            ("option redis-check", "failed, reason: "),
        ],
    )
}
