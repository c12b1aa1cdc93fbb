//! The commands of the master socket.

use super::View;
use super::session::Session;
use lb_core::admin::Level;

/// A command.
pub(super) struct Command {
    pub(super) words: &'static [&'static str],
    /// How to call it, where the words alone do not say so.
    pub(super) usage: &'static str,
    pub(super) level: Level,
    pub(super) doc: &'static str,
    pub(super) run: fn(&mut Session, &mut View<'_>) -> Answer,
}

/// What a command comes to.
pub(super) enum Answer {
    /// Text, complete but for the empty line at its end.
    Text(String),
    /// No text at all.
    Silent,
    Close,
}

const fn row(
    words: &'static [&'static str],
    level: Level,
    doc: &'static str,
    run: fn(&mut Session, &mut View<'_>) -> Answer,
) -> Command {
    Command { words, usage: "", level, doc, run }
}

const fn prefix(usage: &'static str, doc: &'static str) -> Command {
    Command { words: &[], usage, level: Level::User, doc, run: |_, _| Answer::Silent }
}

/// All of them, in the order of `help`. Prefixes have no words: sessions take them off a line first.
pub(super) const COMMANDS: &[Command] = &[
    prefix("@!<pid>", "send a command to the <pid> process"),
    prefix("@<relative pid>", "send a command to the <relative pid> process"),
    prefix("@@<pid>", "hand the session over to the <pid> process"),
    prefix("@master", "send a command to the master process"),
    row(
        &["hard-reload"],
        Level::Admin,
        "reload, and end what runs on the configuration before at once",
        |_, view| reload(view, true),
    ),
    row(
        &["operator"],
        Level::User,
        "lower the level of the current CLI session to operator",
        |session, _| {
            session.level = session.level.min(Level::Operator);
            Answer::Text(String::new())
        },
    ),
    row(&["reload"], Level::Admin, "reload haproxy", |_, view| reload(view, false)),
    row(
        &["show", "cli", "level"],
        Level::User,
        "display the level of the current CLI session",
        |session, _| {
            let name = match session.level {
                Level::User => "user",
                Level::Operator => "operator",
                Level::Admin => "admin",
            };
            Answer::Text(format!("{name}\n"))
        },
    ),
    row(&["show", "proc"], Level::User, "show processes status", |_, view| Answer::Text(processes(view))),
    row(
        &["show", "startup-logs"],
        Level::User,
        "report logs emitted during the last start or reload",
        |_, view| Answer::Text(view.reloads.logs.clone()),
    ),
    row(&["show", "version"], Level::User, "show version of the current process", |_, view| {
        Answer::Text(format!("{}\n", view.version))
    }),
    row(&["user"], Level::User, "lower the level of the current CLI session to user", |session, _| {
        session.level = Level::User;
        Answer::Text(String::new())
    }),
    row(&["help"], Level::User, "list matching or all commands", |session, _| {
        Answer::Text(format!("The following commands are valid at this level:\n{}", list(session.level)))
    }),
    row(&["prompt"], Level::User, "toggle interactive mode with prompt", |session, _| {
        session.prompt = !session.prompt;
        Answer::Silent
    }),
    row(&["quit"], Level::User, "disconnect", |_, _| Answer::Close),
];

/// The commands of a level, as `help` prints them.
pub(super) fn list(level: Level) -> String {
    let rows = COMMANDS.iter().filter(|row| row.level <= level);
    rows.map(|row| {
        let words = row.words.join(" ");
        format!("  {:<40}: {}\n", if row.usage.is_empty() { &words } else { row.usage }, row.doc)
    })
    .collect()
}

fn reload(view: &mut View<'_>, hard: bool) -> Answer {
    let outcome = view.master.reload(hard);
    if outcome.success {
        view.reloads.done += 1;
        view.reloads.failed = 0;
    } else {
        view.reloads.failed += 1;
    }
    view.reloads.logs.clone_from(&outcome.logs);
    Answer::Text(format!("Success={}\n--\n{}", u8::from(outcome.success), outcome.logs))
}

fn processes(view: &View<'_>) -> String {
    let uptime = view.uptime.as_secs();
    let (days, hours, minutes, seconds) =
        (uptime / 86_400, uptime / 3600 % 24, uptime / 60 % 60, uptime % 60);
    let uptime = format!("{days}d{hours:02}h{minutes:02}m{seconds:02}s");
    let row =
        |a: &str, b: &str, c: &str, d: &str, e: &str| format!("{a:<15} {b:<15} {c:<15} {d:<15} {e:<15}\n");
    let reloads = format!("{} [failed: {}]", view.reloads.done, view.reloads.failed);
    [
        row("#<PID>", "<type>", "<reloads>", "<uptime>", "<version>"),
        row(&view.monitor.to_string(), "master", &reloads, &uptime, view.version),
        "# workers\n".to_owned(),
        // The same process serves every configuration: it is never one of before.
        row(&view.master.worker().to_string(), "worker", "0", &uptime, view.version),
    ]
    .concat()
}
