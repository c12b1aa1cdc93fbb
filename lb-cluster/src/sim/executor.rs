//! One thread that runs the tasks of all processes, one step of one at a time, and a clock that goes on when none can
//! go on. Which task of which process comes next is drawn by lot, so a seed is a story.

use std::any::Any;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// True time, in nanoseconds from the beginning.
pub(super) type Time = u64;
/// What is to be done at a time, in the order of its planning.
pub(super) type Key = (Time, u64);

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What happens at a time.
enum Event {
    Wake(Waker),
    Do(Box<dyn FnOnce()>),
}

struct Slot {
    life: usize,
    /// None: it is being polled.
    work: Option<Work>,
    bell: Arc<Bell>,
}

/// Rings for a task.
struct Bell {
    task: u64,
    rung: AtomicBool,
    woken: Arc<Mutex<Vec<u64>>>,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        if !self.rung.swap(true, Ordering::Relaxed) {
            self.woken.lock().unwrap_or_else(PoisonError::into_inner).push(self.task);
        }
    }
}

/// A process, from its start to its end.
struct Life {
    machine: usize,
    ready: VecDeque<u64>,
    paused_until: Time,
    dead: bool,
    /// A step of it is under way, further down the stack.
    midway: bool,
}

/// Thrown through the step of a process that dies in the midst of it.
struct Died;

/// Tasks, processes and time.
pub(super) struct Executor {
    now: Time,
    planned: u64,
    queue: BTreeMap<Key, Event>,
    tasks: HashMap<u64, Slot>,
    last_task: u64,
    woken: Arc<Mutex<Vec<u64>>>,
    lives: Vec<Life>,
    current: Option<usize>,
    steps: u64,
    random: fastrand::Rng,
    panicked: Option<String>,
}

impl Executor {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            now: 0,
            planned: 0,
            queue: BTreeMap::new(),
            tasks: HashMap::new(),
            last_task: 0,
            woken: Arc::default(),
            lives: Vec::new(),
            current: None,
            steps: 0,
            random: fastrand::Rng::with_seed(seed ^ 0x5eed),
            panicked: None,
        }
    }

    pub(super) fn now(&self) -> Time {
        self.now
    }

    pub(super) fn steps(&self) -> u64 {
        self.steps
    }

    /// A panic of some task, which is a defect whatever it broke.
    pub(super) fn panicked(&mut self) -> Option<String> {
        self.panicked.take()
    }

    /// The machine whose process is at its step.
    pub(super) fn machine(&self) -> Option<usize> {
        self.current.and_then(|life| self.lives.get(life)).map(|life| life.machine)
    }

    /// So many processes there have been.
    pub(super) fn lives(&self) -> usize {
        self.lives.len()
    }

    pub(super) fn current(&self) -> Option<usize> {
        self.current
    }

    pub(super) fn begin(&mut self, machine: usize) -> usize {
        let ready = VecDeque::new();
        self.lives.push(Life { machine, ready, paused_until: 0, dead: false, midway: false });
        self.lives.len() - 1
    }

    pub(super) fn is_alive(&self, life: usize) -> bool {
        self.lives.get(life).is_some_and(|life| !life.dead)
    }

    /// Has a process make no step before then.
    pub(super) fn pause(&mut self, life: usize, until: Time) {
        if let Some(life) = self.lives.get_mut(life) {
            life.paused_until = life.paused_until.max(until);
        }
        self.at(until, || {});
    }

    pub(super) fn resume(&mut self, life: usize) {
        if let Some(life) = self.lives.get_mut(life) {
            life.paused_until = 0;
        }
    }

    pub(super) fn spawn(&mut self, life: usize, work: Work) -> u64 {
        self.last_task += 1;
        let task = self.last_task;
        if self.is_alive(life) {
            let bell = Arc::new(Bell { task, rung: AtomicBool::new(false), woken: Arc::clone(&self.woken) });
            bell.clone().wake();
            self.tasks.insert(task, Slot { life, work: Some(work), bell });
        }
        task
    }

    /// Takes a task out. What comes is to be dropped when nothing is borrowed.
    pub(super) fn abort(&mut self, task: u64) -> impl Any + use<> {
        self.tasks.remove(&task).map(|slot| slot.work)
    }

    /// Ends a process at once. What comes is to be dropped when nothing is borrowed.
    pub(super) fn kill(&mut self, life: usize) -> impl Any + use<> {
        if let Some(life) = self.lives.get_mut(life) {
            life.dead = true;
        }
        let mut of_it: Vec<_> =
            self.tasks.iter().filter(|(_, slot)| slot.life == life).map(|(task, _)| *task).collect();
        of_it.sort_unstable();
        of_it
            .into_iter()
            .filter_map(|task| self.tasks.remove(&task))
            .map(|slot| slot.work)
            .collect::<Vec<_>>()
    }

    pub(super) fn at(&mut self, time: Time, event: impl FnOnce() + 'static) -> Key {
        self.plan(time, Event::Do(Box::new(event)))
    }

    pub(super) fn wake_at(&mut self, time: Time, waker: Waker) -> Key {
        self.plan(time, Event::Wake(waker))
    }

    fn plan(&mut self, time: Time, event: Event) -> Key {
        self.planned += 1;
        let key = (time.max(self.now), self.planned);
        self.queue.insert(key, event);
        key
    }

    pub(super) fn cancel(&mut self, key: Key) {
        self.queue.remove(&key);
    }

    /// The task whose turn it is, and its work.
    fn next(&mut self) -> Option<(u64, usize, Work, Waker)> {
        let mut woken = std::mem::take(&mut *self.woken.lock().unwrap_or_else(PoisonError::into_inner));
        // tokio's watch wakes those who wait in an order of its own chance.
        woken.sort_unstable();
        for task in woken {
            if let Some(slot) = self.tasks.get(&task)
                && let Some(life) = self.lives.get_mut(slot.life)
            {
                life.ready.push_back(task);
            }
        }
        let now = self.now;
        let able =
            |life: &Life| !life.ready.is_empty() && !life.dead && !life.midway && life.paused_until <= now;
        let count = self.lives.iter().filter(|life| able(life)).count();
        let chosen = if count > 1 { self.random.usize(..count) } else { 0 };
        let index = self.lives.iter().enumerate().filter(|(_, life)| able(life)).nth(chosen)?.0;
        let ready = &mut self.lives[index].ready;
        // Mostly in order, as a real one; sometimes not.
        let ahead =
            if ready.len() > 1 && self.random.u8(..8) == 0 { self.random.usize(..ready.len()) } else { 0 };
        let task = ready.remove(ahead)?;
        let Some(slot) = self.tasks.get_mut(&task) else { return self.next() };
        slot.bell.rung.store(false, Ordering::Relaxed);
        let waker = Waker::from(Arc::clone(&slot.bell));
        let Some(work) = slot.work.take() else { return self.next() };
        self.steps += 1;
        self.now += self.random.u64(500..3000);
        Some((task, index, work, waker))
    }
}

/// Lets all processes go on until a time; those that are midway in a step do not.
pub(super) fn run(until: Time, with: &impl Fn(&mut dyn FnMut(&mut Executor))) {
    let mut outer = None;
    with(&mut |executor| outer = executor.current.take());
    go_on(until, with);
    with(&mut |executor| executor.current = outer);
}

fn go_on(until: Time, with: &impl Fn(&mut dyn FnMut(&mut Executor))) {
    loop {
        let (mut step, mut event, mut over) = (None, None, false);
        with(&mut |executor| {
            if executor.now >= until || executor.panicked.is_some() {
                over = true;
                return;
            }
            step = executor.next();
            if let Some((_, life, ..)) = &step {
                executor.lives[*life].midway = true;
                executor.current = Some(*life);
            } else {
                match executor.queue.first_key_value() {
                    Some(((time, _), _)) if *time <= until => {
                        executor.now = executor.now.max(*time);
                        event = executor.queue.pop_first().map(|(_, event)| event);
                    }
                    _ => {
                        executor.now = until;
                        over = true;
                    }
                }
            }
        });
        if over {
            return;
        }
        match event {
            Some(Event::Wake(waker)) => waker.wake(),
            Some(Event::Do(event)) => event(),
            None => {}
        }
        if let Some((task, life, work, waker)) = step {
            poll(task, life, work, &waker, with);
        }
    }
}

fn poll(
    task: u64,
    life: usize,
    mut work: Work,
    waker: &Waker,
    with: &impl Fn(&mut dyn FnMut(&mut Executor)),
) {
    let polled =
        catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(&mut Context::from_waker(waker)).is_ready()));
    let mut rest = Some(work);
    with(&mut |executor| {
        executor.lives[life].midway = false;
        match &polled {
            Ok(false) => {
                if let Some(slot) = executor.tasks.get_mut(&task) {
                    slot.work = rest.take();
                }
            }
            Ok(true) => drop(executor.tasks.remove(&task)),
            Err(thrown) if thrown.is::<Died>() => {}
            Err(thrown) => {
                let text = thrown.downcast_ref::<String>().map(String::as_str);
                let text = text.or_else(|| thrown.downcast_ref::<&str>().copied()).unwrap_or("?");
                executor.panicked.get_or_insert_with(|| text.to_owned());
            }
        }
    });
    // With the process that it belongs to at hand, as it was polled.
    drop(rest);
    with(&mut |executor| executor.current = None);
}

/// The process at its step ends in the midst of it.
pub(super) fn die() -> ! {
    resume_unwind(Box::new(Died))
}

/// The first of two to be ready.
pub(super) async fn before<S: Future<Output = ()>, F: Future>(limit: S, future: F) -> Option<F::Output> {
    let (mut limit, mut future) = (std::pin::pin!(limit), std::pin::pin!(future));
    std::future::poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(value) => Poll::Ready(Some(value)),
        Poll::Pending => limit.as_mut().poll(context).map(|()| None),
    })
    .await
}
