#![allow(clippy::unwrap_used)]

use super::*;
use crate::admin::{Change, ServerState};
use crate::stats::{column, tests::plan};

#[test]
fn addresses_say_what_is_asked_for() {
    let view = View::parse(";csv;norefresh;up;no-maint;scope=we%<b;st=DONEXX");
    let scope = "web".to_owned();
    let expected =
        View { form: Form::Csv, up: true, no_maint: true, norefresh: true, scope, status: "DONE".into() };
    assert_eq!(view, expected);
    assert_eq!(view.suffix(), ";up;no-maint;norefresh;scope=web");
    assert_eq!(View::parse("?x;json").form, Form::Json);
    assert_eq!(View::parse("=&scope=A"), View { scope: "A".into(), ..View::default() });
    assert!(View::parse("?scope=E").is_in_scope("be") && !View::parse("?scope=E").is_in_scope("x"));
    assert_eq!(View::parse("/csv").form, Form::Html);
}

/// Recorded from haproxy 2.6.12: fields and what became of them.
#[test]
fn forms_come_to_what_haproxy_makes_of_them() {
    for (body, code, changes) in [
        ("s=s1&action=drain&b=be", "DONE", 1),
        ("action=drain&s=s1&b=be&x=y", "DONE", 1),
        ("s=s1&action=drain&b=%233", "DONE", 1),
        ("s=s1&s=s2&action=ready&b=be", "DONE", 2),
        ("s=s1&action=stop&b=be", "DONE", 1),
        ("s=s1&action=eagent&b=be", "NONE", 0),
        ("s=s1&action=arunn&b=be", "NONE", 0),
        ("s=s1&s=zz&action=shutdown&b=be", "PART", 1),
        ("s=s1&s=zz&action=ready&b=be", "PART", 1),
        ("s=zz&action=ready&b=be", "ERRP", 0),
        ("s=s1&action=foo&b=be", "ERRP", 0),
        ("s=s1&action=&b=be", "ERRP", 0),
        ("s=s1&action=drain&b=nope", "ERRP", 0),
        ("s=s1&action=drain&b=%2399", "ERRP", 0),
        ("s=s1&b=be", "NONE", 0),
        ("", "NONE", 0),
        ("x", "NONE", 0),
        ("%zz=%", "NONE", 0),
    ] {
        let order = form::read(body.as_bytes(), &plan(), |_| true);
        let acts = order.changes.len() + order.end.len();
        assert_eq!((order.outcome.code(), acts), (code, changes), "{body}");
    }
    let order = form::read(b"s=s1&action=maint&b=be", &plan(), |_| true);
    let state = ServerState::Maint;
    assert_eq!(order.changes, [Change::State { backend: "be".into(), server: "s1".into(), state }]);
    let order = form::read(b"s=s1&action=maint&b=be", &plan(), |name| name != "be");
    assert_eq!((order.outcome, order.changes.len()), (Outcome::Wrong, 0));
    let order = form::read(b"s=s1&action=shutdown&b=be", &plan(), |_| true);
    assert_eq!((order.changes.len(), order.end.len()), (0, 1));
}

#[test]
fn forms_of_other_sites_are_known_by_their_headers() {
    let foreign = |headers: &[(&str, &str)]| {
        let mut request = Request::default();
        request.headers.append(b"host", b"lb:8404");
        headers.iter().for_each(|(name, value)| request.headers.append(name.as_bytes(), value.as_bytes()));
        form::is_foreign(&request)
    };
    assert!(!foreign(&[]));
    assert!(!foreign(&[("origin", "http://lb:8404")]));
    assert!(!foreign(&[("origin", "null"), ("sec-fetch-site", "same-origin")]));
    assert!(foreign(&[("origin", "http://evil")]));
    assert!(foreign(&[("origin", "null")]));
    assert!(foreign(&[("origin", "http://lb:8404"), ("sec-fetch-site", "cross-site")]));
}

#[test]
fn all_names_are_columns() {
    for name in cells::names() {
        assert!(column::named(name).is_some(), "{name}");
    }
}

#[test]
fn text_cannot_leave_its_place() {
    assert_eq!(html::escaped("<a href=\"x\" b='y'>&"), "&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;");
    assert_eq!(html::escaped("plain"), "plain");
}

#[test]
fn secrets_are_compared_whole() {
    assert!(same(b"abc", b"abc") && !same(b"abc", b"abd") && !same(b"abc", b"abcd") && same(b"", b""));
}
