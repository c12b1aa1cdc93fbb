#![allow(clippy::unwrap_used)]

use super::{Keeper, Order};
use crate::vip::Moment;
use crate::vip::kernel::{Kernel, Told};
use std::io;
use std::time::Duration;

const fn ms(ms: u64) -> Moment {
    Duration::from_millis(ms)
}

const LEASE: Duration = ms(225);

/// What was done to it, and how it is.
#[derive(Debug, Default)]
struct Fake {
    now: Moment,
    done: Vec<String>,
    broken: bool,
    /// How long opening takes, each time.
    slow: Vec<Duration>,
    stuck: bool,
    dark: bool,
}

impl Fake {
    fn outcome(&mut self, what: &str) -> io::Result<()> {
        self.done.push(what.to_owned());
        if self.broken { Err(io::ErrorKind::NotFound.into()) } else { Ok(()) }
    }
}

impl Kernel for Fake {
    fn now(&self) -> Moment {
        self.now
    }

    fn build(&mut self) -> io::Result<()> {
        self.outcome("build")
    }

    fn open(&mut self, time: Duration) -> io::Result<()> {
        self.now += self.slow.pop().unwrap_or_default();
        self.outcome(&format!("open {}", time.as_millis()))
    }

    fn close(&mut self) {
        self.done.push("close".into());
    }

    fn add(&mut self) -> io::Result<()> {
        self.outcome("add")
    }

    fn remove(&mut self) -> bool {
        self.done.push("remove".into());
        !self.stuck
    }

    fn demolish(&mut self) {
        self.done.push("demolish".into());
    }

    fn frames(&self) -> usize {
        2
    }

    fn announce(&mut self, frame: usize) {
        self.done.push(format!("frame {frame}"));
    }

    fn carrier(&self) -> bool {
        !self.dark
    }
}

fn keeper() -> Keeper<Fake> {
    Keeper::new(Fake { now: ms(1000), ..Fake::default() }, LEASE)
}

/// What was done since this was asked last.
fn done(keeper: &mut Keeper<Fake>) -> Vec<String> {
    std::mem::take(&mut keeper.kernel().done)
}

/// One that holds until 1200 ms.
fn holding() -> Keeper<Fake> {
    let mut keeper = keeper();
    for order in [Order::Rebuild, Order::Guard(ms(1200)), Order::Address, Order::Announce] {
        keeper.obey(order);
    }
    assert_eq!(done(&mut keeper), ["build", "open 200", "add", "frame 0", "frame 1"]);
    assert!(keeper.report().guarded);
    keeper
}

#[test]
fn orders_are_carried_out_in_their_order() {
    let mut keeper = holding();
    assert_eq!(keeper.due(), Some(ms(1200)));
    keeper.obey(Order::Close);
    keeper.obey(Order::Remove);
    assert_eq!(done(&mut keeper), ["close", "remove"]);
    assert_eq!((keeper.due(), keeper.report().done, keeper.report().guarded), (None, 6, true));
}

#[test]
fn nothing_is_put_or_announced_without_an_open_guard() {
    let mut keeper = keeper();
    for order in [Order::Guard(ms(1200)), Order::Address, Order::Announce] {
        keeper.obey(order);
    }
    assert_eq!(done(&mut keeper), [""; 0]);
    assert!(!keeper.report().guarded);
}

#[test]
fn it_lets_go_when_the_time_is_over_and_nobody_says_anything() {
    let mut keeper = holding();
    keeper.kernel().now = ms(1199);
    keeper.tick();
    assert_eq!(done(&mut keeper), [""; 0]);
    keeper.kernel().now = ms(1200);
    keeper.tick();
    assert_eq!(done(&mut keeper), ["close", "remove"]);
    assert!(!keeper.report().guarded);
    // Only a guard that was built anew is opened again.
    keeper.obey(Order::Guard(ms(1300)));
    assert_eq!(done(&mut keeper), [""; 0]);
    keeper.obey(Order::Rebuild);
    keeper.obey(Order::Guard(ms(1300)));
    assert_eq!(done(&mut keeper), ["build", "open 100"]);
}

#[test]
fn a_guard_that_is_lost_takes_the_address_along_before_it_is_built_again() {
    let mut keeper = holding();
    keeper.hear(Told { guard_lost: true, ..Told::default() });
    assert_eq!(done(&mut keeper), ["close", "remove", "build"]);
    let report = keeper.report();
    assert!(!report.guarded && report.able);
}

#[test]
fn a_guard_that_cannot_be_built_is_tried_again_and_makes_the_node_unable() {
    let mut keeper = holding();
    keeper.kernel().broken = true;
    keeper.hear(Told { guard_lost: true, ..Told::default() });
    assert!(!keeper.report().able);
    assert_eq!(keeper.due(), Some(ms(2000)));
    done(&mut keeper);
    (keeper.kernel().broken, keeper.kernel().now) = (false, ms(2000));
    keeper.tick();
    assert_eq!(done(&mut keeper), ["build"]);
    assert!(keeper.report().able && !keeper.report().guarded);
    keeper.obey(Order::Rebuild);
    assert!(keeper.report().guarded);
}

#[test]
fn an_opening_that_took_too_long_is_done_again_or_undone() {
    let mut keeper = holding();
    keeper.kernel().slow = vec![ms(0), ms(10)];
    keeper.obey(Order::Guard(ms(1220)));
    assert_eq!(done(&mut keeper), ["open 220", "open 210"]);
    assert!(keeper.report().guarded);
    keeper.kernel().slow = vec![ms(4); 3];
    keeper.obey(Order::Guard(ms(1230)));
    assert_eq!(done(&mut keeper), ["open 220", "open 216", "open 212", "close", "remove"]);
    assert_eq!((keeper.report().guarded, keeper.report().fenced), (false, 1));
}

#[test]
fn no_order_opens_it_for_longer_than_a_lease_or_for_what_is_over() {
    for until in [1226, 1000, 900] {
        let mut keeper = holding();
        keeper.obey(Order::Guard(ms(until)));
        assert_eq!(done(&mut keeper), ["close", "remove"], "{until}");
    }
}

#[test]
fn an_address_that_another_takes_off_is_put_back() {
    let mut keeper = holding();
    keeper.hear(Told { address_lost: true, ..Told::default() });
    assert_eq!(done(&mut keeper), ["add"]);
    assert_eq!(keeper.report().stirred, 1);
    let mut resting = self::keeper();
    resting.hear(Told { address_lost: true, claims: 3, ..Told::default() });
    assert_eq!(done(&mut resting), [""; 0]);
    assert_eq!((resting.report().stirred, resting.report().claims), (0, 0));
}

#[test]
fn claims_and_links_are_told() {
    let mut keeper = holding();
    keeper.kernel().dark = true;
    keeper.hear(Told { link: true, claims: 2, ..Told::default() });
    let report = keeper.report();
    assert_eq!((report.carrier, report.claims, report.stirred), (false, 2, 1));
}

#[test]
fn its_end_leaves_nothing_behind_and_a_guard_where_an_address_stays() {
    let mut keeper = holding();
    keeper.end();
    assert_eq!(done(&mut keeper), ["close", "remove", "demolish"]);
    let mut stuck = holding();
    stuck.kernel().stuck = true;
    stuck.end();
    assert_eq!(done(&mut stuck), ["close", "remove"]);
}
