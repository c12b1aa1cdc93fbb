//! Keywords of the `cluster` section, which only lb has.

use super::{BOTH, Keyword};
use crate::section::cluster::{self, Draft};

/// The rows.
#[rustfmt::skip]
pub(crate) const ROWS: &[Keyword<Draft>] = &[
    Keyword::new("bind", BOTH, cluster::bind, "Where this node listens for the others, if not on its node address.", "bind 0.0.0.0:7000"),
    Keyword::new("ca-file", BOTH, cluster::certificate, "Authorities of the nodes' certificates, before or after 'crt'.", "ca-file ca.pem crt node.pem"),
    Keyword::new("crt", BOTH, cluster::certificate, "This node's certificate and key; its name is the node's.", "crt node.pem ca-file ca.pem"),
    Keyword::new("data-dir", BOTH, cluster::data_dir, "Folder of the replicated log, of one node alone.", "data-dir /var/lib/lb"),
    Keyword::new("election-timeout", BOTH, cluster::election, "Shortest and longest wait for a leader before an election; 75ms 300ms, the same on all nodes.", "election-timeout 75ms 300ms"),
    Keyword::new("guard", BOTH, cluster::guard, "What keeps a node from answering for an address that it lost: the kernel, or (weak) the address's lifetime alone.", "guard weak"),
    Keyword::new("heartbeat", BOTH, cluster::heartbeat, "How often the leader is heard; a sixth of the longest election-timeout, and at most two thirds of the shortest.", "heartbeat 50ms"),
    Keyword::new("node", BOTH, cluster::node, "A node by name, and where the others reach it; a witness only votes.", "node lb9 10.0.0.9:7000 witness"),
    Keyword::new("notify", BOTH, cluster::notify, "A command that is run when an address moves, for 5s at most if no time is said.", "notify /etc/lb/moved timeout 10s"),
    Keyword::new("prefer", BOTH, cluster::prefer, "Nodes that take the addresses back once they are fit, the best one first.", "prefer lb2 lb1"),
    Keyword::new("secret-file", BOTH, cluster::secret, "File of a secret that all nodes share, in place of certificates.", "secret-file /etc/lb/cluster.key"),
    Keyword::new("shared-health", BOTH, cluster::shared_health, "Whether each server is checked by one node for all (on), or by every node for itself.", "shared-health off"),
    Keyword::new("virtual-ip", BOTH, cluster::virtual_ip, "An address that the leader holds, on an interface or (bind-only) by listening on it.", "virtual-ip 10.0.0.100/24 interface eth0"),
];
