//! Health that three nodes share: who checks, what a death costs, and what each makes of what it alone cannot reach.

use crate::site::{LIMIT, Site};
use crate::web::Web;
use lb_harness::{ask, eventually};
use nix::sys::signal::Signal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread::{self, JoinHandle, sleep};
use std::time::Duration;

const INTER: Duration = Duration::from_millis(200);
/// Clients at once, for each node.
const CLIENTS: usize = 2;

/// Three nodes in front of servers, and what they share.
struct Farm {
    site: Site,
    webs: Vec<Web>,
}

impl Farm {
    fn start(count: usize, more: &str) -> Self {
        let mut site = Site::new();
        let webs: Vec<_> = (0..count).map(|_| Web::start()).collect();
        let servers: String = webs
            .iter()
            .enumerate()
            .map(|(index, web)| format!(" server s{index} {} check\n", web.at))
            .collect();
        site.say(&format!(
            "{more}frontend work\n bind %WORK%\n default_backend farm\n\
             backend farm\n balance roundrobin\n option httpchk\n option redispatch\n retries 3\n \
             retry-on all-retryable-errors\n source %SOURCE%\n \
             default-server inter {}ms fall 2 rise 2\n{servers}",
            INTER.as_millis()
        ));
        (0..3).for_each(|index| site.start_node(index));
        Self { site, webs }
    }

    /// Nodes that share what they find, and have agreed on who checks what.
    fn shared(count: usize) -> Self {
        let farm = Self::start(count, "");
        for index in 0..3 {
            farm.shows(index, |said| {
                said.starts_with("sharing: on\n") && said.matches(" up up lb").count() == count
            });
        }
        let agree = || {
            let probers = |index| (0..count).map(move |server| (index, server));
            (0..3)
                .flat_map(probers)
                .all(|(index, server)| farm.prober(index, server) == farm.prober(0, server))
        };
        assert!(eventually(LIMIT, agree));
        farm
    }

    fn said(&self, index: usize) -> String {
        self.site.command(index, "show cluster health")
    }

    fn shows(&self, index: usize, what: impl Fn(&str) -> bool) {
        assert!(eventually(LIMIT, || what(&self.said(index))), "node {index}:\n{}", self.said(index));
    }

    /// The words of a server: its name, the verdict, what traffic goes by, and who checks it.
    fn words(&self, index: usize, server: usize) -> Vec<String> {
        let (said, name) = (self.said(index), format!("farm/s{server} "));
        let line = said.lines().find(|line| line.starts_with(&name)).unwrap_or_default();
        line.split(' ').map(str::to_owned).collect()
    }

    fn prober(&self, index: usize, server: usize) -> Option<usize> {
        let words = self.words(index, server);
        (0..3).find(|index| words.get(3) == Some(&Site::name(*index)))
    }

    /// What traffic of a node goes by.
    fn is(&self, index: usize, server: usize, verdict: &str, here: &str) -> bool {
        let words = self.words(index, server);
        words.get(1).is_some_and(|word| word == verdict) && words.get(2).is_some_and(|word| word == here)
    }
}

/// Clients of all nodes, and how many of their requests failed.
struct Load {
    stop: Arc<AtomicBool>,
    asked: Arc<AtomicUsize>,
    failed: Arc<AtomicUsize>,
    clients: Vec<JoinHandle<()>>,
}

impl Load {
    fn start(site: &Site, nodes: &[usize]) -> Self {
        let (stop, asked, failed) = (Arc::default(), Arc::default(), Arc::default());
        let mut load = Self { stop, asked, failed, clients: Vec::new() };
        for node in nodes {
            for _ in 0..CLIENTS {
                let at = site.work(*node);
                let (stop, asked, failed) =
                    (Arc::clone(&load.stop), Arc::clone(&load.asked), Arc::clone(&load.failed));
                load.clients.push(thread::spawn(move || {
                    while !stop.load(SeqCst) {
                        asked.fetch_add(1, SeqCst);
                        if !ask(at, "GET /", &[], "").is_ok_and(|answer| answer.status == 200) {
                            failed.fetch_add(1, SeqCst);
                        }
                        sleep(Duration::from_millis(2));
                    }
                }));
            }
        }
        load
    }

    /// Requests, and those of them that failed.
    fn stop(self) -> (usize, usize) {
        self.stop.store(true, SeqCst);
        self.clients.into_iter().for_each(|client| client.join().unwrap());
        (self.asked.load(SeqCst), self.failed.load(SeqCst))
    }
}

#[test]
fn each_server_is_checked_by_one_node_and_by_another_when_that_is_killed() {
    let mut farm = Farm::shared(6);
    farm.webs.iter().for_each(|web| drop(web.checks()));
    sleep(INTER * 20);
    let mut total = 0;
    for (server, web) in farm.webs.iter().enumerate() {
        let checks = web.checks();
        let prober = farm.prober(0, server).unwrap();
        let by_prober = checks.get(&farm.site.source(prober)).copied().unwrap_or_default();
        // A busy machine may hold a node up for so long that another takes its place.
        assert!(by_prober > 0, "{checks:?}");
        total += checks.values().sum::<usize>();
    }
    // Of one HAProxy: 20 or 21 each; of three: three times as many.
    assert!(total < 6 * 21 * 2, "{total}");
    let metrics = ask(farm.site.own(0), "GET /metrics?scope=global", &[], "").unwrap().text();
    assert!(metrics.contains("\nlb_cluster_health_shared 1\n"), "{metrics}");
    assert!(!metrics.contains("\nlb_cluster_probes_saved_total 0\n"), "{metrics}");
    let page = ask(farm.site.own(0), "GET /stats", &[], "").unwrap().text();
    assert!(page.contains("<h3>shared health <small>each server is checked by one node"), "{page}");
    let json = farm.site.command(0, "show cluster health json");
    assert!(json.contains("\"name\":\"farm/s0\"") && json.contains("\"sharing\":\"on\""), "{json}");

    let killed = farm.prober(0, 0).unwrap();
    farm.site.end(killed, Signal::SIGKILL);
    let left: Vec<_> = (0..3).filter(|index| *index != killed).collect();
    let moved = || left.iter().all(|index| farm.prober(*index, 0).is_some_and(|prober| prober != killed));
    assert!(eventually(LIMIT, moved));
    // What dies now is found.
    farm.webs[0].kill();
    for index in &left {
        assert!(eventually(LIMIT, || farm.is(*index, 0, "down", "down")), "{}", farm.said(*index));
    }
    // And who comes back learns of it without having seen it.
    farm.site.start_node(killed);
    assert!(eventually(LIMIT, || farm.is(killed, 0, "down", "down")), "{}", farm.said(killed));
    farm.webs[0].listen();
    for index in 0..3 {
        assert!(eventually(LIMIT, || farm.is(index, 0, "up", "up")), "{}", farm.said(index));
    }
}

#[test]
fn servers_see_a_third_of_the_checks_of_three_nodes_that_do_not_share() {
    let (shared, each) = (Farm::shared(4), Farm::start(4, " shared-health off\n"));
    let all = || each.webs.iter().all(|web| web.checks().len() == 3);
    assert!(eventually(LIMIT, || {
        sleep(INTER * 2);
        all()
    }));
    let checks =
        |farm: &Farm| -> Vec<usize> { farm.webs.iter().map(|web| web.checks().values().sum()).collect() };
    let _ = (checks(&shared), checks(&each));
    // Counted over the same time, so that it does not matter how busy the machine is.
    sleep(INTER * 40);
    let (one, three) = (checks(&shared), checks(&each));
    for (one, three) in one.iter().zip(&three) {
        assert!(
            (one * 2..=one * 4).contains(three),
            "{one} of three that share, {three} of three that do not"
        );
    }
    let (one, three): (usize, usize) = (one.iter().sum(), three.iter().sum());
    assert!((one * 5 / 2..=one * 7 / 2).contains(&three), "{one} and {three}");
}

#[test]
fn what_one_node_alone_cannot_reach_is_down_for_it_alone() {
    let farm = Farm::shared(3);
    let prober = farm.prober(0, 0).unwrap();
    let load = Load::start(&farm.site, &[0, 1, 2]);
    sleep(INTER * 2);
    farm.webs[0].cut(Some(farm.site.source(prober)));
    assert!(eventually(LIMIT, || farm.is(prober, 0, "disputed", "down")), "{}", farm.said(prober));
    for other in (0..3).filter(|index| *index != prober) {
        assert!(eventually(LIMIT, || farm.is(other, 0, "disputed", "up")), "{}", farm.said(other));
    }
    sleep(INTER * 5);
    farm.webs[0].cut(None);
    for index in 0..3 {
        assert!(eventually(LIMIT, || farm.is(index, 0, "up", "up")), "{}", farm.said(index));
    }
    let (asked, failed) = load.stop();
    // A request that was under way on a connection that was cut is lost: one of each client of that node.
    assert!(failed <= CLIENTS, "{failed} of {asked} requests failed");
    let events = farm.site.command(prober, "show cluster events");
    assert!(events.contains("nodes see server farm/s0 differently"), "{events}");
}

#[test]
fn a_killed_server_costs_no_more_requests_than_with_checks_of_each_node() {
    let mut failures = Vec::new();
    for more in ["", " shared-health off\n"] {
        let mut farm = if more.is_empty() { Farm::shared(3) } else { Farm::start(3, more) };
        let load = Load::start(&farm.site, &[0, 1, 2]);
        sleep(INTER * 5);
        farm.webs[1].kill();
        sleep(INTER * 15);
        farm.webs[1].listen();
        sleep(INTER * 10);
        let (asked, failed) = load.stop();
        println!("{more:?}: {failed} of {asked} failed");
        failures.push(failed);
    }
    assert!(failures[0] <= failures[1] + 3 * CLIENTS, "{failures:?}");
}

#[test]
fn without_a_majority_a_node_checks_for_itself_and_says_so() {
    let mut farm = Farm::shared(4);
    for index in [1, 2] {
        farm.site.end(index, Signal::SIGKILL);
    }
    farm.site.says(0, "this node checks every server by itself");
    farm.shows(0, |said| said.starts_with("sharing: alone\n"));
    farm.webs.iter().for_each(|web| drop(web.checks()));
    let all = || farm.webs.iter().all(|web| !web.checks().is_empty());
    assert!(eventually(LIMIT, all));
    farm.webs[2].kill();
    assert!(eventually(LIMIT, || farm.is(0, 2, "own", "down")), "{}", farm.said(0));
    farm.site.start_node(1);
    farm.site.says(0, "health is shared");
    assert!(eventually(LIMIT, || farm.is(0, 2, "down", "down")), "{}", farm.said(0));
}
