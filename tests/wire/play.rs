//! Playing cases against a program: one process for each configuration, one proxy section for each case.

use crate::{
    case::{Act, Case, PAUSE, Side},
    format::ORDINARY,
    outcome::{End, Heard, Log, Outcome},
    records::Records,
};
use lb_harness::{
    Client, Exchange, HttpLog, Launch, Script, Server, Syslog, escape, eventually, framing, loopback,
};
use std::{
    collections::BTreeMap,
    io,
    net::SocketAddr,
    path::Path,
    process::Command,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// What became of each case, by its name, or why it could not be played.
pub(crate) type Results = BTreeMap<String, Result<Outcome, String>>;

/// How many cases are played at the same time.
const AT_ONCE: usize = 24;
/// How long a case may take to become what the record says.
const LIMIT: Duration = Duration::from_secs(4);
/// The same for a case that is not expected to.
const PENDING_LIMIT: Duration = Duration::from_millis(1200);
/// How long nothing more may happen behind what the record says.
const SETTLE: Duration = Duration::from_millis(60);
/// How long nothing may happen until a case that is recorded is over: longer than any timeout of the configurations.
pub(crate) const RECORD_QUIET: Duration = Duration::from_millis(1200);

/// The version that `haproxy -v` names, up to the first dash.
pub(crate) fn haproxy_version(program: &Path) -> io::Result<String> {
    let output = Command::new(program).arg("-v").output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let version = text.split_whitespace().nth(2).and_then(|word| word.split('-').next());
    Ok(version.unwrap_or("?").to_owned())
}

/// A program that is to play cases.
pub(crate) struct Program<'a> {
    /// Which of the two outcomes of a case it is measured by.
    pub(crate) side: Side,
    /// Where it is.
    pub(crate) path: &'a Path,
    /// How long nothing may happen until a case without an outcome to expect is over.
    pub(crate) quiet: Duration,
}

impl Program<'_> {
    /// Plays the cases; `pending` says which are not expected to match.
    pub(crate) fn play(&self, records: &Records, cases: &[&Case], pending: &dyn Fn(&str) -> bool) -> Results {
        let mut by_config: BTreeMap<&str, Vec<&Case>> = BTreeMap::new();
        for case in cases {
            by_config.entry(&case.config).or_default().push(case);
        }
        let mut results = Results::new();
        for (config, cases) in by_config {
            let text = records.config(config).unwrap_or_else(|| panic!("no configs/{config}.cfg"));
            let limits = cases.iter().map(|c| if pending(&c.name) { PENDING_LIMIT } else { LIMIT }).collect();
            match Stage::set(self, text, &cases, limits) {
                Ok(stage) => results.extend(stage.play()),
                Err(why) => {
                    let why = format!("configs/{config}.cfg: {why}\n");
                    results.extend(cases.iter().map(|case| (case.name.clone(), Err(why.clone()))));
                }
            }
        }
        results
    }
}

/// One running program with the servers behind it.
struct Stage<'a> {
    program: &'a Program<'a>,
    cases: &'a [&'a Case],
    limits: Vec<Duration>,
    servers: Vec<Mutex<Option<Server>>>,
    fronts: Vec<SocketAddr>,
    syslog: Syslog,
    proxy: lb_harness::Proxy,
}

impl<'a> Stage<'a> {
    fn set(
        program: &'a Program<'a>,
        config: &str,
        cases: &'a [&'a Case],
        limits: Vec<Duration>,
    ) -> io::Result<Self> {
        let syslog = Syslog::start()?;
        let servers = cases.iter().map(|case| Server::start(script(case))).collect::<io::Result<Vec<_>>>()?;
        let fronts = cases.iter().map(|_| loopback::free_port()).collect::<io::Result<Vec<_>>>()?;
        let (head, each) = config.split_at(config.find("listen @CASE@").unwrap_or(config.len()));
        let mut text = head.replace("@LOG@", &syslog.addr().to_string());
        for ((case, server), front) in cases.iter().zip(&servers).zip(&fronts) {
            let section = each.replace("@CASE@", &case.name).replace("@BIND@", &front.to_string());
            text += &section.replace("@SERVER@", &server.addr().to_string());
        }
        let launch =
            fronts.iter().fold(Launch::new(program.path).config(&text), |l, front| l.listening_on(*front));
        let proxy = launch.start()?;
        let servers = servers.into_iter().map(|server| Mutex::new(Some(server))).collect();
        Ok(Self { program, cases, limits, servers, fronts, syslog, proxy })
    }

    fn play(mut self) -> Results {
        let (next, played) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
        thread::scope(|scope| {
            for _ in 0..AT_ONCE.min(self.cases.len()) {
                scope.spawn(|| {
                    while let Some(case) = self.cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let index = self.cases.iter().position(|c| c.name == case.name).unwrap_or_default();
                        let outcome = self.play_one(index, case).map_err(|e| e.to_string());
                        played.lock().unwrap().insert(case.name.clone(), outcome);
                    }
                });
            }
        });
        let mut results = played.into_inner().unwrap();
        self.add_logs(&mut results);
        if !self.proxy.is_running() {
            let text = format!("the program has ended\n{}", self.proxy.stderr());
            results.values_mut().for_each(|result| *result = Err(text.clone()));
        }
        results
    }

    /// Plays one case up to the end of the client; what was logged is added later.
    fn play_one(&self, index: usize, case: &Case) -> io::Result<Outcome> {
        let server = self.servers[index].lock().unwrap().take().ok_or(io::ErrorKind::NotFound)?;
        let client = Client::connect(self.fronts[index])?;
        let mut player = Player { client: Some(client), heard: Heard::default(), awaited: 0 };
        for act in &case.client {
            player.act(act, self.limits[index]);
        }
        let now = || {
            (joined(player.now()), server.heard().into_iter().map(abandoned).map(joined).collect::<Vec<_>>())
        };
        let seen = match case.expected(self.program.side) {
            Some(expect) => {
                let _ = eventually(self.limits[index], || {
                    now() == (expect.client.clone(), expect.servers.clone())
                });
                thread::sleep(SETTLE);
                now()
            }
            None => quiet(self.program.quiet, now),
        };
        drop(player);
        // The client is gone before the server goes, so that the log says so where a request was still running.
        thread::sleep(SETTLE);
        drop(server);
        Ok(Outcome { client: seen.0, servers: seen.1, log: Vec::new() })
    }

    /// Adds to each result what was logged for its case.
    fn add_logs(&self, results: &mut Results) {
        let logs = || {
            let mut logs: BTreeMap<String, Vec<Log>> = BTreeMap::new();
            for line in self.syslog.lines().iter().filter_map(|line| HttpLog::parse(line)) {
                logs.entry(line.frontend.clone()).or_default().push(Log::new(line));
            }
            logs
        };
        let complete = |(case, limit): (&&Case, &Duration)| {
            let expect = case.expected(self.program.side).map_or(0, |outcome| outcome.log.len());
            *limit < LIMIT || logs().get(&case.name).map_or(0, Vec::len) >= expect
        };
        let _ = eventually(LIMIT, || {
            thread::sleep(SETTLE);
            self.cases.iter().zip(&self.limits).all(complete)
        });
        let recorded = self.cases.iter().all(|case| case.expected(self.program.side).is_some());
        let _ = quiet(if recorded { 2 * SETTLE } else { self.program.quiet }, || self.syslog.lines().len());
        for (name, log) in logs() {
            if let Some(Ok(outcome)) = results.get_mut(&name) {
                outcome.log = log;
            }
        }
    }
}

/// A server connection that the proxy gave up: the kernel makes it a reset if bytes were still unread, which is
/// chance, and means nothing to a server.
fn abandoned(heard: Heard) -> Heard {
    let end = if heard.end == End::Reset { End::Closed } else { heard.end };
    Heard { end, ..heard }
}

/// A long message with its chunks made one: where a long body is cut is a matter of buffers.
fn joined(heard: Heard) -> Heard {
    const LONG: usize = 16 << 10;
    let head = framing::head_len(&heard.bytes).filter(|_| heard.bytes.len() > LONG);
    let Some((head, body)) = head.map(|at| heard.bytes.split_at(at)) else { return heard };
    let Some(data) = framing::unchunked(body).filter(|data| data.len() > LONG) else { return heard };
    let bytes = [head, format!("{:X}\r\n", data.len()).as_bytes(), &data, b"\r\n0\r\n\r\n"].concat();
    Heard { bytes, end: heard.end }
}

/// The script of a case's server.
fn script(case: &Case) -> Script {
    if case.server.is_empty() {
        return Script::answer(ORDINARY);
    }
    let exchange =
        |plays: &Vec<crate::case::Play>| Exchange { steps: plays.iter().map(|p| p.step()).collect() };
    Script { exchanges: case.server.iter().map(exchange).collect() }
}

/// Waits until a value has not changed for a while, for at most a few times as long; the value.
fn quiet<T: PartialEq>(time: Duration, now: impl Fn() -> T) -> T {
    let (start, mut since, mut value) = (Instant::now(), Instant::now(), now());
    while since.elapsed() < time && start.elapsed() < 5 * time {
        thread::sleep(PAUSE / 2);
        let new = now();
        if new != value {
            (since, value) = (Instant::now(), new);
        }
    }
    value
}

/// The client of a case.
struct Player {
    client: Option<Client>,
    heard: Heard,
    awaited: usize,
}

impl Player {
    /// Does one thing; a write that fails is no error, since the other side may have closed.
    fn act(&mut self, act: &Act, limit: Duration) {
        let Some(client) = &self.client else { return };
        match act {
            Act::Send(block) => drop(client.send(&block.bytes)),
            Act::Drip(block) => drop(client.drip(&block.bytes, Duration::from_millis(1))),
            Act::Pause => thread::sleep(PAUSE),
            Act::Await(text) => {
                let bytes = escape::decode(text).unwrap_or_default();
                self.awaited = client.wait_bytes(self.awaited, &bytes, limit).unwrap_or(self.awaited);
            }
            Act::HalfClose => drop(client.half_close()),
            Act::Close => {
                self.heard = client.heard();
                self.client = None;
            }
            Act::Reset => self.heard = self.client.take().map(Client::reset).unwrap_or_default(),
        }
    }

    fn now(&self) -> Heard {
        self.client.as_ref().map_or_else(|| self.heard.clone(), Client::heard)
    }
}
