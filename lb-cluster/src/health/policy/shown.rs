//! What there is to see of shared health.

use super::Health;
use super::probes::standing;
use crate::health::target::Target;
use crate::health::view::{Standing, View};
use crate::state::{Found, NodeId, Ruling, TargetId, Verdict};
use std::collections::BTreeMap;
use std::sync::Weak;

/// What there is to see of one server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its id.
    pub target: TargetId,
    /// `BACKEND/SERVER`.
    pub name: String,
    /// What the cluster says.
    pub ruling: Ruling,
    /// When it said so, in milliseconds since 1970; none for what is up.
    pub at: Option<u64>,
    /// Who checks it.
    pub prober: Option<NodeId>,
    /// What each node sees.
    pub views: Vec<(NodeId, View)>,
    /// What this node's traffic goes by.
    pub state: Standing,
}

/// What there is to see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// `shared-health` is not off.
    pub enabled: bool,
    /// Verdicts are shared: a majority is reached.
    pub shared: bool,
    /// This node trusts its own checks.
    pub fit: bool,
    /// The servers of this node.
    pub servers: Vec<Seen>,
    /// Verdicts on servers that this node does not have.
    pub foreign: Vec<Verdict>,
}

/// The same in numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// Verdicts are shared.
    pub shares: bool,
    /// This node trusts its own checks.
    pub fit: bool,
    /// How many of this node's servers are what.
    pub rulings: BTreeMap<Ruling, u64>,
}

impl Health {
    /// What there is to see now.
    pub fn shown(&self) -> Shown {
        let now = self.now();
        let inside = self.lock();
        let core = &inside.core;
        let known = core.known();
        let seen = |(id, target): (TargetId, &Target)| Seen {
            target: id,
            name: target.name.clone(),
            ruling: target.ruling(),
            at: known.get(id).map(|verdict| verdict.at),
            prober: core.has_quorum().then(|| core.circle(id, now).prober),
            views: views(target, core.me(), known.get(id)),
            // What it was when the core was asked last may be old by one decision.
            state: inside
                .servers
                .get(&id)
                .and_then(Weak::upgrade)
                .map_or(target.state, |server| standing(&server)),
        };
        let servers: Vec<_> = core.targets().map(seen).collect();
        let is_foreign = |(id, _): &(TargetId, &Verdict)| core.target(*id).is_none();
        Shown {
            enabled: self.0.enabled,
            shared: core.has_quorum(),
            fit: core.is_fit(),
            foreign: known.iter().filter(is_foreign).map(|(_, verdict)| verdict.clone()).collect(),
            servers,
        }
    }

    /// How much there is to see now.
    pub fn tally(&self) -> Tally {
        let inside = self.lock();
        let core = &inside.core;
        let mut rulings = BTreeMap::new();
        core.targets().for_each(|(_, target)| *rulings.entry(target.ruling()).or_default() += 1);
        Tally { shares: self.0.enabled && core.has_quorum(), fit: core.is_fit(), rulings }
    }
}

/// What each node sees, or saw when they agreed.
fn views(target: &Target, me: NodeId, verdict: Option<&Verdict>) -> Vec<(NodeId, View)> {
    let mut views: Vec<_> = target.views(me).map(|(node, view)| (node, view.clone())).collect();
    for (node, good) in verdict.into_iter().flat_map(|verdict| &verdict.views) {
        if views.iter().all(|(known, _)| known != node) {
            let standing = if *good { Standing::Up } else { Standing::Down };
            views.push((*node, View { good: *good, standing, found: Found::default() }));
        }
    }
    views.sort_by_key(|(node, _)| *node);
    views
}
