#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::http::{Method, Request, Response};
use crate::server::testing;
use haproxy_cfg_parser::model::{Cookie, CookieMode};

fn cookie(line: &str) -> Cookie {
    let mut words = line.split(' ').skip(1);
    let mut cookie = Cookie {
        name: words.next().unwrap().into(),
        mode: None,
        indirect: false,
        nocache: false,
        postonly: false,
        preserve: false,
        httponly: false,
        secure: false,
        domains: vec![],
        maxidle: None,
        maxlife: None,
        dynamic: false,
        attrs: vec![],
        place: testing::place(),
    };
    while let Some(word) = words.next() {
        match word {
            "insert" => cookie.mode = Some(CookieMode::Insert),
            "rewrite" => cookie.mode = Some(CookieMode::Rewrite),
            "prefix" => cookie.mode = Some(CookieMode::Prefix),
            "indirect" => cookie.indirect = true,
            "nocache" => cookie.nocache = true,
            "postonly" => cookie.postonly = true,
            "preserve" => cookie.preserve = true,
            "httponly" => cookie.httponly = true,
            "secure" => cookie.secure = true,
            "domain" => cookie.domains.push(words.next().unwrap().into()),
            "attr" => cookie.attrs.push(words.next().unwrap().into()),
            "maxidle" => cookie.maxidle = words.next().unwrap().parse().ok(),
            "maxlife" => cookie.maxlife = words.next().unwrap().parse().ok(),
            other => panic!("{other}"),
        }
    }
    cookie
}

fn servers() -> Vec<Arc<Server>> {
    testing::servers(&[1, 1, 0], |line| {
        line.cookie = Some(line.name.replace('s', "c"));
        line.disabled = line.name == "s2";
    })
}

/// Exchanges recorded from haproxy 2.6.12: servers s1 (c1), s2 (c2, disabled), s3 (c3, weight 0). Each line has the
/// backend's name, its lines, method, path, headers (`x-set`, `x-cc` and the like become headers of the response), the
/// time, the server, the first `Cookie` header that it saw, `Set-Cookie` and `Cache-Control` in the response, and %tsc.
#[test]
fn cookies_are_handled_as_haproxy_does() {
    let mut wrong = Vec::new();
    for line in include_str!("testdata/cookies-2.6.12.tsv").lines() {
        let [config, method, status, given, now, server, seen, answer, flags] =
            line.split('\t').collect::<Vec<_>>().try_into().unwrap();
        let pairs = |text: &str| -> Vec<(String, String)> {
            let items = text.split('\u{1f}').filter(|item| !item.is_empty());
            items.map(|item| item.split_once(": ").map(|(a, b)| (a.into(), b.into())).unwrap()).collect()
        };
        let mut lines = config.split('\u{1f}');
        let cookie = cookie(lines.next().unwrap());
        let option = lines.next().unwrap_or_default().trim();
        let servers = servers();
        let mut request = Request::default();
        let mut response = Response::default();
        response.set_status(status.parse().unwrap(), b"");
        for (name, value) in pairs(given) {
            match name.strip_prefix("x-") {
                None => request.headers.append(name.as_bytes(), value.as_bytes()),
                Some(name) => response.headers.append(name.as_bytes(), value.as_bytes()),
            }
        }
        let now = now.parse().unwrap();
        let (ignored, demanded) = (option.starts_with("ignore-persist"), option.starts_with("use-server"));
        let found = from_request(
            &cookie,
            &servers,
            &mut request,
            ignored || demanded,
            option == "option persist",
            now,
        );
        let direct = demanded || found.server.is_some();
        let chosen = found.server.clone().unwrap_or_else(|| servers[0].clone());
        let flag = if ignored {
            b'N'
        } else {
            let method = Method::of(method.as_bytes());
            on_response(&cookie, &found, &chosen, direct, method, &mut response, now)
        };
        let cookies: Vec<_> = request.headers.iter().filter(|(name, _)| *name == b"cookie").collect();
        let got_seen = cookies.first().map(|(_, value)| String::from_utf8_lossy(value).into_owned());
        let got_answer: Vec<_> = response
            .headers
            .iter()
            .filter(|(name, _)| [&b"set-cookie"[..], b"cache-control"].contains(name))
            .map(|(name, value)| {
                format!("{}: {}", String::from_utf8_lossy(name), String::from_utf8_lossy(value))
            })
            .collect();
        let got_flags = format!("--{}{}", found.flag as char, flag as char);
        let got = [chosen.name.clone(), got_seen.unwrap_or_default(), got_answer.join("\u{1f}"), got_flags];
        let expected = [server, seen, answer, flags].map(ToOwned::to_owned);
        if got != expected {
            wrong.push(format!("{config} {method} {given}\n  got {got:?}\n  not {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_server_without_a_cookie_takes_the_clients_away() {
    let servers = testing::servers(&[1], |_| {});
    let mut response = Response::default();
    let flag = on_response(
        &cookie("cookie A insert"),
        &Found::default(),
        &servers[0],
        false,
        Method::Get,
        &mut response,
        0,
    );
    assert_eq!(flag, b'I');
    let value = response.headers.iter().next().unwrap().1;
    assert_eq!(value, b"A=; Expires=Thu, 01-Jan-1970 00:00:01 GMT; path=/");
}

#[test]
fn dates_survive() {
    let mut text = Vec::new();
    date::write(1_795_459_069, &mut text);
    assert_eq!((&*text, date::read(&text)), (&b"awSIA"[..], 1_795_459_072));
    assert_eq!((date::read(b"awS"), date::read(b"aw IA")), (0, 0));
}
