//! What the typed model says about small files.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use haproxy_cfg_parser::model::{
    ActionArg, Address, Arg, Class, Config, FormatPart, Host, KeepAlive, LogFraming, Mode, Proxy, Scope, Test,
};
use haproxy_cfg_parser::{Severity, Source, SystemWorld, parse};
use std::time::Duration;

fn read(text: &str) -> Config {
    let (config, diagnostics) = parse(&[Source::new("a.cfg", text)], &SystemWorld::default());
    let alerts: Vec<_> =
        diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Alert).collect();
    assert!(alerts.is_empty(), "{alerts:#?}");
    config
}

fn proxy<'a>(config: &'a Config, name: &str) -> &'a Proxy {
    config.proxies.iter().find(|proxy| proxy.name == name).unwrap()
}

#[test]
fn sections_start_from_the_latest_defaults() {
    let config = read(
        "defaults\n mode http\n timeout client 5s\n option httplog\n maxconn 10\n retries 2\n log global\n \
         default-server inter 7s\n\
         frontend a\n bind :80\n no option dontlognull\n\
         backend b\n timeout server 9\n server s 127.0.0.1:1\n server t 127.0.0.1:1 inter 1s\n\
         defaults\n timeout client 1\n\
         listen c\n bind :81\n",
    );
    let a = proxy(&config, "a");
    assert_eq!((a.mode, a.timeouts.client, a.maxconn), (Mode::Http, Some(Duration::from_secs(5)), Some(10)));
    assert_eq!((a.options.httplog, a.logs.len()), (Some(false), 1));
    let b = proxy(&config, "b");
    assert_eq!((b.retries, b.timeouts.server), (Some(2), Some(Duration::from_millis(9))));
    let inter: Vec<_> = b.servers.iter().map(|server| server.check.inter.unwrap().as_secs()).collect();
    assert_eq!(inter, [7, 1]);
    let c = proxy(&config, "c");
    assert_eq!((c.mode, c.timeouts.client, c.logs.len()), (Mode::Tcp, Some(Duration::from_millis(1)), 0));
}

#[test]
fn named_defaults_bring_rules_that_see_their_own_acls() {
    let config = read(
        "defaults d\n mode http\n acl x path /defaults\n http-request deny if x\n\
         defaults other\n mode tcp\n\
         frontend f from d\n bind :80\n acl x path /own\n http-request allow if x\n\
         frontend g\n bind :81\n",
    );
    let f = proxy(&config, "f");
    let names: Vec<_> = f.acls.iter().map(|acl| (acl.name.as_str(), acl.test.patterns[0].as_str())).collect();
    assert_eq!(names, [("defaults d x", "/defaults"), ("x", "/own")]);
    let used: Vec<_> = f
        .http_request
        .iter()
        .map(|rule| match &rule.condition.as_ref().unwrap().any_of[0][0].test {
            Test::Named(name) => (rule.action.name, name.as_str()),
            Test::Anonymous(_) => unreachable!(),
        })
        .collect();
    assert_eq!(used, [("deny", "defaults d x"), ("allow", "x")]);
    assert_eq!(proxy(&config, "g").mode, Mode::Tcp);
    assert!(proxy(&config, "g").http_request.is_empty());
}

#[test]
fn options_are_switched_on_and_off() {
    let config = read(
        "defaults\n mode http\n option httpclose\n option redispatch\n option dontlognull\n\
         frontend a\n bind :80\n option http-server-close\n\
         backend b\n no option httpclose\n no option redispatch\n no option allbackups\n",
    );
    assert_eq!(proxy(&config, "a").options.keep_alive, KeepAlive::ServerClose);
    assert!(proxy(&config, "a").options.dontlognull);
    assert_eq!(proxy(&config, "b").options.keep_alive, KeepAlive::KeepAlive);
    assert_eq!(proxy(&config, "b").options.redispatch, None);
}

#[test]
fn acls_are_split_into_fetch_and_matcher() {
    let config = read(
        "frontend f\n mode http\n bind :80\n acl a path_beg -i /a /b\n acl b hdr(host),lower -m end .test\n \
         acl c src 10.0.0.0/8\n acl d hdr_cnt(x) gt 1\n",
    );
    let tests: Vec<_> = config.proxies[0].acls.iter().map(|acl| &acl.test).collect();
    assert_eq!(
        (tests[0].expr.fetch.name, tests[0].matcher, tests[0].ignore_case),
        ("path", Some("beg"), true)
    );
    assert_eq!(tests[0].patterns, ["/a", "/b"]);
    assert_eq!((tests[1].expr.fetch.name, tests[1].matcher), ("req.hdr", Some("end")));
    assert_eq!(tests[1].expr.fetch.args, [Arg::Str("host".into())]);
    assert_eq!(tests[1].expr.converters[0].name, "lower");
    assert_eq!((tests[2].expr.fetch.name, tests[2].matcher), ("src", None));
    assert_eq!(tests[3].patterns, ["gt", "1"]);
}

#[test]
fn conditions_are_alternatives_of_terms() {
    let config = read(
        "frontend f\n mode http\n bind :80\n acl a path /a\n \
         http-request deny unless a !{ method GET } or METH_POST || ! a\n",
    );
    let condition = config.proxies[0].http_request[0].condition.as_ref().unwrap();
    assert!(condition.unless);
    let shape: Vec<Vec<bool>> =
        condition.any_of.iter().map(|terms| terms.iter().map(|term| term.negated).collect()).collect();
    assert_eq!(shape, [vec![false, true], vec![false], vec![true]]);
}

#[test]
fn log_formats_are_cut_into_parts() {
    let config = read(
        "frontend f\n mode http\n bind :80\n log-format \"%{+Q}o %ci  100%% %{-Q}[var(txn.p),lower] x\"\n",
    );
    let (format, _) = config.proxies[0].log_format.as_ref().unwrap();
    let parts: Vec<String> = format
        .parts
        .iter()
        .map(|part| match part {
            FormatPart::Text(text) => format!("text {text}"),
            FormatPart::Alias { name, flags, .. } => format!("alias {name} {}", flags.quote),
            FormatPart::Expr { expr, flags } => format!("expr {} {}", expr.text, flags.quote),
        })
        .collect();
    assert_eq!(parts, ["alias ci true", "text  100% ", "expr var(txn.p),lower false", "text  x"]);
}

#[test]
fn actions_carry_typed_arguments() {
    let config = read(
        "frontend f\n mode http\n bind :80\n http-request deny deny_status 429 hdr A b\n \
         http-request set-var(txn.v) path\n http-request redirect code 301 prefix http://x drop-query\n \
         http-request track-sc1 src table f\n stick-table type ip size 1k\n",
    );
    let rules = &config.proxies[0].http_request;
    assert!(
        matches!(&rules[0].action.args[0], ActionArg::Keyed("deny_status", Some(code)) if matches!(**code, ActionArg::Int(429)))
    );
    assert!(matches!(&rules[0].action.args[1], ActionArg::Header(name, _) if name == "A"));
    assert!(
        matches!(&rules[1].action.args[0], ActionArg::Var(var) if var.scope == Scope::Txn && var.name == "v")
    );
    assert!(matches!(&rules[2].action.args[0], ActionArg::Keyed("prefix", Some(_))));
    assert_eq!((rules[3].action.name, rules.len()), ("track-sc", 4));
}

#[test]
fn uses_name_every_keyword() {
    let config = read(
        "global\n maxconn 10\nfrontend f\n mode http\n bind :80 name x\n option httplog\n acl unused path_beg,lower /x\n \
         http-request set-header A %[src]\n timeout client 1s\nbackend b\n balance roundrobin\n server s 127.0.0.1:1 check\n",
    );
    let has = |class, name| config.uses.first(|word| word.class == class && word.name == name).is_some();
    for (class, name) in [
        (Class::Keyword, "maxconn"),
        (Class::Keyword, "option httplog"),
        (Class::Keyword, "timeout client"),
        (Class::Keyword, "balance"),
        (Class::Keyword, "http-request"),
        (Class::Action, "http-request set-header"),
        (Class::Bind, "name"),
        (Class::Server, "check"),
        (Class::Fetch, "path"),
        (Class::Fetch, "src"),
        (Class::Converter, "lower"),
        (Class::Matcher, "beg"),
    ] {
        assert!(has(class, name), "{class:?} {name}");
    }
    let place = config.uses.first(|word| word.name == "check").unwrap().place;
    assert_eq!((place.line, &*place.file), (12, "a.cfg"));
}

#[test]
fn the_environment_is_threaded_through_the_lines() {
    let config = read(
        "global\n setenv HOST 127.0.0.1\n presetenv HOST other\n setenv GONE x\n unsetenv GONE\n\
         listen l\n mode http\n bind \"${HOST}:80\"\n.if defined(GONE)\n nonsense\n.endif\n server s \"${GONE-10.0.0.1}:81\"\n",
    );
    assert_eq!(config.proxies[0].binds[0].addresses[0].1, "127.0.0.1:80");
    let expected =
        Address::Inet { host: Host::Ip("10.0.0.1".parse().unwrap()), ports: (81, 81), offset: None };
    assert_eq!(config.proxies[0].servers[0].address, expected);
    assert!(config.environment.contains(&("HOST".into(), "127.0.0.1".into())));
}

#[test]
fn a_last_line_without_its_end_is_an_error() {
    let (_, diagnostics) = parse(&[Source::new("a.cfg", "global\n maxconn 1")], &SystemWorld::default());
    assert!(diagnostics.iter().any(|diagnostic| diagnostic.message.contains("Missing LF on last line")));
    let (config, diagnostics) =
        parse(&[Source::new("a.cfg", "global\r\n maxconn 1\r\n")], &SystemWorld::default());
    assert_eq!((config.global.maxconn, diagnostics.len()), (Some(1), 0));
}

#[test]
fn sections_beside_the_proxies_are_typed() {
    let config = read(
        "global\n    localpeer me\n\
         peers p\n    default-server ssl verify none\n    bind :1024 ssl crt a.pem\n    server me\n    server b 127.0.0.2:1024 shard 2\n    \
         table t type ip size 1k store gpc0\n    shards 3\n    log 127.0.0.1:514 local0\n\
         ring r\n    description all of it\n    format rfc5424\n    maxlen 1200\n    size 32768\n    timeout connect 5s\n    timeout server 10s\n    \
         server s 127.0.0.1:514 log-proto octet-count\n\
         log-forward l\n    bind 127.0.0.1:1514\n    dgram-bind 127.0.0.1:1515 transparent\n    maxconn 10\n    timeout client 3s\n    \
         option host keep\n    log ring@r local0\n\
         log-profile q\n    log-tag x\n    on accept drop\n    on any format %ci sd %cp\n\
         fcgi-app a\n    docroot /srv\n    index index.php\n    path-info ^(/.+)$\n    acl api path_beg /api\n    no option keep-conn\n    \
         option max-reqs 10\n    pass-header Authorization if api\n    set-param A %[path]\n\
         crt-store web\n    crt-base /etc/ssl\n    load crt a.pem key a.key alias a ocsp-update on\n\
         acme le\n    directory https://example.com/d\n    challenge dns-01\n    keytype ECDSA\n    dns-delay 30\n    profile classic\n\
         traces\n    trace h1 sink stderr level developer\n\
         program x\n    command /bin/sleep 10\n    user daemon\n    no option start-on-reload\n",
    );
    let peers = &config.peers[0];
    assert!(peers.bind.as_ref().is_some_and(|bind| bind.options.ssl));
    assert_eq!(peers.peers.iter().map(|peer| peer.address.is_some()).collect::<Vec<_>>(), [false, true]);
    assert!(peers.peers.iter().all(|peer| peer.server.ssl && !peer.listens));
    assert_eq!((peers.shards, peers.tables[0].0.as_str(), peers.logs.len()), (Some(3), "t", 1));
    let ring = &config.rings[0];
    assert_eq!(ring.description.as_deref(), Some("all of it"));
    assert_eq!((ring.format, ring.maxlen, ring.size), (Some(LogFraming::Rfc5424), Some(1200), Some(32768)));
    assert_eq!((ring.connect, ring.server), (Some(Duration::from_secs(5)), Some(Duration::from_secs(10))));
    assert_eq!(ring.servers[0].name, "s");
    let forward = &config.log_forwards[0];
    assert_eq!((forward.binds.len(), forward.datagrams.len(), forward.logs.len()), (1, 1, 1));
    assert!(forward.datagrams[0].options.transparent);
    assert_eq!((forward.maxconn, forward.client), (Some(10), Some(Duration::from_secs(3))));
    assert_eq!(forward.host.as_deref(), Some("keep"));
    let profile = &config.log_profiles[0];
    assert_eq!(profile.log_tag.as_deref(), Some("x"));
    assert!(profile.steps[0].drop && profile.steps[1].format.is_some() && profile.steps[1].sd.is_some());
    let app = &config.fcgi_apps[0];
    assert_eq!((app.docroot.as_deref(), app.index.as_deref()), (Some("/srv"), Some("index.php")));
    assert_eq!((app.keep_conn, app.max_reqs, app.acls.len()), (Some(false), Some(10), 1));
    assert!(app.pass_headers[0].1.is_some() && app.params[0].2.is_none());
    let load = &config.crt_stores[0].loads[0];
    assert_eq!((load.crt.as_str(), load.alias.as_deref()), ("a.pem", Some("a")));
    assert_eq!(load.options, [("key", "a.key".to_owned()), ("ocsp-update", "on".to_owned())]);
    let acme = &config.acmes[0];
    assert_eq!((acme.challenge, acme.keytype), (Some("dns-01"), Some("ECDSA")));
    assert_eq!(
        (acme.dns_delay, &acme.texts[..]),
        (Some(Duration::from_secs(30)), &[("profile", "classic".to_owned())][..])
    );
    assert_eq!((config.traces[0].source.as_str(), config.traces[0].words.len()), ("h1", 4));
    let program = &config.programs[0];
    assert_eq!(
        (program.command.len(), program.user.as_deref(), program.kept_on_reload),
        (2, Some("daemon"), true)
    );
}
