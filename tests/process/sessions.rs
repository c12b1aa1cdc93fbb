//! What operators see of running sessions, and how they end them.

use crate::program::{End, LIMIT, Place, Running, is_lb};
use crate::reload::command;
use lb_harness::{eventually, loopback};
use nix::sys::signal::Signal;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

/// A proxy before a server that takes requests and answers none.
struct Scene {
    place: Place,
    tcp: SocketAddr,
    server: TcpListener,
    running: Running,
}

impl Scene {
    fn new(threads: usize) -> Self {
        let place = Place::new();
        let tcp = loopback::free_port().unwrap();
        let server = TcpListener::bind((place.front.ip(), 0)).unwrap();
        let (front, to) = (place.front, server.local_addr().unwrap());
        let cli = place.path("cli");
        place.write(
            "lb.cfg",
            &format!(
                "global\n stats socket {} level admin\n log stdout format raw local0\n nbthread {threads}\n \
                 hard-stop-after 300ms\n\
                 defaults\n mode http\n log global\n option httplog\n timeout client 30s\n timeout connect 5s\n \
                 timeout server 30s\n timeout queue 30s\n\
                 frontend f\n bind {front}\n use_backend q if {{ path_beg /q }}\n default_backend b\n\
                 backend b\n server s1 {to}\n\
                 backend q\n server s1 {to} maxconn 1\n\
                 listen t\n mode tcp\n option tcplog\n bind {tcp}\n server s1 {to}\n",
                cli.display()
            ),
        );
        let running = place.start(["-db", "-f", "lb.cfg"]);
        Self { place, tcp, server, running }
    }

    fn cli(&self, text: &str) -> String {
        command(&self.place.path("cli"), text)
    }

    /// The lines of what runs, without sessions of the runtime API.
    fn rows(&self) -> Vec<String> {
        let all = self.cli("show sess");
        all.lines()
            .filter(|line| line.contains(" fe=") && !line.contains(" fe=GLOBAL "))
            .map(str::to_owned)
            .collect()
    }

    fn client(&self, to: SocketAddr, text: &str) -> TcpStream {
        let mut client = TcpStream::connect(to).unwrap();
        client.set_read_timeout(Some(LIMIT)).unwrap();
        client.write_all(text.as_bytes()).unwrap();
        client
    }

    /// A client, and its server once its request is there.
    fn served(&self, to: SocketAddr, text: &str) -> (TcpStream, TcpStream) {
        let client = self.client(to, text);
        let (mut served, _) = self.server.accept().unwrap();
        assert_ne!(served.read(&mut [0; 4096]).unwrap(), 0);
        (client, served)
    }

    /// What it has logged.
    fn log(self) -> String {
        let ended = self.running.end_by(Signal::SIGTERM);
        assert_eq!(ended.end, End::Signal(Signal::SIGTERM as i32));
        ended.stdout
    }
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n")
}

/// The number that a row begins with.
fn id(row: &str) -> &str {
    row.split(':').next().unwrap()
}

fn rest(client: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let _ = client.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

fn read_some(client: &mut TcpStream) -> String {
    let mut buffer = [0; 4096];
    let length = client.read(&mut buffer).unwrap();
    String::from_utf8_lossy(&buffer[..length]).into_owned()
}

fn is_open(client: &mut TcpStream) -> bool {
    client.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    matches!(client.read(&mut [0; 16]), Err(error) if error.kind() == ErrorKind::WouldBlock)
}

#[test]
fn they_are_listed_while_they_run() {
    let scene = Scene::new(2);
    let idle = scene.client(scene.place.front, "");
    let (client, mut served) = scene.served(scene.place.front, &get("/a"));
    let (_tcp, _tcp_served) = scene.served(scene.tcp, "hello");
    let rows = scene.rows();
    assert_eq!(rows.len(), 2, "{rows:?}");
    let src = client.local_addr().unwrap();
    let start = format!(": proto=tcpv4 src={src} fe=f be=b srv=s1 ");
    assert!(rows[0].starts_with("0x") && rows[0].contains(&start), "{rows:?}");
    assert!(rows[1].contains(" fe=t be=t srv=s1 "), "{rows:?}");
    assert!(scene.cli("show sess").contains(" fe=GLOBAL be=<NONE> srv=<none> "));
    let one = scene.cli(&format!("show sess {}", id(&rows[0])));
    for part in [
        &format!("proto=tcpv4 source={src}\n"),
        "\n  frontend=f (id=2 mode=http), listener=? (id=1) addr=",
        "\n  backend=b (id=3 mode=http)",
        "\n  server=s1 (id=1) addr=",
    ] {
        assert!(one.contains(part), "{part}: {one}");
    }
    assert_eq!(scene.cli("show sess all").matches(" source=").count(), 3);
    served.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").unwrap();
    assert!(eventually(LIMIT, || scene.rows().len() == 1), "what has ended is not listed");
    drop((idle, client));
}

#[test]
fn one_that_waits_for_its_server_is_answered_and_goes_on() {
    for threads in [1, 2] {
        let scene = Scene::new(threads);
        let (mut client, _served) = scene.served(scene.place.front, &get("/a"));
        let (mut other, _other_served) = scene.served(scene.place.front, &get("/b"));
        let rows = scene.rows();
        let src = format!(" src={} ", client.local_addr().unwrap());
        let row = rows.iter().find(|row| row.contains(&src)).unwrap();
        assert_eq!(scene.cli(&format!("shutdown session {}", id(row))), "\n");
        assert!(read_some(&mut client).starts_with("HTTP/1.1 502 Bad Gateway\r\n"));
        assert!(is_open(&mut client) && is_open(&mut other));
        assert_eq!(scene.rows().len(), 1);
        if is_lb() {
            // haproxy gives the number to the next, which is the asker.
            let again = scene.cli(&format!("shutdown session {}", id(row)));
            assert_eq!(again, "No such session (use 'show sess').\n\n");
        }
        let log = scene.log();
        let line = log.lines().find(|line| line.contains("\"GET /a HTTP/1.1\"")).unwrap();
        assert!(line.contains(" f b/s1 ") && line.contains(" 502 209 - - KH-- "), "{log}");
        assert!(!log.contains("GET /b"), "{log}");
    }
}

#[test]
fn those_of_a_server_end_where_they_are() {
    let scene = Scene::new(2);
    let front = scene.place.front;
    let (mut data, mut data_served) = scene.served(front, &get("/data"));
    data_served.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc").unwrap();
    assert!(data.peek(&mut [0; 1]).is_ok());
    let (mut tunnel, mut tunnel_served) =
        scene.served(front, "GET /tunnel HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n");
    tunnel_served.write_all(b"HTTP/1.1 101 Up\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nabc").unwrap();
    assert!(tunnel.peek(&mut [0; 1]).is_ok());
    let post = "POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc";
    let (mut body, _body_served) = scene.served(front, post);
    let (mut tcp, _tcp_served) = scene.served(scene.tcp, "hello");
    assert_eq!(scene.rows().len(), 4);
    assert_eq!(scene.cli("shutdown sessions server b/s1"), "\n");
    assert!(rest(&mut data).ends_with("\r\n\r\nabc"));
    assert!(rest(&mut tunnel).ends_with("\r\n\r\nabc"));
    assert_eq!(rest(&mut body), "");
    assert!(is_open(&mut tcp), "of another server");
    assert_eq!(scene.cli("shutdown sessions server t/s1"), "\n");
    assert_eq!(rest(&mut tcp), "");
    assert!(eventually(LIMIT, || scene.rows().is_empty()));
    let log = scene.log();
    for (request, end) in
        [("/data", " 200 54 - - KD-- "), ("/tunnel", " - - K--- "), ("/body", " -1 0 - - K--- ")]
    {
        let line = log.lines().find(|line| line.contains(request)).unwrap_or_default();
        assert!(line.contains(end), "{request}: {log}");
    }
    assert!(log.lines().any(|line| line.contains(" t t/s1 ") && line.contains(" K- ")), "{log}");
}

#[test]
fn one_that_waits_in_a_queue_ends() {
    let scene = Scene::new(1);
    let (_client, _served) = scene.served(scene.place.front, &get("/q1"));
    let mut waiting = scene.client(scene.place.front, &get("/q2"));
    let queued = || scene.rows().into_iter().find(|row| row.contains(" be=q srv=<none> "));
    assert!(eventually(LIMIT, || queued().is_some()));
    assert_eq!(scene.cli(&format!("shutdown session {}", id(&queued().unwrap()))), "\n");
    if is_lb() {
        assert_eq!(rest(&mut waiting), "");
        let log = scene.log();
        let line = log.lines().find(|line| line.contains("/q2")).unwrap_or_default();
        assert!(line.contains(" q/<NOSRV> ") && line.contains(" -1 0 - - K--- "), "{log}");
    }
}

#[test]
fn those_that_a_hard_stop_ends_are_logged() {
    let mut scene = Scene::new(2);
    let (mut client, _served) = scene.served(scene.place.front, &get("/a"));
    let (mut tcp, _tcp_served) = scene.served(scene.tcp, "hello");
    scene.running.signal(Signal::SIGUSR1);
    assert!(rest(&mut client).starts_with("HTTP/1.1 502 Bad Gateway\r\n"));
    assert_eq!(rest(&mut tcp), "");
    let end = scene.running.wait();
    assert_eq!(end, End::Code(0));
    let log = scene.running.output(end).stdout;
    assert!(log.lines().any(|line| line.contains(" 502 ") && line.contains(" KH-- ")), "{log}");
    assert!(log.lines().any(|line| line.contains(" t t/s1 ") && line.contains(" K- ")), "{log}");
}

#[test]
fn an_operators_own_session_ends_too() {
    let scene = Scene::new(1);
    let mut session = std::os::unix::net::UnixStream::connect(scene.place.path("cli")).unwrap();
    session.set_read_timeout(Some(LIMIT)).unwrap();
    session.write_all(b"prompt\n").unwrap();
    assert_ne!(session.read(&mut [0; 16]).unwrap(), 0);
    let all = scene.cli("show sess");
    let row = all.lines().find(|line| line.contains(" fe=GLOBAL ")).unwrap();
    assert_eq!(scene.cli(&format!("shutdown session {}", id(row))), "\n");
    let mut left = Vec::new();
    session.read_to_end(&mut left).unwrap();
}

#[test]
fn threads_and_descriptors_are_shown() {
    if !is_lb() {
        return;
    }
    let scene = Scene::new(2);
    let (_client, _served) = scene.served(scene.place.front, &get("/a"));
    let activity = scene.cli("show activity");
    // The request, and the session that asks.
    assert!(activity.contains("\nsessions: 2 [ "), "{activity}");
    assert!(!scene.cli("show activity 0").contains('['));
    assert_eq!(scene.cli("show threads").matches("stuck=0").count(), 2);
    let listening = format!(" listening local={}\n", scene.place.front);
    assert_eq!(scene.cli("show fd").matches(&listening).count(), 2);
    assert!(scene.cli("show pools").starts_with("Dumping pools usage."));
}

#[test]
fn a_server_is_waited_for_until_it_can_be_deleted() {
    if !is_lb() {
        return;
    }
    let scene = Scene::new(1);
    let (mut client, _served) = scene.served(scene.place.front, &get("/a"));
    let early = scene.cli("disable server b/s1;wait 20ms srv-removable b/s1");
    assert_eq!(
        early,
        "\nWait delay expired. Server still has connections attached to it, cannot remove it.\n\n"
    );
    let words = "shutdown sessions server b/s1;wait 5s srv-removable b/s1;del server b/s1";
    assert_eq!(scene.cli(words), "\nDone.\n\nServer deleted.\n\n");
    assert!(read_some(&mut client).starts_with("HTTP/1.1 502 Bad Gateway\r\n"));
}
