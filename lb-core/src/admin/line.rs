//! From bytes to words: lines, commands separated by `;`, words, payloads (management guide 9.3).

/// The commands of a line, separated by semicolons that no backslash escapes.
pub fn commands(line: &str) -> Vec<&str> {
    let (mut commands, mut start, mut escaped) = (Vec::new(), 0, false);
    for (at, c) in line.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ';' => {
                commands.push(&line[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    commands.push(&line[start..]);
    // A semicolon at the end separates nothing.
    if commands.len() > 1 && commands.last().is_some_and(|last| last.trim().is_empty()) {
        commands.pop();
    }
    commands
}

/// True when what was said begins with a command's words.
pub(crate) fn is_named(words: &[&str], said: &[String]) -> bool {
    said.len() >= words.len() && words.iter().zip(said).all(|(name, word)| name == word)
}

/// The words of a command. A backslash makes the next character an ordinary one.
pub(super) fn words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = command.chars();
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\t' => words.extend(word.take()),
            '\\' => word.get_or_insert_default().extend(chars.next()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// The line without its payload mark `<<` or `<<PATTERN`, and the pattern that ends the payload (empty: an empty line).
pub fn payload(line: &str) -> Option<(&str, &str)> {
    let at = line.rfind("<<")?;
    let (command, pattern) = (&line[..at], &line[at + 2..]);
    let separate = command.is_empty() || command.ends_with([' ', '\t']);
    (separate && !pattern.contains([' ', '\t', ';'])).then_some((command, pattern))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_split() {
        assert_eq!(commands("a b;c"), ["a b", "c"]);
        assert_eq!(commands(r"a\;b;c;"), [r"a\;b", "c"]);
        assert_eq!(commands("a;;b"), ["a", "", "b"]);
        assert_eq!(commands(";"), [""]);
        assert_eq!(words(r"  show  env A\;B \ x"), ["show", "env", "A;B", " x"]);
        assert_eq!(payload("add map x <<"), Some(("add map x ", "")));
        assert_eq!(payload("add map x <<EOF"), Some(("add map x ", "EOF")));
        assert_eq!(payload("add map x a<<"), None);
    }
}
