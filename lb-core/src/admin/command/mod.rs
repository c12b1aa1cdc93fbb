//! The table of commands.

mod absent;
mod backend;
mod counters;
mod dump;
mod dynamic;
mod frontend;
mod limits;
mod pattern;
mod probe;
mod publish;
mod server;
mod session;
mod shared;
mod show;
mod shutdown;
mod target;
mod variable;
mod wait;

pub(super) use shared::{is_shared, says_when_stale};

use super::change::Change;
use super::{Context, Level, is_named};
use crate::compile::Plan;
pub(super) use show::events::Watch;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

/// A command: its words, its line in `help`, and what it does.
pub(super) struct Command {
    /// The words that name it.
    pub(super) words: &'static [&'static str],
    /// How to call it.
    pub(super) usage: &'static str,
    /// What it does, in `help`.
    pub(super) doc: &'static str,
    /// Who may call it.
    pub(super) level: Level,
    /// Does it.
    pub(super) run: fn(&Call<'_>) -> Outcome,
}

impl Command {
    /// One that changes something, for administrators.
    const fn admin(
        words: &'static [&'static str],
        usage: &'static str,
        doc: &'static str,
        run: fn(&Call<'_>) -> Outcome,
    ) -> Self {
        Self { words, usage, doc, level: Level::Admin, run }
    }

    /// One that only looks.
    const fn user(
        words: &'static [&'static str],
        usage: &'static str,
        doc: &'static str,
        run: fn(&Call<'_>) -> Outcome,
    ) -> Self {
        Self { words, usage, doc, level: Level::User, run }
    }
}

/// A call of a command.
pub(super) struct Call<'a> {
    /// What there is.
    pub(super) context: &'a Context,
    /// The plan as the command began.
    pub(super) plan: &'a Plan,
    /// The session's level.
    pub(super) level: Level,
    /// What it changes holds on all nodes of a cluster, and may have been changed by another.
    pub(super) shared: bool,
    /// Words after those that name the command.
    pub(super) args: &'a [String],
    /// Lines that came with the command (`<<`).
    pub(super) payload: Option<&'a str>,
}

impl Call<'_> {
    /// An argument; empty when it is missing.
    pub(super) fn arg(&self, index: usize) -> &str {
        self.args.get(index).map_or("", String::as_str)
    }

    /// The number of the proxy of that name.
    pub(super) fn proxy_id(&self, name: &str) -> Option<u32> {
        let frontend = self.plan.frontends.iter().find(|frontend| frontend.name == name);
        let backend = || self.plan.backends.find(name).map(|backend| backend.id);
        frontend.map(|frontend| frontend.id).or_else(backend)
    }
}

/// A text that is not there yet.
pub(super) type Later = Pin<Box<dyn Future<Output = Result<String, String>> + Send>>;

/// What a command comes to.
pub(super) enum Outcome {
    /// A dump, printed as it is.
    Dump(String),
    /// A message, which `set severity-output` may mark.
    Info(String),
    /// Why it failed.
    Error(String),
    /// Something to be changed.
    Change(Change),
    /// Something to be changed, and what is said once it is.
    Said(Change, String),
    /// A dump, or why it failed, that takes time to make.
    Later(Later),
    /// A message, or why it failed, after a while.
    SaidLater(Later),
    /// Messages of a ring, until the client says something.
    Watch(Watch),
    /// Something about the session.
    Session(Action),
}

impl From<Result<Outcome, String>> for Outcome {
    fn from(result: Result<Outcome, String>) -> Self {
        result.unwrap_or_else(Self::Error)
    }
}

/// What a command does to its session.
pub(super) enum Action {
    /// Gives up rights.
    Lower(Level),
    /// `prompt` and its words.
    Prompt(Vec<String>),
    /// Ends it.
    Quit,
    /// How long it may be idle.
    Timeout(Duration),
    /// How messages are marked.
    Severity(Severity),
    /// Whether commands are taken that others would not miss; none: says whether they are.
    Trust(Trust, Option<bool>),
}

/// Kinds of commands that a session takes only when it was told to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// `experimental-mode`.
    Experimental,
    /// `expert-mode`, for which lb has no command.
    Expert,
}

/// How messages are marked (`set severity-output`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Severity {
    #[default]
    None,
    Number,
    Word,
}

/// All commands, in the order of `help`: by name, those about the session last.
pub(super) static COMMANDS: &[Command] = &[
    pattern::ADD_ACL,
    backend::ADD,
    pattern::ADD_MAP,
    dynamic::ADD,
    pattern::CLEAR_ACL,
    counters::CLEAR,
    pattern::CLEAR_MAP,
    pattern::COMMIT_ACL,
    pattern::COMMIT_MAP,
    pattern::DEL_ACL,
    backend::DELETE,
    pattern::DEL_MAP,
    dynamic::DELETE,
    probe::DISABLE_AGENT,
    frontend::DISABLE,
    probe::DISABLE_HEALTH,
    server::DISABLE,
    dump::STATS_FILE,
    session::ECHO,
    probe::ENABLE_AGENT,
    frontend::ENABLE,
    probe::ENABLE_HEALTH,
    server::ENABLE,
    pattern::GET_ACL,
    pattern::GET_MAP,
    variable::GET,
    server::GET_WEIGHT,
    session::OPERATOR,
    pattern::PREPARE_ACL,
    pattern::PREPARE_MAP,
    publish::PUBLISH,
    pattern::SET_MAP,
    limits::FRONTEND,
    limits::GLOBAL,
    server::SET_MAXCONN,
    limits::RATE,
    server::SET,
    session::SEVERITY,
    session::TIMEOUT,
    server::SET_WEIGHT,
    pattern::SHOW_ACL,
    show::threads::ACTIVITY,
    show::backend::BACKEND,
    show::cli::LEVEL,
    show::cli::SOCKETS,
    show::defaults::DEFAULTS,
    show::dev::DEV,
    show::env::ENV,
    show::errors::ERRORS,
    show::events::EVENTS,
    show::fd::FD,
    show::info::INFO,
    show::dev::LIBS,
    pattern::SHOW_MAP,
    show::threads::POOLS,
    show::resolvers::RESOLVERS,
    show::dev::SCHEMA,
    show::servers::CONN,
    show::servers::STATE,
    show::sess::SESS,
    show::info::STARTUP_LOGS,
    show::stat::STAT,
    show::dev::TASKS,
    show::threads::THREADS,
    show::info::VERSION,
    frontend::SHUTDOWN,
    shutdown::SESSION,
    shutdown::SERVER,
    publish::UNPUBLISH,
    session::USER,
    wait::WAIT,
    session::HELP,
    session::PROMPT,
    session::QUIT,
];

/// Commands that no list shows, as in HAProxy.
static UNLISTED: &[Command] = &[session::EXPERIMENTAL, session::EXPERT];

/// Commands for sessions in `experimental-mode`.
static EXPERIMENTAL: &[Command] = &[variable::SET];

/// How many of them, at the end, are shown with every list of commands.
pub(super) const ALWAYS_SHOWN: usize = 3;

/// The command that words name.
pub(super) fn find(words: &[String]) -> Option<&'static Command> {
    COMMANDS
        .iter()
        .chain(UNLISTED)
        .chain(EXPERIMENTAL)
        .chain(absent::ABSENT)
        .find(|command| is_named(command.words, words))
}

/// True for words that name a command for sessions in `experimental-mode`.
pub(super) fn is_experimental(words: &[String]) -> bool {
    EXPERIMENTAL.iter().any(|command| is_named(command.words, words))
}
