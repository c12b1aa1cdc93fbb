//! The command line. What the demo starts is tested in `tests/stack`, together with what it starts.
#![allow(clippy::unwrap_used)]

use std::process::{Command, Output};

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lb-example-demo")).args(arguments).output().unwrap()
}

#[test]
fn help_is_no_error_and_an_unknown_option_is() {
    let help = run(&["--help"]);
    assert!(help.status.success() && String::from_utf8_lossy(&help.stdout).contains("--kill NAME"));
    let unknown = run(&["--unknown"]);
    assert_eq!(unknown.status.code(), Some(2));
}

#[test]
fn a_tier_of_a_demo_that_does_not_run_cannot_be_ended() {
    let answer = run(&["--data", "/proc/self", "--kill", "web1"]);
    assert_eq!(answer.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&answer.stderr).contains("no demo runs in /proc/self"));
}
