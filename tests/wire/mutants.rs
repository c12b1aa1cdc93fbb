//! New cases made out of the old by chance, to find what the record does not hold yet.
//!
//! Each is played by haproxy first; what becomes of it there is what lb is to do. The differences are shown as cases that
//! can be put into the record as they are. A case that haproxy does not treat alike twice is left out.

use crate::{
    case::{Act, Block, Case, Side},
    format::{self, File},
    outcome::Outcome,
    pending::Pending,
    play::{Program, Results},
    records::Records,
    report::Report,
};
use lb_harness::escape;
use std::{
    env,
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// How many cases one process is given: each takes a listener and a server.
const BATCH: usize = 200;
/// How long nothing may happen until a case is over.
const QUIET: Duration = Duration::from_millis(400);

/// What is put in somewhere.
const PIECES: [&[u8]; 42] = [
    b"\r",
    b"\n",
    b"\r\n",
    b"\r\n\r\n",
    b" ",
    b"\t",
    b"\0",
    b"\x01",
    b"\x0b",
    b"\x7f",
    b"\x80",
    b"\xff",
    b":",
    b",",
    b";",
    b"=",
    b"\"",
    b"#",
    b"?",
    b"/",
    b"*",
    b"@",
    b"%00",
    b"-",
    b"+",
    b"0",
    b"1",
    b"5",
    b"a",
    b"X",
    b"chunked",
    b", chunked",
    b"0\r\n\r\n",
    b"Content-Length: 5\r\n",
    b"Content-Length: 0\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Host: b\r\n",
    b"Connection: close\r\n",
    b"Connection: keep-alive\r\n",
    b"Upgrade: x\r\n",
    b"Expect: 100-continue\r\n",
    b"http://a",
];

/// Where chance begins: `LB_WIRE_SEED`, or the time.
pub(crate) fn seed() -> u64 {
    let time = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |d| d.subsec_nanos().into());
    env::var("LB_WIRE_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or_else(time)
}

/// Makes `number` cases and plays them; what haproxy and `lb` did differently.
pub(crate) fn differences(records: &Records, haproxy: &Path, lb: &Path, number: usize, seed: u64) -> String {
    println!("LB_WIRE_SEED={seed}");
    let simple = |case: &&Case| case.config == "plain" && matches!(case.client[..], [Act::Send(_)]);
    let stock: Vec<&Case> = records.cases().filter(simple).collect();
    let log_bytes = !Pending::load(records).log_bytes();
    let mut chance = Chance(seed | 1);
    let mut text = String::new();
    let oracle = Program { side: Side::Oracle, path: haproxy, quiet: QUIET };
    let lb = Program { side: Side::Lb, path: lb, quiet: QUIET };
    for batch in 0..number.div_ceil(BATCH) {
        let mut cases: Vec<Case> =
            (0..BATCH).map(|i| mutant(&mut chance, &stock, batch * BATCH + i)).collect();
        let played = oracle.play(records, &cases.iter().collect::<Vec<_>>(), &|_| false);
        record(&mut cases, &played);
        let played = lb.play(records, &cases.iter().collect::<Vec<_>>(), &|_| true);
        let compared = |o: &Outcome| if log_bytes { o.clone() } else { o.without_log_bytes() };
        let same = |got: Option<&Result<Outcome, String>>, expect: &Outcome| {
            got.and_then(|r| r.as_ref().ok()).is_some_and(|got| compared(got) == compared(expect))
        };
        keep(&mut cases, |name, outcome| !same(played.get(name), outcome));
        let again = oracle.play(records, &cases.iter().collect::<Vec<_>>(), &|_| false);
        keep(&mut cases, |name, outcome| same(again.get(name), outcome));
        println!("{} of {BATCH} differ", cases.len());
        let report = Report::new(Side::Lb, &cases, &played, log_bytes);
        for case in &cases {
            let file = File { cases: vec![case.clone()], ..File::default() };
            text += &format!("{}\nlb:\n{}\n", format::render(&file), report.text(|name| name == case.name));
        }
    }
    text
}

fn record(cases: &mut [Case], results: &Results) {
    for case in cases {
        let outcome = results.get(&case.name).and_then(|result| result.clone().ok());
        case.record = outcome.map(|outcome| ("haproxy".into(), outcome));
    }
}

/// Keeps the cases whose recorded outcome passes.
fn keep(cases: &mut Vec<Case>, wanted: impl Fn(&str, &Outcome) -> bool) {
    cases.retain(|case| case.record.as_ref().is_some_and(|(_, outcome)| wanted(&case.name, outcome)));
}

/// One case of the stock with one to three changes, to what the client or what the server sends.
fn mutant(chance: &mut Chance, stock: &[&Case], number: usize) -> Case {
    let mut case = (*stock[chance.below(stock.len())]).clone();
    case.doc = vec![format!("Made of {}.", case.name)];
    (case.name, case.record, case.ours) = (format!("mutant-{number}"), None, None);
    let server =
        case.server.iter_mut().flatten().map(|play| &mut play.block).find(|block| !block.bytes.is_empty());
    let client = match &mut case.client[0] {
        Act::Send(block) => Some(block),
        _ => None,
    };
    let block = if chance.below(2) == 0 { server.or(client) } else { client };
    if let Some(block) = block {
        for _ in 0..=chance.below(3) {
            change(chance, &mut block.bytes);
        }
        *block = Block { lines: escape::encode_lines(&block.bytes), bytes: std::mem::take(&mut block.bytes) };
    }
    case
}

/// Changes some bytes.
fn change(chance: &mut Chance, bytes: &mut Vec<u8>) {
    let at = chance.below(bytes.len() + 1);
    let piece = PIECES[chance.below(PIECES.len())];
    let end = (at + 1 + chance.below(4)).min(bytes.len());
    let line = bytes.iter().skip(at).position(|&b| b == b'\n').map_or(bytes.len(), |n| at + n + 1);
    match chance.below(6) {
        0 => drop(bytes.drain(at..end)),
        1 => drop(bytes.splice(at..end, piece.iter().copied())),
        2 => drop(bytes.splice(line..line, piece.iter().copied())),
        3 => {
            let copy = bytes[at..line].to_vec();
            drop(bytes.splice(line..line, copy));
        }
        _ => drop(bytes.splice(at..at, piece.iter().copied())),
    }
}

/// Numbers by chance, the same for the same seed (xorshift).
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from((self.0 >> 16) % limit.max(1) as u64).unwrap_or(0)
    }
}
