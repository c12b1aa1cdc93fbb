#![allow(clippy::unwrap_used)]

use super::frame::{self, Kind};
use super::keygen::Authority;
use super::*;
use crate::state::Member;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

const SOON: Duration = Duration::from_secs(5);

/// Answers with the name of who asked, and what it asked.
struct Echo;

impl Handler for Echo {
    async fn handle(&self, peer: &Member, request: &[u8]) -> Result<Vec<u8>, String> {
        match request {
            b"refuse" => Err("not today".to_owned()),
            _ => Ok([peer.name.as_bytes(), b": ", request].concat()),
        }
    }
}

/// A node that listens, among others on loopback addresses that connect to it.
struct Stand {
    server: Member,
    roster: Roster,
    counters: Arc<Counters>,
    listening: tokio::task::JoinHandle<()>,
}

impl Drop for Stand {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

fn source(host: u8) -> Ipv4Addr {
    Ipv4Addr::new(127, 0, 0, host)
}

fn member(name: &str, host: u8) -> Member {
    Member { name: name.into(), address: (source(host), 0).into(), witness: false }
}

fn identity(authority: &Authority, crt: &[u8]) -> Identity {
    let ca = authority.certificate().unwrap();
    Identity::new(&Credentials::Certificates { crt: crt.to_vec(), ca }).unwrap()
}

fn named(authority: &Authority, name: &str) -> Identity {
    identity(authority, &authority.node(name).unwrap())
}

async fn stand(identity: Identity) -> Stand {
    let listener = TcpListener::bind((source(1), 0)).await.unwrap();
    let server = Member { address: listener.local_addr().unwrap(), ..member("lb1", 1) };
    let roster = Roster::new(vec![server.clone(), member("lb2", 2)]);
    let counters = Arc::new(Counters::default());
    let me = Caller { identity, me: server.clone(), terms: b"terms".to_vec() };
    let listening = tokio::spawn(serve(listener, me, roster.clone(), Arc::clone(&counters), Echo));
    Stand { server, roster, counters, listening }
}

impl Stand {
    fn link(&self, name: &str, host: u8, identity: Identity, terms: &[u8]) -> Link {
        Link::new(Caller { identity, me: member(name, host), terms: terms.to_vec() }, self.server.clone())
    }

    async fn raw(&self, host: u8) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::from((source(host), 0))).unwrap();
        socket.connect(self.server.address).await.unwrap()
    }

    /// Waits until a counter says so.
    async fn until(&self, what: impl Fn(Counted) -> bool) {
        let reached = async {
            while !what(self.counters.read()) {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        let reached = tokio::time::timeout(SOON, reached).await;
        assert!(reached.is_ok(), "{:?}", self.counters.read());
    }
}

#[tokio::test]
async fn members_are_answered_by_name_and_over_one_connection() {
    let authority = Authority::new().unwrap();
    let stand = stand(named(&authority, "lb1")).await;
    let mut link = stand.link("lb2", 2, named(&authority, "lb2"), b"terms");
    assert_eq!(link.call(b"hello", SOON).await.unwrap(), b"lb2: hello");
    let long = vec![7; MAX_BODY - 100];
    assert_eq!(link.call(&long, SOON).await.unwrap().len(), MAX_BODY - 95);
    assert!(matches!(link.call(b"refuse", SOON).await, Err(Error::Refused(why)) if why == "not today"));
    assert_eq!(link.call(b"again", SOON).await.unwrap(), b"lb2: again");
    assert!(matches!(link.call(&vec![7; MAX_BODY + 1], SOON).await, Err(Error::Malformed(_))));
    stand.until(|counted| counted.requests == 4).await;
    assert_eq!(Counted { requests: 4, ..Counted::default() }, stand.counters.read());
}

#[tokio::test]
async fn a_shared_secret_does_as_well_and_another_does_not() {
    let secret = |secret: &[u8]| Identity::new(&Credentials::Secret(secret.to_vec()));
    assert!(secret(b"short\n").is_err());
    let stand = stand(secret(b"0123456789abcdef\n").unwrap()).await;
    let mut link = stand.link("lb2", 2, secret(b"0123456789abcdef").unwrap(), b"terms");
    assert_eq!(link.call(b"hello", SOON).await.unwrap(), b"lb2: hello");
    let mut wrong = stand.link("lb2", 2, secret(b"0123456789abcdeg").unwrap(), b"terms");
    wrong.call(b"hello", SOON).await.unwrap_err();
    let mut certified = stand.link("lb2", 2, named(&Authority::new().unwrap(), "lb2"), b"terms");
    certified.call(b"hello", SOON).await.unwrap_err();
    stand.until(|counted| counted.handshakes == 2).await;
}

#[tokio::test]
async fn a_renewed_identity_counts_from_the_next_connection_on() {
    let (old, new) = (Authority::new().unwrap(), Authority::new().unwrap());
    let own = named(&old, "lb1");
    let stand = stand(own.clone()).await;
    let mut kept = stand.link("lb2", 2, named(&old, "lb2"), b"terms");
    assert_eq!(kept.call(b"hello", SOON).await.unwrap(), b"lb2: hello");
    own.renew(&named(&new, "lb1"));
    assert_eq!(kept.call(b"again", SOON).await.unwrap(), b"lb2: again");
    assert!(stand.link("lb2", 2, named(&old, "lb2"), b"terms").call(b"hello", SOON).await.is_err());
    let mut renewed = stand.link("lb2", 2, named(&new, "lb2"), b"terms");
    assert_eq!(renewed.call(b"hello", SOON).await.unwrap(), b"lb2: hello");
    // What it proves itself by is of the same kind.
    let secret = Identity::new(&Credentials::Secret(b"0123456789abcdef".to_vec())).unwrap();
    own.renew(&secret);
    assert!(own.days_left().is_some());
}

#[tokio::test]
async fn who_cannot_prove_its_name_gets_nothing() {
    let (authority, other) = (Authority::new().unwrap(), Authority::new().unwrap());
    let stand = stand(named(&authority, "lb1")).await;
    // Signed by another; but trusting the right one, so that it is the server that refuses.
    let foreign = other.node("lb2").unwrap();
    let wrong_ca = identity(&authority, &foreign);
    let expired = identity(&authority, &authority.node_for("lb2", 0).unwrap());
    let wrong_name = named(&authority, "lb3");
    let secret = Identity::new(&Credentials::Secret(b"0123456789abcdef".to_vec())).unwrap();
    for (count, identity) in (1..).zip([wrong_ca, expired, wrong_name, secret]) {
        let mut link = stand.link("lb2", 2, identity, b"terms");
        link.call(b"hello", SOON).await.unwrap_err();
        stand.until(|counted| counted.handshakes == count).await;
    }
    // The right certificate from another member's address, and under a name that is nobody's.
    stand.link("lb2", 1, named(&authority, "lb2"), b"terms").call(b"hello", SOON).await.unwrap_err();
    stand.link("lb9", 2, named(&authority, "lb9"), b"terms").call(b"hello", SOON).await.unwrap_err();
    stand.until(|counted| counted.handshakes == 6).await;
    assert_eq!(stand.counters.read().requests, 0);
}

#[tokio::test]
async fn no_certificate_is_no_way_in() {
    let authority = Authority::new().unwrap();
    let stand = stand(named(&authority, "lb1")).await;
    let context = openssl::ssl::SslContext::builder(openssl::ssl::SslMethod::tls()).unwrap().build();
    let session = openssl::ssl::Ssl::new(&context).unwrap();
    let mut stream = tokio_openssl::SslStream::new(session, stand.raw(2).await).unwrap();
    let _ = std::pin::Pin::new(&mut stream).connect().await;
    assert!(matches!(stream.read(&mut [0]).await, Ok(0) | Err(_)));
    stand.until(|counted| counted.handshakes == 1).await;
}

#[tokio::test]
async fn the_caller_checks_who_answers() {
    let authority = Authority::new().unwrap();
    let stand = stand(named(&authority, "lb3")).await;
    let mut link = stand.link("lb2", 2, named(&authority, "lb2"), b"terms");
    assert!(matches!(link.call(b"hello", SOON).await, Err(Error::WrongPeer { .. })));
}

#[tokio::test]
async fn nodes_of_other_terms_do_not_talk() {
    let authority = Authority::new().unwrap();
    let stand = stand(named(&authority, "lb1")).await;
    let mut link = stand.link("lb2", 2, named(&authority, "lb2"), b"others");
    assert!(matches!(link.call(b"hello", SOON).await, Err(Error::OtherTerms)));
    stand.until(|counted| counted.terms == 1).await;
}

#[tokio::test]
async fn a_strangers_connection_is_closed_before_it_says_anything() {
    let authority = Authority::new().unwrap();
    let stand = stand(named(&authority, "lb1")).await;
    let mut stream = stand.raw(9).await;
    let mut byte = [0];
    assert!(matches!(stream.read(&mut byte).await, Ok(0) | Err(_)));
    stand.until(|counted| counted.strangers == 1).await;
}

#[tokio::test]
async fn a_member_that_was_removed_is_heard_no_more() {
    let authority = Authority::new().unwrap();
    let stand = stand(named(&authority, "lb1")).await;
    let mut link = stand.link("lb2", 2, named(&authority, "lb2"), b"terms");
    link.call(b"hello", SOON).await.unwrap();
    stand.roster.replace(vec![stand.server.clone()]);
    link.call(b"hello", SOON).await.unwrap_err();
    stand.until(|counted| counted.strangers == 1).await;
}

#[tokio::test]
async fn random_and_slow_bytes_are_no_handshake() {
    let authority = Authority::new().unwrap();
    let stand = stand(named(&authority, "lb1")).await;
    let mut noise = stand.raw(2).await;
    noise.write_all(&[0x5a; 4096]).await.unwrap();
    stand.until(|counted| counted.handshakes == 1).await;
    // A handshake's first bytes, and then nothing: the place is free again when time is up.
    let mut slow = stand.raw(2).await;
    slow.write_all(&[0x16, 0x03, 0x01]).await.unwrap();
    stand.until(|counted| counted.handshakes == 2).await;
}

#[tokio::test]
async fn one_source_has_few_connections() {
    let authority = Authority::new().unwrap();
    let stand = stand(named(&authority, "lb1")).await;
    let mut open = Vec::new();
    for _ in 0..40 {
        open.push(stand.raw(2).await);
    }
    stand.until(|counted| counted.crowded == 8).await;
    drop(open);
    stand.until(|counted| counted.handshakes == 32).await;
    let mut link = stand.link("lb2", 2, named(&authority, "lb2"), b"terms");
    assert_eq!(link.call(b"hello", SOON).await.unwrap(), b"lb2: hello");
}

#[tokio::test]
async fn a_call_survives_a_connection_that_died_unseen() {
    let authority = Authority::new().unwrap();
    let first = stand(named(&authority, "lb1")).await;
    let address = first.server.address;
    let mut link = first.link("lb2", 2, named(&authority, "lb2"), b"terms");
    link.call(b"hello", SOON).await.unwrap();
    first.listening.abort();
    first.until(|_| first.listening.is_finished()).await;
    assert!(matches!(link.call(b"hello", SOON).await, Err(Error::Io(_))));
    let listener = TcpSocket::new_v4().unwrap();
    listener.set_reuseaddr(true).unwrap();
    listener.bind(address).unwrap();
    let me =
        Caller { identity: named(&authority, "lb1"), me: first.server.clone(), terms: b"terms".to_vec() };
    let again =
        serve(listener.listen(8).unwrap(), me, first.roster.clone(), Arc::clone(&first.counters), Echo);
    let again = tokio::spawn(again);
    assert_eq!(link.call(b"hello", SOON).await.unwrap(), b"lb2: hello");
    again.abort();
}

#[tokio::test]
async fn frames_are_bounded_in_every_way() {
    let frame = |bytes: Vec<u8>| async move {
        let (mut near, mut far) = tokio::io::duplex(1 << 21);
        near.write_all(&bytes).await.unwrap();
        drop(near);
        frame::read(&mut far, SOON).await
    };
    assert!(matches!(frame(vec![]).await, Ok(None)));
    assert!(matches!(frame(vec![1, 2, 1, 0, 0, 0, 9]).await, Ok(Some((Kind::Request, body))) if body == [9]));
    assert!(matches!(frame(vec![2, 2, 0, 0, 0, 0]).await, Err(Error::Malformed(_))));
    assert!(matches!(frame(vec![1, 9, 0, 0, 0, 0]).await, Err(Error::Malformed(_))));
    assert!(matches!(frame(vec![1, 2, 1, 0, 16, 0]).await, Err(Error::Malformed(_))));
    assert!(matches!(frame(vec![1, 2, 0xff, 0xff, 0xff, 0xff]).await, Err(Error::Malformed(_))));
    assert!(matches!(frame(vec![1, 2, 5, 0, 0, 0, 1]).await, Err(Error::Io(_))));
}

#[tokio::test]
async fn a_frame_that_trickles_in_is_given_up() {
    let (mut near, mut far) = tokio::io::duplex(64);
    near.write_all(&[1, 2, 5, 0, 0, 0, 1]).await.unwrap();
    assert!(matches!(frame::read(&mut far, SOON).await, Err(Error::Malformed("too slow"))));
    assert!(matches!(frame::read(&mut far, SOON).await, Err(Error::Late(_))));
}

#[tokio::test]
async fn a_huge_frame_from_a_member_ends_its_connection() {
    let authority = Authority::new().unwrap();
    let stand = stand(named(&authority, "lb1")).await;
    let mut stream = stand.link("lb2", 2, named(&authority, "lb2"), b"terms").connect().await.unwrap();
    stream.write_all(&[1, Kind::Request as u8, 0, 0, 0, 1]).await.unwrap();
    assert!(matches!(stream.read(&mut [0]).await, Ok(0) | Err(_)));
    stand.until(|counted| counted.malformed == 1).await;
}

#[test]
fn the_days_of_a_certificate_are_counted() {
    let authority = Authority::new().unwrap();
    let left = |days| identity(&authority, &authority.node_for("lb1", days).unwrap()).days_left();
    assert!(matches!(left(7), Some(6 | 7)));
    assert!(left(-2).unwrap() < 0);
    let secret = Credentials::Secret(b"0123456789abcdef".to_vec());
    assert_eq!(Identity::new(&secret).unwrap().days_left(), None);
}

#[test]
fn an_authority_is_read_back() {
    let authority = Authority::new().unwrap();
    let again = Authority::from_pem(&authority.certificate().unwrap(), &authority.key().unwrap()).unwrap();
    identity(&authority, &again.node("lb1").unwrap());
    assert!(Identity::new(&Credentials::Certificates { crt: b"none".to_vec(), ca: vec![] }).is_err());
}
