//! Answers that are wrong, cut, too long or binary: a server gets an address from none of them, but where haproxy would.

use crate::{Done, PATIENCE, addresses};
use lb_harness::{Launch, NameServer, Say, debian, eventually, loopback};
use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;

/// The address in all answers.
const IP: [u8; 4] = [127, 0, 8, 1];
/// How often each name is asked for before a verdict.
const TRIES: usize = 3;

/// A message: flags, counts, and what follows. The id is put in when it is sent.
fn message(flags: u16, counts: [u16; 4], parts: &[&[u8]]) -> Vec<u8> {
    let mut out = vec![0, 0];
    out.extend(flags.to_be_bytes());
    out.extend(counts.iter().flat_map(|count| count.to_be_bytes()));
    out.extend(parts.concat());
    out
}

/// A record of the name at the question.
fn record(kind: u16, class: u16, data: &[u8], length: usize) -> Vec<u8> {
    owned(&[0xc0, 12], kind, class, data, length)
}

fn owned(owner: &[u8], kind: u16, class: u16, data: &[u8], length: usize) -> Vec<u8> {
    let mut out = owner.to_vec();
    out.extend(kind.to_be_bytes());
    out.extend(class.to_be_bytes());
    out.extend([0, 0, 0, 60]);
    out.extend((length as u16).to_be_bytes());
    out.extend_from_slice(data);
    out
}

/// The question about a name, whose first label is `label`.
fn question(label: &str, kind: u16, class: u16) -> Vec<u8> {
    let mut out = vec![label.len() as u8];
    out.extend(label.bytes());
    out.extend(b"\x04test\0");
    out.extend(kind.to_be_bytes());
    out.extend(class.to_be_bytes());
    out
}

/// Answers about the name of a label, each with what is wrong with it.
fn answers(label: &str) -> Vec<(String, Vec<u8>)> {
    let asked = question(label, 1, 1);
    let good = record(1, 1, &IP, 4);
    let whole = message(0x8180, [1, 1, 0, 0], &[&asked, &good]);
    let mut all: Vec<(String, Vec<u8>)> = Vec::new();
    let mut add = |what: &str, bytes: Vec<u8>| all.push((what.to_owned(), bytes));
    add("nothing is wrong", whole.clone());
    for length in 0..whole.len() {
        add(&format!("cut to {length}"), whole[..length].to_vec());
    }
    let flagged = |flags| message(flags, [1, 1, 0, 0], &[&asked, &good]);
    add("a question", flagged(0x0100));
    add("cut, as it says", flagged(0x8380));
    for code in 1..16 {
        add(&format!("code {code}"), flagged(0x8180 | code));
    }
    for counts in [
        [0, 1, 0, 0],
        [2, 1, 0, 0],
        [1, 0, 0, 0],
        [1, 2, 0, 0],
        [1, 65535, 0, 0],
        [65535, 65535, 65535, 65535],
    ] {
        add(&format!("counts {counts:?}"), message(0x8180, counts, &[&asked, &good]));
    }
    let of = |parts: &[&[u8]]| message(0x8180, [1, 1, 0, 0], parts);
    add("another name in the question", of(&[&question("other", 1, 1), &good]));
    add("another type in the question", of(&[&question(label, 28, 1), &good]));
    add("a circle in the question", of(&[b"\xc0\x0c\0\x01\0\x01", &good]));
    add("a long label in the question", of(&[&[63], &[b'a'; 63], b"\0\0\x01\0\x01", &good]));
    for length in [0, 3, 5, 16, 65535] {
        add(&format!("an address of {length} bytes"), of(&[&asked, &record(1, 1, &IP, length)]));
    }
    add("a short address", of(&[&asked, &record(1, 1, &IP[..3], 3)]));
    add("an address of IPv6 that is short", of(&[&asked, &record(28, 1, &IP, 4)]));
    add("a text", of(&[&asked, &record(16, 1, &IP, 4)]));
    add("a record of type 0", of(&[&asked, &record(0, 1, &IP, 4)]));
    add("an owner that points at itself", of(&[&asked, &owned(&[0xc0, whole_end(&asked)], 1, 1, &IP, 4)]));
    add("an owner that points far away", of(&[&asked, &owned(&[0xff, 0xff], 1, 1, &IP, 4)]));
    add("an owner of reserved form", of(&[&asked, &owned(&[0x80, 12], 1, 1, &IP, 4)]));
    add("another owner", of(&[&asked, &owned(b"\x05other\0", 1, 1, &IP, 4)]));
    add("the root for owner", of(&[&asked, &owned(b"\0", 1, 1, &IP, 4)]));
    add("an owner without end", of(&[&asked, &owned(&[63; 60], 1, 1, &IP, 4)]));
    add("an alias of itself", of(&[&asked, &record(5, 1, &[0xc0, 12], 2)]));
    add("an alias to nowhere", of(&[&asked, &record(5, 1, b"\x04else\0", 6)]));
    add("an alias that is cut", of(&[&asked, &record(5, 1, b"\x09else", 5)]));
    let two = |first: &[u8], second: &[u8]| message(0x8180, [1, 2, 0, 0], &[&asked, first, second]);
    let to_else = record(5, 1, b"\x04else\0", 6);
    add("an alias, and an address of a third", two(&to_else, &owned(b"\x05third\0", 1, 1, &IP, 4)));
    let long = message(0x8180, [1, 2, 0, 0], &[&asked, &good, &record(16, 1, &[0; 600], 600)]);
    add("longer than is accepted", long);
    for (what, byte) in [("zeroes", 0), ("ones", 0xff), ("letters", b'a')] {
        for length in [12, 40, 500] {
            let mut bytes = vec![byte; length];
            if byte != 0 {
                // Else it is no answer at all.
                bytes[2] = 0x81;
                bytes[3] = 0x80;
            }
            add(&format!("{length} {what}"), bytes);
        }
    }
    all
}

/// Where the first record begins.
fn whole_end(asked: &[u8]) -> u8 {
    (12 + asked.len()) as u8
}

/// What a program makes of all answers: the server's address by what is wrong.
fn verdicts(program: &Path) -> Result<BTreeMap<String, String>, Box<dyn Error>> {
    let server = NameServer::start()?;
    let count = answers("n").len();
    let mut labels = Vec::new();
    for index in 0..count {
        let label = format!("n{index}");
        let (what, bytes) = answers(&label).swap_remove(index);
        server.a(&format!("{label}.test"), Say::Bytes(bytes));
        server.aaaa(&format!("{label}.test"), Say::Silence);
        labels.push((label, what));
    }
    let (front, folder) = (loopback::free_port()?, tempfile::tempdir()?);
    let socket = folder.path().join("stats.sock");
    let mut config = format!(
        "global\n stats socket {} level admin\n\
         defaults\n mode http\n balance roundrobin\n timeout connect 1s\n timeout client 1s\n timeout server 1s\n\
         frontend f\n bind {front}\n\
         resolvers r\n hold valid 10s\n hold obsolete 0s\n timeout resolve 400ms\n timeout retry 150ms\n\
         resolve_retries 2\n nameserver ns {}\n\
         backend b\n default-server resolvers r init-addr none resolve-prefer ipv4\n",
        socket.display(),
        server.address()
    );
    for (label, _) in &labels {
        config.push_str(&format!(" server {label} {label}.test:80\n"));
    }
    let _proxy = Launch::new(program).config(&config).listening_on(front).start()?;
    // A good answer is asked for again only much later.
    let asked = |(label, _): &(String, String)| {
        server.asked(&format!("{label}.test")) >= if label == "n0" { 1 } else { TRIES }
    };
    let at = |label: &str, seen: &std::collections::HashMap<String, String>| seen.get(label).cloned();
    let settled = eventually(PATIENCE, || {
        let seen = addresses(&socket).unwrap_or_default();
        labels.iter().all(|one| asked(one) || at(&one.0, &seen).is_some_and(|ip| ip != "-"))
            && at("n0", &seen).is_some_and(|ip| ip != "-")
    });
    let seen = addresses(&socket)?;
    assert!(settled, "not all names were asked for: {seen:?}");
    Ok(labels.into_iter().map(|(label, what)| (what, at(&label, &seen).unwrap_or_default())).collect())
}

#[test]
fn wrong_answers_lead_nowhere() -> Done {
    let found = verdicts(Path::new(env!("CARGO_BIN_EXE_lb")))?;
    assert!(found.len() > 90, "{} answers", found.len());
    let believed: Vec<_> = found.iter().filter(|(_, ip)| *ip != "-").map(|(what, _)| what.as_str()).collect();
    assert_eq!(believed, ["nothing is wrong"]);
    if let Some(haproxy) = debian::HAPROXY.find() {
        let theirs = verdicts(&haproxy)?;
        let more: Vec<_> =
            theirs.iter().filter(|(_, ip)| *ip != "-").map(|(what, _)| what.as_str()).collect();
        println!("haproxy believes: {more:?}");
        // What lb believes, haproxy believes too.
        assert!(believed.iter().all(|what| more.contains(what)), "{more:?}");
    }
    Ok(())
}
