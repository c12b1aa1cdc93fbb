//! Why the verdicts of a file may differ.

use crate::verdict::Verdict;

/// A part of the alert of the side that rejects, and why the other accepts.
const REASONS: &[(Side, &str, &str)] = &[
    (Side::Oracle, "unable to stat SSL certificate", "certificates are read by the engine"),
    (Side::Oracle, "SPOE agent", "files of SPOE agents are not read: lb refuses the filter"),
    (Side::Oracle, "nbproc", "read as its modern line"),
    (Side::Oracle, "not supported anymore", "read as its modern line"),
    (Side::Oracle, "please use the 'bind' keyword", "read as its modern line"),
    (Side::Oracle, "cannot find user id", "users are looked up when the process starts"),
    (Side::Oracle, "cannot find group id", "users are looked up when the process starts"),
    (Side::Oracle, "unknown user name", "users are looked up when the process starts"),
    (Side::Oracle, "unknown group name", "users are looked up when the process starts"),
    (Side::Oracle, "unknown keyword", "a keyword of a later haproxy"),
    (Side::Oracle, "unknown converter", "a converter of a later haproxy"),
    (
        Side::Parser,
        "unexpected argument",
        "haproxy says so at the next line of the section, and there is none",
    ),
    (Side::Parser, "Wrong server-template number", "haproxy takes a number without digits for zero servers"),
    (Side::Parser, "expects <value> as argument", "haproxy takes a missing number for zero"),
    (Side::Parser, "expects an integer argument", "haproxy takes a missing number for zero"),
    (Side::Parser, "'stick' expects", "haproxy takes any word for 'on'"),
    (
        Side::Parser,
        "missing fetch method in ACL expression ''",
        "haproxy passes over an acl line without words",
    ),
    (Side::Parser, "unexpected character", "an error since haproxy 2.8"),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    /// haproxy rejects, with this text.
    Oracle,
    /// The parser rejects, with this text.
    Parser,
}

/// The reason of a difference; none if it is a defect.
pub(crate) fn of(theirs: &Verdict, ours: &Verdict) -> Option<&'static str> {
    let (side, alerts) =
        if ours.accepted { (Side::Oracle, &theirs.alerts) } else { (Side::Parser, &ours.alerts) };
    let first = alerts.first()?;
    REASONS.iter().find(|(of, part, _)| *of == side && first.contains(part)).map(|(.., reason)| *reason)
}
