//! A proxy with servers of many kinds, and 10,000 mixed requests that come to each program in the same order.

use lb_harness::{Launch, Proxy, command, eventually, loopback};
use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;

pub(crate) const LIMIT: Duration = Duration::from_secs(30);

/// Connections that carry the bulk, and requests on each.
const ROUNDS: usize = 100;
const REQUESTS: usize = 100;

/// Paths that are asked for in turn, and what else the request says.
const PATHS: &[&str] = &[
    "/",
    "/a/longer/path?with=query",
    "/404",
    "/500",
    "/denied",
    "/own",
    "/no-answer",
    "/moved",
    "/",
    "/chunked",
];

pub(crate) struct Stand {
    folder: TempDir,
    front: SocketAddr,
    refusing: SocketAddr,
    tcp: SocketAddr,
    _proxy: Proxy,
}

impl Stand {
    pub(crate) fn start(program: &Path) -> Self {
        let folder = tempfile::Builder::new().prefix("lbs").tempdir().unwrap();
        let ports = || loopback::free_port().unwrap();
        let (front, refusing, tcp, closed) = (ports(), ports(), ports(), ports());
        let server = serve();
        let cli = folder.path().join("cli");
        let config = format!(
            "global\n nbthread 1\n maxconn 2000\n stats socket {cli} level admin\n\
             defaults\n mode http\n timeout client 5s\n timeout connect 5s\n timeout server 5s\n balance roundrobin\n\
             \x20retries 1\n\
             frontend fe\n bind {front}\n\
             http-request use-service prometheus-exporter if {{ path /metrics }}\n\
             http-request deny if {{ path /denied }}\n\
             http-request return status 200 if {{ path /own }}\n\
             use_backend gone if {{ path /gone }}\n use_backend far if {{ path /far }}\n default_backend be\n\
             frontend refusing\n bind {refusing}\n tcp-request connection reject if {{ src 127.0.0.0/8 }}\n default_backend be\n\
             frontend tcp\n mode tcp\n bind {tcp}\n default_backend tcp\n\
             backend be\n http-request set-var(txn.no) bool(1) if {{ path /no-answer }}\n \
             http-response deny if {{ var(txn.no) -m bool }}\n\
             cookie SRV insert\n server s1 {server} cookie a\n server s2 {server} weight 3\n server s3 {server} disabled\n \
             server s4 {closed} check inter 50ms fall 1 weight 0\n\
             backend gone\n server s1 {closed}\n\
             backend far\n option redispatch\n server s1 {closed}\n server s2 {server}\n\
             backend tcp\n mode tcp\n server s1 {server}\n",
            cli = cli.display(),
        );
        let proxy =
            Launch::new(program).config(&config).listening_on(front).listening_on(tcp).start().unwrap();
        let stand = Self { folder, front, refusing, tcp, _proxy: proxy };
        let down = || stand.columns().get("be/s4").is_some_and(|row| row["status"].starts_with("DOWN"));
        assert!(eventually(LIMIT, down), "no check came");
        stand
    }

    /// The same requests in the same order, one after the other.
    pub(crate) fn traffic(&self) {
        for round in 0..ROUNDS {
            let mut kept = Client::connect(self.front);
            for number in 0..REQUESTS {
                let path = PATHS[(round + number) % PATHS.len()];
                let body = if number % 7 == 0 { "x".repeat(round * 10) } else { String::new() };
                kept = kept.ask(path, &body).unwrap_or_else(|| Client::connect(self.front));
            }
        }
        for _ in 0..5 {
            for path in ["/gone", "/far", "/far", "/cut", "/junk", "/silent"] {
                Client::connect(self.front).ask(path, "");
            }
            let mut broken = TcpStream::connect(self.front).unwrap();
            broken.write_all(b"GET / HTTP/1.1\r\nbad header\r\n\r\n").unwrap();
            drain(&mut broken);
            let mut refused = TcpStream::connect(self.refusing).unwrap();
            let _ = refused.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n");
            drain(&mut refused);
            let mut passed = TcpStream::connect(self.tcp).unwrap();
            passed.write_all(b"GET / HTTP/1.0\r\nhost: a\r\n\r\n").unwrap();
            passed.shutdown(Shutdown::Write).unwrap();
            drain(&mut passed);
            // Gone before the answer.
            let mut hasty = TcpStream::connect(self.front).unwrap();
            hasty.write_all(b"GET /slow HTTP/1.1\r\nhost: a\r\n\r\n").unwrap();
            std::thread::sleep(Duration::from_millis(50));
            drop(hasty);
        }
        let busy = || self.columns().values().any(|row| row["scur"] != "0" && row["pxname"] != "GLOBAL");
        assert!(eventually(LIMIT, || !busy()), "sessions do not end");
    }

    /// `show stat` by rows and columns.
    pub(crate) fn columns(&self) -> BTreeMap<String, BTreeMap<String, String>> {
        let text = self.command("show stat");
        let mut lines = text.lines().filter(|line| !line.is_empty());
        let names: Vec<_> =
            lines.next().unwrap().trim_start_matches("# ").split(',').map(str::to_owned).collect();
        let row = |line: &str| -> BTreeMap<String, String> {
            names.iter().cloned().zip(line.split(',').map(str::to_owned)).collect()
        };
        lines.map(row).map(|row| (format!("{}/{}", row["pxname"], row["svname"]), row)).collect()
    }

    fn command(&self, line: &str) -> String {
        command(&self.folder.path().join("cli"), line, LIMIT).unwrap()
    }

    /// Samples of the exporter by name and labels.
    pub(crate) fn samples(&self) -> BTreeMap<String, f64> {
        let mut stream = TcpStream::connect(self.front).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        stream.write_all(b"GET /metrics HTTP/1.0\r\nhost: a\r\n\r\n").unwrap();
        let answer = drain(&mut stream);
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        let whole = lb_harness::framing::unchunked(body.as_bytes());
        let text =
            whole.map_or_else(|| body.to_owned(), |whole| String::from_utf8_lossy(&whole).into_owned());
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        lines
            .filter_map(|line| line.rsplit_once(' '))
            .filter_map(|(name, value)| Some((name.to_owned(), value.parse().ok()?)))
            .collect()
    }
}

fn drain(stream: &mut TcpStream) -> String {
    let _ = stream.set_read_timeout(Some(LIMIT));
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A connection that stays for as long as the proxy lets it.
struct Client(TcpStream);

impl Client {
    fn connect(to: SocketAddr) -> Self {
        let stream = TcpStream::connect(to).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self(stream)
    }

    /// One request; the connection, if it may be used again.
    fn ask(mut self, path: &str, body: &str) -> Option<Self> {
        let method = if body.is_empty() { "GET" } else { "POST" };
        let length =
            if body.is_empty() { String::new() } else { format!("content-length: {}\r\n", body.len()) };
        let text = format!("{method} {path} HTTP/1.1\r\nhost: a\r\n{length}\r\n{body}");
        self.0.write_all(text.as_bytes()).ok()?;
        let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
        loop {
            let length = self.0.read(&mut buffer).ok().filter(|length| *length > 0)?;
            bytes.extend_from_slice(&buffer[..length]);
            let text = String::from_utf8_lossy(&bytes);
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let head = head.to_ascii_lowercase();
            let length =
                head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
            let whole = match length {
                Some(length) => body.len() >= length,
                None if head.contains("chunked") => body.ends_with("0\r\n\r\n"),
                None => false,
            };
            if whole {
                return (!head.contains("\nconnection: close")).then_some(self);
            }
        }
    }
}

/// A server whose answer is in the path.
fn serve() -> SocketAddr {
    let listener = TcpListener::bind(SocketAddr::new(loopback::own_address(), 0)).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || answer_all(stream));
        }
    });
    address
}

fn answer_all(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let length = stream.read(&mut buffer)?;
        if length == 0 {
            return Ok(());
        }
        bytes.extend_from_slice(&buffer[..length]);
        while let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
            let length =
                head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
            let whole = end + 4 + length.unwrap_or(0);
            if bytes.len() < whole {
                break;
            }
            bytes.drain(..whole);
            let path = head.split(' ').nth(1).unwrap_or_default();
            let (answer, ends): (&[u8], bool) = match path {
                "/404" => (b"HTTP/1.1 404 Not Found\r\ncontent-length: 4\r\n\r\nnone", false),
                "/500" => (b"HTTP/1.1 500 Oops\r\ncontent-length: 3\r\n\r\nbad", false),
                "/moved" => (b"HTTP/1.1 302 Found\r\nlocation: /\r\ncontent-length: 0\r\n\r\n", false),
                "/chunked" => {
                    (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", false)
                }
                "/cut" => (b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nonly this", true),
                "/junk" => (b"this is no HTTP at all\r\n\r\n", true),
                "/silent" => (b"", true),
                _ => (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", false),
            };
            if path == "/slow" {
                std::thread::sleep(Duration::from_millis(300));
            }
            stream.write_all(answer)?;
            if ends || head.starts_with("get / http/1.0") {
                return Ok(());
            }
        }
    }
}
