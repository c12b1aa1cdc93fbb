//! Log-format strings (manual 8.2.6).

use super::Site;
use super::sample::{check_reach, sample};
use crate::model::{FormatFlags, FormatPart, LogFormat};
use crate::parse::Cx;
use crate::tables::format;

/// Parses a log-format string.
pub(crate) fn log_format(cx: &mut Cx<'_>, text: &str, site: Site) -> Result<LogFormat, String> {
    let mut parts = Vec::new();
    let mut literal = String::new();
    let mut defaults = FormatFlags::default();
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        let (before, item) = rest.split_at(at);
        literal.push_str(before);
        let mut after = item.get(1..).unwrap_or_default();
        if let Some(tail) = after.strip_prefix('%') {
            literal.push('%');
            rest = tail;
            continue;
        }
        let mut flags = defaults;
        let mut arg = None;
        let mut named = None;
        if let Some(inside) = after.strip_prefix('(') {
            let (name, tail) = inside.split_once(')').ok_or_else(|| "missing ')' after '%('".to_owned())?;
            named = Some(name.to_owned());
            after = tail;
        }
        if let Some(inside) = after.strip_prefix('{') {
            let (words, tail) =
                inside.split_once('}').ok_or_else(|| format!("unclosed '{{' in log-format '{text}'"))?;
            arg = read_flags(words, &mut flags).or(named);
            after = tail;
        }
        if after.starts_with('[') {
            let (body, tail) = bracket(after)
                .ok_or_else(|| format!("missing ']' after '{}'", after.get(1..).unwrap_or_default()))?;
            flush(&mut literal, &mut parts, site);
            let typed = sample(cx, body).map_err(|error| {
                // HAProxy shows the rest of the text as well.
                format!("failed to parse sample expression <{body}]{tail}> : {}", error.into_text())
            })?;
            check_reach(&typed, site, &format!("{body}]{tail}"))?;
            parts.push(FormatPart::Expr { expr: typed.expr, flags });
            rest = tail;
            continue;
        }
        let length = after.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(after.len());
        let (name, tail) = after.split_at(length);
        if after.is_empty() {
            return Err("truncated line after '%'".into());
        }
        if name.is_empty() {
            let c = after.chars().next().map(String::from).unwrap_or_default();
            return Err(format!(
                "unexpected variable name near '{c}' at position {} line : '{text}'. Maybe you want to write a single '%', use the syntax '%%'",
                text.len() - after.len()
            ));
        }
        if format::alias(name).is_none() {
            return Err(format!(
                "no such format variable '{name}'. If you wanted to emit the '%' character verbatim, you need to use '%%'"
            ));
        }
        if name == "o" {
            defaults = flags;
        } else {
            flush(&mut literal, &mut parts, site);
            parts.push(FormatPart::Alias { name: name.into(), flags, arg });
        }
        rest = tail;
    }
    literal.push_str(rest);
    flush(&mut literal, &mut parts, site);
    Ok(LogFormat { parts, text: text.into() })
}

fn flush(literal: &mut String, parts: &mut Vec<FormatPart>, site: Site) {
    if literal.is_empty() {
        return;
    }
    let mut text = std::mem::take(literal);
    if site.merge_blanks {
        let mut blank = parts.is_empty();
        text.retain(|c| {
            let again = c == ' ' && blank;
            blank = c == ' ';
            !again
        });
        if text.is_empty() {
            return;
        }
    }
    match parts.last_mut() {
        Some(FormatPart::Text(last)) => last.push_str(&text),
        _ => parts.push(FormatPart::Text(text)),
    }
}

/// Reads `+Q,-E,...`; gives the words that are no flags.
fn read_flags(words: &str, flags: &mut FormatFlags) -> Option<String> {
    let mut others = Vec::new();
    for word in words.split(',') {
        let (on, name) = match (word.strip_prefix('+'), word.strip_prefix('-')) {
            (Some(name), _) => (true, name),
            (_, Some(name)) => (false, name),
            _ => {
                others.push(word);
                continue;
            }
        };
        match name {
            "Q" => flags.quote = on,
            "X" => flags.hex = on,
            "E" => flags.escape = on,
            "M" => flags.mandatory = on,
            "json" => flags.json = on,
            "cbor" => flags.cbor = on,
            "bin" => flags.bin = on,
            _ => others.push(word),
        }
    }
    (!others.is_empty()).then(|| others.join(","))
}

/// Cuts `[expression]` off: brackets inside parentheses and quotes do not end it.
fn bracket(text: &str) -> Option<(&str, &str)> {
    let mut quote = None;
    let mut depth = 0_u32;
    let mut escaped = false;
    let inside = text.strip_prefix('[')?;
    for (index, c) in inside.char_indices() {
        if escaped {
            escaped = false;
            continue;
        }
        match (c, quote) {
            ('\\', None | Some('"')) => escaped = true,
            ('\'' | '"', None) if depth > 0 => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            ('(', None) => depth += 1,
            (')', None) => depth = depth.saturating_sub(1),
            (']', None) if depth == 0 => return Some((inside.get(..index)?, inside.get(index + 1..)?)),
            _ => {}
        }
    }
    // An unclosed parenthesis: the first bracket ends it, and the expression says what is wrong.
    let (body, tail) = inside.split_once(']')?;
    Some((body, tail))
}
