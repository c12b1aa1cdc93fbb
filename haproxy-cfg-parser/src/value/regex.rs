//! What makes a text no regular expression, as far as its brackets and quantifiers show.

/// The reason and the offset, in PCRE's words; none when nothing is found. The engine that compiles the expression knows the rest.
pub(crate) fn regex_problem(text: &str) -> Option<(&'static str, usize)> {
    // Comments and free spacing have rules of their own.
    if text.contains("(?#") || text.contains("(?x") {
        return None;
    }
    let bytes = text.as_bytes();
    let mut open = 0_usize;
    let mut repeatable = false;
    let mut index = 0;
    while let Some(byte) = bytes.get(index) {
        index += 1;
        match byte {
            b'\\' => {
                if bytes.get(index).is_none() {
                    return Some(("\\ at end of pattern", index));
                }
                if bytes.get(index) == Some(&b'Q') {
                    // Quoted up to `\E`.
                    return None;
                }
                index += 1;
                repeatable = true;
            }
            b'[' => {
                index = class_end(bytes, index)?;
                if index > bytes.len() {
                    return Some(("missing terminating ] for character class", bytes.len()));
                }
                repeatable = true;
            }
            b'(' => {
                open += 1;
                repeatable = false;
                // `(?...`: the question mark is no quantifier.
                if matches!(bytes.get(index), Some(b'?' | b'*')) {
                    index += 1;
                }
            }
            b')' if open == 0 => return Some(("unmatched closing parenthesis", index - 1)),
            b')' => {
                open -= 1;
                repeatable = true;
            }
            b'*' | b'+' | b'?' if !repeatable => {
                return Some(("quantifier does not follow a repeatable item", index - 1));
            }
            // What follows a quantifier makes it lazy or possessive.
            b'*' | b'+' | b'?' => {
                if matches!(bytes.get(index), Some(b'?' | b'+')) {
                    index += 1;
                }
                repeatable = false;
            }
            b'|' | b'^' => repeatable = false,
            _ => repeatable = true,
        }
    }
    (open > 0).then_some(("missing closing parenthesis", bytes.len()))
}

/// The index after the class that starts at `from`; beyond the end if it is never closed.
fn class_end(bytes: &[u8], from: usize) -> Option<usize> {
    let mut index = from;
    if bytes.get(index) == Some(&b'^') {
        index += 1;
    }
    // A bracket that stands first is one of the class.
    if bytes.get(index) == Some(&b']') {
        index += 1;
    }
    loop {
        match bytes.get(index) {
            None => return Some(bytes.len() + 1),
            Some(b']') => return Some(index + 1),
            Some(b'\\') => index += 2,
            Some(b'[') if bytes.get(index + 1) == Some(&b':') => {
                let name = bytes.get(index..)?;
                index += name.windows(2).position(|pair| pair == b":]").map_or(1, |at| at + 2);
            }
            Some(_) => index += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_and_quantifiers() {
        for good in [
            "",
            "a",
            "^/a(b|c)*$",
            "[]a]",
            "[^]]+",
            "\\(",
            "(?i)a",
            "(?:a)?b++",
            "a{2}",
            "[[:alpha:]]",
            "a*?",
            "(?<n>x)",
        ] {
            assert_eq!(regex_problem(good), None, "{good}");
        }
        assert_eq!(regex_problem("("), Some(("missing closing parenthesis", 1)));
        assert_eq!(regex_problem("a)"), Some(("unmatched closing parenthesis", 1)));
        assert_eq!(regex_problem("[a"), Some(("missing terminating ] for character class", 2)));
        assert_eq!(regex_problem("*a"), Some(("quantifier does not follow a repeatable item", 0)));
        assert_eq!(regex_problem("^*"), Some(("quantifier does not follow a repeatable item", 1)));
        assert_eq!(regex_problem("a\\"), Some(("\\ at end of pattern", 2)));
    }
}
