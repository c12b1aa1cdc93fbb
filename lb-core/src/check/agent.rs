//! The words of an agent (manual 5.2 "agent-check"): pure.

/// What an agent's line says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Words<'a> {
    /// `up`, `down`, `stopped` or `fail` as written, and true for up.
    pub(super) health: Option<(&'a str, bool)>,
    /// `ready`, `drain` or `maint`.
    pub(super) admin: Option<Administrative>,
    /// A number and `%`.
    pub(super) weight: Option<&'a str>,
    /// What follows `maxconn:`.
    pub(super) maxconn: Option<&'a str>,
    /// The first word that means nothing.
    pub(super) unknown: Option<&'a str>,
    /// What follows `#`.
    pub(super) comment: &'a str,
}

/// The administrative words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Administrative {
    Ready,
    Drain,
    Maint,
}

/// Reads a line. Of words of one kind the last counts.
pub(super) fn read(line: &str) -> Words<'_> {
    let mut words = Words::default();
    let mut rest = line;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if rest.is_empty() {
            return words;
        }
        if let Some(comment) = rest.strip_prefix('#') {
            words.comment = comment.trim_start_matches([' ', '\t']);
            return words;
        }
        let (word, after) = rest.split_at(rest.find([' ', '\t', ',']).unwrap_or(rest.len()));
        rest = after;
        match word.to_ascii_lowercase().as_str() {
            "up" => words.health = Some((word, true)),
            "down" | "stopped" | "fail" => words.health = Some((word, false)),
            "ready" => words.admin = Some(Administrative::Ready),
            "drain" => words.admin = Some(Administrative::Drain),
            "maint" => words.admin = Some(Administrative::Maint),
            lower if lower.starts_with("maxconn:") => words.maxconn = word.get(8..),
            lower if lower.starts_with(|c: char| c.is_ascii_digit()) && lower.contains('%') => {
                words.weight = Some(word);
            }
            _ => {
                words.unknown.get_or_insert(word);
            }
        }
    }
}

/// A weight in percent of the configured one; the error says what is wrong.
pub(super) fn weight(word: &str, initial: u32, dynamic: bool) -> Result<u32, &'static str> {
    let digits = word.bytes().take_while(u8::is_ascii_digit).count();
    let (number, tail) = word.split_at(digits);
    if !tail.starts_with('%') {
        return Err("Empty weight string empty or preceded by garbage");
    }
    if tail.len() > 1 {
        return Err("Trailing garbage in weight string");
    }
    let percent: u64 = number.parse().unwrap_or(u64::MAX);
    let weight = percent.saturating_mul(u64::from(initial)) / 100;
    let weight = u32::try_from(weight).unwrap_or(u32::MAX);
    if weight > 256 {
        return Err("Absolute weight can only be between 0 and 256 inclusive.");
    }
    if !dynamic && weight != 0 && weight != initial {
        return Err("Backend is using a static LB algorithm and only accepts weights '0%' and '100%'.");
    }
    Ok(weight)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_in_any_order() {
        let words = read("drain, 50%\tmaxconn:30 Up foo bar # going away");
        assert_eq!(words.health, Some(("Up", true)));
        assert_eq!(words.admin, Some(Administrative::Drain));
        assert_eq!((words.weight, words.maxconn), (Some("50%"), Some("30")));
        assert_eq!((words.unknown, words.comment), (Some("foo"), "going away"));
        assert_eq!(read("up down").health, Some(("down", false)));
        assert_eq!(read(""), Words::default());
    }

    #[test]
    fn weights() {
        assert_eq!(weight("50%", 10, true), Ok(5));
        assert_eq!(weight("0%", 10, false), Ok(0));
        assert!(weight("50%", 10, false).is_err() && weight("50%x", 10, true).is_err());
        assert!(weight("999999999999999999999%", 10, true).is_err());
    }

    proptest! {
        #[test]
        fn any_line_is_read(line in "\\PC*", number in "[0-9%x]*") {
            read(&line);
            let _ = weight(&number, 100, true);
        }
    }
}
