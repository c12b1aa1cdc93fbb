//! A link that comes and goes.

use crate::margin::Counts;
use crate::outages::setting;
use crate::site::{Mover, Site};
use std::thread::sleep;
use std::time::{Duration, Instant};

#[test]
#[ignore = "takes minutes; `just flap` runs it"]
fn a_flapping_link_moves_the_address_few_times() {
    let length = Duration::from_secs(setting("LB_VIP_SECONDS").unwrap_or(60) as u64);
    // The worst that may be: the node with the bad link is the one that should have it.
    let lb = Mover::Lb { patient: false, arguments: &[], more: " prefer lb1\n", front: "" };
    let Some(site) = Site::start("p", lb) else { return };
    site.holder_among(|host| host == 0);
    let before = Counts::all(&site);
    let net = site.world.net();
    let begun = Instant::now();
    while begun.elapsed() < length {
        for state in ["down", "up"] {
            site.world.sh(&format!("ip -n {net} link set p0 {state}"));
            sleep(Duration::from_millis(500));
        }
    }
    site.holder();
    let taken: f64 =
        Counts::all(&site).iter().zip(&before).map(|(after, before)| after.since(*before).acquired).sum();
    println!("{taken} moves in {length:?}");
    assert!((1.0..=3.0).contains(&taken), "{}", site.all_said());
}
