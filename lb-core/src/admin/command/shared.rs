//! Which commands concern what the nodes of a cluster have alike.

use super::super::is_named;

/// They change it, or look at it: first the node hears what others were told.
const SHARED: &[&[&str]] = &[
    &["add"],
    &["clear", "acl"],
    &["clear", "map"],
    &["commit"],
    &["del"],
    &["disable"],
    &["enable"],
    &["get"],
    &["prepare"],
    &["publish"],
    &["set", "map"],
    &["set", "maxconn"],
    &["set", "rate-limit"],
    &["set", "server"],
    &["set", "var"],
    &["set", "weight"],
    &["show", "acl"],
    &["show", "backend"],
    &["show", "map"],
    &["show", "servers"],
    &["show", "stat"],
    &["unpublish"],
    &["wait"],
];

/// Their answers are for people, or have lines that programs pass over.
const TELLING: &[&[&str]] = &[&["get"], &["show", "acl"], &["show", "backend"], &["show", "map"]];

/// True for such a command.
pub(in super::super) fn is_shared(said: &[String]) -> bool {
    SHARED.iter().any(|words| is_named(words, said))
}

/// True when its answer may say that it is not up to date.
pub(in super::super) fn says_when_stale(said: &[String]) -> bool {
    TELLING.iter().any(|words| is_named(words, said))
}
