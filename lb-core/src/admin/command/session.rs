//! Commands about the session itself: levels, prompt, timeout, marks, help, end.

use super::super::suggest;
use super::{Action, Call, Command, Level, Outcome, Severity, Trust};
use std::time::Duration;

pub(super) const ECHO: Command = Command {
    words: &["echo"],
    usage: "echo <text>",
    doc: "print text to the output",
    level: Level::User,
    run: |call| Outcome::Info(call.args.join(" ")),
};

pub(super) const OPERATOR: Command = Command {
    words: &["operator"],
    usage: "operator",
    doc: "lower the level of the current CLI session to operator",
    level: Level::Operator,
    run: |_| Outcome::Session(Action::Lower(Level::Operator)),
};

pub(super) const USER: Command = Command {
    words: &["user"],
    usage: "user",
    doc: "lower the level of the current CLI session to user",
    level: Level::User,
    run: |_| Outcome::Session(Action::Lower(Level::User)),
};

pub(super) const SEVERITY: Command = Command {
    words: &["set", "severity-output"],
    usage: "set severity-output [none|number|string]",
    doc: "set presence of severity level in feedback information",
    level: Level::User,
    run: severity,
};

pub(super) const TIMEOUT: Command = Command {
    words: &["set", "timeout"],
    usage: "set timeout [cli] <delay>",
    doc: "change a timeout setting",
    level: Level::User,
    run: timeout,
};

pub(super) const HELP: Command = Command {
    words: &["help"],
    usage: "help [<command>]",
    doc: "list matching or all commands",
    level: Level::User,
    run: |call| Outcome::Info(suggest::help(call.args, &call.context.extension)),
};

pub(super) const PROMPT: Command = Command {
    words: &["prompt"],
    usage: "prompt [help | n | i | p | timed ]*",
    doc: "toggle interactive mode with prompt",
    level: Level::User,
    run: prompt,
};

pub(super) const EXPERIMENTAL: Command = Command {
    words: &["experimental-mode"],
    usage: "experimental-mode [on|off]",
    doc: "take commands that may change or go",
    level: Level::Admin,
    run: |call| Outcome::Session(Action::Trust(Trust::Experimental, trusted(call))),
};

pub(super) const EXPERT: Command = Command {
    words: &["expert-mode"],
    usage: "expert-mode [on|off]",
    doc: "take commands that may do harm",
    level: Level::Admin,
    run: |call| Outcome::Session(Action::Trust(Trust::Expert, trusted(call))),
};

/// What a switch is set to; none: it is only asked for.
fn trusted(call: &Call<'_>) -> Option<bool> {
    call.args.first().map(|word| word == "on")
}

pub(super) const QUIT: Command = Command {
    words: &["quit"],
    usage: "quit",
    doc: "disconnect",
    level: Level::User,
    run: |_| Outcome::Session(Action::Quit),
};

fn severity(call: &Call<'_>) -> Outcome {
    let severity = match call.arg(0) {
        "none" => Severity::None,
        "number" => Severity::Number,
        "string" => Severity::Word,
        _ => {
            return Outcome::Error("one of 'none', 'number', 'string' is a required argument".into());
        }
    };
    Outcome::Session(Action::Severity(severity))
}

fn timeout(call: &Call<'_>) -> Outcome {
    if call.arg(0) != "cli" {
        return Outcome::Error("'set timeout' only supports 'cli'.".into());
    }
    if call.arg(1).is_empty() {
        return Outcome::Error("Expects an integer value.".into());
    }
    match delay_in(call.arg(1), 1000) {
        Some(delay) => Outcome::Session(Action::Timeout(delay)),
        None => Outcome::Error("Invalid timeout value.".into()),
    }
}

/// A time with its unit; without one, so many milliseconds each. At least a millisecond (manual 2.5 "Time format").
pub(super) fn delay_in(word: &str, unit_millis: u64) -> Option<Duration> {
    let unit = word.find(|c: char| !c.is_ascii_digit()).unwrap_or(word.len());
    let (number, unit) = word.split_at(unit);
    let number: u64 = number.parse().ok()?;
    let millis = match unit {
        "us" => number / 1000,
        "ms" => number,
        "" => number.checked_mul(unit_millis)?,
        "s" => number.checked_mul(1000)?,
        "m" => number.checked_mul(60_000)?,
        "h" => number.checked_mul(3_600_000)?,
        "d" => number.checked_mul(86_400_000)?,
        _ => return None,
    };
    (1..=u64::from(u32::MAX)).contains(&millis).then(|| Duration::from_millis(millis))
}

fn prompt(call: &Call<'_>) -> Outcome {
    match call.args.iter().find(|word| !matches!(word.as_str(), "n" | "i" | "p" | "timed")) {
        None => Outcome::Session(Action::Prompt(call.args.to_vec())),
        Some(_) => Outcome::Info(
            "prompt           : toggle interactive mode with a prompt\n\
             prompt n         : one line of commands, then the end\n\
             prompt i         : interactive, without a prompt\n\
             prompt p         : interactive, with a prompt\n\
             prompt timed     : toggle the uptime in the prompt"
                .into(),
        ),
    }
}
