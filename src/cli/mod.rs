//! The command line: HAProxy's flags (management guide 3), read into [`Options`].
//!
//! HAProxy's flags are whole words that may be followed by more letters (`-vfoo` is `-v`, `-dM0x50` is
//! `-dM`), and a few take the words after them. [`table`] has one row for each.

mod table;
#[cfg(test)]
mod tests;

use crate::trace::Trace;
use std::path::PathBuf;

pub(crate) use table::usage;

/// What the command line asks for.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Options {
    /// What to do.
    pub(crate) action: Action,
    /// Configuration files and folders, in order.
    pub(crate) files: Vec<PathBuf>,
    /// `-d`: stay in the foreground and tell more.
    pub(crate) debug: bool,
    /// `-db`: stay in the foreground.
    pub(crate) foreground: bool,
    /// `-D`: go to the background.
    pub(crate) daemon: bool,
    /// `-W`: a monitor and a worker.
    pub(crate) worker: bool,
    /// `-Ws`: as `-W`, and tell systemd.
    pub(crate) notify: bool,
    /// `-q`: say nothing.
    pub(crate) quiet: bool,
    /// `-V`: say more; undoes `-q`.
    pub(crate) verbose: bool,
    /// `--trace`: lb's own events to standard error.
    pub(crate) trace: Option<Trace>,
    /// `-dW`: a warning is an error.
    pub(crate) zero_warning: bool,
    /// `-dD`: show diagnostics of the lowest severity too.
    pub(crate) diagnostic: bool,
    /// `-dL`: list the loaded object files.
    pub(crate) list_objects: bool,
    /// `-dK`: the classes of keywords to list.
    pub(crate) keywords: Option<String>,
    /// Start-up options that a flag switched off, by the names that `enabled()` knows (manual 2.4).
    pub(crate) disabled: Vec<&'static str>,
    /// `-n`: the process's `maxconn`, before the file's.
    pub(crate) maxconn: Option<u64>,
    /// `-N`: `maxconn` of each frontend that sets none.
    pub(crate) proxy_maxconn: Option<u64>,
    /// `-m`: most memory, in MiB.
    pub(crate) memory_mib: Option<u64>,
    /// `-L`: this node's name among its peers.
    pub(crate) local_peer: Option<String>,
    /// `-C`: where to change to before the files are read.
    pub(crate) directory: Option<PathBuf>,
    /// `-p`: where to write the process id.
    pub(crate) pidfile: Option<PathBuf>,
    /// `-S`: the master socket.
    pub(crate) master_socket: Option<String>,
    /// `-x`: the stats socket of a process whose listening sockets this one takes.
    pub(crate) donor: Option<PathBuf>,
    /// `-sf` and `-st`: old processes to end once this one is ready.
    pub(crate) predecessors: Option<Predecessors>,
}

/// What to do.
#[derive(Debug, Default, PartialEq)]
pub(crate) enum Action {
    /// Run the proxy.
    #[default]
    Run,
    /// `-c`: check the configuration.
    Check,
    /// `-cc`: evaluate a condition.
    Condition(String),
    /// `--modernise`: print the files in today's keywords.
    Modernise,
    /// `-v` and its variants.
    Version(VersionForm),
    /// `-dMhelp`.
    MemoryHelp,
}

/// What `-v...` prints.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum VersionForm {
    /// `-v`: the version and a few facts.
    Plain,
    /// `-vv`: everything about the build.
    Build,
    /// `-vq`: the version alone.
    Quiet,
    /// `-vqs`: the version without what follows its numbers.
    Short,
    /// `-vqb`: the branch.
    Branch,
}

/// Processes that this one replaces.
#[derive(Debug, PartialEq)]
pub(crate) struct Predecessors {
    /// Let them finish (`-sf`), or end them at once (`-st`).
    pub(crate) finish: bool,
    /// Their ids.
    pub(crate) pids: Vec<i32>,
}

/// Why a command line is refused.
#[derive(Debug, PartialEq)]
pub(crate) enum Refusal {
    /// Not understood: show the usage.
    Usage,
    /// Understood, and wrong.
    Wrong(String),
}

impl Options {
    /// `-d` or `-V` beats `-q`.
    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet && !self.verbose && !self.debug
    }
}

/// Reads the words after the program's name.
///
/// # Errors
/// A [`Refusal`]; the program's exit code is then 1.
pub(crate) fn parse(words: impl IntoIterator<Item = String>) -> Result<Options, Refusal> {
    let mut options = Options::default();
    let mut words = words.into_iter().peekable();
    while let Some(word) = words.next() {
        let Some(flag) = word.strip_prefix('-') else { return Err(Refusal::Usage) };
        if flag == "-" {
            options.files.extend(words.by_ref().map(PathBuf::from));
            break;
        }
        let (row, rest) = table::find(flag).ok_or(Refusal::Usage)?;
        match row.act {
            table::Act::Switch(set) => set(&mut options, rest),
            table::Act::Value(set) => set(&mut options, words.next().ok_or(Refusal::Usage)?)?,
            table::Act::Pids { finish } => {
                let pids = options.predecessors.get_or_insert(Predecessors { finish, pids: Vec::new() });
                pids.finish = finish;
                while let Some(list) = words.next_if(|word| !word.starts_with('-')) {
                    pids.pids.extend(table::pids(flag, &list)?);
                }
            }
            table::Act::Unsupported => {
                return Err(Refusal::Wrong(format!("option '-{}' is not supported yet.", row.name)));
            }
        }
        if matches!(options.action, Action::Version(_) | Action::MemoryHelp) {
            return Ok(options);
        }
    }
    if options.files.is_empty() && !matches!(options.action, Action::Condition(_)) {
        return Err(Refusal::Usage);
    }
    Ok(options)
}
