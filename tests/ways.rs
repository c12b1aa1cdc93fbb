//! From where, and by which way, connections to servers come: `source` with its port ranges, interfaces and other people's
//! addresses, and values of our own in the PROXY header. What haproxy can is asked of haproxy too, where it is installed.

use lb_harness::{Launch, debian, eventually, loopback};
use nix::unistd::geteuid;
use std::collections::BTreeSet;
use std::error::Error;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);
const DEFAULTS: &str = "defaults\n mode http\n balance roundrobin\n retries 0\n timeout connect 5s\n timeout client 5s\n\
                        timeout server 5s\n";
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

type Done = Result<(), Box<dyn Error>>;

/// A server that answers each request, and notes from where each connection came and what it said first.
#[derive(Default)]
struct Seen(Mutex<Vec<(SocketAddr, Vec<u8>)>>);

impl Seen {
    fn start() -> Result<(SocketAddr, Arc<Self>), Box<dyn Error>> {
        let listener = TcpListener::bind((loopback::own_address(), 0))?;
        let (at, seen) = (listener.local_addr()?, Arc::new(Self::default()));
        let notes = Arc::clone(&seen);
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let notes = Arc::clone(&notes);
                thread::spawn(move || {
                    let from = stream.peer_addr()?;
                    let mut said = Vec::new();
                    let mut noted = false;
                    let mut buffer = [0; 4096];
                    loop {
                        let length = stream.read(&mut buffer)?;
                        if length == 0 {
                            return std::io::Result::Ok(());
                        }
                        said.extend_from_slice(&buffer[..length]);
                        if said.ends_with(b"\r\n\r\n") {
                            if !std::mem::replace(&mut noted, true) {
                                let mut notes = notes.0.lock().unwrap_or_else(PoisonError::into_inner);
                                notes.push((from, said.clone()));
                            }
                            said.clear();
                            stream.write_all(ANSWER)?;
                        }
                    }
                });
            }
        });
        Ok((at, seen))
    }

    /// What was noted since the last look.
    fn take(&self) -> Vec<(SocketAddr, Vec<u8>)> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A connection from an address of loopback.
fn connect(from: Ipv4Addr, to: SocketAddr) -> Result<TcpStream, Box<dyn Error>> {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)?;
    socket.bind(&SocketAddr::from((from, 0)).into())?;
    socket.connect(&to.into())?;
    socket.set_read_timeout(Some(PATIENCE))?;
    Ok(socket.into())
}

/// Asks once on a connection; the status.
fn ask(stream: &mut TcpStream, headers: &str) -> Result<String, Box<dyn Error>> {
    stream.write_all(format!("GET / HTTP/1.1\r\nHost: a\r\n{headers}\r\n").as_bytes())?;
    let mut said = Vec::new();
    let mut buffer = [0; 4096];
    while !said.ends_with(b"ok") && !said.ends_with(b"</html>\n") {
        let length = stream.read(&mut buffer)?;
        if length == 0 {
            break;
        }
        said.extend_from_slice(&buffer[..length]);
    }
    Ok(String::from_utf8_lossy(&said).chars().skip(9).take(3).collect())
}

fn programs() -> Vec<PathBuf> {
    debian::HAPROXY.find().into_iter().chain([PathBuf::from(env!("CARGO_BIN_EXE_lb"))]).collect()
}

/// Each program with these lines before its one server's.
fn each(lines: &str, server: &str, check: impl Fn(&Path, SocketAddr, &Seen) -> Done) -> Done {
    for program in programs() {
        let (at, seen) = Seen::start()?;
        let front = loopback::free_port()?;
        let config = format!("{DEFAULTS}listen l\n bind {front}\n {lines}\n server s {at} {server}\n");
        let _proxy = Launch::new(&program).config(&config).listening_on(front).start()?;
        check(&program, front, &seen).map_err(|error| format!("{}: {error}", program.display()))?;
    }
    Ok(())
}

/// An address that belongs to no test.
const CLIENT: Ipv4Addr = Ipv4Addr::new(127, 77, 1, 2);

/// Where the connection of one request came from.
fn source_of(front: SocketAddr, seen: &Seen, headers: &str) -> Result<IpAddr, Box<dyn Error>> {
    let mut stream = connect(CLIENT, front)?;
    assert_eq!(ask(&mut stream, headers)?, "200");
    Ok(seen.take().first().ok_or("no connection")?.0.ip())
}

#[test]
fn connections_come_from_clients_addresses() -> Done {
    each("source 0.0.0.0 usesrc clientip", "", |_, front, seen| {
        assert_eq!(source_of(front, seen, "")?, CLIENT);
        Ok(())
    })?;
    each("", "source 0.0.0.0 usesrc 127.77.1.3", |_, front, seen| {
        assert_eq!(source_of(front, seen, "")?, Ipv4Addr::new(127, 77, 1, 3));
        Ok(())
    })
}

#[test]
fn connections_come_from_addresses_in_headers() -> Done {
    each("source 0.0.0.0 usesrc hdr_ip(x-forwarded-for,-1)", "", |_, front, seen| {
        let mut stream = connect(CLIENT, front)?;
        for last in [4, 5] {
            // Another address in the next request of the same client: another connection.
            let header = format!("X-Forwarded-For: 127.77.1.9, 127.77.1.{last}\r\n");
            assert_eq!(ask(&mut stream, &header)?, "200");
            let [(from, _)] = &seen.take()[..] else { return Err("not one connection".into()) };
            assert_eq!(from.ip(), Ipv4Addr::new(127, 77, 1, last));
        }
        Ok(())
    })
}

#[test]
fn ports_of_a_range_are_taken_in_turns() -> Done {
    each("http-reuse never", "source 127.77.1.8:20001-20004", |_, front, seen| {
        let mut clients = Vec::new();
        for _ in 0..3 {
            let mut stream = connect(CLIENT, front)?;
            assert_eq!(ask(&mut stream, "")?, "200");
            clients.push(stream);
        }
        let from: BTreeSet<u16> = seen.take().iter().map(|(from, _)| from.port()).collect();
        assert_eq!(from.len(), 3, "{from:?}");
        assert!(from.iter().all(|port| (20001..=20004).contains(port)), "{from:?}");
        Ok(())
    })
}

#[test]
fn connections_leave_by_an_interface() -> Done {
    if !geteuid().is_root() {
        println!("skipped, binding to an interface takes root's rights");
        return Ok(());
    }
    each("", "source 0.0.0.0 interface lo", |_, front, seen| {
        assert!(source_of(front, seen, "")?.is_loopback());
        Ok(())
    })
}

#[test]
fn privileges_that_are_given_away_are_missed_at_load() -> Done {
    let text = "global\n user nobody\nlisten l\n mode tcp\n bind 127.0.0.1:1\n timeout client 1s\n timeout server 1s\n \
                timeout connect 1s\n server s 127.0.0.1:2 source 0.0.0.0 usesrc clientip\n";
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("a.cfg");
    std::fs::write(&file, text)?;
    let said =
        std::process::Command::new(env!("CARGO_BIN_EXE_lb")).arg("-c").arg("-f").arg(&file).output()?;
    assert_eq!(said.status.code(), Some(1));
    let text = String::from_utf8_lossy(&said.stderr);
    assert!(text.contains("require full privileges, so global.uid cannot be changed"), "{text}");
    Ok(())
}

/// `tfo` on both ends, seen in the counters of a network namespace of the test's own. (haproxy 2.6 sends the same file's
/// requests after the handshake.)
#[test]
fn requests_travel_with_the_first_packet() -> Done {
    if !geteuid().is_root() {
        println!("skipped, a network namespace takes root's rights");
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("a.cfg");
    let text = "option http-server-close\n\
                frontend f\n bind 127.0.0.1:80\n default_backend b\n\
                backend b\n retry-on conn-failure empty-response response-timeout\n server s 127.0.0.1:81 tfo\n\
                frontend g\n bind 127.0.0.1:81 tfo\n http-request return status 200 content-type text/plain string ok\n";
    std::fs::write(&file, format!("{DEFAULTS} {text}"))?;
    // The first connection asks for the cookie that lets the others bring data.
    let script = "ip link set lo up && echo 3 > /proc/sys/net/ipv4/tcp_fastopen && { \"$0\" -db -f \"$1\" & } && \
                  for i in 1 2 3 4 5; do curl -s -o /dev/null -w '%{http_code} ' --retry 30 --retry-connrefused \
                  --retry-delay 1 http://127.0.0.1/; done; kill $!; wait $!; \
                  awk '/^TcpExt/ { if (!n++) split($0, name); else split($0, value) } \
                  END { for (i in name) if (name[i] ~ /^TCPFastOpen(Active|Passive)$/) print name[i] value[i] }' /proc/net/netstat";
    let inside = |script: &str| {
        let mut shell = std::process::Command::new("unshare");
        shell.args(["-n", "sh", "-c", script, env!("CARGO_BIN_EXE_lb")]).arg(&file).output()
    };
    if !inside("ip link set lo up && command -v curl").is_ok_and(|tried| tried.status.success()) {
        assert!(!debian::demanded(), "no network namespace, or no ip or curl");
        println!("skipped, needs a network namespace, ip and curl");
        return Ok(());
    }
    let out = inside(script)?;
    let [said, errors] = [&out.stdout, &out.stderr].map(|text| String::from_utf8_lossy(text));
    assert!(said.starts_with("200 200 200 200 200 "), "{said}{errors}");
    for counter in ["TCPFastOpenActive4", "TCPFastOpenPassive4"] {
        assert!(said.contains(counter), "{said}");
    }
    Ok(())
}

/// `set-proxy-v2-tlv-fmt`, which haproxy 2.6 does not know: one lb tells another.
#[test]
fn values_travel_in_proxy_headers() -> Done {
    let (at, seen) = Seen::start()?;
    let (first, second) = (loopback::free_port()?, loopback::free_port()?);
    let config = format!(
        "{DEFAULTS}listen one\n bind {first}\n\
         server s {second} send-proxy-v2 set-proxy-v2-tlv-fmt(0xE1) %[req.hdr(x-own)] \
         set-proxy-v2-tlv-fmt(226) \"for %[src]\" set-proxy-v2-tlv-fmt(0xE3) %[req.hdr(none)] proxy-v2-options crc32c\n\
         listen two\n bind {second} accept-proxy\n\
         http-request set-header x-one %[fc_pp_tlv(0xE1)]\n\
         http-request set-header x-two %[fc_pp_tlv(226)]\n\
         http-request set-header x-three none unless {{ fc_pp_tlv(0xE3) -m found }}\n server s {at}\n"
    );
    let _proxy = Launch::new(env!("CARGO_BIN_EXE_lb"))
        .config(&config)
        .listening_on(first)
        .listening_on(second)
        .start()?;
    let mut stream = connect(CLIENT, first)?;
    for value in ["abc", "another"] {
        assert_eq!(ask(&mut stream, &format!("X-Own: {value}\r\n"))?, "200");
        assert!(eventually(PATIENCE, || !seen.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()));
        let said = seen.take();
        let text = String::from_utf8_lossy(&said[0].1).into_owned();
        assert!(text.contains(&format!("x-one: {value}\r\n")), "{text}");
        assert!(text.contains(&format!("x-two: for {CLIENT}\r\n")), "{text}");
        assert!(!text.contains("x-three"), "{text}");
    }
    Ok(())
}

/// A server at 0.0.0.0 is where the client wanted to go, or where rules say.
#[test]
fn clients_are_taken_to_where_they_wanted_to_go() -> Done {
    for program in programs() {
        let ((one, first), (two, second)) = (Seen::start()?, Seen::start()?);
        let front = loopback::free_port()?;
        let config = format!(
            "{DEFAULTS}listen l\n bind {front}\n http-request set-dst req.hdr(to)\n\
             http-request set-dst-port req.hdr(port)\n server s 0.0.0.0:0\n"
        );
        let _proxy = Launch::new(&program).config(&config).listening_on(front).start()?;
        let mut stream = connect(CLIENT, front)?;
        // Back and forth on one connection of the client.
        for (to, seen) in [(one, &first), (two, &second), (two, &second), (one, &first)] {
            let headers = format!("To: {}\r\nPort: {}\r\n", to.ip(), to.port());
            assert_eq!(ask(&mut stream, &headers)?, "200", "{}", program.display());
            let noted = seen.take().len();
            assert!(noted <= 1, "{}: {noted}", program.display());
        }
        let left = (first.take().len(), second.take().len());
        assert_eq!(left, (0, 0), "{}", program.display());
    }
    Ok(())
}

/// `dispatch` and `option transparent`, which later versions have no more: one place without a name.
#[test]
fn proxies_without_servers() -> Done {
    for program in programs() {
        let (at, seen) = Seen::start()?;
        let (one, two) = (loopback::free_port()?, loopback::free_port()?);
        let config = format!(
            "{}listen one\n bind {one}\n dispatch {at}\n\
             listen two\n bind {two} accept-proxy\n option transparent\n",
            DEFAULTS.replace(" balance roundrobin\n", "")
        );
        let _proxy = Launch::new(&program).config(&config).listening_on(one).listening_on(two).start()?;
        let mut stream = connect(CLIENT, one)?;
        assert_eq!(ask(&mut stream, "")?, "200", "{}", program.display());
        let mut stream = connect(CLIENT, two)?;
        stream.write_all(format!("PROXY TCP4 {CLIENT} {} 7 {}\r\n", at.ip(), at.port()).as_bytes())?;
        assert_eq!(ask(&mut stream, "")?, "200", "{}", program.display());
        assert_eq!(seen.take().len(), 2);
    }
    Ok(())
}
