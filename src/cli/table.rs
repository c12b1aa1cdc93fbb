//! One row for each flag.

use super::{Action, Options, Refusal, VersionForm};
use crate::trace::Trace;
use std::path::PathBuf;

/// A flag.
pub(super) struct Flag {
    /// The word after the dash.
    pub(super) name: &'static str,
    /// More letters may follow the name.
    open: bool,
    /// What it does.
    pub(super) act: Act,
    /// What follows it, as the usage shows it.
    argument: &'static str,
    /// One line for the usage; none: the row only widens another.
    doc: Option<&'static str>,
}

/// What a flag does.
pub(super) enum Act {
    /// Sets something; gets the letters after the flag's name.
    Switch(fn(&mut Options, &str)),
    /// Takes the next word, whatever it looks like.
    Value(fn(&mut Options, String) -> Result<(), Refusal>),
    /// Takes the following words up to the next dash, as process ids.
    Pids {
        /// `-sf`, not `-st`.
        finish: bool,
    },
    /// HAProxy has it, lb not yet.
    Unsupported,
}

const fn switch(name: &'static str, doc: Option<&'static str>, set: fn(&mut Options, &str)) -> Flag {
    Flag { name, open: true, act: Act::Switch(set), argument: "", doc }
}

const fn value(
    name: &'static str,
    argument: &'static str,
    doc: &'static str,
    set: fn(&mut Options, String) -> Result<(), Refusal>,
) -> Flag {
    Flag { name, open: true, act: Act::Value(set), argument, doc: Some(doc) }
}

/// For what concerns only the insides of HAProxy: accepted, nothing to do.
fn harmless(_: &mut Options, _: &str) {}

/// All flags. The first row that matches counts, so longer names stand before their beginnings.
const FLAGS: &[Flag] = &[
    value("f", "<file|dir>", "read this file, or the *.cfg files of this folder; may be repeated", |o, v| {
        o.files.push(PathBuf::from(v));
        Ok(())
    }),
    Flag {
        name: "cc",
        open: false,
        act: Act::Value(|o, v| {
            o.action = Action::Condition(v);
            Ok(())
        }),
        argument: "<condition>",
        doc: Some("evaluate a condition: exit 0 if it holds, 1 if not, 2 if it is wrong"),
    },
    value(
        "-modernise",
        "<file|dir>",
        "print this file in today's keywords; warnings show each line that changes",
        |o, v| {
            o.action = Action::Modernise;
            o.files.push(PathBuf::from(v));
            Ok(())
        },
    ),
    value(
        "-trace",
        "<level>[,json]",
        "tell lb's own events of this level (error, warn, info, debug) on stderr, as text or as JSON",
        |o, v| {
            let wrong = || {
                Refusal::Wrong(format!(
                    "'--trace' expects error, warn, info or debug, and ',json' or nothing, not '{v}'."
                ))
            };
            o.trace = Some(Trace::parse(&v).ok_or_else(wrong)?);
            Ok(())
        },
    ),
    switch("c", Some("check the configuration and exit: 0 good, 1 bad, 2 nothing to listen on"), |o, _| {
        o.action = Action::Check;
    }),
    switch("vv", Some("print the version and what this build can do"), |o, _| {
        o.action = Action::Version(VersionForm::Build);
    }),
    switch("vqs", Some("print the version's numbers only"), |o, _| {
        o.action = Action::Version(VersionForm::Short);
    }),
    switch("vqb", Some("print the branch only"), |o, _| o.action = Action::Version(VersionForm::Branch)),
    switch("vq", Some("print the version only"), |o, _| o.action = Action::Version(VersionForm::Quiet)),
    switch("v", Some("print the version"), |o, _| o.action = Action::Version(VersionForm::Plain)),
    switch("V", Some("say more, even with -q"), |o, _| o.verbose = true),
    switch("q", Some("say nothing"), |o, _| o.quiet = true),
    switch("db", Some("stay in the foreground"), |o, _| o.foreground = true),
    switch("dM", Some("memory debugging of HAProxy; accepted, no effect (-dMhelp)"), |o, rest| {
        if rest.split(',').any(|word| word == "help") {
            o.action = Action::MemoryHelp;
        }
    }),
    switch("de", Some("accepted, no effect: the poller is always epoll"), harmless),
    switch("dp", None, harmless),
    switch("dS", Some("accepted, no effect: nothing is spliced"), |o, _| o.disabled.push("SPLICE")),
    switch("dG", None, |o, _| o.disabled.push("GETADDRINFO")),
    switch("dI", Some("accepted, no effect: processes may be started"), harmless),
    switch("dF", None, harmless),
    switch("dZ", None, harmless),
    Flag { name: "dr", open: false, act: Act::Unsupported, argument: "", doc: None },
    switch("dL", Some("list the loaded object files after the check"), |o, _| o.list_objects = true),
    switch("dW", Some("a warning is an error"), |o, _| o.zero_warning = true),
    switch("dD", Some("show what is merely suspicious too"), |o, _| o.diagnostic = true),
    Flag {
        name: "dK",
        open: true,
        act: Act::Switch(|o, rest| o.keywords = Some(rest.to_owned())),
        argument: "<class>,...",
        doc: Some("list the known keywords (-dKhelp lists the classes)"),
    },
    switch("dt", Some("trace to stderr"), |o, _| o.debug = true),
    Flag { name: "dR", open: true, act: Act::Unsupported, argument: "", doc: None },
    Flag { name: "dV", open: true, act: Act::Unsupported, argument: "", doc: None },
    Flag { name: "dC", open: true, act: Act::Unsupported, argument: "", doc: None },
    switch("d", Some("stay in the foreground and tell more"), |o, _| o.debug = true),
    switch("D", Some("go to the background"), |o, _| o.daemon = true),
    switch("Ws", Some("as -W, and tell systemd"), |o, _| (o.worker, o.notify) = (true, true)),
    switch("W", Some("a monitor and a worker process"), |o, _| o.worker = true),
    Flag {
        name: "sf",
        open: false,
        act: Act::Pids { finish: true },
        argument: "<pid>...",
        doc: Some("when ready, let these processes finish"),
    },
    Flag {
        name: "st",
        open: false,
        act: Act::Pids { finish: false },
        argument: "<pid>...",
        doc: Some("when ready, end these processes"),
    },
    value("x", "<socket>", "take the listening sockets of the process with this stats socket", |o, v| {
        // As in HAProxy: what stands for none in scripts.
        o.donor = (v != "/dev/null").then(|| PathBuf::from(v));
        Ok(())
    }),
    value("S", "<bind>[,<option>...]", "open the master socket here (needs -W)", |o, v| {
        o.master_socket = Some(v);
        Ok(())
    }),
    value("p", "<file>", "write the process id to this file", |o, v| {
        o.pidfile = Some(PathBuf::from(v));
        Ok(())
    }),
    value("C", "<dir>", "change to this folder before reading files", |o, v| {
        o.directory = Some(PathBuf::from(v));
        Ok(())
    }),
    value("L", "<name>", "this node's name among its peers; default: the host name", |o, v| {
        o.local_peer = Some(v);
        Ok(())
    }),
    value("n", "<count>", "most connections of the process", |o, v| {
        o.maxconn = number(&v);
        Ok(())
    }),
    value("N", "<count>", "most connections of each frontend that sets no maxconn", |o, v| {
        o.proxy_maxconn = number(&v);
        Ok(())
    }),
    value("m", "<MiB>", "most memory of the process", |o, v| {
        o.memory_mib = number(&v);
        Ok(())
    }),
    Flag { name: "4", open: true, act: Act::Unsupported, argument: "", doc: None },
];

/// The row of a flag, and the letters after its name.
pub(super) fn find(flag: &str) -> Option<(&'static Flag, &str)> {
    FLAGS.iter().find_map(|row| {
        let rest = flag.strip_prefix(row.name)?;
        (row.open || rest.is_empty()).then_some((row, rest))
    })
}

/// The process ids in one word, separated by blanks (`-sf "$(pidof haproxy)"`).
pub(super) fn pids(flag: &str, list: &str) -> Result<Vec<i32>, Refusal> {
    list.split_whitespace()
        .map(|word| match word.parse::<i32>() {
            Ok(pid) if pid > 0 => Ok(pid),
            _ => Err(Refusal::Wrong(format!("-{flag} option: some bytes unconsumed in PID list {{{word}}}"))),
        })
        .collect()
}

/// A number as C's `atol` reads it; what is not above zero sets nothing.
fn number(word: &str) -> Option<u64> {
    let digits: &str = word.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
    digits.parse().ok().filter(|&n| n > 0)
}

/// The usage text.
pub(crate) fn usage(program: &str) -> String {
    let mut text = format!("Usage: {program} [-f <file|dir>]... [options] [-- <file>...]\n");
    for row in FLAGS {
        if let Some(doc) = row.doc {
            let left = format!("-{} {}", row.name, row.argument);
            text.push_str(&format!("  {left:<26} {doc}\n"));
        }
    }
    text
}
