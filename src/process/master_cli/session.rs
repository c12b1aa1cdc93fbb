//! One connection's dialogue: lines in, answers out.

use super::View;
use super::command::{Answer, COMMANDS, list};
use lb_core::admin::{self, Level};
use std::collections::VecDeque;

/// What a connection remembers from line to line.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) level: Level,
    pub(super) prompt: bool,
    /// Commands without a prefix are the worker's.
    worker: bool,
    /// Commands of the last line that have had no turn yet, with their payload.
    waiting: VecDeque<(String, String)>,
    /// It had a line, and says nothing more without a prompt.
    done: bool,
}

/// What is to be done next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// This is to be sent.
    Text(String),
    /// The worker answers to this.
    Worker {
        level: Level,
        said: Vec<u8>,
    },
    /// The worker has the connection from now on; this was said already.
    HandOver {
        level: Level,
        said: Vec<u8>,
    },
    Close,
}

/// Whom a command is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    Master,
    Worker,
    /// The worker, with all that follows.
    Whole,
}

impl Session {
    pub(super) fn new(level: Level) -> Self {
        Self { level, prompt: false, worker: false, waiting: VecDeque::new(), done: false }
    }

    /// What the next command comes to; none: there is none yet.
    pub(super) fn next(&mut self, input: &mut Vec<u8>, view: &mut View<'_>) -> Option<Reply> {
        if self.waiting.is_empty() {
            if self.done && !self.prompt && !input.contains(&b'\n') {
                return Some(Reply::Close);
            }
            let (line, payload) = take_line(input)?;
            self.done = true;
            // A payload belongs to the last command of its line.
            let mut commands: VecDeque<_> = admin::commands(&line)
                .into_iter()
                .map(|command| (command.to_owned(), String::new()))
                .collect();
            if let (Some(last), Some(payload)) = (commands.back_mut(), payload) {
                last.1 = payload;
            }
            self.waiting = commands;
        }
        let (command, payload) = self.waiting.pop_front()?;
        Some(self.command(&command, &payload, view))
    }

    /// The prompt, where it is due.
    pub(super) fn prompt(&self, view: &View<'_>) -> String {
        match (self.prompt && self.waiting.is_empty(), self.worker) {
            (false, _) => String::new(),
            (true, false) => "master> ".to_owned(),
            (true, true) => format!("{}> ", view.master.worker()),
        }
    }

    fn command(&mut self, command: &str, payload: &str, view: &mut View<'_>) -> Reply {
        let text = command.trim();
        let (target, rest) = match text.split_once(char::is_whitespace).unwrap_or((text, "")) {
            (word, rest) if word.starts_with('@') => match target(word, view) {
                Some(target) => (target, rest.trim_start()),
                None => {
                    let text = format!("Can't find the target PID matching the prefix '{word}'\n\n");
                    return Reply::Text(text + &self.prompt(view));
                }
            },
            _ => (if self.worker { Target::Worker } else { Target::Master }, text),
        };
        let said = |rest: &str| format!("{rest}\n{payload}").into_bytes();
        let level = self.level;
        match target {
            Target::Whole => {
                let mut all = said(rest);
                for (command, payload) in self.waiting.drain(..) {
                    // Only the last command has a payload: what is before this one ends with its line's end.
                    all.pop();
                    all.extend(format!(";{command}\n{payload}").into_bytes());
                }
                return Reply::HandOver { level, said: all };
            }
            // A prefix alone is for all commands after it.
            _ if rest.is_empty() && text.starts_with('@') => {
                self.worker = target == Target::Worker;
                return Reply::Text(self.prompt(view));
            }
            Target::Worker => return Reply::Worker { level, said: said(rest) },
            Target::Master => {}
        }
        let answer = self.own(rest, command, view);
        let text = match answer {
            Answer::Close => return Reply::Close,
            Answer::Text(text) => text + "\n",
            Answer::Silent => String::new(),
        };
        Reply::Text(text + &self.prompt(view))
    }

    /// One of the monitor's own commands.
    fn own(&mut self, text: &str, line: &str, view: &mut View<'_>) -> Answer {
        let words: Vec<&str> = text.split_whitespace().collect();
        if words.is_empty() {
            return if self.prompt || !line.is_empty() { Answer::Silent } else { self.unknown("") };
        }
        match COMMANDS.iter().find(|row| !row.words.is_empty() && words.starts_with(row.words)) {
            Some(row) if row.level <= self.level => (row.run)(self, view),
            Some(_) => Answer::Text("Permission denied\n".to_owned()),
            None => self.unknown(&words.join(" ")),
        }
    }

    fn unknown(&self, what: &str) -> Answer {
        let what =
            if what.is_empty() { "Unknown command".to_owned() } else { format!("Unknown command: '{what}'") };
        let list = list(self.level);
        Answer::Text(format!("{what}. Please enter one of the following commands only:\n{list}"))
    }
}

/// The first line, and its payload with the line that ends it, once both are there.
fn take_line(input: &mut Vec<u8>) -> Option<(String, Option<String>)> {
    let end = input.iter().position(|&byte| byte == b'\n')?;
    let line = String::from_utf8_lossy(input.get(..end)?).trim_end_matches('\r').to_owned();
    let mut taken = end + 1;
    let payload = match admin::payload(&line) {
        None => None,
        Some((_, pattern)) => loop {
            let rest = input.get(taken..)?;
            let length = rest.iter().position(|&byte| byte == b'\n')?;
            let text = rest.get(..length)?;
            taken += length + 1;
            if text.strip_suffix(b"\r").unwrap_or(text) == pattern.as_bytes() {
                break Some(String::from_utf8_lossy(input.get(end + 1..taken)?).into_owned());
            }
        },
    };
    input.drain(..taken);
    Some((line, payload))
}

/// Whom a prefix means; none: a process that there is not.
fn target(word: &str, view: &View<'_>) -> Option<Target> {
    let (name, whole) = match word.strip_prefix("@@") {
        Some(name) => (name, true),
        None => (word.strip_prefix('@')?, false),
    };
    let pid = |name: &str| name.strip_prefix('!').unwrap_or(name).parse::<i32>().ok();
    match name {
        "master" | "0" if !whole => Some(Target::Master),
        name if name == "1" || (name != "0" && pid(name) == Some(view.master.worker())) => {
            Some(if whole { Target::Whole } else { Target::Worker })
        }
        name if name.starts_with('!') && pid(name) == Some(view.monitor) && !whole => Some(Target::Master),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::{Master, Reloaded, Reloads};
    use super::*;
    use std::os::fd::OwnedFd;
    use std::time::Duration;

    /// A monitor whose reloads come to this.
    #[derive(Default)]
    struct Fake {
        outcome: Reloaded,
        reloads: Vec<bool>,
    }

    impl Master for Fake {
        fn worker(&self) -> i32 {
            8
        }

        fn reload(&mut self, hard: bool) -> Reloaded {
            self.reloads.push(hard);
            self.outcome.clone()
        }

        fn pass(&mut self, _: OwnedFd, _: Level, _: Vec<u8>) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// All replies to an input, as the monitor would give them.
    fn replies(session: &mut Session, master: &mut Fake, input: &str) -> Vec<Reply> {
        let mut reloads = Reloads { done: 2, ..Reloads::default() };
        let mut input = input.as_bytes().to_vec();
        let mut replies = Vec::new();
        loop {
            let uptime = Duration::from_secs(90_061);
            let mut view =
                View { version: "3.5.0", monitor: 7, uptime, reloads: std::mem::take(&mut reloads), master };
            match session.next(&mut input, &mut view) {
                Some(Reply::Close) => {
                    replies.push(Reply::Close);
                    return replies;
                }
                Some(reply) => replies.push(reply),
                None => return replies,
            }
            reloads = view.reloads;
        }
    }

    fn text(replies: &[Reply]) -> String {
        let text = |reply: &Reply| match reply {
            Reply::Text(text) => text.clone(),
            other => format!("{other:?}"),
        };
        replies.iter().filter(|reply| **reply != Reply::Close).map(text).collect()
    }

    fn ask(line: &str) -> String {
        text(&replies(&mut Session::new(Level::Admin), &mut Fake::default(), line))
    }

    #[test]
    fn processes_are_listed_in_haproxys_columns() {
        let expected = "#<PID>          <type>          <reloads>       <uptime>        <version>      \n\
                        7               master          2 [failed: 0]   1d01h01m01s     3.5.0          \n\
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
    fn a_semicolon_behind_a_backslash_separates_nothing() {
        let all = replies(
            &mut Session::new(Level::Admin),
            &mut Fake::default(),
            "@1 add acl f a\\;b;show version\n",
        );
        let said = b"add acl f a\\;b\n".to_vec();
        assert_eq!(all.first(), Some(&Reply::Worker { level: Level::Admin, said }));
        assert_eq!(all.get(1), Some(&Reply::Text("3.5.0\n\n".into())));
    }

    #[test]
    fn one_line_is_all_without_a_prompt() {
        let mut session = Session::new(Level::Admin);
        let all = replies(&mut session, &mut Fake::default(), "show version\n");
        assert_eq!(all.last(), Some(&Reply::Close));
        let mut session = Session::new(Level::Admin);
        let mut say = |line: &str| replies(&mut session, &mut Fake::default(), line);
        assert_eq!(text(&say("prompt\n")), "master> ");
        assert_eq!(text(&say("show version\n")), "3.5.0\n\nmaster> ");
        assert_eq!(text(&say("\n")), "master> ");
        assert_eq!(text(&say("@1\n")), "8> ");
        assert!(matches!(say("show info\n")[..], [Reply::Worker { .. }]));
        assert_eq!(text(&say("@master\n")), "master> ");
        assert_eq!(say("quit\n"), [Reply::Close]);
    }

    #[test]
    fn levels_only_sink() {
        let mut session = Session::new(Level::Admin);
        let mut master = Fake::default();
        let all = replies(&mut session, &mut master, "user;operator;show cli level;reload\n");
        assert_eq!(text(&all), "\n\nuser\n\nPermission denied\n\n");
        assert!(master.reloads.is_empty());
    }

    #[test]
    fn reloads_are_answered_with_their_logs() {
        for (success, expected) in [(true, "Success=1\n--\nlog\n\n"), (false, "Success=0\n--\nlog\n\n")] {
            let outcome = Reloaded { success, logs: "log\n".into() };
            let mut master = Fake { outcome, reloads: Vec::new() };
            let all = replies(
                &mut Session::new(Level::Admin),
                &mut master,
                "reload;hard-reload;show startup-logs\n",
            );
            assert_eq!(text(&all), format!("{expected}{expected}log\n\n"));
            assert_eq!(master.reloads, [false, true]);
        }
    }

    #[test]
    fn the_workers_commands_go_to_it_with_their_payload() {
        let worker = |input: &str| replies(&mut Session::new(Level::Operator), &mut Fake::default(), input);
        let said = |text: &str| Reply::Worker { level: Level::Operator, said: text.as_bytes().to_vec() };
        assert_eq!(worker("@1 show info;@!8  show stat\n")[..2], [said("show info\n"), said("show stat\n")]);
        assert_eq!(worker("@1 add map x <<\na b\n\n")[0], said("add map x <<\na b\n\n"));
        assert_eq!(worker("@1 add map x <<E\na b\n"), [], "the payload goes on");
        assert_eq!(
            worker("@@1 show info;show stat\n")[0],
            Reply::HandOver { level: Level::Operator, said: b"show info;show stat\n".to_vec() }
        );
        let said = b"show info;add map x <<\na b\n\n".to_vec();
        assert_eq!(
            worker("@@1 show info;add map x <<\na b\n\n")[0],
            Reply::HandOver { level: Level::Operator, said }
        );
    }

    #[test]
    fn other_processes_and_words_are_told() {
        assert_eq!(ask("@2 show info\n"), "Can't find the target PID matching the prefix '@2'\n\n");
        assert!(ask("foo bar\n").starts_with("Unknown command: 'foo bar'"));
    }
}
