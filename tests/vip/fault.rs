//! What befalls a holder.

use crate::site::Site;
use nix::sys::signal::Signal;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// All its processes are killed.
    Crash,
    /// They are stopped, and wake later.
    Stop,
    /// Its cable is pulled.
    LinkDown,
    /// It reaches the client and not the others.
    Partition,
    /// It reaches nobody, and does not see it from its interface.
    Isolation,
    /// It is asked to end.
    Terminate,
}

pub(crate) const ALL: [Fault; 6] =
    [Fault::Crash, Fault::Stop, Fault::LinkDown, Fault::Partition, Fault::Isolation, Fault::Terminate];

impl Fault {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Crash => "crash",
            Self::Stop => "SIGSTOP",
            Self::LinkDown => "link down",
            Self::Partition => "partition 1|2",
            Self::Isolation => "isolation",
            Self::Terminate => "SIGTERM",
        }
    }

    pub(crate) fn begin(self, site: &mut Site, host: usize) {
        let net = site.world.net();
        let between = |one: String, other: &str| {
            format!(
                "table bridge cut {{\n chain c {{\n type filter hook forward priority 0;\n \
                 iifname {one} oifname {other} drop\n iifname {other} oifname {one} drop\n }}\n}}"
            )
        };
        let cut = |rules: String| site.world.sh(&format!("ip netns exec {net} nft -f - <<'E'\n{rules}\nE"));
        match self {
            Self::Crash => site.signal(host, Signal::SIGKILL),
            Self::Stop => site.signal(host, Signal::SIGSTOP),
            Self::Terminate => site.signal(host, Signal::SIGTERM),
            Self::LinkDown => site.world.sh(&format!("ip -n {net} link set p{host} down")),
            Self::Partition => {
                let others: Vec<_> =
                    (0..3).filter(|other| *other != host).map(|other| format!("p{other}")).collect();
                cut(between(format!("p{host}"), &format!("{{ {} }}", others.join(", "))));
            }
            Self::Isolation => cut(between(format!("p{host}"), "\"p*\"")),
        }
    }

    /// Undoes it, and has the host take part again.
    pub(crate) fn end(self, site: &mut Site, host: usize) {
        let net = site.world.net();
        match self {
            Self::Crash | Self::Terminate => site.restart(host),
            Self::Stop => site.signal(host, Signal::SIGCONT),
            Self::LinkDown => site.world.sh(&format!("ip -n {net} link set p{host} up")),
            Self::Partition | Self::Isolation => {
                site.world.sh(&format!("ip netns exec {net} nft delete table bridge cut"));
            }
        }
    }
}
