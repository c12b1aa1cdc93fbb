//! Questions and answers as bytes (RFC 1035, 2782, 6891), written and read by hickory-proto.

use super::{Record, Service};
use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::{DNSClass, Name, RData, RecordType};
use std::net::IpAddr;

/// Most addresses of one host that an answer about services may tell.
const MOST_ADDRESSES: usize = 16;

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
    let mut records: Vec<Record> = found.filter_map(|record| read(&record.data, question)).collect();
    for record in &mut records {
        if let Record::Service(service) = record {
            service.addresses = addresses(message, &service.target);
        }
    }
    match (records.is_empty(), aliased) {
        (false, _) => Reply::Records { records, aliased },
        (true, true) => Reply::DeadAlias,
        (true, false) => Reply::Empty,
    }
}

/// What the answer says behind its records of the host of a service (RFC 2782), so that nobody need ask.
fn addresses(message: &Message, host: &str) -> Vec<IpAddr> {
    let of_host = message.additionals.iter().filter(|record| canonical(&record.name.to_ascii()) == host);
    let addresses = of_host.filter_map(|record| match &record.data {
        RData::A(address) => Some(IpAddr::V4(address.0)),
        RData::AAAA(address) => Some(IpAddr::V6(address.0)),
        _ => None,
    });
    addresses.take(MOST_ADDRESSES).collect()
}

fn read(data: &RData, question: Question) -> Option<Record> {
    match (question, data) {
        (Question::A, RData::A(address)) => Some(Record::Address(IpAddr::V4(address.0))),
        (Question::Aaaa, RData::AAAA(address)) => Some(Record::Address(IpAddr::V6(address.0))),
        (Question::Srv, RData::SRV(service)) => Some(Record::Service(Service {
            target: canonical(&service.target.to_ascii()),
            port: service.port,
            weight: service.weight,
            addresses: Vec::new(),
        })),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use super::*;
    use proptest::prelude::*;

    const NAME: &str = "www.example.test";

    /// A message: flags, counts, and what follows them.
    fn message(flags: u16, counts: [u16; 4], rest: &[&[u8]]) -> Vec<u8> {
        let head = [&[0x12, 0x34][..], &flags.to_be_bytes()].concat();
        let counts = counts.iter().flat_map(|count| count.to_be_bytes()).collect::<Vec<_>>();
        [&head[..], &counts, &rest.concat()].concat()
    }

    const ASKED: &[u8] = b"\x03www\x07example\x04test\0\0\x01\0\x01";
    /// An address of the name that the question holds.
    const ADDRESS: &[u8] = b"\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04\x7f\0\0\x09";

    fn good() -> Vec<u8> {
        message(0x8180, [1, 1, 0, 0], &[ASKED, ADDRESS])
    }

    fn address() -> Reply {
        Reply::Records { records: vec![Record::Address([127, 0, 0, 9].into())], aliased: false }
    }

    #[test]
    fn answers_are_taken_for_what_they_are() {
        let other: &[u8] = b"\x03ftp\x07example\x04test\0\0\x01\0\x01";
        let chaos: &[u8] = b"\x03www\x07example\x04test\0\0\x01\0\x03";
        let six: &[u8] = b"\x03www\x07example\x04test\0\0\x1c\0\x01";
        let upper: &[u8] = b"\x03WWW\x07eXample\x04test\0\0\x01\0\x01";
        let alias: &[u8] = b"\xc0\x0c\0\x05\0\x01\0\0\0\x3c\0\x02\xc0\x10";
        let of_alias: &[u8] = b"\xc0\x10\0\x01\0\x01\0\0\0\x3c\0\x04\x7f\0\0\x09";
        let to_itself: &[u8] = b"\xc0\x0c\0\x05\0\x01\0\0\0\x3c\0\x02\xc0\x0c";
        let of_another: &[u8] = b"\x04evil\0\0\x01\0\x01\0\0\0\x3c\0\x04\x7f\x42\x42\x42";
        let short: &[u8] = b"\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x03\x7f\0\0";
        let circle: &[u8] = b"\xc0\x0c\0\x01\0\x01";
        let aliased = |reply| match reply {
            Reply::Records { records, .. } => Reply::Records { records, aliased: true },
            other => other,
        };
        let table: [(Vec<u8>, Reply); 22] = [
            (good(), address()),
            (message(0x8180, [1, 1, 0, 0], &[upper, ADDRESS]), address()),
            (message(0x8180, [1, 2, 0, 0], &[ASKED, of_another, ADDRESS]), address()),
            (message(0x8180, [1, 1, 0, 0], &[ASKED, of_another]), Reply::Empty),
            (message(0x8180, [1, 2, 0, 0], &[ASKED, of_alias, alias]), aliased(address())),
            (message(0x8180, [1, 1, 0, 0], &[ASKED, alias]), Reply::DeadAlias),
            (message(0x8180, [1, 1, 0, 0], &[ASKED, to_itself]), Reply::DeadAlias),
            (message(0x8180, [1, 0, 0, 0], &[ASKED]), Reply::Empty),
            (message(0x8183, [1, 0, 0, 0], &[ASKED]), Reply::Nx),
            (message(0x8185, [1, 0, 0, 0], &[ASKED]), Reply::Refused),
            (message(0x8182, [1, 0, 0, 0], &[ASKED]), Reply::Other),
            (message(0x8380, [1, 0, 0, 0], &[ASKED]), Reply::Truncated),
            (message(0x0100, [1, 1, 0, 0], &[ASKED, ADDRESS]), Reply::Invalid),
            (message(0x8180, [1, 1, 0, 0], &[other, ADDRESS]), Reply::Invalid),
            (message(0x8180, [1, 1, 0, 0], &[chaos, ADDRESS]), Reply::Invalid),
            (message(0x8180, [1, 1, 0, 0], &[six, ADDRESS]), Reply::Invalid),
            (message(0x8180, [2, 1, 0, 0], &[ASKED, ASKED, ADDRESS]), Reply::Invalid),
            (message(0x8180, [0, 1, 0, 0], &[of_another]), Reply::Invalid),
            (message(0x8180, [1, 1, 0, 0], &[ASKED, short]), Reply::Invalid),
            (message(0x8180, [1, 999, 0, 0], &[ASKED, ADDRESS]), Reply::Invalid),
            (message(0x8180, [1, 0, 0, 0], &[circle]), Reply::Invalid),
            (b"\x12\x34".to_vec(), Reply::Invalid),
        ];
        for (bytes, expected) in table {
            assert_eq!(reply(&bytes, NAME, Question::A), expected, "{}", bytes.escape_ascii());
        }
    }

    /// Addresses behind a service's record count for its host alone.
    #[test]
    fn hosts_of_services_come_with_their_addresses() {
        let asked: &[u8] = b"\x03www\x07example\x04test\0\0\x21\0\x01";
        // Weight 7, port 8080, host a.test.
        let service: &[u8] = b"\xc0\x0c\0\x21\0\x01\0\0\0\x3c\0\x0e\0\x01\0\x07\x1f\x90\x01a\x04test\0";
        let four: &[u8] = b"\x01A\x04test\0\0\x01\0\x01\0\0\0\x3c\0\x04\x7f\0\0\x09";
        let six: &[u8] = b"\x01a\x04test\0\0\x1c\0\x01\0\0\0\x3c\0\x10\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x09";
        let other: &[u8] = b"\x01b\x04test\0\0\x01\0\x01\0\0\0\x3c\0\x04\x7f\x42\x42\x42";
        let text: &[u8] = b"\x01a\x04test\0\0\x10\0\x01\0\0\0\x3c\0\x02\x01x";
        let of = |more: &[&[u8]]| {
            let parts = [&[asked, service], more].concat();
            let counts = [1, 1, 0, u16::try_from(more.len()).unwrap()];
            match reply(&message(0x8180, counts, &parts), NAME, Question::Srv) {
                Reply::Records { records, .. } => match &records[..] {
                    [Record::Service(service)] => service.addresses.clone(),
                    other => panic!("{other:?}"),
                },
                other => panic!("{other:?}"),
            }
        };
        let (v4, v6) = (IpAddr::from([127, 0, 0, 9]), "::9".parse().unwrap());
        assert_eq!(of(&[]), [] as [IpAddr; 0]);
        assert_eq!(of(&[four]), [v4]);
        assert_eq!(of(&[other, six, text, four]), [v6, v4]);
        assert_eq!(of(&[other]), [] as [IpAddr; 0]);
        assert_eq!(of(&[four; 40]).len(), MOST_ADDRESSES);
    }

    #[test]
    fn a_part_is_never_taken_for_the_whole() {
        let whole = good();
        for length in 0..whole.len() {
            assert_eq!(reply(&whole[..length], NAME, Question::A), Reply::Invalid, "{length} bytes");
        }
    }

    proptest! {
        /// Whatever comes is judged; an address is only believed of the name that was asked for.
        #[test]
        fn any_bytes_are_judged(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            for question in [Question::A, Question::Aaaa, Question::Srv] {
                reply(&bytes, NAME, question);
                reply(&message(0x8180, [1, 3, 1, 1], &[ASKED, &bytes]), NAME, question);
            }
        }

        #[test]
        fn a_wrong_byte_harms_nothing_else(at: prop::sample::Index, byte: u8) {
            let mut bytes = good();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            if let Reply::Records { records, .. } = reply(&bytes, NAME, Question::A) {
                prop_assert_eq!(records.len(), 1);
            }
        }

        #[test]
        fn a_question_is_read_back(id: u16, label in "[a-z][a-z0-9-]{0,20}[a-z0-9]") {
            let name = format!("{label}.test");
            let bytes = query(id, &name, Question::Srv, 8192).unwrap();
            prop_assert_eq!(super::id(&bytes), Some(id));
            let mut answer = bytes;
            answer[2] |= 0x80;
            prop_assert_eq!(reply(&answer, &name, Question::Srv), Reply::Empty);
        }
    }
}
