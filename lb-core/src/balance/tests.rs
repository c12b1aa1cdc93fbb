#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::http::Request;
use crate::server::{Operational, Slot, admin, testing};
use proptest::prelude::*;
use std::collections::HashMap;

fn balance(algorithm: &'static str, args: &[&str]) -> model::Balance {
    model::Balance {
        algorithm,
        args: args.iter().map(ToString::to_string).collect(),
        expr: None,
        place: testing::place(),
    }
}

/// A balancer and servers `s1`, `s2`, ... of those weights.
fn farm(
    algorithm: &'static str,
    args: &[&str],
    hash_type: model::HashType,
    weights: &[u32],
) -> (Balance, Vec<Arc<Server>>) {
    let servers = testing::servers(weights, |_| {});
    let mut proxy = testing::proxy();
    proxy.balance = Some(balance(algorithm, args));
    proxy.hash_type = Some(hash_type);
    let expr = (algorithm == "hash").then(|| KeyFn(Box::new(|_, _| {})));
    (Balance::new(&proxy, &servers, expr).unwrap(), servers)
}

fn choose(balance: &Balance, servers: &[Arc<Server>], hash: Option<u32>) -> Option<Arc<Server>> {
    match balance.choose(servers, || hash, None) {
        Choice::Server(server) => Some(server),
        Choice::Full | Choice::Nobody => None,
    }
}

fn turns(algorithm: &'static str, weights: &[u32], count: usize) -> String {
    let (balance, servers) = farm(algorithm, &[], model::HashType::default(), weights);
    (0..count).map(|_| choose(&balance, &servers, None).unwrap().name[1..].to_owned()).collect()
}

/// The orders that haproxy 2.6.12 gives.
#[test]
fn turns_are_haproxys() {
    for (weights, roundrobin, static_rr) in [
        (&[1, 1, 1][..], "123123", "123123"),
        (&[1, 2], "221221", "122122"),
        (&[2, 1], "112112", "112112"),
        (&[1, 1, 2], "31323132", "13231323"),
        (&[3, 5, 7], "323123321323321323123321323321", "123231323132323123231323132323"),
        (&[5, 1, 1], "11121131112113", "11121131112113"),
        (&[1, 2, 3, 4], "43423414324342341432", "12434234341243423434"),
        (&[7, 3], "11121121121112112112", "11121121121112112112"),
        (
            &[10, 20, 1],
            "2212212212212212321221221221221221221221",
            "1221221221221221221221221221223122122122",
        ),
        (
            &[100, 50, 25],
            "1121312112131211213121121312112131211213",
            "1121213112121311212131121213112121311212",
        ),
    ] {
        assert_eq!(turns("roundrobin", weights, roundrobin.len()), roundrobin, "{weights:?}");
        assert_eq!(turns("static-rr", weights, static_rr.len()), static_rr, "{weights:?}");
    }
}

/// Placements recorded from haproxy 2.6.12 with servers of weights 1, 2, 3:
/// algorithm and hash-type, target, header, source address, server.
#[test]
fn placements_are_haproxys() {
    let record = include_str!("testdata/placements-2.6.12.tsv");
    let mut wrong = HashMap::<&str, Vec<String>>::new();
    for line in record.lines() {
        let [algorithm, target, header, source, expected] =
            line.split('\t').collect::<Vec<_>>().try_into().unwrap();
        let words: Vec<&str> = algorithm.split(' ').collect();
        let mut hash_type = model::HashType::default();
        let mut args = Vec::new();
        for word in &words[1..] {
            match *word {
                "consistent" => hash_type.consistent = true,
                "map-based" => {}
                "avalanche" => hash_type.avalanche = true,
                "sdbm" => hash_type.function = Some("sdbm"),
                "djb2" => hash_type.function = Some("djb2"),
                "wt6" => hash_type.function = Some("wt6"),
                "crc32" => hash_type.function = Some("crc32"),
                "" => {}
                other => args.push(other),
            }
        }
        let name = match words[0] {
            "uri" => "uri",
            "source" => "source",
            "url_param" => "url_param",
            "hash" => "hash",
            _ => {
                args.insert(0, "x-k");
                "hdr"
            }
        };
        let (balance, servers) = farm(name, &args, hash_type, &[1, 2, 3]);
        let latin1 = |text: &str| text.chars().map(|c| c as u8).collect::<Vec<u8>>();
        let mut request = Request::default();
        request.set_target(&latin1(target));
        request.headers.append(b"x-k", &latin1(header));
        let Algorithm::Hash { key, placement } = &balance.algorithm else { panic!("{algorithm}") };
        let hash = match algorithm {
            "hash req.hdr(x-k)" => {
                let last = crate::http::header::list_elements(&latin1(header)).last().map(<[u8]>::to_vec);
                Some(placement.function.of(&last.unwrap()))
            }
            "hash req.hdr(x-k),length" => {
                let last = crate::http::header::list_elements(&latin1(header)).next().map(<[u8]>::to_vec);
                Some(placement.function.of(&(last.unwrap().len() as u64).to_be_bytes()))
            }
            "hash req.hdr_ip(x-k)" => Some(match header.parse().unwrap() {
                std::net::IpAddr::V4(ip) => placement.function.of(&ip.octets()),
                std::net::IpAddr::V6(ip) => placement.function.of(&ip.octets()),
            }),
            _ => key.hash_of(&request, Some(source.parse().unwrap()), &placement.function),
        };
        let Some(hash) = hash else { continue };
        let got = choose(&balance, &servers, Some(hash)).unwrap().name.clone();
        if got != expected {
            wrong
                .entry(algorithm)
                .or_default()
                .push(format!("{target} {header} {source}: {got} not {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn least_connections_take_turns_among_equals() {
    let (balance, servers) = farm("leastconn", &[], model::HashType::default(), &[1, 1, 1]);
    let names: String =
        (0..6).map(|_| choose(&balance, &servers, None).unwrap().name[1..].to_owned()).collect();
    assert_eq!(names, "123123");
    let _busy: Vec<_> = [0, 0, 2].map(|index: usize| Slot::take(&servers[index]).unwrap()).into();
    assert_eq!(choose(&balance, &servers, None).unwrap().name, "s2");
}

#[test]
fn first_fills_the_lowest_id() {
    let servers = testing::servers(&[1, 1], |line| line.maxconn = Some(2));
    let mut proxy = testing::proxy();
    proxy.balance = Some(balance("first", &[]));
    let balance = Balance::new(&proxy, &servers, None).unwrap();
    let slots: Vec<_> =
        (0..4).map(|_| Slot::take(&choose(&balance, &servers, None).unwrap()).unwrap()).collect();
    let names: Vec<_> = slots.iter().map(|slot| slot.server().unwrap().name.as_str()).collect();
    assert_eq!(names, ["s1", "s1", "s2", "s2"]);
    assert!(matches!(balance.choose(&servers, || None, None), Choice::Full));
}

#[test]
fn backups_serve_when_no_other_can() {
    let servers = testing::servers(&[1, 1, 1], |line| line.backup = line.name != "s1");
    let mut proxy = testing::proxy();
    proxy.balance = Some(balance("roundrobin", &[]));
    let (one, all) = (Balance::new(&proxy, &servers, None).unwrap(), {
        proxy.options.allbackups = true;
        Balance::new(&proxy, &servers, None).unwrap()
    });
    let names = |balance: &Balance| -> String {
        (0..4)
            .map(|_| choose(balance, &servers, None).map_or("-".into(), |s| s.name[1..].to_owned()))
            .collect()
    };
    assert_eq!(names(&one), "1111");
    servers[0].set_operational(Operational::Stopped);
    assert_eq!((names(&one).as_str(), names(&all).as_str()), ("2222", "2323"));
    servers[1].set_admin(admin::FORCED_MAINT, 0);
    assert_eq!(names(&one), "3333");
    servers[2].set_weight(0);
    assert!(matches!(one.choose(&servers, || None, None), Choice::Nobody));
    servers[0].set_operational(Operational::Running);
    assert_eq!(names(&all), "1111");
}

#[test]
fn a_failed_server_is_avoided_unless_alone() {
    for algorithm in ["roundrobin", "static-rr", "leastconn", "first", "random"] {
        let (balance, servers) = farm(algorithm, &[], model::HashType::default(), &[1, 1]);
        for _ in 0..20 {
            let Choice::Server(server) = balance.choose(&servers, || None, Some(&servers[0])) else {
                panic!()
            };
            assert_eq!(server.name, "s2", "{algorithm}");
        }
        servers[1].set_operational(Operational::Stopped);
        let Choice::Server(server) = balance.choose(&servers, || None, Some(&servers[0])) else { panic!() };
        assert_eq!(server.name, "s1", "{algorithm}");
    }
}

#[test]
fn the_ring_moves_few_keys() {
    let hash_type = model::HashType { consistent: true, ..Default::default() };
    let (balance, servers) = farm("uri", &[], hash_type, &[10; 10]);
    let Algorithm::Hash { placement, .. } = &balance.algorithm else { panic!() };
    let place = || -> Vec<u32> {
        (0..5000u32)
            .map(|key| {
                let hash = placement.function.of(format!("/{key}").as_bytes());
                choose(&balance, &servers, Some(hash)).unwrap().id
            })
            .collect()
    };
    let before = place();
    servers[3].set_operational(Operational::Stopped);
    let after = place();
    for (before, after) in before.iter().zip(&after) {
        assert!(*after != 4 && (before == after || *before == 4), "{before} {after}");
    }
    servers[3].set_operational(Operational::Running);
    assert_eq!(before, place());
}

#[test]
fn the_balance_factor_bounds_the_load() {
    let servers = testing::servers(&[1, 1], |_| {});
    let mut proxy = testing::proxy();
    proxy.balance = Some(balance("uri", &[]));
    proxy.hash_type = Some(model::HashType { consistent: true, ..Default::default() });
    proxy.others.push(("hash-balance-factor", vec!["150".into()], testing::place()));
    let balance = Balance::new(&proxy, &servers, None).unwrap();
    let slots: Vec<_> =
        (0..100).map(|_| Slot::take(&choose(&balance, &servers, Some(7)).unwrap()).unwrap()).collect();
    let most = servers.iter().map(|server| server.served.load(Ordering::Relaxed)).max();
    assert!((60..=76).contains(&most.unwrap()), "{most:?}");
    drop(slots);
}

#[test]
fn without_a_line_it_draws() {
    let servers = testing::servers(&[1], |_| {});
    let balance = Balance::new(&testing::proxy(), &servers, None).unwrap();
    assert_eq!(balance.name(), "random");
    assert!(matches!(balance.choose(&[], || None, None), Choice::Nobody));
}

proptest! {
    /// Over whole periods each server has exactly its share, and never two turns fewer or more than it on the way.
    #[test]
    fn shares_are_exact(weights in prop::collection::vec(1u32..=20, 1..6), stat in any::<bool>()) {
        let (balance, servers) =
            farm(if stat { "static-rr" } else { "roundrobin" }, &[], model::HashType::default(), &weights);
        let total: u32 = weights.iter().sum();
        let mut counts = vec![0u32; weights.len()];
        for turn in 1..=3 * total {
            counts[choose(&balance, &servers, None).unwrap().id as usize - 1] += 1;
            for (count, weight) in counts.iter().zip(&weights) {
                let due = f64::from(turn * weight) / f64::from(total);
                prop_assert!((f64::from(*count) - due).abs() < 2.0 * weights.len() as f64);
            }
        }
        prop_assert_eq!(counts, weights.iter().map(|weight| 3 * weight).collect::<Vec<_>>());
    }

    /// Drawing follows the weights, roughly.
    #[test]
    fn draws_follow_weights(weights in prop::collection::vec(1u32..=5, 2..5)) {
        let (balance, servers) = farm("random", &["1"], model::HashType::default(), &weights);
        let total: u32 = weights.iter().sum();
        let mut counts = vec![0u32; weights.len()];
        for _ in 0..4000 {
            counts[choose(&balance, &servers, None).unwrap().id as usize - 1] += 1;
        }
        for (count, weight) in counts.iter().zip(&weights) {
            let due = 4000.0 * f64::from(*weight) / f64::from(total);
            prop_assert!((f64::from(*count) - due).abs() < 6.0 * due.sqrt() + 10.0, "{counts:?} {weights:?}");
        }
    }

    /// Whatever happens to servers, one that is not usable is never chosen, and one that is, is found.
    #[test]
    fn only_usable_servers(
        steps in prop::collection::vec((0usize..4, 0u8..6, any::<u32>()), 1..60),
        algorithm in prop::sample::select(&["roundrobin", "static-rr", "leastconn", "first", "random", "uri"][..]),
        consistent in any::<bool>(),
    ) {
        let hash_type = model::HashType { consistent, ..Default::default() };
        let (balance, servers) = farm(algorithm, &[], hash_type, &[1, 3, 2, 5]);
        for (at, what, hash) in steps {
            let server = &servers[at];
            match what {
                0 => { server.set_operational(Operational::Stopped); }
                1 => { server.set_operational(Operational::Running); }
                2 => { server.set_admin(admin::FORCED_MAINT, 0); }
                3 => { server.set_admin(0, admin::FORCED_MAINT | admin::FORCED_DRAIN); }
                4 => { server.set_admin(admin::FORCED_DRAIN, 0); }
                _ => server.set_weight(hash % 4),
            }
            match choose(&balance, &servers, Some(hash)) {
                Some(server) => prop_assert!(server.usable()),
                None => prop_assert!(!servers.iter().any(|server| server.usable())),
            }
        }
    }
}

/// `hash-key addr`: proxies that name the same servers in another order send a key to the same address.
#[test]
fn servers_are_known_by_where_they_are() {
    let addresses: Vec<std::net::SocketAddr> =
        ["127.0.0.1:80", "127.0.0.2:80", "127.0.0.3:81", "[::1]:80"].map(|text| text.parse().unwrap()).into();
    let farm = |key, order: &[usize]| {
        let servers = testing::servers(&[1; 4], |line| line.hash_key = key);
        for (server, index) in servers.iter().zip(order) {
            server.set_address(crate::server::ServerAddress::Inet(addresses[*index]));
        }
        let mut proxy = testing::proxy();
        proxy.balance = Some(balance("source", &[]));
        proxy.hash_type = Some(model::HashType { consistent: true, ..Default::default() });
        (Balance::new(&proxy, &servers, None).unwrap(), servers)
    };
    let places = |(balance, servers): &(Balance, Vec<Arc<Server>>)| -> Vec<String> {
        let place = |hash: u32| choose(balance, servers, Some(hash.wrapping_mul(0x9e37_79b9))).unwrap();
        (0..200).map(|hash| place(hash).address().to_string()).collect()
    };
    for key in [model::HashKey::Addr, model::HashKey::AddrPort] {
        let one = places(&farm(key, &[0, 1, 2, 3]));
        assert_eq!(one, places(&farm(key, &[3, 1, 0, 2])), "{key:?}");
        assert!(addresses.iter().all(|address| one.contains(&address.to_string())), "{key:?}");
    }
    assert_ne!(
        places(&farm(model::HashKey::Id, &[0, 1, 2, 3])),
        places(&farm(model::HashKey::Id, &[3, 1, 0, 2]))
    );
}
