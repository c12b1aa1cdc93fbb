//! Names of servers: what the program asks name servers, and what it makes of their answers.

use crate::program::{LIMIT, Place, Running};
use lb_harness::{NameServer, Say, Syslog, eventually};
use std::io::{Read, Write};
use std::net::{IpAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// A program whose backend `b` has these lines, with these name servers.
struct Stand {
    place: Place,
    log: Syslog,
    _running: Running,
}

impl Stand {
    fn start(servers: &[&NameServer], hold: &str, frontend: &str, backend: &str) -> Self {
        let place = Place::new();
        let log = Syslog::start().unwrap();
        let mut names = String::new();
        for (number, server) in servers.iter().enumerate() {
            names.push_str(&format!(" nameserver ns{number} {}\n", server.address()));
        }
        let config = place.write(
            "lb.cfg",
            &format!(
                "global\n stats socket {0}/cli level admin\n log {1} local0\n\
                 defaults\n mode http\n log global\n timeout client 5s\n timeout connect 5s\n timeout server 5s\n\
                 resolvers r\n{names} timeout resolve 200ms\n timeout retry 100ms\n resolve_retries 2\n{hold}\
                 frontend f\n bind {2}\n{frontend} default_backend b\nbackend b\n balance roundrobin\n{backend}",
                place.dir.path().display(),
                log.addr(),
                place.front
            ),
        );
        let running = place.start(["-db", "-f", config.to_str().unwrap()]);
        Self { place, log, _running: running }
    }

    fn ask(&self, command: &str) -> String {
        let mut socket = UnixStream::connect(self.place.path("cli")).unwrap();
        socket.set_read_timeout(Some(LIMIT)).unwrap();
        socket.write_all(format!("{command}\n").as_bytes()).unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Name, address, operational and administrative state, weight, host name and port of each server.
    fn servers(&self) -> Vec<String> {
        let answer = self.ask("show servers state b");
        let lines = answer.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_digit()));
        lines
            .filter(|line| *line != "1")
            .map(|line| {
                let fields: Vec<&str> = line.split(' ').collect();
                [3, 4, 5, 6, 7, 17, 18].map(|index| fields[index]).join(" ")
            })
            .collect()
    }

    fn comes_to(&self, expected: &[&str]) {
        let reached = eventually(LIMIT, || self.servers() == expected);
        assert!(reached, "{:#?}\n{:#?}\n{}", self.servers(), self.log.lines(), self.ask("show resolvers"));
    }

    fn logs(&self, text: &str) {
        let found = self.log.wait_for(|lines| lines.iter().any(|line| line.ends_with(text)), LIMIT);
        assert!(found, "{text}\n{:#?}", self.log.lines());
    }
}

fn ips(last: &[u8]) -> Vec<IpAddr> {
    last.iter().map(|last| IpAddr::from([127, 0, 1, *last])).collect()
}

fn addresses(last: &[u8]) -> Say {
    Say::Addresses(ips(last))
}

#[test]
fn a_name_that_moves_is_followed() {
    let server = NameServer::start().unwrap();
    server.a("a.test", addresses(&[1]));
    let stand = Stand::start(&[&server], "", "", " server s a.test:80 resolvers r init-addr none\n");
    stand.comes_to(&["s 127.0.1.1 2 0 1 a.test 80"]);
    stand.logs("b/s changed its IP from (none) to 127.0.1.1 by r/ns0.");
    stand.logs("Server b/s ('a.test') is UP/READY (resolves again).");
    stand.logs("Server b/s administratively READY thanks to valid DNS answer.");
    server.a("a.test", addresses(&[2]));
    stand.comes_to(&["s 127.0.1.2 2 0 1 a.test 80"]);
    stand.logs("b/s changed its IP from 127.0.1.1 to 127.0.1.2 by r/ns0.");
    let counters = stand.ask("show resolvers r");
    assert!(counters.starts_with("Resolvers section r\n nameserver ns0:\n  sent:        "), "{counters}");
    assert!(counters.contains("\n  update:      2\n"), "{counters}");
}

#[test]
fn a_name_that_is_gone_takes_its_server_out_after_the_hold_time() {
    for (say, cause) in [
        (Say::Nx, "DNS NX status"),
        (Say::Refused, "DNS refused status"),
        (Say::Silence, "DNS timeout status"),
        (Say::Failed, "unspecified DNS error"),
    ] {
        let server = NameServer::start().unwrap();
        let hold = " hold nx 300ms\n hold refused 300ms\n hold timeout 300ms\n hold other 300ms\n";
        server.a("a.test", addresses(&[1]));
        let stand =
            Stand::start(&[&server], hold, "", " server s a.test:80 resolvers r init-addr 127.0.1.1\n");
        stand.comes_to(&["s 127.0.1.1 2 0 1 a.test 80"]);
        server.a("a.test", say.clone());
        server.aaaa("a.test", say);
        stand.comes_to(&["s - 0 32 1 a.test 80"]);
        stand.logs(&format!(
            "Server b/s is going DOWN for maintenance ({cause}). 0 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue."
        ));
        server.a("a.test", addresses(&[3]));
        server.aaaa("a.test", addresses(&[]));
        stand.comes_to(&["s 127.0.1.3 2 0 1 a.test 80"]);
    }
}

#[test]
fn no_answer_but_the_true_one_is_taken() {
    let (liar, late) = (NameServer::start().unwrap(), NameServer::start().unwrap());
    let wait = Duration::from_millis(40);
    for (number, say) in [
        Say::OtherQuestion(ips(&[66])),
        Say::ForgedId(ips(&[66]), Box::new(Say::Silence)),
        Say::Garbage,
        Say::Truncated,
        Say::Refused,
        Say::Silence,
        Say::All(vec![Say::Refused, addresses(&[66]), addresses(&[66])]),
    ]
    .into_iter()
    .enumerate()
    {
        liar.a(&format!("n{number}.test"), say);
        let truth = addresses(&[number as u8 + 1]);
        late.a(&format!("n{number}.test"), Say::Late(wait, Box::new(truth)));
    }
    late.a("alias.test", Say::Alias("real.test".into(), ips(&[9])));
    let mut lines = String::new();
    for number in 0..7 {
        lines.push_str(&format!(
            " server s{number} n{number}.test:80 resolvers r resolve-prefer ipv4 init-addr none\n"
        ));
    }
    lines.push_str(" server alias alias.test:80 resolvers r init-addr none\n");
    let stand = Stand::start(&[&liar, &late], "", "", &lines);
    let expected: Vec<String> = (0..7)
        .map(|number| format!("s{number} 127.0.1.{} 2 0 1 n{number}.test 80", number + 1))
        .chain(["alias 127.0.1.9 2 0 1 alias.test 80".to_owned()])
        .collect();
    stand.comes_to(&expected.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(!stand.log.lines().iter().any(|line| line.contains("127.0.1.66")));
}

#[test]
fn servers_of_one_name_share_its_addresses() {
    let server = NameServer::start().unwrap();
    server.a("a.test", addresses(&[1, 2]));
    let line = " server-template s 3 a.test:80 resolvers r init-addr none\n";
    let stand = Stand::start(&[&server], "", "", line);
    stand.comes_to(&[
        "s1 127.0.1.1 2 0 1 a.test 80",
        "s2 127.0.1.2 2 0 1 a.test 80",
        "s3 - 0 32 1 a.test 80",
    ]);
    server.a("a.test", addresses(&[3, 2]));
    stand.comes_to(&[
        "s1 127.0.1.3 2 0 1 a.test 80",
        "s2 127.0.1.2 2 0 1 a.test 80",
        "s3 - 0 32 1 a.test 80",
    ]);
    let shared = " server-template s 2 a.test:80 resolvers r init-addr none resolve-opts allow-dup-ip\n";
    let stand = Stand::start(&[&server], "", "", shared);
    stand.comes_to(&["s1 127.0.1.3 2 0 1 a.test 80", "s2 127.0.1.3 2 0 1 a.test 80"]);
}

#[test]
fn records_of_a_service_make_servers() {
    let server = NameServer::start().unwrap();
    let record = |number: u16| (number * 512, 8000 + number, format!("h{number}.test"));
    for number in 1..4 {
        server.a(&format!("h{number}.test"), addresses(&[number]));
    }
    server.srv("_http._tcp.a.test", Say::Services(vec![record(1), record(2)]));
    let line = " server-template s 3 _http._tcp.a.test resolvers r init-addr none\n";
    let stand = Stand::start(&[&server], "", "", line);
    let second = "s2 127.0.1.2 2 64 5 h2.test 8002";
    stand.comes_to(&["s1 127.0.1.1 2 64 3 h1.test 8001", second, "s3 - 0 32 1 - 0"]);
    stand.logs("b/s1 changed its FQDN from (null) to h1.test by 'SRV record'");
    server.srv("_http._tcp.a.test", Say::Services(vec![record(2)]));
    stand.comes_to(&["s1 - 0 96 3 - 0", second, "s3 - 0 32 1 - 0"]);
    server.srv("_http._tcp.a.test", Say::Services(vec![record(3), record(2)]));
    stand.comes_to(&["s1 127.0.1.3 2 64 7 h3.test 8003", second, "s3 - 0 32 1 - 0"]);
}

#[test]
fn a_rule_asks_for_a_name() {
    let server = NameServer::start().unwrap();
    server.a("a.test", addresses(&[1]));
    server.aaaa("six.test", Say::Addresses(vec!["fd00::1".parse().unwrap()]));
    server.a("slow.test", Say::Late(Duration::from_millis(30), Box::new(addresses(&[4]))));
    let rules = " http-request do-resolve(txn.ip,r,ipv4) hdr(host)\n \
                 http-request return status 200 content-type text/plain lf-string \"ip=%[var(txn.ip)]\"\n";
    let stand = Stand::start(&[&server], "", rules, " server s 127.0.0.1:9\n");
    for (host, ip) in
        [("a.test", "127.0.1.1"), ("six.test", "fd00::1"), ("slow.test", "127.0.1.4"), ("none.test", "")]
    {
        let mut client = TcpStream::connect(stand.place.front).unwrap();
        client.set_read_timeout(Some(LIMIT)).unwrap();
        client
            .write_all(format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").as_bytes())
            .unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        assert!(answer.ends_with(&format!("\r\n\r\nip={ip}")), "{host}: {answer}");
    }
}
