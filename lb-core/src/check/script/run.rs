//! Runs a script against a server: connects, sends, reads, until a result is there or time is over.

use super::expect::{Look, View, unhex};
use super::response::{Answer, Reading, read};
use super::{Action, Connect, Expect, Script, Send, Step, builtin};
use crate::check::{Report, Status};
use crate::connect::dial_briefly;
use crate::exchange::Exchange;
use crate::http::Method;
use crate::net::{Buffer, Deadline, Fail, Io};
use crate::proxy_protocol::{self, Style};
use crate::sample::{Sample, Type};
use crate::server::{Operational, Server, ServerAddress};
use crate::tcp::Peeked;
use haproxy_cfg_parser::model::Timeouts;
use socket2::SockRef;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// What is checked, and within which limits.
pub(crate) struct Subject<'a> {
    /// The server.
    pub(crate) server: &'a Arc<Server>,
    /// Where checks go instead of its address ...
    pub(crate) address: Option<&'a ServerAddress>,
    /// ... and port.
    pub(crate) port: Option<u16>,
    /// The PROXY header that the server's line asks for.
    pub(crate) introduces: Option<Style>,
    /// It is a health check, and not a question to an agent.
    pub(crate) health: bool,
    /// The backend's timeouts.
    pub(crate) timeouts: &'a Timeouts,
    /// Time between checks, which is the longest that one may take to connect.
    pub(crate) inter: Duration,
    /// Bytes of an answer that are kept.
    pub(crate) bufsize: usize,
    /// `tune.http.maxhdr`.
    pub(crate) max_headers: usize,
    /// What expressions are evaluated with.
    pub(crate) exchange: Option<Box<Exchange>>,
}

/// A check on its way.
struct Run<'a> {
    script: &'a Script,
    subject: Subject<'a>,
    deadline: Deadline,
    io: Option<Io>,
    /// What is left of the next step's bytes, some of which went with the connection.
    ahead: Option<Vec<u8>>,
    linger: bool,
    input: Buffer,
    /// The server has ended its side.
    ended: bool,
    /// Bytes are needed before the next expectation looks.
    must_read: bool,
    method: Method,
}

/// Checks a server once.
pub(crate) async fn run(script: &Script, subject: Subject<'_>) -> Report {
    let started = Instant::now();
    let mut subject = subject;
    if let Some(exchange) = subject.exchange.as_mut().filter(|_| !script.http) {
        exchange.peeked = Some(Box::new(Peeked::new(Buffer::none())));
    }
    let mut run = Run {
        script,
        subject,
        deadline: Deadline::default(),
        io: None,
        ahead: None,
        linger: false,
        input: Buffer::new(0),
        ended: false,
        must_read: true,
        method: Method::Options,
    };
    let report = match run.steps().await {
        Ok(report) | Err(report) => report,
    };
    run.hang_up();
    Report { duration: Some(crate::proxy::millis(started.elapsed())), ..report }
}

impl Run<'_> {
    /// All steps in turn. `Err`: the result of a step that ended the check.
    async fn steps(&mut self) -> Result<Report, Report> {
        let script = self.script;
        let (mut index, mut last) = (0, None);
        let mut code = 0;
        while let Some(step) = script.steps.get(index) {
            code = 0;
            match &step.action {
                Action::Variable(rules) => {
                    if let Some(exchange) = &mut self.subject.exchange {
                        rules.run(exchange);
                    }
                    index += 1;
                    continue;
                }
                Action::Connect(connect) => {
                    // Where nothing is evaluated, what is to be sent does not depend on the connection.
                    let next = script.steps.get(index + 1).filter(|_| self.subject.exchange.is_none());
                    self.ahead = next.and_then(|next| self.bytes(next)?.ok());
                    self.connect(step, connect, script.is_quiet_after(index)).await?;
                }
                Action::Send(_) | Action::Request(_) => {
                    if let Action::Request(request) = &step.action {
                        self.method = request.method();
                    }
                    let bytes = match self.ahead.take() {
                        Some(bytes) => bytes,
                        None => self.bytes(step).unwrap_or_else(|| Ok(Vec::new()))?,
                    };
                    self.send(step, &bytes).await?;
                }
                Action::Expect(expect) => {
                    if let Some(found) = self.expect(step, expect).await? {
                        code = found;
                    } else {
                        index = expect.head;
                        continue;
                    }
                }
            }
            last = Some(step);
            index += 1;
        }
        Ok(self.passed(last, code))
    }

    /// The result after the last step.
    fn passed(&self, last: Option<&Step>, code: i32) -> Report {
        match last.map(|step| &step.action) {
            Some(Action::Expect(_)) if self.script.disable_on_404 && code == 404 && self.was_up() => {
                Report::new(Status::L7OkConditional, "").with_code(code)
            }
            Some(Action::Expect(expect)) => self.script.passed(expect, &self.view(code)),
            Some(Action::Connect(connect)) => {
                Report::new(Status::L4Ok, if connect.implicit { "" } else { "(tcp-check)" })
            }
            _ => Report::new(Status::L7Ok, "(tcp-check)"),
        }
    }

    fn view(&self, code: i32) -> View<'_> {
        View {
            input: self.received().filled(),
            last: self.ended || self.received().is_full(),
            code,
            exchange: self.subject.exchange.as_deref(),
        }
    }

    /// What the server has said; expressions see it where there are any.
    fn received(&self) -> &Buffer {
        let peeked = self.subject.exchange.as_ref().and_then(|exchange| exchange.peeked.as_ref());
        peeked.map_or(&self.input, |peeked| &peeked.response)
    }

    /// The server counts as up, so that a 404 may take it out softly.
    fn was_up(&self) -> bool {
        self.subject.server.state() != Operational::Stopped
    }

    /// Connects. `quiet`: bytes follow, or nothing does.
    async fn connect(&mut self, step: &Step, connect: &Connect, quiet: bool) -> Result<(), Report> {
        self.hang_up();
        input(&mut self.input, &mut self.subject.exchange).clear();
        (self.ended, self.must_read, self.linger) = (false, true, connect.linger);
        let timeouts = self.subject.timeouts;
        let limit = timeouts.connect.filter(|limit| timeouts.check.is_some() && !limit.is_zero());
        let now = Instant::now();
        let first = now + limit.map_or(self.subject.inter, |limit| limit.min(self.subject.inter));
        self.deadline.set(Some(first));
        let address = self.address(connect);
        let style = self.introduces(connect);
        let way = &self.subject.server.way;
        let through = connect.via_socks4
            || ((connect.implicit || connect.default) && self.subject.health && way.checks_via_socks);
        let to = match &address {
            ServerAddress::Inet(to) => Some(*to),
            _ => None,
        };
        let route = way.check(address, through);
        let quiet = quiet || style.is_some();
        let bytes = self.ahead.as_deref().filter(|_| style.is_none()).unwrap_or_default();
        match dial_briefly(&route, bytes, quiet, &mut self.deadline).await {
            Ok((mut io, sent)) => {
                if let Some(ahead) = &mut self.ahead {
                    ahead.drain(..sent);
                }
                if let Some(style) = style {
                    // What fails here shows in the next step.
                    let _ = io.write_all(&introduction(style, &io, to), &mut self.deadline).await;
                }
                self.io = Some(io);
            }
            Err(error) => return Err(self.script.not_connected(step, error)),
        }
        // As HAProxy's timer is only ever moved on, `timeout check` does not shorten what connecting allowed.
        let until = timeouts.check.and_then(|limit| Instant::now().checked_add(limit));
        self.deadline.set(until.max(Some(first)));
        Ok(())
    }

    /// The PROXY header that a connection begins with: what its line asks for, or the server's where it has none.
    fn introduces(&self, connect: &Connect) -> Option<Style> {
        let asked = connect.send_proxy.then(|| {
            Style::of(&self.subject.server.config).unwrap_or(Style { version: 1, ..Style::default() })
        });
        asked.or(self.subject.introduces.filter(|_| connect.implicit || connect.default))
    }

    /// Where to connect: what the step says, else the server's line for checks, else the server, as it is now.
    fn address(&self, connect: &Connect) -> ServerAddress {
        let subject = &self.subject;
        let now = subject.server.address();
        let base = connect.address.as_ref().or(subject.address).unwrap_or(&now);
        let ServerAddress::Inet(base) = base else { return base.clone() };
        let computed = connect.port_expr.as_ref().and_then(|expr| {
            match expr.eval(subject.exchange.as_deref()?)?.cast(Type::Int)? {
                Sample::Int(number) => u16::try_from(number).ok(),
                _ => None,
            }
        });
        let port_of = |address: &ServerAddress| match address {
            ServerAddress::Inet(address) => Some(address.port()),
            _ => None,
        };
        let port = [connect.port, computed, subject.port, subject.address.and_then(port_of), port_of(&now)];
        let mut address = *base;
        address.set_port(port.into_iter().flatten().find(|port| *port != 0).unwrap_or(0));
        ServerAddress::Inet(address)
    }

    /// What a step sends, if it sends.
    fn bytes(&self, step: &Step) -> Option<Result<Vec<u8>, Report>> {
        match &step.action {
            Action::Send(send) => Some(self.text(step, send)),
            Action::Request(request) => {
                Some(Ok(request.write(self.subject.server, self.subject.exchange.as_deref())))
            }
            _ => None,
        }
    }

    fn text(&self, step: &Step, send: &Send) -> Result<Vec<u8>, Report> {
        let exchange = self.subject.exchange.as_deref();
        let text = |format: &crate::log::Format| match exchange {
            Some(exchange) => format.text(exchange),
            None => format.constant().unwrap_or_default(),
        };
        match send {
            Send::Bytes(bytes) => Ok(bytes.clone()),
            Send::Format(format) => Ok(text(format)),
            Send::Binary(format) => unhex(&text(format)).map_err(|()| {
                let text =
                    format!("tcp-check send : failed to build log-format string at step {}", step.number);
                Report::new(Status::L7Response, text)
            }),
            Send::Hello => {
                let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
                Ok(builtin::ssl_hello(u32::try_from(now).unwrap_or(u32::MAX)))
            }
        }
    }

    async fn send(&mut self, step: &Step, bytes: &[u8]) -> Result<(), Report> {
        input(&mut self.input, &mut self.subject.exchange).clear();
        self.must_read = true;
        let Some(io) = &mut self.io else { return Ok(()) };
        match io.write_all(bytes, &mut self.deadline).await {
            Ok(()) => Ok(()),
            Err(Fail::Timeout) => Err(self.script.timed_out(step, None)),
            Err(Fail::Io(error)) => Err(self.script.broken(step, &error)),
        }
    }

    /// Reads until an expectation can be decided. The code of the answer once it holds; none: more has come, and the
    /// search is to start over.
    async fn expect(&mut self, step: &Step, expect: &Expect) -> Result<Option<i32>, Report> {
        if std::mem::take(&mut self.must_read) && !self.read(step, expect).await? {
            return Err(self.script.empty(step, expect));
        }
        let (look, code) = if self.script.http {
            self.look_http(step, expect)
        } else {
            (self.script.look(step, expect, &self.view(0)), 0)
        };
        match look {
            Look::Pass => Ok(Some(code)),
            Look::Done(report) => Err(report),
            Look::Wait => {
                // The end may be all that was missing.
                self.read(step, expect).await?;
                Ok(None)
            }
        }
    }

    fn look_http(&mut self, step: &Step, expect: &Expect) -> (Look, i32) {
        let view = self.view(0);
        match read(view.input, view.last, self.method, self.subject.max_headers) {
            Reading::More => (Look::Wait, 0),
            Reading::Invalid => (Look::Done(Report::new(Status::L7Response, "")), 0),
            Reading::Answer(mut answer) => {
                // Expressions see the answer's head.
                if let Some(exchange) = &mut self.subject.exchange {
                    std::mem::swap(&mut exchange.response, &mut answer.response);
                }
                let head =
                    self.subject.exchange.as_ref().map_or(&answer.response, |exchange| &exchange.response);
                let code = i32::from(head.status);
                let seen = Answer { head, body: &answer.body, done: answer.done };
                (self.script.look_http(step, expect, &seen, self.was_up(), &self.view(code)), code)
            }
        }
    }

    /// Reads once; false: the server has ended its side and had said nothing.
    async fn read(&mut self, step: &Step, expect: &Expect) -> Result<bool, Report> {
        let input = input(&mut self.input, &mut self.subject.exchange);
        if input.capacity() < self.subject.bufsize {
            *input = Buffer::new(self.subject.bufsize);
        }
        let Some(io) = &mut self.io else { return Ok(false) };
        if self.ended || input.is_full() {
            return Ok(!input.is_empty());
        }
        match io.read(input, &mut self.deadline).await {
            Ok(0) => self.ended = true,
            Ok(_) => {}
            Err(Fail::Timeout) => return Err(self.script.timed_out(step, Some(expect))),
            // A reset behind an answer is an end like others.
            Err(Fail::Io(error)) if input.is_empty() => return Err(self.script.broken(step, &error)),
            Err(Fail::Io(_)) => self.ended = true,
        }
        Ok(!self.received().is_empty())
    }

    /// Closes the connection, if there is one.
    fn hang_up(&mut self) {
        if let Some(io) = self.io.take()
            && !self.linger
        {
            io.abandon();
        }
    }
}

/// Where a check's answer is kept: in the exchange, where expressions are to see it.
fn input<'a>(own: &'a mut Buffer, exchange: &'a mut Option<Box<Exchange>>) -> &'a mut Buffer {
    let peeked = exchange.as_mut().and_then(|exchange| exchange.peeked.as_mut());
    peeked.map_or(own, |peeked| &mut peeked.response)
}

/// A PROXY header that speaks for nobody: version 1 names the connection's own end and where it leads, as HAProxy's does.
fn introduction(style: Style, io: &Io, to: Option<SocketAddr>) -> Vec<u8> {
    let fd = io.fd();
    let socket = SockRef::from(&fd);
    let ends = || socket.local_addr().ok()?.as_socket().zip(to);
    let mut header = Vec::new();
    proxy_protocol::write(style, ends().filter(|_| style.version == 1), |_| None, &[], &mut header);
    header
}
