#![allow(clippy::unwrap_used, clippy::expect_used)]
use super::*;

fn read(line: &str) -> Result<Options, Refusal> {
    parse(line.split_whitespace().map(str::to_owned))
}

#[test]
fn files_come_from_f_and_after_two_dashes() {
    let options = read("-f a -f d/ -- b -c").unwrap();
    assert_eq!(options.files, ["a", "d/", "b", "-c"].map(PathBuf::from));
    assert_eq!(options.action, Action::Run);
}

#[test]
fn a_value_is_the_next_word_even_with_a_dash() {
    assert_eq!(read("-n -5 -f a").unwrap().maxconn, None);
    assert_eq!(read("-n 12x -f a").unwrap().maxconn, Some(12));
    assert_eq!(read("-L -c -f a").unwrap().local_peer.as_deref(), Some("-c"));
    assert_eq!(read("-fa.cfg -c").unwrap().files, [PathBuf::from("-c")]);
}

#[test]
fn longer_flags_win_over_their_beginnings() {
    assert_eq!(read("-vv").unwrap().action, Action::Version(VersionForm::Build));
    assert_eq!(read("-vqs").unwrap().action, Action::Version(VersionForm::Short));
    assert_eq!(read("-vfoo -zz").unwrap().action, Action::Version(VersionForm::Plain));
    let options = read("-dM0x50 -dI -dW -db -Ws -f a").unwrap();
    assert!(options.zero_warning && options.foreground && options.worker && options.notify && !options.debug);
    assert!(read("-dunknown -f a").unwrap().debug);
    assert_eq!(read("-cc x").unwrap().action, Action::Condition("x".into()));
    assert_eq!(read("-cx -f a").unwrap().action, Action::Check);
}

#[test]
fn pid_lists_end_at_the_next_flag() {
    let options = read("-sf 12 34 -f a").unwrap();
    assert_eq!(options.predecessors, Some(Predecessors { finish: true, pids: vec![12, 34] }));
    assert_eq!(read("-st -f a").unwrap().predecessors, Some(Predecessors { finish: false, pids: vec![] }));
    assert_eq!(
        read("-sf abc -f a").unwrap_err(),
        Refusal::Wrong("-sf option: some bytes unconsumed in PID list {abc}".into())
    );
}

#[test]
fn what_is_not_understood_shows_the_usage() {
    for line in ["", "-c", "-f", "-zz", "-f a stray", "stray -f a", "-sf", "-cc"] {
        assert_eq!(read(line).unwrap_err(), Refusal::Usage, "{line}");
    }
}

#[test]
fn sockets_are_taken_from_a_process_or_from_none() {
    assert_eq!(read("-f a -x /run/a.sock").unwrap().donor, Some("/run/a.sock".into()));
    assert_eq!(read("-f a -x /dev/null").unwrap().donor, None);
}

#[test]
fn what_is_not_acted_on_is_refused() {
    for flag in ["-4", "-dV", "-dR", "-dC", "-dr"] {
        assert!(matches!(read(&format!("{flag} -f a")).unwrap_err(), Refusal::Wrong(_)), "{flag}");
    }
}

#[test]
fn every_flag_of_haproxy_has_a_row() {
    let known = "f c cc v vv vq vqs vqb V q d db D W Ws S p n N m L C sf st x dM de dp dS dr dL dI dW dD dK dt dG dR dV 4";
    for name in known.split(' ') {
        assert_eq!(table::find(name).map(|(row, rest)| (row.name, rest)), Some((name, "")), "{name}");
    }
}
