//! What an ACL tests: a sample, flags, patterns (manual 7.1).

use super::sample::{self, ExprError};
use crate::model::{AclTest, Class};
use crate::parse::Cx;
use crate::tables::{Type, acl};
use crate::value;

/// Parses `fetch flags patterns` of an `acl` line or of `{ }`; gives also where its fetch can stand.
pub(crate) fn acl_test(cx: &mut Cx<'_>, words: &[&str]) -> Result<(AclTest, u32), String> {
    let Some((text, rest)) = words.split_first() else {
        return Err("missing fetch method in ACL expression ''".into());
    };
    let keyword = acl::keyword(sample::name(text));
    let typed = sample::starting_with(cx, text, keyword.map(|row| row.0), "").map_err(|error| {
        let name = sample::name(text);
        match error {
            ExprError::Fetch(_, reason) if keyword.is_some() => {
                format!("ACL keyword '{name}' : {reason}")
            }
            ExprError::Converter(reason) if keyword.is_some() => {
                format!("ACL keyword '{name}' : {reason}.")
            }
            ExprError::Fetch(_, reason) if reason.starts_with("invalid variable") => {
                format!("invalid args in fetch method '{name}' : {reason} in ACL expression '{text}'")
            }
            error => format!("{} in ACL expression '{text}'", error.into_text()),
        }
    })?;
    let mut test = AclTest {
        expr: typed.expr,
        matcher: keyword.and_then(|row| row.1),
        ignore_case: false,
        no_resolve: false,
        files: Vec::new(),
        map: false,
        id: None,
        patterns: Vec::new(),
    };
    let mut files = Vec::new();
    let mut index = 0;
    while let Some(flag) = rest.get(index).filter(|word| word.starts_with('-')) {
        let Some((name, _)) = acl::FLAGS.iter().find(|row| row.0 == *flag) else {
            return Err(format!(
                "'{flag}' is not a valid ACL option. Please use '--' before any pattern beginning with a '-'"
            ));
        };
        cx.uses(Class::Matcher, name);
        let value = || rest.get(index + 1).copied().unwrap_or_default();
        match *name {
            "-i" => test.ignore_case = true,
            "-n" => test.no_resolve = true,
            "-M" => test.map = true,
            "-f" => files.push(value()),
            "-m" => {
                let value = value();
                let row = acl::MATCHERS.iter().find(|row| row.0 == value);
                let (matcher, _) = row.ok_or_else(|| {
                    format!("unknown matching method '{value}' when parsing ACL expression")
                })?;
                test.matcher = Some(matcher);
            }
            "-u" => {
                let value = value();
                test.id =
                    Some(value.parse().map_err(|_| "the argument of -u must be an integer".to_owned())?);
            }
            _ => {
                index += 1;
                break;
            }
        }
        index += if matches!(*name, "-f" | "-m" | "-u") { 2 } else { 1 };
    }
    for file in files {
        test.files.push((file.to_owned(), pattern_file(cx, file, test.map)?));
    }
    test.patterns = rest.get(index..).unwrap_or_default().iter().map(|word| (*word).to_owned()).collect();
    if let Some(matcher) = test.matcher {
        cx.uses(Class::Matcher, matcher);
    }
    let has_patterns = !test.patterns.is_empty() || !test.files.is_empty();
    if test.matcher.is_none() && typed.output == Type::Any && has_patterns {
        let name = sample::name(text);
        return Err(format!(
            "matching method must be specified first (using '-m') when using a sample fetch of this type ('{name}')"
        ));
    }
    patterns(cx, &test, typed.output)?;
    Ok((test, typed.reach))
}

/// The predefined ACL of that name (manual 7.4).
pub(crate) fn predefined(cx: &mut Cx<'_>, name: &str) -> Option<(AclTest, u32)> {
    let index = acl::PREDEFINED.binary_search_by(|row| row.0.cmp(name)).ok()?;
    let words: Vec<&str> = acl::PREDEFINED.get(index)?.1.split(' ').collect();
    acl_test(cx, &words).ok()
}

/// The patterns of a file: comments, blank lines and leading blanks dropped; of a map only the keys.
fn pattern_file(cx: &Cx<'_>, name: &str, map: bool) -> Result<Vec<String>, String> {
    let (optional, path) = match name.split_once('@') {
        Some(("virt", _)) => return Ok(Vec::new()),
        Some(("opt", path)) => (true, path),
        Some(("file", path)) => (false, path),
        _ => (false, name),
    };
    let bytes = match cx.read(path) {
        Ok(bytes) => bytes,
        Err(_) if optional => return Ok(Vec::new()),
        Err(_) => return Err(format!("failed to open pattern file <{name}>")),
    };
    let text = String::from_utf8_lossy(&bytes);
    let lines = text.lines().map(|line| line.trim_start_matches([' ', '\t']).trim_end_matches('\r'));
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    Ok(lines
        .map(|line| if map { line.split([' ', '\t']).next().unwrap_or_default() } else { line })
        .map(str::to_owned)
        .collect())
}

/// Checks the patterns that must be numbers or networks.
fn patterns(cx: &Cx<'_>, test: &AclTest, output: Type) -> Result<(), String> {
    let kind = test.matcher.unwrap_or(match output {
        Type::Bool => "bool",
        Type::Sint => "int",
        Type::Addr | Type::Ipv4 | Type::Ipv6 => "ip",
        _ => "str",
    });
    if kind == "ip" {
        let unclear = |pattern: &&String| {
            value::network(pattern).is_none() && (test.no_resolve || !cx.resolves(pattern))
        };
        let wrong = test.patterns.iter().find(unclear);
        return wrong
            .map_or(Ok(()), |pattern| Err(format!("'{pattern}' is not a valid IPv4 or IPv6 address")));
    }
    if kind == "reg" {
        let wrong = test.patterns.iter().find_map(|pattern| Some((pattern, value::regex_problem(pattern)?)));
        return wrong.map_or(Ok(()), |(pattern, (error, at))| {
            Err(format!("regex '{pattern}' is invalid (error={error}, erroffset={at})"))
        });
    }
    if kind == "bin" {
        let odd = test.patterns.iter().flat_map(|pattern| pattern.chars()).find(|c| !c.is_ascii_hexdigit());
        return odd.map_or(Ok(()), |c| Err(format!("an hex digit is expected (found '{c}')")));
    }
    if !matches!(kind, "int" | "len") {
        return Ok(());
    }
    let mut operator = false;
    for pattern in &test.patterns {
        if matches!(pattern.as_str(), "eq" | "gt" | "ge" | "lt" | "le") {
            operator = true;
            continue;
        }
        if !is_range(pattern) {
            return Err(if operator {
                format!("'{pattern}' is neither a number nor a supported operator")
            } else {
                format!("'{pattern}' is not a number")
            });
        }
        if let Some((low, high)) = pattern.split_once(':')
            && let (Ok(low), Ok(high)) = (low.parse::<i64>(), high.parse::<i64>())
            && low > high
        {
            return Err(format!("'{pattern}' is not a valid number range"));
        }
    }
    Ok(())
}

/// A number, or two with a colon or a dash between; versions such as `1.1` count as numbers.
fn is_range(text: &str) -> bool {
    let number = |text: &str| {
        let digits = text.strip_prefix('-').unwrap_or(text);
        digits.split('.').all(|part| part.bytes().all(|byte| byte.is_ascii_digit()))
    };
    if let Some(high) = text.strip_prefix(':') {
        return number(high);
    }
    let split = text.get(1..).and_then(|tail| tail.find([':', '-'])).map(|at| at + 1);
    match split.and_then(|at| Some((text.get(..at)?, text.get(at + 1..)?))) {
        Some((low, high)) => number(low) && number(high),
        None => number(text) || text.strip_suffix(':').is_some_and(number),
    }
}
