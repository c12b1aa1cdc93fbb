//! `dump stats-file`.

use super::{Command, Outcome};
use crate::stats::file;

pub(super) const STATS_FILE: Command =
    Command::user(&["dump", "stats-file"], "dump stats-file", "dump stats for restore", |call| {
        Outcome::Dump(file::dump(call.plan))
    });
