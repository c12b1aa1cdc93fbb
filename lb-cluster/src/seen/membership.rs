//! `cluster add-node`, `cluster remove-node`: nodes that come and go while the others run.

use super::Observer;
use super::command::{Later, must_lead};
use crate::cluster::{Answer, Order};
use crate::state::{Member, NodeId};
use tokio::sync::oneshot;

/// `cluster add-node NAME IP:PORT [witness]`.
pub(super) fn add(observer: &Observer, args: &[String]) -> Result<Later, String> {
    let words: Vec<_> = args.iter().map(String::as_str).collect();
    let (name, address, witness) = match words[..] {
        [name, address] => (name, address, false),
        [name, address, "witness"] => (name, address, true),
        _ => return Err("Expects a name, an address with a port, and maybe 'witness'.".to_owned()),
    };
    let address = address.parse().map_err(|_| {
        format!("'{address}' is no IP address with a port; write it as 192.0.2.1:7000 or [2001:db8::1]:7000.")
    })?;
    must_lead(&observer.report())?;
    let member = Member { name: name.to_owned(), address, witness };
    ask(observer, |answer| Order::Admit(member, answer))
}

/// `cluster remove-node NAME`.
pub(super) fn remove(observer: &Observer, args: &[String]) -> Result<Later, String> {
    let [name] = args else { return Err("Expects the name of a node.".to_owned()) };
    let report = observer.report();
    must_lead(&report)?;
    if *name == report.node {
        return Err("This node leads; 'cluster step-down' first, then ask the next leader.".to_owned());
    }
    let known = report.nodes.iter().find(|node| node.name == *name);
    let id = known.and_then(|node| u64::from_str_radix(node.id.as_deref()?, 16).ok());
    let id = id.ok_or_else(|| format!("The cluster has no node '{name}'."))?;
    ask(observer, |answer| Order::Remove(NodeId(id), answer))
}

/// Gives the order now, and says later how it went.
fn ask(observer: &Observer, order: impl FnOnce(Answer) -> Order) -> Result<Later, String> {
    let (answer, told) = oneshot::channel();
    observer.ask(order(answer))?;
    Ok(Box::pin(async move {
        match told.await {
            Ok(done) => done.map(|()| String::new()),
            Err(_) => Err("The node has stopped; ask another whether it is done.".to_owned()),
        }
    }))
}
