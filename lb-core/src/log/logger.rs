//! Targets of a proxy's logs.

use super::framing;
use super::target::Target;
use crate::compile::Context;
use crate::process;
use haproxy_cfg_parser::model::{Address, Global, LogFraming, LogTarget, Proxy, StandardStream};
use std::cell::RefCell;
use std::sync::atomic::{AtomicU32, Ordering};

/// Longest message where `len` says nothing else, its end of line not included.
const DEFAULT_LENGTH: usize = 1024;

/// Who the messages are from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// `log-tag`.
    pub tag: String,
    /// `log-send-hostname`.
    pub hostname: Option<String>,
}

impl Identity {
    /// The identity of a proxy: its own `log-tag`, else the global one, else `haproxy`.
    pub fn of(proxy: Option<&Proxy>, global: &Global) -> Self {
        let own = proxy.and_then(|proxy| proxy.log_tag.clone());
        Self {
            tag: own.or_else(|| global.log_tag.clone()).unwrap_or_else(|| "haproxy".to_owned()),
            hostname: global
                .log_send_hostname
                .as_ref()
                .map(|name| name.clone().unwrap_or_else(process::hostname)),
        }
    }
}

/// The targets of a proxy in order, `log global` replaced by the global ones.
pub fn resolve(proxy: &Proxy, global: &Global) -> Vec<LogTarget> {
    let mut targets = Vec::new();
    for log in &proxy.logs {
        match log.address {
            Some(_) => targets.push(log.clone()),
            None => targets.extend(global.logs.iter().cloned()),
        }
    }
    targets
}

/// Targets with all that is sent to them.
#[derive(Debug)]
pub struct Logger {
    identity: Identity,
    outputs: Box<[Output]>,
}

#[derive(Debug)]
struct Output {
    target: Target,
    framing: LogFraming,
    facility: u8,
    level: u8,
    min_level: u8,
    /// Longest message without its end of line.
    length: usize,
    sample: Option<Sampling>,
}

/// Some of every so many messages.
#[derive(Debug)]
struct Sampling {
    /// From 1, ends included.
    ranges: Box<[(u32, u32)]>,
    size: u32,
    next: AtomicU32,
}

impl Sampling {
    fn takes_next(&self) -> bool {
        let index = self.next.fetch_add(1, Ordering::Relaxed) % self.size + 1;
        self.ranges.iter().any(|(first, last)| (*first..=*last).contains(&index))
    }
}

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

impl Logger {
    /// Opens the targets (see [`resolve`]); none when there is nothing to log to, or on errors, which it records.
    pub fn compile(targets: &[LogTarget], identity: Identity, context: &mut Context<'_>) -> Option<Self> {
        let mut outputs = Vec::with_capacity(targets.len());
        for log in targets {
            let Some(address) = &log.address else { continue };
            if log.profile.is_some() {
                context.error(&log.place, "'log' : lb has no log profiles yet; leave 'profile' out");
            }
            match Target::open(address, context) {
                Ok(target) => outputs.push(Output {
                    // A ring's lines look as the ring says.
                    framing: match &target {
                        Target::Ring(ring) => ring.framing,
                        _ => log.format.unwrap_or(default_framing(address)),
                    },
                    target,
                    facility: log.facility,
                    level: log.level,
                    min_level: log.min_level,
                    length: log.max_len.unwrap_or(DEFAULT_LENGTH),
                    sample: log.sample.as_ref().map(|(ranges, size)| Sampling {
                        ranges: ranges.clone().into(),
                        size: (*size).max(1),
                        next: AtomicU32::new(0),
                    }),
                }),
                Err(reason) => context.error(&log.place, format!("'log' : {reason}")),
            }
        }
        (!outputs.is_empty()).then(|| Self { identity, outputs: outputs.into() })
    }

    /// Sends a message of a level (0 emerg to 7 debug) to every target that takes it. What a target does not take at
    /// once is lost and counted in [`process::Live::dropped_logs`].
    #[inline]
    pub fn send(&self, level: u8, message: &[u8]) {
        BUFFER.with_borrow_mut(|buffer| {
            for output in &self.outputs {
                if level > output.level || output.sample.as_ref().is_some_and(|sample| !sample.takes_next()) {
                    continue;
                }
                buffer.clear();
                let level = level.max(output.min_level);
                framing::header(output.framing, output.facility, level, &self.identity, buffer);
                buffer.extend_from_slice(message);
                buffer.truncate(output.length);
                buffer.push(b'\n');
                if output.target.send(buffer).is_err() {
                    process::live().dropped_logs.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
    }
}

/// Descriptors take plain text, sockets take syslog.
fn default_framing(address: &Address) -> LogFraming {
    match address {
        Address::Standard(StandardStream::Stdout | StandardStream::Stderr) | Address::Fd(_) => {
            LogFraming::Raw
        }
        _ => LogFraming::Local,
    }
}
