//! `prefer` and `notify`.

use crate::site::{LIMIT, Site};
use lb_harness::eventually;
use nix::sys::signal::Signal;
use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

/// A preferred node must have been fit for so long.
const WAIT: Duration = Duration::from_secs(10);

/// What the nodes were told, each in a line: node, event and term.
fn told(site: &Site) -> Vec<(String, String, u64)> {
    let text = fs::read_to_string(site.path("told")).unwrap_or_default();
    let line = |line: &str| {
        let words: Vec<_> = line.split(' ').collect();
        (words[0].to_owned(), words[1].to_owned(), words[2].parse().unwrap())
    };
    text.lines().map(line).collect()
}

#[test]
fn a_preferred_node_takes_over_after_a_while_and_moves_are_told() {
    let mut site = Site::new();
    let (script, log) = (site.path("moved"), site.path("told"));
    let text = format!("#!/bin/sh\necho $LB_NODE $* >> {}\n", log.display());
    // By another process: no descriptor of this one is open for writing when it is run.
    let write = "cat > \"$0\" <<'E'\n".to_owned() + &text + "E\nchmod 700 \"$0\"";
    assert!(Command::new("sh").args(["-ec", &write]).arg(&script).status().unwrap().success());
    site.say(&format!(" prefer lb2\n notify {} timeout 2s\n", script.display()));
    (0..3).for_each(|index| site.start_node(index));
    site.holder_among(|index| index == 1);

    site.end(1, Signal::SIGKILL);
    let other = site.holder();
    assert_ne!(other, 1);
    let begun = Instant::now();
    site.start_node(1);
    site.holder_among(|index| index == 1);
    assert!(begun.elapsed() > WAIT, "{:?}", begun.elapsed());
    site.says(other, "a node that is preferred has been fit for a while");
    site.end(1, Signal::SIGTERM);
    let last = site.holder();

    let taken =
        || told(&site).iter().rfind(|(_, event, _)| event == "acquired").map(|(node, ..)| node.clone());
    assert!(eventually(LIMIT, || taken() == Some(Site::name(last))), "{:?}", told(&site));
    let all = told(&site);
    for index in 0..3 {
        let own: Vec<_> = all.iter().filter(|(node, ..)| *node == Site::name(index)).collect();
        for pair in own.windows(2) {
            let ((_, before, earlier), (_, after, later)) = (pair[0], pair[1]);
            // One that was killed had nobody to tell.
            let follows = earlier < later || earlier == later && before == "acquired" && after == "released";
            assert!(follows, "{all:?}");
        }
    }
    let mut terms: Vec<_> = all.iter().filter(|(_, event, _)| event == "acquired").collect();
    terms.sort_by_key(|(_, _, term)| *term);
    assert!(terms.windows(2).all(|pair| pair[0].2 < pair[1].2), "{all:?}");
}
