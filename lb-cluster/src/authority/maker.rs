//! Makes what the cluster has decided on this node's engine, in the order of the log.

use super::Common;
use super::complaint::Complaint;
use crate::state::{Entry, is_gone};
use lb_core::admin::{self, Applied, Change, PatternEdit, Stage};
use lb_core::compile::{Plan, sections};
use lb_core::process::Severity;
use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};
use tokio::runtime::Builder;
use tokio::sync::mpsc::UnboundedReceiver;

/// How often servers are looked at that cannot be deleted as long as they have connections.
const RETRY: Duration = Duration::from_millis(200);

/// What it is told.
pub(super) enum Order {
    /// There is another plan: what of it does not know what commands changed must learn it.
    Replay(SyncSender<()>),
}

/// The thread's work.
pub struct Maker {
    common: Arc<Common>,
    stage: Arc<Stage>,
    /// What must wait until a server's connections are gone, in order.
    delayed: Vec<Entry>,
    complaint: Complaint,
}

/// What became of one change.
enum Made {
    Done(Applied),
    /// This node's file says otherwise than the one did that it was made on.
    Beaten,
    Delayed,
}

impl Maker {
    pub(super) fn new(common: Arc<Common>, stage: Arc<Stage>) -> Self {
        Self { common, stage, delayed: Vec::new(), complaint: Complaint::default() }
    }

    /// Makes what is known already, then starts the thread, which ends when nobody orders any more.
    pub(super) fn start(mut self, mut orders: UnboundedReceiver<Order>) -> io::Result<()> {
        let runtime = Builder::new_current_thread().enable_time().build()?;
        self.go_on();
        let work = async move {
            let mut places = self.common.replica.places();
            loop {
                self.go_on();
                self.retry();
                if let Some(text) = self.complaint.tell() {
                    self.common.events.tell(Severity::Warning, text);
                }
                let retry = (!self.delayed.is_empty()).then(|| Instant::now() + RETRY);
                let wake = retry.into_iter().chain(self.complaint.due()).min();
                let sleep = async move {
                    match wake {
                        Some(wake) => tokio::time::sleep_until(wake.into()).await,
                        None => std::future::pending().await,
                    }
                };
                tokio::select! {
                    order = orders.recv() => match order {
                        Some(Order::Replay(done)) => {
                            self.replay();
                            let _ = done.send(());
                        }
                        None => return,
                    },
                    Ok(()) = places.changed() => {}
                    () = sleep => {}
                }
            }
        };
        std::thread::Builder::new().name("lb-cluster-make".into()).spawn(move || runtime.block_on(work))?;
        Ok(())
    }

    /// Makes what has been decided since.
    fn go_on(&mut self) {
        let made = *self.common.made.borrow();
        let replica = Arc::clone(&self.common.replica);
        let (entries, place, reaches) = replica.look(|state, place| {
            (state.changes().after(made), place, made == 0 || state.changes().reaches(made))
        });
        if place == made {
            return;
        }
        let stage = Arc::clone(&self.stage);
        stage.with(|plan| {
            if !reaches {
                self.remove_unknown(plan);
            }
            // On an engine that nothing was made on yet, nothing is to be undone.
            let fresh = made == 0;
            let entries = entries.into_iter().filter(|(_, entry)| !fresh || !is_gone(entry));
            let present_from = self.common.present_from.load(Ordering::Acquire);
            self.make_all(plan, entries.map(|(at, entry)| (entry, at > present_from)).collect());
        });
        self.common.made.send_replace(place);
    }

    /// Makes again what a plan does not know that has come by a reload.
    fn replay(&mut self) {
        let made = *self.common.made.borrow();
        let entries = self.common.replica.look(|state, _| state.changes().after(0));
        let stage = Arc::clone(&self.stage);
        stage.with(|plan| {
            let pristine: BTreeSet<_> = admin::pristine_lists(plan).into_iter().collect();
            let is_new = |entry: &Entry| match entry.change.as_patterns() {
                Some((list, _)) => pristine.contains(list),
                None => !is_gone(entry),
            };
            let entries = entries.into_iter().filter(|(at, entry)| *at <= made && is_new(entry));
            self.make_all(plan, entries.map(|(_, entry)| (entry, false)).collect());
            self.common.sections.send_replace(Some(sections(plan)));
        });
    }

    /// What could not be made since a server had connections.
    fn retry(&mut self) {
        if self.delayed.is_empty() {
            return;
        }
        let delayed = std::mem::take(&mut self.delayed);
        let stage = Arc::clone(&self.stage);
        stage.with(|plan| self.make_all(plan, delayed.into_iter().map(|entry| (entry, true)).collect()));
    }

    /// Deletes servers that commands added and that the cluster does not have.
    fn remove_unknown(&mut self, plan: &Plan) {
        let added = admin::added_servers(plan);
        let gone: Vec<_> = self.common.replica.look(|state, _| {
            let known = |(backend, server): &(String, String)| state.changes().has_added(backend, server);
            added.into_iter().filter(|server| !known(server)).collect()
        });
        for (backend, server) in gone {
            let _ = Change::DeleteServer { backend, server }.settle(plan);
        }
    }

    /// Makes changes in their order; each with whether it is new, or of a time that this node's file may not be of. Edits of one
    /// list that follow one another are made together.
    fn make_all(&mut self, plan: &Plan, entries: Vec<(Entry, bool)>) {
        let mut entries = entries.into_iter().peekable();
        while let Some((entry, is_new)) = entries.next() {
            let Some((list, _)) = entry.change.as_patterns() else {
                let made = self.make(plan, &entry, is_new);
                self.tell(entry, made);
                continue;
            };
            let list = list.to_owned();
            let mut run = vec![(entry, is_new)];
            let of_list = |(entry, _): &(Entry, bool)| {
                entry.change.as_patterns().is_some_and(|(other, _)| other == list)
            };
            while let Some(next) = entries.next_if(of_list) {
                run.push(next);
            }
            self.edit(plan, &list, run);
        }
    }

    fn edit(&mut self, plan: &Plan, list: &str, run: Vec<(Entry, bool)>) {
        let (counted, beaten): (Vec<_>, Vec<_>) =
            run.into_iter().partition(|(entry, is_new)| *is_new || counts(plan, entry));
        if !beaten.is_empty() {
            let (current, next) = self.common.replica.look(|state, _| state.changes().numbers(list));
            admin::renumber_patterns(plan, list, current, next);
        }
        beaten.into_iter().for_each(|(entry, _)| self.tell(entry, Made::Beaten));
        let edits: Vec<&PatternEdit> =
            counted.iter().filter_map(|(entry, _)| Some(entry.change.as_patterns()?.1)).collect();
        if edits.is_empty() {
            return;
        }
        let results = admin::settle_patterns(plan, list, edits);
        for ((entry, is_new), result) in counted.into_iter().zip(results) {
            // What failed when it was new fails again.
            let result = if is_new { result } else { Ok(()) };
            self.tell(entry, Made::Done(result));
        }
    }

    fn make(&self, plan: &Plan, entry: &Entry, is_new: bool) -> Made {
        let change = &entry.change;
        if !is_new && change.is_passing(plan) {
            return Made::Done(Ok(()));
        }
        if !is_new && !counts(plan, entry) {
            return Made::Beaten;
        }
        if is_gone(entry) && !change.is_of_added(plan) {
            return Made::Done(Ok(()));
        }
        let is_same = |other: &Entry| other.change.server() == change.server();
        if change.server().is_some() && self.delayed.iter().any(is_same) || change.is_delayed(plan) {
            return Made::Delayed;
        }
        let is_there = matches!(change, Change::AddServer { .. }) && change.is_of_added(plan);
        if !is_new && is_there {
            return Made::Done(Ok(()));
        }
        Made::Done(change.settle(plan))
    }

    fn tell(&mut self, entry: Entry, made: Made) {
        let result = match made {
            Made::Done(result) => result,
            Made::Delayed => {
                self.delayed.push(entry.clone());
                Ok(())
            }
            Made::Beaten => {
                self.common.counts.unmade.inc();
                return self.complaint.note(&entry, "this node's file says otherwise by now");
            }
        };
        let (node, life) = self.common.me;
        if (entry.id.node, entry.id.life) == (node, life) {
            self.common.waiting.tell(entry.id, &result);
        } else if let Err(why) = result {
            self.common.counts.unmade.inc();
            self.complaint.note(&entry, &why);
        }
    }
}

/// True when this node's file says what that of the node did that was asked, or nothing.
fn counts(plan: &Plan, entry: &Entry) -> bool {
    let own = if entry.base == 0 { 0 } else { entry.change.base(plan) };
    own == 0 || own == entry.base
}
