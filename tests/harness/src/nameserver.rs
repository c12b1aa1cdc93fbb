//! A name server that answers as it is told: truly, late, wrongly, or not at all.

use crate::loopback;
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// What is said about a name and a type.
#[derive(Clone, Debug)]
pub enum Say {
    /// These addresses.
    Addresses(Vec<IpAddr>),
    /// These services: weight, port, target.
    Services(Vec<(u16, u16, String)>),
    /// These services, and behind them addresses of hosts.
    Located(Vec<(u16, u16, String)>, Vec<(String, IpAddr)>),
    /// This name stands for another, which has these addresses.
    Alias(String, Vec<IpAddr>),
    /// No such name.
    Nx,
    /// Refused.
    Refused,
    /// Failed.
    Failed,
    /// Nothing.
    Silence,
    /// An answer that is marked as cut.
    Truncated,
    /// Bytes that are no message, but for the question's id.
    Garbage,
    /// These bytes, with the question's id in place of the first two.
    Bytes(Vec<u8>),
    /// An answer to a question that was not asked.
    OtherQuestion(Vec<IpAddr>),
    /// An answer with another id, and then the true one.
    ForgedId(Vec<IpAddr>, Box<Say>),
    /// These addresses from a stranger, who knows the question and its id but not whom it was asked, and then the true
    /// answer.
    Stranger(Vec<IpAddr>, Box<Say>),
    /// Each of them, one after the other.
    All(Vec<Say>),
    /// Later.
    Late(Duration, Box<Say>),
}

/// The types that it knows.
const A: u16 = 1;
const AAAA: u16 = 28;
const SRV: u16 = 33;

type Zone = HashMap<(String, u16), Say>;

/// A name server on UDP, until dropped.
#[derive(Debug)]
pub struct NameServer {
    address: SocketAddr,
    zone: Arc<Mutex<Zone>>,
    asked: Arc<Mutex<Vec<(String, u16)>>>,
    stopped: Arc<AtomicBool>,
}

impl NameServer {
    /// Starts on a free port of [`loopback::own_address`], knowing no name: it says that there is none.
    ///
    /// # Errors
    /// What binding gives.
    pub fn start() -> io::Result<Self> {
        let socket = UdpSocket::bind((loopback::own_address(), 0))?;
        let this = Self {
            address: socket.local_addr()?,
            zone: Arc::default(),
            asked: Arc::default(),
            stopped: Arc::default(),
        };
        let (zone, asked, stopped) =
            (Arc::clone(&this.zone), Arc::clone(&this.asked), Arc::clone(&this.stopped));
        thread::Builder::new().name("nameserver".into()).spawn(move || {
            let mut buffer = [0; 2048];
            while let Ok((length, from)) = socket.recv_from(&mut buffer) {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                let Some(question) = Question::read(&buffer[..length]) else { continue };
                let key = (question.name.clone(), question.kind);
                asked.lock().unwrap_or_else(PoisonError::into_inner).push(key.clone());
                let say = zone.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
                // A name that has an address of one family exists, and has none of the other.
                let known = |kind| {
                    let zone = zone.lock().unwrap_or_else(PoisonError::into_inner);
                    zone.contains_key(&(question.name.clone(), kind))
                };
                let say = say.unwrap_or_else(|| {
                    if known(A) || known(AAAA) { Say::Addresses(Vec::new()) } else { Say::Nx }
                });
                answer(&socket, from, &question, say);
            }
        })?;
        Ok(this)
    }

    /// Where it is.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Says this from now on of a name's IPv4 addresses.
    pub fn a(&self, name: &str, say: Say) {
        self.set(name, A, say);
    }

    /// Says this from now on of a name's IPv6 addresses.
    pub fn aaaa(&self, name: &str, say: Say) {
        self.set(name, AAAA, say);
    }

    /// Says this from now on of a service.
    pub fn srv(&self, name: &str, say: Say) {
        self.set(name, SRV, say);
    }

    fn set(&self, name: &str, kind: u16, say: Say) {
        self.zone.lock().unwrap_or_else(PoisonError::into_inner).insert((name.to_owned(), kind), say);
    }

    /// How often a name was asked for.
    #[must_use]
    pub fn asked(&self, name: &str) -> usize {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.iter().filter(|(known, _)| known == name).count()
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        // Wakes the thread, which then sees that it is over.
        if let Ok(socket) = UdpSocket::bind((self.address.ip(), 0)) {
            let _ = socket.send_to(b"", self.address);
        }
    }
}

/// A question as it came.
#[derive(Clone)]
struct Question {
    id: [u8; 2],
    name: String,
    kind: u16,
    bytes: Vec<u8>,
}

impl Question {
    fn read(message: &[u8]) -> Option<Self> {
        let (mut at, mut labels) = (12, Vec::new());
        loop {
            let length = usize::from(*message.get(at)?);
            at += 1;
            if length == 0 {
                break;
            }
            labels.push(String::from_utf8_lossy(message.get(at..at + length)?).into_owned());
            at += length;
        }
        let kind = u16::from_be_bytes(message.get(at..at + 2)?.try_into().ok()?);
        Some(Self {
            id: message.get(..2)?.try_into().ok()?,
            name: labels.join("."),
            kind,
            bytes: message.get(12..at + 4)?.to_vec(),
        })
    }
}

fn answer(socket: &UdpSocket, to: SocketAddr, question: &Question, say: Say) {
    let send_all = |id: [u8; 2], flags: u16, question_bytes: &[u8], records: [Vec<Vec<u8>>; 2]| {
        let [answers, additional] = &records;
        let mut out = id.to_vec();
        out.extend(flags.to_be_bytes());
        out.extend([0, 1, 0, answers.len() as u8, 0, 0, 0, additional.len() as u8]);
        out.extend_from_slice(question_bytes);
        out.extend(records.concat().concat());
        // Who asked may have gone.
        let _ = socket.send_to(&out, to);
    };
    let send =
        |id, flags, question_bytes: &[u8], records| send_all(id, flags, question_bytes, [records, vec![]]);
    let own = |flags, records| send(question.id, flags, &question.bytes, records);
    match say {
        Say::Addresses(ips) => own(0x8180, ips.iter().map(|ip| address(&[0xc0, 12], *ip)).collect()),
        Say::Services(services) => own(0x8180, services.iter().map(service).collect()),
        Say::Located(services, hosts) => {
            let answers = services.iter().map(service).collect();
            let additional = hosts.iter().map(|(host, ip)| address(&encoded(host), *ip)).collect();
            send_all(question.id, 0x8180, &question.bytes, [answers, additional]);
        }
        Say::Alias(name, ips) => {
            let mut records = vec![record(&[0xc0, 12], 5, &encoded(&name))];
            records.extend(ips.iter().map(|ip| address(&encoded(&name), *ip)));
            own(0x8180, records);
        }
        Say::Nx => own(0x8183, vec![]),
        Say::Refused => own(0x8185, vec![]),
        Say::Failed => own(0x8182, vec![]),
        Say::Truncated => own(0x8380, vec![]),
        Say::Silence => {}
        Say::Garbage => {
            let _ = socket.send_to(&[&question.id[..], &[0x81, 0x80, 0xff, 0xff, 0xff]].concat(), to);
        }
        Say::Bytes(mut bytes) => {
            bytes.iter_mut().zip(question.id).for_each(|(byte, id)| *byte = id);
            let _ = socket.send_to(&bytes, to);
        }
        Say::OtherQuestion(ips) => {
            let mut bytes = encoded("other.test");
            bytes.extend(question.kind.to_be_bytes());
            bytes.extend([0, 1]);
            send(question.id, 0x8180, &bytes, ips.iter().map(|ip| address(&[0xc0, 12], *ip)).collect());
        }
        Say::ForgedId(ips, truth) => {
            let id = [question.id[0] ^ 0x55, question.id[1]];
            send(id, 0x8180, &question.bytes, ips.iter().map(|ip| address(&[0xc0, 12], *ip)).collect());
            answer(socket, to, question, *truth);
        }
        Say::Stranger(ips, truth) => {
            if let Ok(stranger) = socket.local_addr().and_then(|addr| UdpSocket::bind((addr.ip(), 0))) {
                answer(&stranger, to, question, Say::Addresses(ips));
            }
            answer(socket, to, question, *truth);
        }
        Say::All(answers) => answers.into_iter().for_each(|say| answer(socket, to, question, say)),
        Say::Late(wait, say) => {
            if let Ok(socket) = socket.try_clone() {
                let question = question.clone();
                thread::spawn(move || {
                    thread::sleep(wait);
                    answer(&socket, to, &question, *say);
                });
            }
        }
    }
}

fn encoded(name: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for label in name.split('.') {
        out.push(label.len() as u8);
        out.extend(label.bytes());
    }
    out.push(0);
    out
}

fn record(owner: &[u8], kind: u16, data: &[u8]) -> Vec<u8> {
    let mut out = owner.to_vec();
    out.extend(kind.to_be_bytes());
    out.extend([0, 1, 0, 0, 0, 60]);
    out.extend((data.len() as u16).to_be_bytes());
    out.extend_from_slice(data);
    out
}

fn address(owner: &[u8], ip: IpAddr) -> Vec<u8> {
    match ip {
        IpAddr::V4(ip) => record(owner, A, &ip.octets()),
        IpAddr::V6(ip) => record(owner, AAAA, &ip.octets()),
    }
}

fn service((weight, port, target): &(u16, u16, String)) -> Vec<u8> {
    let mut data = vec![0, 1];
    data.extend(weight.to_be_bytes());
    data.extend(port.to_be_bytes());
    data.extend(encoded(target));
    record(&[0xc0, 12], SRV, &data)
}
