//! One connection's dialogue: lines in, answers out.

use super::Reloaded;
use std::time::Duration;

/// What a connection may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    User,
    Operator,
    Admin,
}

/// What commands may see, and what they leave to do.
pub(super) struct View<'a> {
    pub(super) version: &'static str,
    pub(super) master: i32,
    pub(super) worker: i32,
    pub(super) uptime: Duration,
    pub(super) failed_reloads: u32,
    pub(super) reload: &'a mut dyn FnMut() -> Reloaded,
}

/// What a connection remembers from line to line.
#[derive(Debug)]
pub(super) struct Session {
    level: Level,
    prompt: bool,
}

/// The answer to a line.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) text: String,
    pub(super) close: bool,
}

/// A command.
struct Command {
    words: &'static [&'static str],
    level: Level,
    doc: &'static str,
    run: fn(&mut Session, &mut View<'_>) -> Answer,
}

enum Answer {
    /// Text, complete but for the empty line at its end.
    Text(String),
    /// No text at all.
    Silent,
    Close,
}

const COMMANDS: &[Command] = &[
    Command {
        words: &["@master"],
        level: Level::User,
        doc: "send a command to the master process",
        run: |_, _| Answer::Silent,
    },
    Command {
        words: &["operator"],
        level: Level::User,
        doc: "lower the level of the current CLI session to operator",
        run: |session, _| {
            session.level = session.level.min(Level::Operator);
            Answer::Text(String::new())
        },
    },
    Command {
        words: &["reload"],
        level: Level::Admin,
        doc: "reload haproxy",
        run: |_, view| {
            let Reloaded { success, logs } = (view.reload)();
            view.failed_reloads = if success { 0 } else { view.failed_reloads + 1 };
            Answer::Text(format!("Success={}\n--\n{logs}", u8::from(success)))
        },
    },
    Command {
        words: &["show", "cli", "level"],
        level: Level::User,
        doc: "display the level of the current CLI session",
        run: |session, _| {
            let name = match session.level {
                Level::User => "user",
                Level::Operator => "operator",
                Level::Admin => "admin",
            };
            Answer::Text(format!("{name}\n"))
        },
    },
    Command {
        words: &["show", "proc"],
        level: Level::User,
        doc: "show processes status",
        run: |_, view| Answer::Text(processes(view)),
    },
    Command {
        words: &["show", "version"],
        level: Level::User,
        doc: "show version of the current process",
        run: |_, view| Answer::Text(format!("{}\n", view.version)),
    },
    Command {
        words: &["user"],
        level: Level::User,
        doc: "lower the level of the current CLI session to user",
        run: |session, _| {
            session.level = Level::User;
            Answer::Text(String::new())
        },
    },
    Command {
        words: &["help"],
        level: Level::User,
        doc: "list matching or all commands",
        run: |session, _| Answer::Text(session.help()),
    },
    Command {
        words: &["prompt"],
        level: Level::User,
        doc: "toggle interactive mode with prompt",
        run: |session, _| {
            session.prompt = !session.prompt;
            Answer::Silent
        },
    },
    Command { words: &["quit"], level: Level::User, doc: "disconnect", run: |_, _| Answer::Close },
];

impl Session {
    pub(super) fn new(level: Level) -> Self {
        Self { level, prompt: false }
    }

    /// Answers one line, which may hold several commands separated by semicolons.
    pub(super) fn line(&mut self, line: &str, view: &mut View<'_>) -> Reply {
        let mut reply = Reply::default();
        for command in line.split(';') {
            match self.command(command, view) {
                Answer::Text(text) => {
                    reply.text.push_str(&text);
                    reply.text.push('\n');
                }
                Answer::Silent => {}
                Answer::Close => {
                    reply.close = true;
                    return reply;
                }
            }
        }
        if self.prompt {
            reply.text.push_str("master> ");
        }
        reply
    }

    fn command(&mut self, command: &str, view: &mut View<'_>) -> Answer {
        let words: Vec<&str> = command.split_whitespace().collect();
        let words = match words.as_slice() {
            ["@master" | "@0", rest @ ..] => rest,
            [target, ..] if target.starts_with('@') => return Answer::Text(elsewhere(target, view)),
            words => words,
        };
        if words.is_empty() {
            return if self.prompt || !command.trim().is_empty() { Answer::Silent } else { self.unknown("") };
        }
        match COMMANDS.iter().find(|row| words.starts_with(row.words)) {
            Some(row) if row.level <= self.level => (row.run)(self, view),
            Some(_) => Answer::Text("Permission denied\n".to_owned()),
            None => self.unknown(&words.join(" ")),
        }
    }

    fn unknown(&self, what: &str) -> Answer {
        let what =
            if what.is_empty() { "Unknown command".to_owned() } else { format!("Unknown command: '{what}'") };
        Answer::Text(format!("{what}. Please enter one of the following commands only:\n{}", self.list()))
    }

    fn help(&self) -> String {
        format!("The following commands are valid at this level:\n{}", self.list())
    }

    fn list(&self) -> String {
        let rows = COMMANDS.iter().filter(|row| row.level <= self.level);
        rows.map(|row| format!("  {:<40}: {}\n", row.words.join(" "), row.doc)).collect()
    }
}

/// A command for another process.
fn elsewhere(target: &str, view: &View<'_>) -> String {
    let known =
        target == "@1" || target.strip_prefix("@!").and_then(|pid| pid.parse().ok()) == Some(view.worker);
    if known {
        "Commands to the worker are not passed on yet: send them to a 'stats socket' of the configuration.\n"
            .to_owned()
    } else {
        format!("Can't find the target PID matching the prefix '{target}'\n")
    }
}

fn processes(view: &View<'_>) -> String {
    let uptime = view.uptime.as_secs();
    let (days, hours, minutes, seconds) =
        (uptime / 86_400, uptime / 3600 % 24, uptime / 60 % 60, uptime % 60);
    let uptime = format!("{days}d{hours:02}h{minutes:02}m{seconds:02}s");
    let row =
        |a: &str, b: &str, c: &str, d: &str, e: &str| format!("{a:<15} {b:<15} {c:<15} {d:<15} {e:<15}\n");
    let failed = format!("0 [failed: {}]", view.failed_reloads);
    [
        row("#<PID>", "<type>", "<reloads>", "<uptime>", "<version>"),
        row(&view.master.to_string(), "master", &failed, &uptime, view.version),
        "# workers\n".to_owned(),
        row(&view.worker.to_string(), "worker", "0", &uptime, view.version),
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers a line as the monitor would whose reloads come to this.
    fn answer(session: &mut Session, line: &str, outcome: &Reloaded) -> (Reply, u32) {
        let mut count = 0;
        let mut reload = || {
            count += 1;
            outcome.clone()
        };
        let uptime = Duration::from_secs(90_061);
        let mut view =
            View { version: "3.5.0", master: 7, worker: 8, uptime, failed_reloads: 0, reload: &mut reload };
        let reply = session.line(line, &mut view);
        (reply, count)
    }

    fn say(session: &mut Session, line: &str) -> Reply {
        answer(session, line, &Reloaded::default()).0
    }

    fn ask(line: &str) -> String {
        say(&mut Session::new(Level::Admin), line).text
    }

    #[test]
    fn processes_are_listed_in_haproxys_columns() {
        let expected = "#<PID>          <type>          <reloads>       <uptime>        <version>      \n\
                        7               master          0 [failed: 0]   1d01h01m01s     3.5.0          \n\
                        # workers\n\
                        8               worker          0               1d01h01m01s     3.5.0          \n\n";
        assert_eq!(ask("show proc\n"), expected);
    }

    #[test]
    fn answers_end_in_an_empty_line_and_chain() {
        assert_eq!(ask("show version\n"), "3.5.0\n\n");
        assert_eq!(ask("show version;@master show version\n"), "3.5.0\n\n3.5.0\n\n");
        assert!(ask("help\n").starts_with("The following commands are valid at this level:\n"));
    }

    #[test]
    fn a_prompt_is_kept_until_quit() {
        let mut session = Session::new(Level::Admin);
        assert_eq!(say(&mut session, "prompt\n").text, "master> ");
        assert_eq!(say(&mut session, "show version\n").text, "3.5.0\n\nmaster> ");
        assert_eq!(say(&mut session, "\n").text, "master> ");
        assert!(say(&mut session, "quit\n").close);
    }

    #[test]
    fn levels_only_sink() {
        let mut session = Session::new(Level::Admin);
        say(&mut session, "user\n");
        say(&mut session, "operator\n");
        assert_eq!(say(&mut session, "show cli level\n").text, "user\n\n");
        let (reply, reloads) = answer(&mut session, "reload\n", &Reloaded::default());
        assert_eq!((reply.text.as_str(), reloads), ("Permission denied\n\n", 0));
    }

    #[test]
    fn reloads_are_answered_with_their_logs() {
        for (success, expected) in [(true, "Success=1\n--\nlog\n\n"), (false, "Success=0\n--\nlog\n\n")] {
            let outcome = Reloaded { success, logs: "log\n".into() };
            let (reply, reloads) = answer(&mut Session::new(Level::Admin), "reload\n", &outcome);
            assert_eq!((reply.text.as_str(), reloads), (expected, 1));
        }
    }

    #[test]
    fn other_processes_and_words_are_told() {
        assert_eq!(ask("@2 show info\n"), "Can't find the target PID matching the prefix '@2'\n\n");
        assert!(ask("@1 show info\n").contains("not passed on yet"));
        assert!(ask("foo bar\n").starts_with("Unknown command: 'foo bar'"));
    }
}
