//! Mails about servers that go down and come up, to an SMTP server of the test's own.

use super::{Done, programs};
use lb_harness::{Launch, eventually, loopback};
use std::error::Error;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// How long a mail may take to come.
const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn mails_are_haproxys() -> Done {
    let (haproxy, lb) = programs();
    let ours = run(&lb)?;
    assert!(
        ours.iter().any(|line| line.starts_with("Subject: [HAProxy Alert] Server b/s is DOWN")),
        "{ours:#?}"
    );
    if let Some(haproxy) = haproxy {
        assert_eq!(ours, run(&haproxy)?);
    }
    Ok(())
}

/// What a client said in the dialogue of the first mail.
fn run(program: &Path) -> Result<Vec<String>, Box<dyn Error>> {
    let sink = Sink::start()?;
    let front = loopback::free_port()?;
    // Nobody listens there.
    let config = format!(
        "mailers m\n timeout mail 5s\n mailer one {}\n\
         defaults\n mode tcp\n balance roundrobin\n timeout connect 1s\n timeout client 1s\n timeout server 1s\n\
         frontend f\n bind {front}\n\
         backend b\n email-alert mailers m\n email-alert level alert\n email-alert from lb@example.org\n\
         email-alert to ops@example.org\n email-alert myhostname lb.example.org\n\
         server s {} check inter 1h fall 1\n",
        sink.addr,
        SocketAddr::new(loopback::own_address(), 1)
    );
    let proxy = Launch::new(program).config(&config).listening_on(front).start()?;
    let came = eventually(PATIENCE, || sink.lines().last().is_some_and(|line| line == "QUIT"));
    drop(proxy);
    let lines = sink.lines();
    if !came {
        return Err(format!("{}: no mail came: {lines:#?}", program.display()).into());
    }
    Ok(lines.iter().map(|line| constant(line)).collect())
}

/// A line without dates and durations.
fn constant(line: &str) -> String {
    if line.starts_with("Date: ") {
        return "Date: NOW".into();
    }
    match line.split_once("check duration: ") {
        Some((before, after)) => {
            format!("{before}check duration: N{}", after.trim_start_matches(|c: char| c.is_ascii_digit()))
        }
        None => line.into(),
    }
}

/// Takes mails, and keeps what it is told.
struct Sink {
    addr: SocketAddr,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Sink {
    fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((loopback::own_address(), 0))?;
        let (addr, lines) = (listener.local_addr()?, Arc::default());
        let kept = Arc::clone(&lines);
        // It waits for connections to the end of the process.
        thread::spawn(move || listener.incoming().flatten().for_each(|stream| drop(serve(stream, &kept))));
        Ok(Self { addr, lines })
    }

    fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn serve(mut stream: TcpStream, kept: &Mutex<Vec<String>>) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(b"220 mx.example.org ESMTP\r\n")?;
    let reader = BufReader::new(stream.try_clone()?);
    let mut in_mail = false;
    for line in reader.lines() {
        let line = line?;
        kept.lock().unwrap_or_else(PoisonError::into_inner).push(line.clone());
        let answer: &[u8] = match line.as_str() {
            "." => {
                in_mail = false;
                b"250 taken\r\n"
            }
            _ if in_mail => continue,
            "DATA" => {
                in_mail = true;
                b"354 go on\r\n"
            }
            "QUIT" => b"221 bye\r\n",
            _ => b"250 ok\r\n",
        };
        stream.write_all(answer)?;
    }
    Ok(())
}
