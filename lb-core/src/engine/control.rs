//! The control thread: what has to be done beside traffic and must not hold it up. Health checks, mails and the
//! resolution of names run here.

use super::Phase;
use crate::check::{self, ProbePolicy};
use crate::compile::Plan;
use crate::mail;
use crate::resolve;
use std::io;
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::LocalSet;

/// Starts the thread, if the plan has anything for it. Checks end when the engine drains: as in HAProxy, a proxy that
/// stops does not check its servers any more. Names are resolved to the end, for running requests may ask for some.
pub(super) fn start(
    plan: Arc<Plan>,
    phase: watch::Receiver<Phase>,
    probes: Arc<dyn ProbePolicy>,
) -> io::Result<()> {
    if plan.resolvers.is_empty() && plan.backends.iter().all(|backend| backend.watches.is_empty()) {
        return Ok(());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    std::thread::Builder::new().name("lb-control".into()).spawn(move || {
        let tasks = LocalSet::new();
        tasks.block_on(&runtime, run(&plan, phase, &probes));
    })?;
    Ok(())
}

async fn run(plan: &Arc<Plan>, mut phase: watch::Receiver<Phase>, probes: &Arc<dyn ProbePolicy>) {
    for section in &plan.resolvers {
        tokio::task::spawn_local(resolve::run(Arc::clone(section), plan.backends.clone()));
    }
    let checks = LocalSet::new();
    checks
        .run_until(async {
            check::drive(plan, probes);
            let announcers =
                plan.backends.iter().filter_map(|backend| backend.servers.first()?.farm.announcer());
            announcers.filter_map(|announcer| announcer.mailbox.as_ref()).for_each(mail::drive);
            // An error means that the engine is gone, which is an end as well.
            let _ = phase.wait_for(|phase| *phase >= Phase::Draining).await;
        })
        .await;
    drop(checks);
    if !plan.resolvers.is_empty() {
        let _ = phase.wait_for(|phase| *phase >= Phase::Stopped).await;
    }
}
