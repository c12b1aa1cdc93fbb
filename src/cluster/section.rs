//! From the `cluster` section to what a node is started with.

use crate::load::reason;
use haproxy_cfg_parser::model::{Cluster, Config, Guard, Holding, Node, Place, Trust, VirtualAddress};
use haproxy_cfg_parser::{Diagnostic, Severity, World};
use lb_cluster::Events;
use lb_cluster::counts::Counts;
use lb_cluster::health::Health;
use lb_cluster::notify::Command;
use lb_cluster::raft::{Error, Prepared, Settings};
use lb_cluster::state::Member;
use lb_cluster::transport::{Credentials, Identity};
use lb_cluster::vip::Lease;
use lb_cluster::vip::kernel::{GuardKind, Linux, Placed};
use lb_core::compile::Held;
use lb_core::process::hostname;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// A certificate that ends within so many days is warned about.
const EXPIRES_SOON: i32 = 30;

/// What this process is started with as a node.
pub(crate) struct Membership {
    settings: Settings,
    placed: Vec<Placed>,
    guard: GuardKind,
    notify: Option<Command>,
    place: Place,
}

/// Addresses that are listened on only while this node holds them.
pub(crate) fn held(cluster: &Cluster) -> Vec<Held> {
    let held =
        |address: &VirtualAddress| Held { ip: address.ip, guarded: address.holding != Holding::BindOnly };
    cluster.addresses.iter().map(held).collect()
}

/// The addresses, and what guards each.
pub(crate) fn guarded(cluster: &Cluster) -> Vec<(IpAddr, &'static str)> {
    let kind = guard_kind(cluster).name();
    let guard = |address: &VirtualAddress| match address.holding {
        Holding::BindOnly => (address.ip, "bind-only"),
        Holding::Interface(_) => (address.ip, kind),
    };
    cluster.addresses.iter().map(guard).collect()
}

/// Those that are put on interfaces.
fn placed(cluster: &Cluster) -> Vec<Placed> {
    let placed = |address: &VirtualAddress| match &address.holding {
        Holding::BindOnly => None,
        Holding::Interface(interface) => {
            Some(Placed { ip: address.ip, prefix: address.prefix, interface: interface.clone() })
        }
    };
    cluster.addresses.iter().filter_map(placed).collect()
}

fn guard_kind(cluster: &Cluster) -> GuardKind {
    match cluster.guard {
        Guard::Kernel => GuardKind::Kernel,
        Guard::Weak => GuardKind::Weak,
    }
}

/// This process votes in a cluster and carries no traffic.
pub(crate) fn is_witness(cluster: &Cluster, config: &Config) -> bool {
    own(cluster, &name(config)).is_some_and(|node| node.witness)
}

fn name(config: &Config) -> String {
    config.global.localpeer.clone().unwrap_or_else(hostname)
}

fn own<'a>(cluster: &'a Cluster, name: &str) -> Option<&'a Node> {
    cluster.nodes.iter().find(|node| node.name == name)
}

fn finding(severity: Severity, cluster: &Cluster, place: &Place, text: &str) -> Diagnostic {
    let message = format!("parsing [{place}] : cluster '{}' {text}", cluster.name);
    Diagnostic { severity, place: Some(place.clone()), span: None, message, help: None }
}

impl Membership {
    /// Finds this process among the nodes, and reads its credentials. What there is to say is added to `found`.
    pub(crate) fn read(config: &Config, world: &dyn World, found: &mut Vec<Diagnostic>) -> Option<Self> {
        let cluster = config.cluster.as_ref()?;
        let place = &cluster.place;
        let name = name(config);
        let Some(me) = own(cluster, &name) else {
            let nodes: Vec<_> = cluster.nodes.iter().map(|node| node.name.as_str()).collect();
            let text = format!(
                "has no node '{name}', as this process is called; start it with `-L NAME` as one of {}, or add a \
                 'node' line.",
                nodes.join(", ")
            );
            found.push(finding(Severity::Alert, cluster, place, &text));
            return None;
        };
        let identity = credentials(cluster, config, world, found)?;
        let (addresses, guard) = (placed(cluster), guard_kind(cluster));
        let (events, counts) = (Events::default(), Arc::<Counts>::default());
        // A witness checks nothing.
        let shares = cluster.shared_health && !me.witness;
        let settings = Settings {
            health: Health::new(shares, events.clone(), Arc::clone(&counts)),
            cluster: cluster.name.clone(),
            me: member(me),
            listen: cluster.bind.unwrap_or(me.address),
            listed: cluster.nodes.iter().map(member).collect(),
            identity,
            data_dir: PathBuf::from(&cluster.data_dir),
            heartbeat: cluster.heartbeat,
            election: cluster.election,
            succession: if addresses.is_empty() { Duration::ZERO } else { guard.lateness() },
            preferred: cluster.preferred.clone(),
            events,
            counts,
        };
        // A witness never holds.
        let placed = if me.witness { Vec::new() } else { addresses };
        let notify = cluster.notify.as_ref().filter(|_| !me.witness).map(|notify| Command {
            program: notify.command.clone(),
            limit: notify.timeout,
            cluster: cluster.name.clone(),
            node: name,
            addresses: cluster.addresses.iter().map(|address| address.ip).collect(),
        });
        Some(Self { settings, placed, guard, notify, place: place.clone() })
    }

    /// What does to the kernel what this node decides, where there is anything to do. Needs privileges, and changes nothing yet.
    ///
    /// # Errors
    /// What is not there or not permitted, and what to do.
    pub(crate) fn kernel(&self) -> Result<Option<Linux>, String> {
        if self.placed.is_empty() {
            return Ok(None);
        }
        let opened = Linux::open(&self.settings.cluster, self.placed.clone(), self.guard);
        opened.map(Some).map_err(|error| {
            let advice = match self.guard {
                GuardKind::Kernel => " (`guard weak` does without, and waits 2 s at each move)",
                GuardKind::Weak => "",
            };
            let cluster = &self.settings.cluster;
            format!(
                "cluster '{cluster}' at [{}]: {error}. A 'virtual-ip' on an interface needs root, or its rights of \
                 the network{advice}; `bind-only` needs neither.",
                self.place
            )
        })
    }

    /// How this node proves itself.
    pub(crate) fn identity(&self) -> Identity {
        self.settings.identity.clone()
    }

    /// What is run when the addresses move.
    pub(crate) fn notify(&self) -> Option<Command> {
        self.notify.clone()
    }

    /// How long this node holds at most, once it was heard.
    pub(crate) fn lease(&self) -> Duration {
        Lease::new(self.settings.election.1).length()
    }

    /// Does what may need privileges, and all that an operator can mend if it fails.
    ///
    /// # Errors
    /// What is wrong, where, and what to do.
    pub(crate) fn prepare(self) -> Result<Prepared, String> {
        let Self { settings, place, .. } = self;
        let cluster = settings.cluster.clone();
        Prepared::new(settings).map_err(|error| {
            let advice = match &error {
                Error::Listen { source, .. } if source.kind() == io::ErrorKind::AddrNotAvailable => {
                    "; the 'node' line must name an address of this machine, or 'bind' one"
                }
                Error::Store(lb_cluster::store::Error::Locked { .. }) => {
                    " Each node has a 'data-dir' of its own."
                }
                _ => "",
            };
            format!("cluster '{cluster}' at [{place}]: {error}{advice}")
        })
    }
}

fn member(node: &Node) -> Member {
    Member { name: node.name.clone(), address: node.address, witness: node.witness }
}

/// What the credentials' files hold now, of a node that runs; what there is to say is added to `found`.
pub(crate) fn credentials(
    cluster: &Cluster,
    config: &Config,
    world: &dyn World,
    found: &mut Vec<Diagnostic>,
) -> Option<Identity> {
    match identity(cluster, &name(config), world) {
        Ok((identity, warning)) => {
            found.extend(warning.map(|text| finding(Severity::Warning, cluster, &cluster.place, &text)));
            Some(identity)
        }
        Err(text) => {
            found.push(finding(Severity::Alert, cluster, &cluster.place, &text));
            None
        }
    }
}

/// How this node proves itself, and what there is to warn about.
fn identity(cluster: &Cluster, name: &str, world: &dyn World) -> Result<(Identity, Option<String>), String> {
    let read = |file: &str| {
        world.read(Path::new(file)).map_err(|error| {
            let text = format!("cannot read '{file}': {}.", reason(&error));
            match &cluster.trust {
                Some(_) => text,
                None => {
                    text + " Without 'crt' and 'ca-file', or 'secret-file', a node's certificate is NAME.pem beside ca.pem \
                            in its data-dir, where `lb cluster keygen` can write them."
                }
            }
        })
    };
    let in_data_dir = |file: &str| Path::new(&cluster.data_dir).join(file).to_string_lossy().into_owned();
    let (crt, credentials) = match &cluster.trust {
        Some(Trust::Secret(file)) => (file.clone(), Credentials::Secret(read(file)?)),
        Some(Trust::Certificate { crt, ca_file }) => {
            (crt.clone(), Credentials::Certificates { crt: read(crt)?, ca: read(ca_file)? })
        }
        None => {
            let (crt, ca_file) = (in_data_dir(&format!("{name}.pem")), in_data_dir("ca.pem"));
            let credentials = Credentials::Certificates { crt: read(&crt)?, ca: read(&ca_file)? };
            (crt, credentials)
        }
    };
    let identity = Identity::new(&credentials).map_err(|error| format!("cannot use '{crt}': {error}."))?;
    if !identity.is_of(name) {
        return Err(format!(
            "cannot use '{crt}': the certificate is not of '{name}', which no subjectAltName (DNS) says; the other \
             nodes would not believe it."
        ));
    }
    let days = identity.days_left().filter(|days| *days <= EXPIRES_SOON);
    let warning = days.map(|days| match days {
        ..0 => format!("has an expired certificate, '{crt}': no other node talks to this one."),
        _ => format!("has a certificate, '{crt}', that ends in {days} days."),
    });
    Ok((identity, warning))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use super::*;
    use haproxy_cfg_parser::{Source, SystemWorld, parse};
    use lb_cluster::transport::keygen::Authority;

    /// What is said of a cluster with these lines to a process called `lb1`.
    fn said(dir: &Path, lines: &str) -> (bool, String) {
        let text = format!(
            "global\n localpeer lb1\ncluster edge\n node lb1 127.0.0.1:7000\n node lb2 127.0.0.2:7000\n \
             node lb3 127.0.0.3:7000 witness\n data-dir {}\n{lines}\n",
            dir.display()
        );
        let world = SystemWorld::default();
        let (config, _) = parse(&[Source::new("a.cfg", text)], &world);
        let mut found = Vec::new();
        let read = Membership::read(&config, &world, &mut found);
        (read.is_some(), found.iter().map(|finding| finding.message.clone() + "\n").collect())
    }

    #[test]
    fn credentials_are_named_or_lie_in_the_data_dir() {
        let home = tempfile::tempdir().unwrap();
        let (read, told) = said(home.path(), "");
        assert!(!read && told.contains("lb1.pem': No such file") && told.contains("keygen"), "{told}");
        let authority = Authority::new().unwrap();
        std::fs::write(home.path().join("ca.pem"), authority.certificate().unwrap()).unwrap();
        std::fs::write(home.path().join("lb1.pem"), authority.node("lb1").unwrap()).unwrap();
        assert_eq!(said(home.path(), ""), (true, String::new()));
        let other = home.path().join("lb2.pem");
        std::fs::write(&other, authority.node("lb2").unwrap()).unwrap();
        let lines = format!(" crt {} ca-file {}/ca.pem", other.display(), home.path().display());
        let (read, told) = said(home.path(), &lines);
        assert!(!read && told.contains("is not of 'lb1'"), "{told}");
        std::fs::write(home.path().join("key"), "short").unwrap();
        let (read, told) = said(home.path(), &format!(" secret-file {}/key", home.path().display()));
        assert!(!read && told.contains("shorter than"), "{told}");
    }

    #[test]
    fn who_is_not_listed_is_told() {
        let home = tempfile::tempdir().unwrap();
        let (read, told) = said(home.path(), "global\n localpeer lb9");
        assert!(!read && told.contains("has no node 'lb9'") && told.contains("lb1, lb2, lb3"), "{told}");
    }

    #[test]
    fn an_interface_that_is_not_there_is_told() {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("key"), "0123456789abcdef").unwrap();
        let lines = |interface| {
            format!(" secret-file {}/key\n virtual-ip 10.0.0.9 interface {interface}", home.path().display())
        };
        let read = |text: &str| {
            let text = format!(
                "global\n localpeer lb1\ncluster edge\n node lb1 127.0.0.1:7000\n node lb2 127.0.0.2:7000\n \
                 node lb3 127.0.0.3:7000\n data-dir /d\n{text}\n"
            );
            let world = SystemWorld::default();
            let (config, _) = parse(&[Source::new("a.cfg", text)], &world);
            Membership::read(&config, &world, &mut Vec::new()).unwrap()
        };
        let Err(told) = read(&lines("nowhere0")).kernel() else { panic!("it is there") };
        assert!(told.contains("cluster 'edge' at [a.cfg:3]: there is no interface 'nowhere0'"), "{told}");
        assert!(
            read(&lines("nowhere0").replace("interface nowhere0", "bind-only")).kernel().unwrap().is_none()
        );
    }
}
