//! The Prometheus exporter from outside: numbers that move, checked by promtool, and scraped by a real Prometheus.
#![allow(clippy::unwrap_used)]

use lb_harness::{Launch, Proxy, Script, Server, debian, eventually, loopback};
use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(30);

/// What a request with these lines is answered, to the end of the connection.
fn get(to: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(to).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    // Chunks would stand between the lines.
    stream.write_all(format!("GET {path} HTTP/1.0\r\nhost: a\r\n\r\n").as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    answer.split_once("\r\n\r\n").map_or(String::new(), |(_, body)| unchunked(body))
}

/// HAProxy sends chunks to clients of HTTP/1.0 too.
fn unchunked(body: &str) -> String {
    lb_harness::framing::unchunked(body.as_bytes())
        .map_or_else(|| body.to_owned(), |whole| String::from_utf8_lossy(&whole).into_owned())
}

/// A proxy with a good server, one that answers 500, one in maintenance, and one that is not there.
struct Stand {
    _good: Server,
    _bad: Server,
    front: SocketAddr,
    _proxy: Proxy,
}

impl Stand {
    fn start(program: &Path) -> Self {
        let good = Server::start(Script::answer(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")).unwrap();
        let bad =
            Server::start(Script::answer(b"HTTP/1.1 500 Oops\r\ncontent-length: 3\r\n\r\nbad")).unwrap();
        let (front, closed) = (loopback::free_port().unwrap(), loopback::free_port().unwrap());
        let config = format!(
            "defaults\n mode http\n timeout client 5s\n timeout connect 5s\n timeout server 5s\n retries 1\n\
             frontend fe\n bind {front}\n\
             http-request use-service prometheus-exporter if {{ path /metrics }}\n\
             http-request deny if {{ path /denied }}\n\
             http-request return status 200 if {{ path /own }}\n\
             use_backend bad if {{ path /bad }}\n use_backend gone if {{ path /gone }}\n default_backend be\n\
             backend be\n balance roundrobin\n http-request set-var(txn.no) bool(1) if {{ path /no-answer }}\n http-response deny if {{ var(txn.no) -m bool }}\n\
             server s1 {good}\n server s2 {good} disabled\n\
             backend bad\n balance roundrobin\n server s1 {bad}\n\
             backend gone\n balance roundrobin\n server s1 {closed}\n",
            good = good.addr(),
            bad = bad.addr(),
        );
        let proxy = Launch::new(program).config(&config).listening_on(front).start().unwrap();
        Self { _good: good, _bad: bad, front, _proxy: proxy }
    }

    /// Mixed requests.
    fn traffic(&self) {
        for _ in 0..20 {
            for path in ["/", "/a/longer/path", "/denied", "/own", "/bad", "/no-answer"] {
                get(self.front, path);
            }
        }
        get(self.front, "/gone");
    }

    /// Samples by name and labels.
    fn scrape(&self) -> BTreeMap<String, f64> {
        let text = get(self.front, "/metrics");
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        lines
            .filter_map(|line| line.rsplit_once(' '))
            .filter_map(|(name, value)| Some((name.to_owned(), value.parse().ok()?)))
            .collect()
    }
}

#[test]
fn numbers_move_under_traffic() {
    let stand = Stand::start(Path::new(env!("CARGO_BIN_EXE_lb")));
    let before = stand.scrape();
    stand.traffic();
    let after = stand.scrape();
    for name in [
        "haproxy_process_requests_total",
        "haproxy_process_connections_total",
        "haproxy_process_bytes_out_total",
        "haproxy_frontend_http_requests_total{proxy=\"fe\"}",
        "haproxy_frontend_requests_denied_total{proxy=\"fe\"}",
        "haproxy_frontend_intercepted_requests_total{proxy=\"fe\"}",
        "haproxy_frontend_bytes_in_total{proxy=\"fe\"}",
        "haproxy_frontend_bytes_out_total{proxy=\"fe\"}",
        "haproxy_backend_http_responses_total{proxy=\"bad\",code=\"5xx\"}",
        "haproxy_backend_responses_denied_total{proxy=\"be\"}",
        "haproxy_backend_connection_errors_total{proxy=\"gone\"}",
        "haproxy_backend_retry_warnings_total{proxy=\"gone\"}",
        "haproxy_backend_loadbalanced_total{proxy=\"be\"}",
        "haproxy_server_sessions_total{proxy=\"be\",server=\"s1\"}",
        "haproxy_server_http_responses_total{proxy=\"be\",server=\"s1\",code=\"2xx\"}",
        "lb_server_total_time_seconds_count{proxy=\"be\",server=\"s1\"}",
        "lb_backend_connect_time_seconds_sum{proxy=\"be\"}",
    ] {
        let (before, after) = (before.get(name).unwrap(), after.get(name).unwrap());
        assert!(after > before, "{name}: {before}, then {after}");
    }
}

#[test]
fn promtool_finds_no_error() {
    let promtool = match debian::find_all([debian::PROMTOOL]) {
        Ok([promtool]) => promtool,
        Err(missing) => {
            assert!(!debian::demanded(), "{missing}");
            println!("{missing}");
            return;
        }
    };
    let stand = Stand::start(Path::new(env!("CARGO_BIN_EXE_lb")));
    stand.traffic();
    let text = get(stand.front, "/metrics");
    let mut check = Command::new(promtool)
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    check.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let done = check.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr) + String::from_utf8_lossy(&done.stdout);
    // It also dislikes some of HAProxy's names, which stay as dashboards know them.
    let errors: Vec<&str> = said.lines().filter(|line| !is_style(line)).collect();
    assert!(errors.is_empty(), "{errors:?}");
    assert!(!said.contains("error while linting"), "{said}");
}

/// What promtool says of names: HAProxy's own are interface, those of lb must please it.
fn is_style(line: &str) -> bool {
    line.starts_with("haproxy_")
}

/// A child that is killed in the end.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_real_prometheus_scrapes_it() {
    let program = match debian::find_all([debian::PROMETHEUS]) {
        Ok([program]) => program,
        Err(missing) => {
            assert!(!debian::demanded(), "{missing}");
            println!("{missing}");
            return;
        }
    };
    let stand = Stand::start(Path::new(env!("CARGO_BIN_EXE_lb")));
    stand.traffic();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("prometheus.yml");
    let text = format!(
        "global:\n  scrape_interval: 1s\n  scrape_timeout: 1s\nscrape_configs:\n- job_name: lb\n  static_configs:\n  - targets: ['{}']\n",
        stand.front
    );
    fs::write(&file, text).unwrap();
    let web = loopback::free_port().unwrap();
    let child = Command::new(program)
        .arg(format!("--config.file={}", file.display()))
        .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
        .arg(format!("--web.listen-address={web}"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let _child = Killed(child);
    let has = |query: &str, value: &str| {
        TcpStream::connect(web).is_ok()
            && get(web, &format!("/api/v1/query?query={query}")).contains(&format!("\"{value}\"]"))
    };
    assert!(eventually(LIMIT, || has("up", "1")), "it is not scraped");
    assert!(eventually(LIMIT, || has("haproxy_frontend_requests_denied_total", "20")));
    assert!(eventually(LIMIT, || has("lb_backend_total_time_seconds_count%7Bproxy%3D%22bad%22%7D", "20")));
}
