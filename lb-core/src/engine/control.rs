//! The control thread: what has to be done beside traffic and must not hold it up. Health checks, mails, the
//! resolution of names and the servers of rings run here.

use super::{Errands, Phase, Shared, Yielding};
use crate::check::{Drivers, ProbePolicy};
use crate::compile::Plan;
use crate::listen::{self, Watcher};
use crate::log::Outlets;
use crate::mail;
use crate::resolve::Resolvers;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use tokio::sync::watch;
use tokio::task::LocalSet;

/// Starts the thread when the first plan comes that has anything for it.
pub(super) struct Control {
    probes: Arc<dyn ProbePolicy>,
    running: AtomicBool,
}

impl Control {
    pub(super) fn new(probes: Arc<dyn ProbePolicy>) -> Self {
        Self { probes, running: AtomicBool::new(false) }
    }

    /// Starts the thread if it does not run yet and `plan`, the one that is about to run, has anything for it.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn start(&self, shared: &Shared, plan: &Plan) -> io::Result<()> {
        let checks = plan.backends.load().iter().any(|backend| !backend.watches.load().is_empty());
        // Commands may add servers that are checked.
        let commands = plan.binds.iter().any(|bind| bind.listener.level.is_some());
        let probed = !listen::watched(plan).is_empty();
        let idle = plan.resolvers.is_empty() && plan.outlets.is_empty() && !checks && !commands && !probed;
        if idle || self.running.load(Ordering::Relaxed) {
            return Ok(());
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        let thread = Thread {
            plan: Arc::clone(&shared.plan),
            reloads: shared.reloads.subscribe(),
            phase: shared.phase.subscribe(),
            probes: Arc::clone(&self.probes),
            errands: shared.admin.errands.clone(),
        };
        let started = std::thread::Builder::new().name("lb-control".into()).spawn(move || {
            LocalSet::new().block_on(&runtime, thread.run());
        });
        let told = |error: io::Error| io::Error::new(error.kind(), format!("no thread can be made: {error}"));
        started.map_err(told)?;
        self.running.store(true, Ordering::Relaxed);
        Ok(())
    }
}

struct Thread {
    plan: Arc<arc_swap::ArcSwap<Plan>>,
    reloads: watch::Receiver<u64>,
    phase: watch::Receiver<Phase>,
    probes: Arc<dyn ProbePolicy>,
    errands: Errands,
}

impl Thread {
    /// Serves each plan in turn. Checks end when the engine drains: as in HAProxy, a proxy that stops does not check its
    /// servers any more. Names are resolved to the end, for running requests may ask for some.
    async fn run(mut self) {
        let mut checks = Drivers::new(Arc::clone(&self.probes));
        let mut sections = Sections::default();
        let mut outlets = Outlets::default();
        let mut watched = None;
        loop {
            self.reloads.borrow_and_update();
            let yielding = Yielding::begin();
            let plan = self.plan.load_full();
            let mut revised = plan.revised.subscribe();
            if watched != Some(plan.generation) {
                watched = Some(plan.generation);
                self.watch(&plan);
            }
            sections.serve(&plan);
            outlets.serve(&plan);
            checks.serve(&plan);
            plan.backends
                .load()
                .iter()
                .filter_map(|backend| backend.announcer.mailbox.as_ref())
                .for_each(mail::drive);
            drop((plan, yielding));
            tokio::select! {
                Ok(()) = self.reloads.changed() => {}
                Ok(()) = revised.changed() => {}
                // An error means that the engine is gone, which is an end as well.
                _ = self.phase.wait_for(|phase| *phase >= Phase::Draining) => break,
            }
        }
        drop(checks);
        let _ = self.phase.wait_for(|phase| *phase >= Phase::Stopped).await;
    }

    /// Has it looked whether clients are served at addresses that are not always this node's.
    fn watch(&self, plan: &Plan) {
        for (listener, frontend, probe) in listen::watched(plan) {
            let watcher = Watcher {
                listener: Arc::clone(listener),
                frontend: frontend.to_owned(),
                probe: Arc::clone(probe),
                permit: plan.permit.clone(),
                phase: self.phase.clone(),
                errands: self.errands.clone(),
            };
            tokio::task::spawn_local(watcher.watch());
        }
    }
}

/// The `resolvers` sections whose tasks run.
#[derive(Default)]
struct Sections(Vec<Weak<Resolvers>>);

impl Sections {
    /// Starts the tasks of new sections and tells all which servers they serve. One that the plan does not have any more
    /// serves none, and ends with the last plan that has it.
    fn serve(&mut self, plan: &Plan) {
        let gone = |section: &Arc<Resolvers>| !plan.resolvers.iter().any(|known| Arc::ptr_eq(known, section));
        for section in self.0.iter().filter_map(Weak::upgrade).filter(gone) {
            section.serve(Vec::new());
        }
        self.0 = plan.resolvers.iter().map(Arc::downgrade).collect();
        for section in &plan.resolvers {
            section.serve(plan.backends.load().to_vec());
            if let Some(task) = section.task() {
                tokio::task::spawn_local(task);
            }
        }
    }
}
