#![allow(clippy::unwrap_used, clippy::expect_used)]
use crate::model::{Cluster, Guard, Holding, Notify, Trust};
use crate::{Severity, Source, SystemWorld, parse};
use std::time::Duration;

const NODES: &str = "\
cluster edge
    node lb1 10.0.0.1:7000
    node lb2 10.0.0.2:7000
    node lb3 [2001:db8::3]:7000 witness
    data-dir /var/lib/lb
    virtual-ip 10.0.0.100/24 interface eth0
";

fn read(text: &str) -> (Option<Cluster>, Vec<String>) {
    let (config, findings) = parse(&[Source::new("c.cfg", text)], &SystemWorld::default());
    let said = findings.into_iter().filter(|finding| finding.severity >= Severity::Warning);
    (config.cluster, said.map(|finding| finding.message).collect())
}

/// What is said about [`NODES`] with one more line.
fn said(line: &str) -> String {
    let (_, said) = read(&format!("{NODES}    {line}\n"));
    said.join("\n")
}

#[test]
fn few_lines_are_enough() {
    let (cluster, said) = read(NODES);
    let cluster = cluster.unwrap();
    assert_eq!(said, Vec::<String>::new());
    assert_eq!(cluster.name, "edge");
    assert_eq!(cluster.nodes.iter().map(|node| node.witness).collect::<Vec<_>>(), [false, false, true]);
    assert_eq!(cluster.addresses[0].prefix, 24);
    assert_eq!(cluster.addresses[0].holding, Holding::Interface("eth0".into()));
    assert_eq!(cluster.election, (Duration::from_millis(75), Duration::from_millis(300)));
    assert_eq!(cluster.heartbeat, Duration::from_millis(50));
    assert_eq!((cluster.guard, cluster.trust, cluster.bind), (Guard::Kernel, None, None));
    assert!(cluster.shared_health);
}

#[test]
fn every_line_is_kept() {
    let more = "\
    bind 0.0.0.0:7001
    ca-file ca.pem crt node.pem
    election-timeout 300ms 1s
    heartbeat 40ms
    guard weak
    prefer lb2 lb1
    notify /etc/lb/moved timeout 2s
    shared-health off
    virtual-ip 127.0.0.9 bind-only
";
    let (cluster, said) = read(&format!("{NODES}{more}"));
    let cluster = cluster.unwrap();
    assert_eq!(said, Vec::<String>::new());
    assert_eq!(cluster.bind, Some("0.0.0.0:7001".parse().unwrap()));
    assert_eq!(cluster.trust, Some(Trust::Certificate { crt: "node.pem".into(), ca_file: "ca.pem".into() }));
    assert_eq!(cluster.election, (Duration::from_millis(300), Duration::from_secs(1)));
    assert_eq!((cluster.heartbeat, cluster.guard), (Duration::from_millis(40), Guard::Weak));
    assert!(!cluster.shared_health);
    assert_eq!(cluster.preferred, ["lb2", "lb1"]);
    assert_eq!(
        cluster.notify,
        Some(Notify { command: "/etc/lb/moved".into(), timeout: Duration::from_secs(2) })
    );
    assert_eq!((cluster.addresses[1].prefix, &cluster.addresses[1].holding), (32, &Holding::BindOnly));
}

#[test]
fn wrong_lines() {
    for (line, part) in [
        ("node lb4", "'node' expects <name> and <ip>:<port>"),
        ("node lb4 lb4.local:7000", "is no IP address with a port"),
        ("node lb4 10.0.0.4", "is no IP address with a port"),
        ("node lb4 10.0.0.4:0", "has no port"),
        ("node lb4 0.0.0.0:7000", "no address that other nodes can reach"),
        ("node lb4 10.0.0.4:7000 observer", "only 'witness' may stand here"),
        ("node lb1 10.0.0.4:7000", "has the name of the node at c.cfg:2"),
        ("node lb4 10.0.0.1:7000", "has the address of the node at c.cfg:2"),
        ("node lb4 10.0.0.4:7000 witness", "has 4 nodes: an even number"),
        ("node l/b 10.0.0.4:7000", "character '/' is not permitted in node name"),
        ("virtual-ip 10.0.0.100 bind-only", "stands at c.cfg:6 already"),
        ("virtual-ip 10.0.0.101", "expects 'interface <name>' or 'bind-only'"),
        ("virtual-ip 10.0.0.101 interface", "'' is no name of an interface"),
        ("virtual-ip 10.0.0.101 interface a-name-that-is-too-long", "is no name of an interface"),
        ("virtual-ip 10.0.0.101/33 interface eth0", "the prefix must be between 1 and 32"),
        ("virtual-ip web.local interface eth0", "expects an IP address"),
        ("virtual-ip 224.0.0.1 bind-only", "no node can hold this address"),
        ("virtual-ip 127.0.0.9 interface lo", "a loopback address, on an interface"),
        ("virtual-ip 10.0.0.2 interface eth0", "by which node 'lb2' is reached"),
        ("bind *:7000", "expects one IP address with a port"),
        ("crt node.pem", "'crt' expects a file, then 'ca-file'"),
        ("secret-file", "'secret-file' expects a file as argument"),
        ("election-timeout 150ms", "expects the shortest and the longest wait"),
        ("election-timeout 100ms 200ms", "must be between 300 ms and 60 s"),
        ("election-timeout 300ms 300ms", "split their votes"),
        ("heartbeat 51ms", "300 ms, and two thirds of the shortest, 75 ms"),
        ("election-timeout 299ms 300ms\n    heartbeat 101ms", "a third of the longest wait"),
        ("heartbeat 1x", "unexpected character 'x' in 'heartbeat'"),
        ("shared-health maybe", "'shared-health' expects 'on' or 'off', not 'maybe'"),
        ("guard strong", "'guard' expects 'kernel' or 'weak'"),
        ("prefer lb9", "which is no node of it"),
        ("prefer lb3", "a witness, which holds nothing"),
        ("prefer lb1 lb1", "prefers 'lb1', twice"),
        ("notify /etc/lb/moved after 2s", "'notify' expects a command"),
        ("data-dir", "'data-dir' expects a folder"),
        ("data-dir a b", "cannot handle unexpected argument 'b'"),
        (
            "virtual_ip 10.0.0.1",
            "unknown keyword 'virtual_ip' in 'cluster' section; did you mean 'virtual-ip' maybe ?",
        ),
        ("cluster other", "a process is a node of one cluster only, and c.cfg:1 has one already"),
    ] {
        let said = said(line);
        assert!(said.contains(part), "{line}: {said}");
    }
    assert!(said("secret-file a\n    secret-file b").contains("said once"));
}

#[test]
fn wrong_sections() {
    for (text, part) in [
        ("cluster\n", "missing name for cluster section"),
        ("cluster a/b\n", "character '/' is not permitted in 'cluster' name"),
        ("cluster a\n node x 10.0.0.1:1\n data-dir d\n", "has 1 of the 3 nodes"),
        ("cluster a\n node x 10.0.0.1:1\n", "has no 'data-dir'"),
        ("cluster a\n", "has no 'virtual-ip'"),
        ("cluster a\n node x 10.0.0.1:1 witness\n", "has witnesses only"),
    ] {
        let (_, said) = read(text);
        assert!(said.iter().any(|said| said.contains(part)), "{text}: {said:?}");
    }
}
