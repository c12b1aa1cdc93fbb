//! Many names over three name servers that lose, delay, cut, forge and reorder what they say: every server gets its own
//! name's address, follows it when it moves, and takes none from a stranger.
//!
//! The plain run asks for a few names; `just names` for a thousand.

mod wrong;

use lb_harness::{Launch, NameServer, Say, debian, eventually, loopback};
use std::collections::{BTreeSet, HashMap};
use std::error::Error;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// How long all names may take: far more than they do, since machines that build meanwhile are slow.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where forged answers lead.
const STRANGER: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 66, 66, 66));

type Done = Result<(), Box<dyn Error>>;

#[test]
fn some_names_are_followed() -> Done {
    follow(60)
}

#[test]
#[ignore = "takes a minute: `just names`"]
fn a_thousand_names_are_followed() -> Done {
    follow(1000)
}

/// The address of a name after it has moved so many times.
fn address(name: usize, moves: u8) -> IpAddr {
    let [.., high, low] = name.to_be_bytes();
    Ipv4Addr::new(127, 10 + moves, high, low).into()
}

/// What one of the name servers does about a name: no name is told by all of them alike, and each is told by one at least.
fn manner(server: usize, name: usize, truth: IpAddr) -> Say {
    let forged = vec![STRANGER];
    let truth = Say::Addresses(vec![truth]);
    let some_time = Duration::from_millis(20 + 7 * (name as u64 % 20));
    match (server + name) % 3 {
        0 => truth,
        1 => match name % 5 {
            0 => Say::Silence,
            1 => Say::Garbage,
            2 => Say::OtherQuestion(forged),
            3 => Say::Failed,
            _ => Say::Refused,
        },
        _ => match name % 4 {
            0 => Say::Late(some_time, truth.into()),
            1 => Say::ForgedId(forged, truth.into()),
            2 => Say::Stranger(forged, truth.into()),
            // The same again: the second answers nothing.
            _ => Say::All(vec![truth.clone(), truth]),
        },
    }
}

fn follow(names: usize) -> Done {
    let servers = [NameServer::start()?, NameServer::start()?, NameServer::start()?];
    let say = |moves: u8| {
        for (server, which) in servers.iter().zip(0..) {
            for name in 0..names {
                server.a(&format!("n{name}.test"), manner(which, name, address(name, moves)));
            }
        }
    };
    say(0);
    let front = loopback::free_port()?;
    let folder = tempfile::tempdir()?;
    let socket = folder.path().join("stats.sock");
    let mut config = format!(
        "global\n stats socket {} level admin\n\
         defaults\n mode http\n balance roundrobin\n timeout connect 1s\n timeout client 1s\n timeout server 1s\n\
         frontend f\n bind {front}\n\
         resolvers r\n hold valid 300ms\n timeout resolve 300ms\n timeout retry 200ms\n resolve_retries 5\n",
        socket.display()
    );
    for (server, which) in servers.iter().zip(0..) {
        config.push_str(&format!(" nameserver ns{which} {}\n", server.address()));
    }
    config.push_str("backend b\n default-server resolvers r init-addr none resolve-prefer ipv4\n");
    for name in 0..names {
        config.push_str(&format!(" server s{name} n{name}.test:80\n"));
    }
    let _proxy = Launch::new(env!("CARGO_BIN_EXE_lb")).config(&config).listening_on(front).start()?;
    for moves in 0..3 {
        say(moves);
        let mut wrong = Vec::new();
        let followed = eventually(PATIENCE, || {
            let seen = addresses(&socket).unwrap_or_default();
            assert!(!seen.values().any(|ip| *ip == STRANGER.to_string()), "a stranger was believed");
            let expected =
                |name: &usize| seen.get(&format!("s{name}")) == Some(&address(*name, moves).to_string());
            wrong = (0..names).filter(|name| !expected(name)).collect();
            wrong.is_empty()
        });
        if !followed {
            return Err(format!("after {moves} moves these are not followed: {wrong:?}").into());
        }
    }
    Ok(())
}

/// Addresses of hosts that come with the records of a service are taken at once, followed when they change, and asked for
/// when they come no more. haproxy does the same, where it is installed.
#[test]
fn hosts_of_services_come_with_their_addresses() -> Done {
    for program in debian::HAPROXY.find().into_iter().chain([env!("CARGO_BIN_EXE_lb").into()]) {
        located(&program).map_err(|error| format!("{}: {error}", program.display()))?;
    }
    Ok(())
}

fn located(program: &Path) -> Done {
    let server = NameServer::start()?;
    let ip = |last: u8| IpAddr::V4(Ipv4Addr::new(127, 0, 7, last));
    let services = vec![(0, 81, "h1.test".to_owned()), (0, 82, "h2.test".to_owned())];
    let hosts = |one: u8, two: u8| vec![("h1.test".to_owned(), ip(one)), ("h2.test".to_owned(), ip(two))];
    let (front, folder) = (loopback::free_port()?, tempfile::tempdir()?);
    let socket = folder.path().join("stats.sock");
    let config = format!(
        "global\n stats socket {} level admin\n\
         defaults\n mode http\n balance roundrobin\n timeout connect 1s\n timeout client 1s\n timeout server 1s\n\
         frontend f\n bind {front}\n\
         resolvers r\n hold valid 300ms\n hold obsolete 0s\n timeout resolve 300ms\n timeout retry 200ms\n\
         nameserver ns {}\n\
         backend b\n server-template s 3 _web._tcp.test resolvers r init-addr none resolve-prefer ipv4\n",
        socket.display(),
        server.address()
    );
    server.srv("_web._tcp.test", Say::Located(services.clone(), hosts(1, 2)));
    let _proxy = Launch::new(program).config(&config).listening_on(front).start()?;
    let at = |wanted: &[u8]| {
        let wanted: BTreeSet<String> = wanted.iter().map(|last| ip(*last).to_string()).collect();
        let mut seen = HashMap::new();
        let good = eventually(PATIENCE, || {
            seen = addresses(&socket).unwrap_or_default();
            let known: BTreeSet<String> = seen.values().filter(|ip| *ip != "-").cloned().collect();
            known == wanted
        });
        if good { Ok(()) } else { Err(format!("{wanted:?} expected, but {seen:?}")) }
    };
    at(&[1, 2])?;
    assert_eq!((server.asked("h1.test"), server.asked("h2.test")), (0, 0), "nobody need ask");
    server.srv("_web._tcp.test", Say::Located(services.clone(), hosts(3, 4)));
    at(&[3, 4])?;
    // One that the answer leaves out is asked for.
    server.a("h2.test", Say::Addresses(vec![ip(6)]));
    server.srv("_web._tcp.test", Say::Located(services, vec![("h1.test".to_owned(), ip(5))]));
    at(&[5, 6])?;
    assert!(server.asked("h2.test") > 0);
    Ok(())
}

/// The servers' addresses, by `show servers state`.
fn addresses(socket: &Path) -> std::io::Result<HashMap<String, String>> {
    let mut socket = UnixStream::connect(socket)?;
    socket.write_all(b"show servers state b\n")?;
    let mut text = String::new();
    socket.read_to_string(&mut text)?;
    let line = |line: &str| {
        let mut fields = line.split(' ').skip(3);
        Some((fields.next()?.to_owned(), fields.next()?.to_owned()))
    };
    Ok(text.lines().filter(|text| text.starts_with(|c: char| c.is_ascii_digit())).filter_map(line).collect())
}
