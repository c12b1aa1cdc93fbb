//! Single steps.

use crate::vip::{Action, Announcer, Holder, Lease, Moment, Reason, Sight};
use std::time::Duration;

const fn ms(ms: u64) -> Moment {
    Duration::from_millis(ms)
}

/// E = 300 ms: the lease is 225 ms.
fn holder() -> Holder {
    Holder::new(Lease::new(ms(300)), ms(0))
}

fn leader(now: u64, acked: u64) -> Sight {
    Sight {
        now: ms(now),
        leads: Some(4),
        acked: Some(ms(acked)),
        fit: true,
        other_fit: true,
        guarded: true,
        leaving: false,
        stirred: false,
    }
}

/// A holder at 1000 ms whose lease ends at 1215 ms.
fn holding() -> Holder {
    let mut holder = holder();
    let actions = holder.step(&leader(1000, 990));
    assert_eq!(actions, [Action::Guard(ms(1215)), Action::Address, Action::Announce, Action::Acquired(4)]);
    holder
}

#[test]
fn the_lease_leaves_room_for_clocks_and_lateness() {
    assert_eq!(Lease::new(ms(300)).length(), ms(225));
    assert_eq!(Lease::new(ms(1000)).length(), ms(785));
}

#[test]
fn who_leads_without_a_majority_a_settled_term_or_fitness_holds_nothing() {
    let all = leader(1000, 990);
    for sight in [
        Sight { leads: None, ..all },
        Sight { acked: None, ..all },
        Sight { acked: Some(ms(770)), ..all },
        Sight { fit: false, ..all },
    ] {
        assert_eq!(holder().step(&sight), [], "{sight:?}");
    }
}

#[test]
fn a_guard_that_is_missing_is_built_before_it_is_opened() {
    let sight = Sight { guarded: false, ..leader(1000, 990) };
    assert_eq!(holder().step(&sight)[..2], [Action::Rebuild, Action::Guard(ms(1215))]);
}

#[test]
fn a_guard_is_prolonged_by_what_a_majority_answered_and_nothing_else() {
    let mut holder = holding();
    assert_eq!(holder.step(&leader(1010, 990)), []);
    assert_eq!(holder.step(&leader(1040, 1030)), [Action::Guard(ms(1255))]);
    assert_eq!(holder.held_until(), Some(ms(1255)));
}

#[test]
fn what_ends_a_tenure_closes_the_guard_before_the_address_goes() {
    let over = |sight: Sight, reason| {
        let released = [Action::Close, Action::Remove, Action::Released(4, reason)];
        assert_eq!(holding().step(&sight)[..3], released, "{sight:?}");
    };
    over(leader(1215, 990), Reason::Lapsed);
    over(Sight { leads: None, ..leader(1020, 1010) }, Reason::Lapsed);
    over(Sight { leads: Some(5), ..leader(1020, 1010) }, Reason::Lapsed);
    over(Sight { guarded: false, ..leader(1020, 1010) }, Reason::Unguarded);
    over(Sight { leaving: true, ..leader(1020, 1010) }, Reason::Leaving);
}

#[test]
fn who_gave_away_takes_nothing_back_in_the_same_term() {
    let mut holder = holding();
    let leaving = Sight { leaving: true, ..leader(1020, 1010) };
    assert_eq!(holder.step(&leaving).last(), Some(&Action::Transfer));
    assert_eq!(holder.step(&leaving), []);
    assert_eq!(holder.step(&leader(1040, 1030)), []);
    let again = Sight { leads: Some(6), ..leader(1060, 1050) };
    assert_eq!(holder.step(&again).last(), Some(&Action::Acquired(6)));
}

#[test]
fn a_leader_that_leaves_and_holds_nothing_hands_over_once() {
    let mut holder = holder();
    let sight = Sight { leaving: true, ..leader(1000, 990) };
    assert_eq!(holder.step(&sight), [Action::Transfer]);
    assert_eq!(holder.step(&sight), []);
}

#[test]
fn a_guard_that_is_lost_again_and_again_is_trusted_ever_later() {
    let mut holder = holder();
    let mut taken = Vec::new();
    for now in (1000..40_000).step_by(10) {
        // One that is lost as soon as it is open.
        let sight = Sight { guarded: holder.held_until().is_none(), ..leader(now, now - 5) };
        if let Some(Action::Acquired(_)) = holder.step(&sight).last() {
            taken.push(now);
        }
    }
    let pauses: Vec<_> = taken.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(pauses[..5], [20, 110, 210, 410, 810]);
    assert_eq!(pauses.iter().max(), Some(&5010));
    // After a quiet time it begins anew.
    let mut last = None;
    for now in (50_000..62_000).step_by(10) {
        let sight = Sight { guarded: now != 61_000, ..leader(now, now - 5) };
        last = holder
            .step(&sight)
            .last()
            .copied()
            .filter(|action| matches!(action, Action::Acquired(_)))
            .map(|_| now)
            .or(last);
    }
    assert_eq!(last, Some(61_010));
}

#[test]
fn a_successor_waits_for_guards_that_end_late() {
    let mut holder = Holder::new(Lease::new(ms(300)), ms(1750));
    let mut taken = (1000..5000).filter(|now| !holder.step(&leader(*now, now - 5)).is_empty());
    assert_eq!(taken.next(), Some(2750));
}

#[test]
fn an_unfit_node_waits_and_gives_away_only_to_a_fit_one() {
    for (other_fit, reason) in [(true, Some(Reason::Unfit)), (false, None)] {
        let mut holder = holding();
        let mut released = None;
        for now in (1010..1400).step_by(10) {
            let sight = Sight { fit: false, other_fit, ..leader(now, now - 5) };
            for action in holder.step(&sight) {
                if let Action::Released(_, reason) = action {
                    assert!(now >= 1310);
                    released = Some(reason);
                }
            }
        }
        assert_eq!(released, reason);
    }
}

#[test]
fn a_leader_that_could_never_serve_does_not_keep_others_from_it() {
    let mut holder = holder();
    let unfit = |now| Sight { fit: false, ..leader(now, now - 5) };
    assert_eq!(holder.step(&unfit(1000)), []);
    assert_eq!(holder.step(&Sight { other_fit: false, ..unfit(1300) }), []);
    assert_eq!(holder.step(&unfit(1300)), [Action::Transfer]);
    assert_eq!(holder.step(&unfit(1301)), []);
}

#[test]
fn announcements_come_in_a_burst_and_then_ever_more_seldom() {
    let mut announcer = Announcer::default();
    let sent: Vec<u64> = (0..100_000).step_by(10).filter(|now| announcer.due(ms(*now))).collect();
    assert_eq!(sent[..9], [0, 50, 100, 150, 200, 250, 750, 1750, 3750]);
    assert_eq!(sent.windows(2).map(|pair| pair[1] - pair[0]).max(), Some(30_000));
    // Whoever stirs it all the time gets fifty a second.
    let mut stirred = Announcer::default();
    let count = (0..1000).filter(|now| {
        stirred.burst();
        stirred.due(ms(*now))
    });
    assert_eq!(count.count(), 50);
}
