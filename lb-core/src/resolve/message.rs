//! Questions and answers as bytes (RFC 1035, 2782, 6891), written and read by hickory-proto.

use super::{Record, Service};
use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::{DNSClass, Name, RData, RecordType};
use std::net::IpAddr;

/// What is asked about a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Question {
    /// Its IPv4 addresses.
    A,
    /// Its IPv6 addresses.
    Aaaa,
    /// Where the service is.
    Srv,
}

impl Question {
    fn record_type(self) -> RecordType {
        match self {
            Self::A => RecordType::A,
            Self::Aaaa => RecordType::AAAA,
            Self::Srv => RecordType::SRV,
        }
    }
}

/// What an answer comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Records of the kind that was asked for; `aliased`: of another name that the name stands for.
    Records {
        /// The records, at least one.
        records: Vec<Record>,
        /// A CNAME led to them.
        aliased: bool,
    },
    /// No record of that kind.
    Empty,
    /// Aliases that lead to no record.
    DeadAlias,
    /// There is no such name.
    Nx,
    /// The server refuses to answer.
    Refused,
    /// It failed in another way.
    Other,
    /// More than fits.
    Truncated,
    /// Not what was asked, or no message at all.
    Invalid,
}

/// A name as it is written in questions and compared: lower case, without the dot at its end.
pub(super) fn canonical(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

/// The bytes of a question; none for what is no host name. `payload`: the largest answer that is welcome.
pub(super) fn query(id: u16, name: &str, question: Question, payload: u16) -> Option<Vec<u8>> {
    let name = Name::from_ascii(format!("{}.", canonical(name))).ok()?;
    let mut message = Message::new(id, MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(name, question.record_type()));
    let mut edns = Edns::new();
    edns.set_max_payload(payload);
    message.set_edns(edns);
    message.to_vec().ok()
}

/// The id of a message; none if it is too short to have one.
pub(super) fn id(bytes: &[u8]) -> Option<u16> {
    bytes.first_chunk().map(|id| u16::from_be_bytes(*id))
}

/// What an answer to a question about a name says.
pub(super) fn reply(bytes: &[u8], name: &str, question: Question) -> Reply {
    // The header alone tells of truncation: what was cut may not parse.
    if bytes.get(2).is_some_and(|flags| flags & 0x82 == 0x82) {
        return Reply::Truncated;
    }
    let Ok(message) = Message::from_vec(bytes) else { return Reply::Invalid };
    let asked = message.queries.as_slice();
    let fits = matches!(asked, [query] if canonical(&query.name().to_ascii()) == canonical(name)
        && query.query_type() == question.record_type() && query.query_class() == DNSClass::IN);
    if message.metadata.message_type != MessageType::Response || !fits {
        return Reply::Invalid;
    }
    match message.metadata.response_code {
        ResponseCode::NoError => records(&message, name, question),
        ResponseCode::NXDomain => Reply::Nx,
        ResponseCode::Refused => Reply::Refused,
        _ => Reply::Other,
    }
}

fn records(message: &Message, name: &str, question: Question) -> Reply {
    // Aliases may stand in any order; each is followed once, so that a circle ends.
    let mut owner = canonical(name);
    let mut aliased = false;
    for _ in 0..message.answers.len() {
        let next = message.answers.iter().find_map(|record| match &record.data {
            RData::CNAME(target) if canonical(&record.name.to_ascii()) == owner => {
                Some(canonical(&target.0.to_ascii()))
            }
            _ => None,
        });
        let Some(next) = next else { break };
        owner = next;
        aliased = true;
    }
    let found = message.answers.iter().filter(|record| canonical(&record.name.to_ascii()) == owner);
    let records: Vec<Record> = found.filter_map(|record| read(&record.data, question)).collect();
    match (records.is_empty(), aliased) {
        (false, _) => Reply::Records { records, aliased },
        (true, true) => Reply::DeadAlias,
        (true, false) => Reply::Empty,
    }
}

fn read(data: &RData, question: Question) -> Option<Record> {
    match (question, data) {
        (Question::A, RData::A(address)) => Some(Record::Address(IpAddr::V4(address.0))),
        (Question::Aaaa, RData::AAAA(address)) => Some(Record::Address(IpAddr::V6(address.0))),
        (Question::Srv, RData::SRV(service)) => Some(Record::Service(Service {
            target: canonical(&service.target.to_ascii()),
            port: service.port,
            weight: service.weight,
        })),
        _ => None,
    }
}
