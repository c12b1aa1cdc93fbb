//! Stand-in for haproxy-cfg-parser until its entry points land: just enough to try the process model.
#![allow(missing_docs, clippy::all, dead_code)]
use haproxy_cfg_parser::model::*;
use haproxy_cfg_parser::{Diagnostic, Severity};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

pub(crate) trait World {
    fn env(&self) -> Vec<(String, String)>;
    fn feature(&self, name: &str) -> bool;
    fn version(&self) -> String;
    fn enabled(&self, _option: &str) -> bool {
        true
    }
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
    fn list_dir(&self, path: &Path) -> io::Result<Vec<String>>;
    fn is_dir(&self, path: &Path) -> bool;
}
pub(crate) struct SystemWorld {
    pub(crate) features: Vec<String>,
    pub(crate) version: String,
}
impl World for SystemWorld {
    fn env(&self) -> Vec<(String, String)> {
        std::env::vars().collect()
    }
    fn feature(&self, name: &str) -> bool {
        self.features.iter().any(|f| f == name)
    }
    fn version(&self) -> String {
        self.version.clone()
    }
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }
    fn list_dir(&self, path: &Path) -> io::Result<Vec<String>> {
        std::fs::read_dir(path)?.map(|e| e.map(|e| e.file_name().to_string_lossy().into_owned())).collect()
    }
    fn is_dir(&self, path: &Path) -> bool {
        path.is_dir()
    }
}
pub(crate) struct Source {
    name: Arc<str>,
    bytes: Vec<u8>,
}
#[derive(Debug)]
pub(crate) struct LoadError {
    pub(crate) path: String,
    pub(crate) reason: io::Error,
}
pub(crate) fn load<P: AsRef<str>>(paths: &[P], world: &dyn World) -> Result<Vec<Source>, LoadError> {
    let mut out = Vec::new();
    for path in paths {
        let path = path.as_ref();
        if world.is_dir(Path::new(path)) {
            continue;
        }
        let bytes = world.read(Path::new(path)).map_err(|reason| LoadError { path: path.into(), reason })?;
        out.push(Source { name: path.into(), bytes });
    }
    Ok(out)
}
pub(crate) fn evaluate_condition(text: &str, _: &dyn World) -> Result<bool, String> {
    match text {
        "" | "0" => Ok(false),
        "1" => Ok(true),
        _ => Err(format!("unparsable conditional expression '{text}'")),
    }
}
pub(crate) fn parse(sources: &[Source], world: &dyn World) -> (Config, Vec<Diagnostic>) {
    let mut c = Config { environment: world.env(), ..Config::default() };
    let mut d = Vec::new();
    for s in sources {
        let text = String::from_utf8_lossy(&s.bytes).into_owned();
        let mut section = "";
        for (i, line) in text.lines().enumerate() {
            let place = Place { file: s.name.clone(), line: i as u32 + 1 };
            let w: Vec<&str> = line.split_whitespace().collect();
            let arg = w.get(1).map(|s| s.to_string());
            let n = arg.as_deref().and_then(|s| s.parse::<u64>().ok());
            let g = &mut c.global;
            let mut bad = false;
            match *w.first().unwrap_or(&"") {
                "" | "timeout" | "mode" | "default_backend" | "server" | "http-request" | "stats" => {}
                "global" => section = "global",
                "defaults" | "backend" => section = "other",
                "frontend" | "listen" => {
                    section = "frontend";
                    c.proxies.push(proxy(arg.unwrap_or_default(), place));
                }
                "bind" => {
                    if let (Some(p), Some(a)) = (c.proxies.last_mut(), arg) {
                        let (host, port) = a.rsplit_once(':').unwrap_or(("", "0"));
                        let port = port.parse().unwrap_or(0);
                        let host = host.parse().map(Host::Ip).unwrap_or(Host::Any);
                        let address = Address::Inet { host, ports: (port, port), offset: None };
                        p.binds.push(Bind {
                            addresses: vec![(address, a)],
                            options: BindOptions::default(),
                            place,
                        });
                    }
                }
                "daemon" => g.daemon = true,
                "quiet" => g.quiet = true,
                "zero-warning" => g.zero_warning = true,
                "master-worker" => g.master_worker = Some(MasterWorker { no_exit_on_failure: arg.is_some() }),
                "user" => g.user = arg,
                "group" => g.group = arg,
                "chroot" => g.chroot = arg,
                "pidfile" => g.pidfile = arg,
                "maxconn" => g.maxconn = n,
                "nbthread" => g.nbthread = n.map(|n| n as u32),
                "ulimit-n" => g.ulimit_n = n,
                "fd-hard-limit" => g.fd_hard_limit = n,
                "hard-stop-after" => {
                    g.hard_stop_after =
                        arg.and_then(|a| a.trim_end_matches("ms").parse().ok()).map(Duration::from_millis)
                }
                "setenv" => c.environment.push((w[1].into(), w[2].into())),
                "warn" => d.push(diag(Severity::Warning, &place, "you asked for a warning")),
                "cpu-map" => g.cpu_map.push(CpuMap {
                    auto: false,
                    first: n.unwrap_or(1) as u32,
                    last: n.unwrap_or(1) as u32,
                    cpus: vec![w[2].parse().unwrap_or(0)],
                    place,
                }),
                _ => bad = true,
            }
            if bad {
                let place = Place { file: s.name.clone(), line: i as u32 + 1 };
                d.push(diag(
                    Severity::Alert,
                    &place,
                    &format!("unknown keyword '{}' in '{section}' section", w[0]),
                ));
            }
        }
    }
    (c, d)
}
fn diag(severity: Severity, place: &Place, text: &str) -> Diagnostic {
    Diagnostic {
        severity,
        place: Some(place.clone()),
        span: None,
        message: format!("config : parsing [{place}] : {text}"),
        help: None,
    }
}
fn proxy(name: String, place: Place) -> Proxy {
    Proxy {
        kind: ProxyKind::Frontend,
        name,
        place,
        id: None,
        description: None,
        disabled: false,
        mode: Mode::Http,
        binds: vec![],
        servers: vec![],
        maxconn: None,
        fullconn: None,
        rate_limit_sessions: None,
        backlog: None,
        timeouts: Timeouts::default(),
        options: Options::default(),
        balance: None,
        hash_type: None,
        retries: None,
        retry_on: vec![],
        cookie: None,
        http_reuse: None,
        acls: vec![],
        http_request: vec![],
        http_response: vec![],
        http_after_response: vec![],
        tcp_request_connection: vec![],
        tcp_request_session: vec![],
        tcp_request_content: vec![],
        tcp_response_content: vec![],
        tcp_inspect_delay: None,
        redirects: vec![],
        use_backend: vec![],
        default_backend: None,
        use_server: vec![],
        logs: vec![],
        log_tag: None,
        log_format: None,
        error_log_format: None,
        log_format_sd: None,
        unique_id_format: None,
        unique_id_header: None,
        capture_request: vec![],
        capture_response: vec![],
        capture_cookie: None,
        declared_captures: vec![],
        errorfiles: vec![],
        errorlocs: vec![],
        monitor_uri: None,
        monitor_fail: vec![],
        stats: None,
        source: None,
        dispatch: None,
        load_server_state: None,
        others: vec![],
    }
}
