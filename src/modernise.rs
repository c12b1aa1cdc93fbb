//! `--modernise`: configuration files in today's keywords.

use crate::cli::Options;
use crate::load::{self, Failure, Surroundings};
use crate::message::Messages;
use haproxy_cfg_parser::{Severity, modernise};
use std::io::Write;

/// Writes the files to stdout, and what is said about the old ones to stderr. The exit code: 1 if a line is wrong or has no exact
/// translation.
pub(crate) fn print(options: &Options, messages: &Messages) -> u8 {
    let world = Surroundings::new(options);
    let sources = match load::sources(options, &world) {
        Ok(sources) => sources,
        Err(Failure::NoFiles) => return 1,
        Err(Failure::Fatal(text)) => {
            messages.alert(&text);
            return 1;
        }
    };
    let (written, found) = modernise(&sources, &world);
    found.iter().for_each(|finding| messages.diagnostic(finding));
    let mut out = std::io::stdout().lock();
    let done = written.iter().try_for_each(|source| out.write_all(&source.bytes)).and_then(|()| out.flush());
    let wrong = found.iter().any(|finding| finding.severity == Severity::Alert);
    u8::from(wrong || done.is_err())
}
