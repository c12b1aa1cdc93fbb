//! What befalls a holder.

use crate::freezer::Freezer;
use crate::site::Site;
use nix::sys::signal::Signal;
use std::thread::sleep;
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// All its processes are killed.
    Crash,
    /// They are stopped, and wake later.
    Stop,
    /// The same, by a control group.
    Freeze,
    /// Its cables are pulled.
    LinkDown,
    /// Only that towards clients is: the nodes hear each other.
    DataDown,
    /// It reaches clients and not the other nodes, and does not see it from its interfaces.
    Partition,
    /// It reaches nobody.
    Isolation,
    /// The other nodes do not hear it, or it does not hear them.
    OneWay,
    /// Of what nodes say to each other, 30 % is lost.
    Loss,
    /// It reaches nobody, is killed, and starts again in there.
    RestartIsolated,
    /// Its guard is taken away.
    Flush,
    /// It is asked to end.
    Terminate,
}

pub(crate) const ALL: [Fault; 12] = [
    Fault::Crash,
    Fault::Stop,
    Fault::Freeze,
    Fault::LinkDown,
    Fault::DataDown,
    Fault::Partition,
    Fault::Isolation,
    Fault::OneWay,
    Fault::Loss,
    Fault::RestartIsolated,
    Fault::Flush,
    Fault::Terminate,
];

impl Fault {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Crash => "crash",
            Self::Stop => "SIGSTOP",
            Self::Freeze => "cgroup freeze",
            Self::LinkDown => "links down",
            Self::DataDown => "data link down",
            Self::Partition => "partition 1|2",
            Self::Isolation => "isolation",
            Self::OneWay => "one-way cut",
            Self::Loss => "30 % loss",
            Self::RestartIsolated => "restart in isolation",
            Self::Flush => "nft flush ruleset",
            Self::Terminate => "SIGTERM",
        }
    }

    /// The address moves to another by it; else it is looked for this long.
    pub(crate) fn stays(self) -> Option<Duration> {
        match self {
            Self::Loss => Some(Duration::from_secs(4)),
            Self::Flush => Some(Duration::from_secs(1)),
            _ => None,
        }
    }

    /// keepalived has an answer to it as well.
    pub(crate) fn concerns_keepalived(self) -> bool {
        !matches!(self, Self::OneWay | Self::Loss | Self::RestartIsolated | Self::Flush)
    }

    /// Lets it befall a host. `round` varies what has variants.
    pub(crate) fn begin(self, site: &mut Site, host: usize, round: usize) {
        match self {
            Self::Crash => site.signal(host, Signal::SIGKILL),
            Self::Stop => site.signal(host, Signal::SIGSTOP),
            Self::Terminate => site.signal(host, Signal::SIGTERM),
            Self::Freeze => site.freeze(host),
            Self::LinkDown => link(site, &[format!("p{host}"), format!("q{host}")], "down"),
            Self::DataDown => link(site, &[format!("p{host}")], "down"),
            Self::Partition => {
                let others: Vec<_> = (0..site.world.hosts)
                    .filter(|other| *other != host)
                    .map(|other| format!("p{other}, q{other}"))
                    .collect();
                between(site, host, &format!("{{ {} }}", others.join(", ")));
            }
            Self::Isolation => {
                let own = format!("{{ p{host}, q{host} }}");
                cut(site, &format!("iifname {own} drop\n oifname {own} drop"));
            }
            Self::OneWay if round.is_multiple_of(2) => cut(site, &format!("iifname q{host} drop")),
            Self::OneWay => cut(site, &format!("oifname q{host} drop")),
            Self::Loss => cut(site, "iifname \"q*\" numgen random mod 100 < 30 drop"),
            Self::RestartIsolated => {
                Self::Isolation.begin(site, host, round);
                sleep(Duration::from_millis(60));
                site.restart(host);
            }
            Self::Flush => {
                site.world.sh(&format!("ip netns exec {} nft flush ruleset", site.world.host(host)));
            }
        }
    }

    /// Undoes it, and has the host take part again.
    pub(crate) fn end(self, site: &mut Site, host: usize) {
        match self {
            Self::Crash | Self::Terminate => site.restart(host),
            Self::Stop => site.signal(host, Signal::SIGCONT),
            Self::Freeze => site.thaw(),
            Self::LinkDown => link(site, &[format!("p{host}"), format!("q{host}")], "up"),
            Self::DataDown => link(site, &[format!("p{host}")], "up"),
            Self::Partition | Self::Isolation | Self::OneWay | Self::Loss | Self::RestartIsolated => {
                let net = site.world.net();
                site.world.sh(&format!("ip netns exec {net} nft delete table bridge cut"));
            }
            Self::Flush => {}
        }
    }

    /// Why it cannot be had here.
    pub(crate) fn missing(self) -> Option<&'static str> {
        (self == Self::Freeze && !Freezer::is_there()).then_some("no control group can be made here")
    }
}

fn link(site: &Site, ports: &[String], state: &str) {
    let net = site.world.net();
    let lines = ports.iter().map(|port| format!("ip -n {net} link set {port} {state}\n"));
    site.world.sh(&lines.collect::<String>());
}

/// Nothing passes between a host and some ports.
fn between(site: &Site, host: usize, others: &str) {
    let own = format!("{{ p{host}, q{host} }}");
    cut(site, &format!("iifname {own} oifname {others} drop\n oifname {own} iifname {others} drop"));
}

fn cut(site: &Site, rules: &str) {
    let net = site.world.net();
    site.world.sh(&format!(
        "ip netns exec {net} nft -f - <<'E'\n\
         table bridge cut {{\n chain c {{\n type filter hook forward priority 0;\n {rules}\n }}\n}}\nE"
    ));
}
