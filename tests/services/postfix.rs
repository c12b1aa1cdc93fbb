use crate::service::Service;
use crate::{Done, PATIENCE, absent, checked, relay};
use lb_harness::debian::{self, Tool};
use lb_harness::{eventually, loopback};
use nix::sys::signal::Signal;
use nix::unistd::{User, geteuid};
use std::error::Error;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

const POSTFIX: Tool = Tool { program: "postfix", package: "postfix" };
/// What runs Postfix's daemons; it stands in no `PATH`.
const MASTER: &str = "/usr/lib/postfix/sbin/master";

/// A configuration that knows nothing of the machine's own, with its queue in the folder.
fn configure(folder: &Path, at: SocketAddr) -> Result<(), Box<dyn Error>> {
    let postfix = User::from_name("postfix")?.ok_or("no user 'postfix'")?;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
    for name in ["conf", "data", "queue", "queue/pid", "queue/private", "queue/public"] {
        fs::create_dir(folder.join(name))?;
    }
    for name in ["data", "queue/private", "queue/public"] {
        std::os::unix::fs::chown(folder.join(name), Some(postfix.uid.as_raw()), None)?;
    }
    let place = folder.display();
    let main = format!(
        "compatibility_level = 3.6\nqueue_directory = {place}/queue\ndata_directory = {place}/data\n\
         mail_owner = postfix\nsetgid_group = postdrop\ninet_interfaces = all\ninet_protocols = ipv4\n\
         myhostname = mail.test\nmydestination =\nalias_maps =\nlocal_recipient_maps =\n\
         smtpd_peername_lookup = no\nsmtpd_client_connection_count_limit = 0\n\
         smtpd_client_connection_rate_limit = 0\nsmtpd_tls_security_level = none\n\
         maillog_file = {place}/log\nmaillog_file_prefixes = {place}\n"
    );
    let services = format!(
        "{at} inet n - n - - smtpd\nrewrite unix - - n - - trivial-rewrite\nproxymap unix - - n - - proxymap\n\
         anvil unix - - n - 1 anvil\npostlog unix-dgram n - n - 1 postlogd\n"
    );
    fs::write(folder.join("conf/main.cf"), main)?;
    Ok(fs::write(folder.join("conf/master.cf"), services)?)
}

/// A conversation: each answer to a command, its lines joined.
fn talk(to: SocketAddr, commands: &[&str]) -> Result<Vec<String>, Box<dyn Error>> {
    let mut stream = TcpStream::connect(to)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut answer = || -> Result<String, Box<dyn Error>> {
        let mut text = String::new();
        loop {
            let start = text.len();
            if reader.read_line(&mut text)? == 0 || text.as_bytes().get(start + 3) == Some(&b' ') {
                return Ok(text);
            }
        }
    };
    let mut answers = vec![answer()?];
    for command in commands {
        stream.write_all(format!("{command}\r\n").as_bytes())?;
        answers.push(answer()?);
    }
    Ok(answers)
}

#[test]
fn postfix() -> Done {
    if let Err(missing) = debian::find_all([POSTFIX]) {
        return absent(missing);
    }
    if !geteuid().is_root() {
        return absent("Postfix's master runs as root only".into());
    }
    let folder = tempfile::Builder::new().prefix("lb-smtp-").tempdir()?;
    let at = loopback::free_port()?;
    configure(folder.path(), at)?;
    let child = Command::new(MASTER)
        .args(["-d", "-c"])
        .arg(folder.path().join("conf"))
        .env("MAIL_CONFIG", folder.path().join("conf"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let service = Service { child, stop: Signal::SIGTERM };
    assert!(eventually(PATIENCE, || talk(at, &["QUIT"]).is_ok_and(|said| said[1].starts_with("221 "))));
    {
        let (_lb, [front, _]) = relay(at, &folder.path().join("none"))?;
        let commands = ["EHLO client.test", "NOOP", "VRFY nobody", "RSET", "QUIT"];
        assert_eq!(talk(front, &commands)?, talk(at, &commands)?);
    }
    checked::judge(
        service,
        at,
        &[
            ("option smtpchk", "succeeded, reason: Layer7 check passed"),
            ("option smtpchk EHLO client.test", "succeeded, reason: Layer7 check passed"),
            ("option smtpchk HELO client.test", "succeeded, reason: Layer7 check passed"),
            ("option redis-check", "failed, reason: "),
        ],
    )
}
