//! Reading the configuration again while the proxy runs.
//!
//! All that can fail happens before anything changes. The process that has the privileges reads and binds: with a
//! monitor that is the monitor, which passes what it read ([`Bundle`]) and bound through the channel; the worker
//! compiles it over the plan that runs.

use super::bundle::{Bundle, Recorder, Replay};
use super::channel::{Channel, Word};
use super::signals::wait;
use crate::cli::Options;
use crate::cluster;
use crate::load::{self, Failure, Loaded, Stage, Surroundings};
use crate::message::Messages;
use crate::sys;
use haproxy_cfg_parser::World;
use haproxy_cfg_parser::model::{Cluster, Config, Global};
use lb_cluster::transport::Identity;
use lb_core::compile::Plan;
use lb_core::engine::{Engine, Yielding};
use lb_core::listen::{self, Sockets};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What reloads need to know, and the configuration that runs.
pub(crate) struct Reloader {
    pub(crate) options: Arc<Options>,
    pub(crate) messages: Arc<Messages>,
    pub(crate) config: Arc<Config>,
    /// Traffic threads, which stay as many.
    pub(crate) threads: usize,
    /// The section that this process was started with as a node.
    pub(crate) cluster: Option<Cluster>,
    /// What it proves itself by.
    pub(crate) identity: Option<Identity>,
}

/// How long the monitor waits for the worker's answer.
const PATIENCE: Duration = Duration::from_secs(300);

/// By how much reading and compiling step back behind traffic (nice(2)): they get a tenth of a processor that both want.
pub(super) const NICENESS: i32 = 10;

/// As much stack as the first thread has by default, which reads the files at the start.
const STACK: usize = 8 << 20;

/// Why the running configuration stays; empty when everything has been said.
type Refused = String;

impl Reloader {
    /// Reads and compiles, and tells what was found. Keywords that wait for the next start are warned about.
    fn load(&self, world: &dyn World, previous: Option<&Plan>, report: bool) -> Result<Loaded, Refused> {
        self.messages.forget_warnings();
        let stage = Stage::Reload { threads: self.threads, previous, cluster: self.cluster.as_ref() };
        let silent = Messages::new(true, false);
        let messages = if report { &*self.messages } else { &silent };
        let load = || load::load_in(&self.options, messages, world, stage);
        let (loaded, told) = if report { (load(), String::new()) } else { silent.record(load) };
        let loaded = loaded.map_err(|failure| match failure {
            Failure::NoFiles => "config : the configuration files are empty.".to_owned(),
            Failure::Fatal(text) => told + &text,
        })?;
        if !loaded.listens() {
            return Err("No enabled listener found (check for 'bind' directives) !".to_owned());
        }
        if report {
            let fixed = fixed(&self.config.global, &loaded.config.global);
            let cluster = cluster::changed(self.cluster.as_ref(), loaded.config.cluster.as_ref());
            for name in cluster {
                let text = format!(
                    "config : '{name}' of the cluster has changed, which takes effect at the next start only."
                );
                self.messages.warning(&text);
            }
            for name in fixed {
                let text =
                    format!("config : '{name}' has changed, which takes effect at the next start only.");
                self.messages.warning(&text);
            }
        }
        Ok(loaded)
    }

    /// One process: reads, binds and changes over.
    pub(crate) fn by_itself(&mut self, engine: &Engine) -> Result<(), Refused> {
        let running = engine.plan();
        let loaded = aside(|| self.load(&Surroundings::new(&self.options), Some(&running), true))?;
        let sockets = self.bind(&listen::addresses(&running), &loaded.plan)?;
        engine.reload(Arc::clone(&loaded.plan), sockets, false).map_err(|error| error.to_string())?;
        self.take(loaded);
        Ok(())
    }

    /// The monitor's side: reads, binds what `known` does not have, and has the worker change over.
    pub(crate) fn through(
        &mut self,
        channel: &Channel,
        known: &mut Vec<String>,
        hard: bool,
    ) -> Result<(), Refused> {
        let failed = |error: std::io::Error| format!("The worker cannot be told: {error}.");
        let (loaded, bundle) = aside(|| {
            let recorder = Recorder::new(Surroundings::new(&self.options));
            let loaded = self.load(&recorder, None, true)?;
            Ok::<_, Refused>((loaded, recorder.finish().into_file().map_err(failed)?))
        })?;
        let sockets = self.bind(known, &loaded.plan)?;
        channel.send_reload(bundle, sockets.into_fds(), hard).map_err(failed)?;
        let deadline = Instant::now().checked_add(PATIENCE);
        if wait(&[Some(channel.as_fd())], deadline).map_err(failed)? != [true] {
            return Err("The worker gives no answer; it may take the configuration yet.".to_owned());
        }
        match channel.receive() {
            Ok(Some(Word::Reloaded)) => {
                *known = listen::addresses(&loaded.plan);
                let before = std::mem::replace(&mut self.config, Arc::clone(&loaded.config));
                // Dropping a large plan takes its time as well.
                aside(move || drop((before, loaded)));
                Ok(())
            }
            Ok(Some(Word::Refused(why))) => Err(why),
            Ok(_) => Err("The worker gave no answer.".to_owned()),
            Err(error) => Err(failed(error)),
        }
    }

    /// The worker's side: compiles what the monitor read over the running plan, and changes over.
    pub(crate) fn by_monitor(
        &mut self,
        engine: &Engine,
        file: OwnedFd,
        fds: Vec<OwnedFd>,
        hard: bool,
    ) -> Result<(), Refused> {
        let running = engine.plan();
        let loaded = aside(|| {
            let bundle = Bundle::from_file(file).map_err(|error| error.to_string())?;
            let replay = Replay::new(bundle, Surroundings::new(&self.options));
            // The monitor has told what there is to tell.
            self.load(&replay, Some(&running), false)
        })?;
        let sockets = Sockets::received(&listen::addresses(&running), &loaded.plan, fds)
            .and_then(|sockets| engine.reload(Arc::clone(&loaded.plan), sockets, hard));
        sockets.map_err(|error| error.to_string())?;
        self.take(loaded);
        Ok(())
    }

    /// What runs now.
    fn take(&mut self, loaded: Loaded) {
        if let (Some(identity), Some(renewed)) = (&self.identity, &loaded.renewed) {
            identity.renew(renewed);
        }
        self.config = loaded.config;
    }

    fn bind(&self, known: &[String], plan: &Plan) -> Result<Sockets, Refused> {
        listen::bind_new(known, plan).map_err(|errors| {
            errors.iter().for_each(|error| self.messages.alert(&error.to_string()));
            "Some protocols failed to start their listeners!".to_owned()
        })
    }
}

/// Does something long on a thread that steps back behind those with traffic, and waits for it; where no thread can be made, on
/// the calling one.
fn aside<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    let work = Mutex::new(Some(work));
    let take = || work.lock().unwrap_or_else(PoisonError::into_inner).take();
    let done = std::thread::scope(|scope| {
        let builder = std::thread::Builder::new().name("lb-reload".into()).stack_size(STACK);
        let thread = builder.spawn_scoped(scope, || {
            sys::step_back(NICENESS);
            let _yielding = Yielding::begin();
            take().map(|work| work())
        });
        thread.ok()?.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    });
    match (done, take()) {
        (Some(done), _) => done,
        (None, Some(work)) => work(),
        // A thread that took the work has done it, or panicked, which has been passed on.
        (None, None) => unreachable!("the work is done by one of two threads"),
    }
}

/// Keywords of the global section that differ and wait for the next start.
fn fixed(before: &Global, now: &Global) -> Vec<&'static str> {
    let differs =
        |name: &'static str, read: fn(&Global) -> String| (read(before) != read(now)).then_some(name);
    [
        differs("nbthread", |global| format!("{:?}", global.nbthread)),
        differs("user", |global| format!("{:?}", (&global.user, global.uid))),
        differs("group", |global| format!("{:?}", (&global.group, global.gid))),
        differs("chroot", |global| format!("{:?}", global.chroot)),
        differs("daemon", |global| format!("{:?}", global.daemon)),
        differs("master-worker", |global| format!("{:?}", global.master_worker.is_some())),
        differs("pidfile", |global| format!("{:?}", global.pidfile)),
        differs("cpu-map", |global| format!("{:?}", global.cpu_map)),
        differs("ulimit-n", |global| format!("{:?}", global.ulimit_n)),
        differs("node", |global| format!("{:?}", global.node)),
        differs("stats timeout", |global| format!("{:?}", global.stats_timeout)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_done_aside_gives_its_result() {
        let text = String::from("a");
        assert_eq!(aside(|| text.len()), 1);
        let name = aside(|| std::thread::current().name().map(str::to_owned));
        assert_eq!(name.as_deref(), Some("lb-reload"));
    }

    #[test]
    fn fixed_keywords_are_named() {
        let before = Global::default();
        let now =
            Global { nbthread: Some(3), chroot: Some("/".into()), maxconn: Some(7), ..Global::default() };
        assert_eq!(fixed(&before, &now), ["nbthread", "chroot"]);
        assert!(fixed(&before, &before).is_empty());
    }
}
