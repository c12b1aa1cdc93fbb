//! What a program that runs the engine adds to what operators see of it: commands of the runtime API, metrics, and
//! sections of the statistics page. All of it is data here; the rooms of the three render it.

use crate::admin::{self, Level};
use std::fmt;
use std::pin::Pin;

/// Everything that is added. The default adds nothing.
#[derive(Default)]
pub struct Extension {
    /// Commands. Where two have the same first words, the longer one is meant.
    pub commands: Vec<Command>,
    /// Metrics, read when they are asked for.
    pub metrics: Option<Box<dyn Fn() -> Vec<Metric> + Send + Sync>>,
    /// Sections of the statistics page.
    pub panels: Option<Box<dyn Fn() -> Vec<Panel> + Send + Sync>>,
}

impl fmt::Debug for Extension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Extension").field("commands", &self.commands).finish_non_exhaustive()
    }
}

impl Extension {
    /// The command that words name.
    pub fn command(&self, words: &[String]) -> Option<&Command> {
        let named = |command: &&Command| admin::is_named(command.words, words);
        self.commands.iter().filter(named).max_by_key(|command| command.words.len())
    }
}

/// What a command comes to: a text, or why there is none.
pub type Said = Result<String, String>;
/// What a command does with the words after its own.
pub type Run = Box<dyn Fn(Vec<String>) -> Pin<Box<dyn Future<Output = Said> + Send>> + Send + Sync>;

/// A command.
pub struct Command {
    /// The words that name it.
    pub words: &'static [&'static str],
    /// How to call it.
    pub usage: &'static str,
    /// What it does, in `help`.
    pub doc: &'static str,
    /// Who may call it.
    pub level: Level,
    /// It changes what nodes share: a socket needs `cluster-write` for it, and it cannot be for one node alone (`@local`).
    pub writes: bool,
    /// Does it.
    pub run: Run,
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.usage)
    }
}

/// A family of metrics.
#[derive(Clone, Debug)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// What it measures.
    pub doc: &'static str,
    /// It only rises.
    pub counter: bool,
    /// What it is now, by labels.
    pub samples: Vec<(Vec<(&'static str, String)>, Reading)>,
}

/// A value of a metric.
#[derive(Clone, Debug)]
pub enum Reading {
    /// A number.
    Number(f64),
    /// A histogram.
    Histogram {
        /// Upper bounds of its buckets, rising.
        bounds: &'static [f64],
        /// How many fell into each, and then how many above the last.
        counts: Vec<u64>,
        /// The sum of all.
        sum: f64,
    },
}

/// A section of the statistics page.
#[derive(Clone, Debug, Default)]
pub struct Panel {
    /// What stands above it.
    pub title: String,
    /// A line under that.
    pub summary: String,
    /// What the columns of its table are.
    pub head: Vec<&'static str>,
    /// The rows: how each looks, and its cells.
    pub rows: Vec<(Look, Vec<String>)>,
}

/// How a row looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// All is well.
    Good,
    /// It is gone.
    Bad,
    /// Nothing is known.
    Unknown,
}
