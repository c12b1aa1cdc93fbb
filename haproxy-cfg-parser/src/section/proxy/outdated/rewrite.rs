//! `reqrep` and relatives: a regular expression over a whole header line, as today's actions.

/// What a rewriting line does, in today's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Rewrite {
    /// `replace-header NAME REGEX FORMAT`.
    Header { name: String, regex: String, value: String },
    /// `replace-uri REGEX FORMAT`.
    Uri { regex: String, value: String },
}

/// Translates a rewriting of whole lines; none where no action does exactly the same.
pub(super) fn translate(regex: &str, replacement: &str) -> Option<Rewrite> {
    let body = regex.strip_prefix('^')?;
    uri(body, replacement).or_else(|| header(body, replacement))
}

/// `^([^ ]*) /old/(.*)` to `\1 /new/\2`: the request line.
fn uri(body: &str, replacement: &str) -> Option<Rewrite> {
    let rest = ["([^ ]*) ", "([^ :]*) ", "([^ ]+) ", "([^ :]+) "]
        .iter()
        .find_map(|method| body.strip_prefix(method))?;
    let value = shift(replacement.strip_prefix("\\1 ")?)?;
    let last = groups(rest);
    let end = rest.strip_suffix('$').unwrap_or(rest);
    let (target, value) = match end.strip_suffix(" (.*)") {
        // The version has a group of its own.
        Some(target) => (format!("{target}$"), value.strip_suffix(&format!(" \\{last}"))?.to_owned()),
        // The last group goes to the end, over the version too.
        None if end.ends_with("(.*)") && value.ends_with(&format!("\\{last}")) => (end.to_owned(), value),
        None => return None,
    };
    let outside_classes = target.replace("[^ ]", "");
    let plain = target.starts_with('/') && !outside_classes.contains(' ') && !value.contains(' ');
    plain.then(|| Rewrite::Uri { regex: format!("^{target}"), value: value.replace('%', "%%") })
}

/// `^Name: (.*)` to `Name: x\1`, also with the name in a group.
fn header(body: &str, replacement: &str) -> Option<Rewrite> {
    let (grouped, inside) = match body.strip_prefix('(') {
        Some(inside) => (true, inside),
        None => (false, body),
    };
    let (name, rest) = inside.split_once(':')?;
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        return None;
    }
    let named = |text: &str| {
        let (first, rest) = text.split_once(':')?;
        first.eq_ignore_ascii_case(name).then(|| rest.to_owned())
    };
    let (regex, value) = if grouped && rest.starts_with(')') {
        // The group is the name alone: the others move down by one.
        let rest = rest.get(1..)?;
        let value = match replacement.strip_prefix("\\1") {
            Some(value) => value.to_owned(),
            None => named(replacement)?,
        };
        (format!("^{}", of_value(rest)?), shift(&value)?)
    } else if grouped {
        replacement.strip_prefix("\\1")?;
        (format!("^({}", of_value(rest)?), replacement.to_owned())
    } else {
        (format!("^{}", of_value(rest)?), named(replacement)?)
    };
    let value = value.trim_start_matches(' ').replace('%', "%%");
    (!value.is_empty()).then(|| Rewrite::Header { name: name.into(), regex, value })
}

/// The part of a line's expression that sees the value: the blank after the colon is not in it.
fn of_value(rest: &str) -> Option<&str> {
    match rest {
        "" => Some(".*"),
        _ if rest.starts_with(" *") => rest.get(2..),
        _ if rest.starts_with(' ') => rest.get(1..),
        _ if rest.starts_with(".*") || rest.starts_with("(.*)") => Some(rest),
        _ => None,
    }
}

/// References to groups, each less by one; none if the first is named again.
fn shift(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        out.push(c);
        if c == '\\' {
            match chars.next()? {
                '1' => return None,
                digit @ '2'..='9' => out.push(char::from(digit as u8 - 1)),
                other => out.push(other),
            }
        }
    }
    Some(out)
}

/// How many groups an expression has.
fn groups(regex: &str) -> usize {
    regex.matches('(').count() - regex.matches("\\(").count() - regex.matches("(?").count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_ones_are_translated() {
        let header = |name: &str, regex: &str, value: &str| {
            Some(Rewrite::Header { name: name.into(), regex: regex.into(), value: value.into() })
        };
        let uri = |regex: &str, value: &str| Some(Rewrite::Uri { regex: regex.into(), value: value.into() });
        for (regex, replacement, expected) in [
            ("^Host: www.(.*)$", "Host: \\1", header("Host", "^www.(.*)$", "\\1")),
            ("^Host:", "Host: a.test", header("Host", "^.*", "a.test")),
            ("^(X-Date:)(.*)$", "x-date:\\2", header("X-Date", "^(.*)$", "\\1")),
            (
                "^(Location:) http://([^/]*)/(.*)$",
                "\\1 http://\\2/a/\\3",
                header("Location", "^http://([^/]*)/(.*)$", "http://\\1/a/\\2"),
            ),
            (
                "^(Set-Cookie:.* path=)([^ ]+)(.*)$",
                "\\1/a\\2\\3",
                header("Set-Cookie", "^(.* path=)([^ ]+)(.*)$", "\\1/a\\2\\3"),
            ),
            ("^([^ :]*) /old/(.*)", "\\1 /\\2", uri("^/old/(.*)", "/\\1")),
            ("^([^ ]*) /old/([^ ]*) (.*)$", "\\1 /\\2 \\3", uri("^/old/([^ ]*)$", "/\\1")),
            ("^Host: a", "Other: b", None),
            ("GET /(.*)", "GET /x\\1", None),
            ("^([^ ]*) /(.*)", "POST /\\2", None),
            ("^([^ ]*) /a(.*)", "\\1 /b", None),
        ] {
            assert_eq!(translate(regex, replacement), expected, "{regex}");
        }
    }
}
