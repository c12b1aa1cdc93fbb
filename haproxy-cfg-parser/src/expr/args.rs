//! Arguments in parentheses: quotes and escapes of the second level, then types.

use crate::model::{Arg, Scope, VarName};
use crate::tables::{Param, Signature};

/// Cuts `(a,b)` off the start of `text`: the arguments with quotes and escapes undone, and what follows.
/// None of them if `text` does not start with a parenthesis. Err: the parenthesis is never closed.
pub(super) fn split(text: &str) -> Result<(Option<Vec<String>>, &str), ()> {
    let Some(inside) = text.strip_prefix('(') else { return Ok((None, text)) };
    let mut args = Vec::new();
    let mut current = String::new();
    let mut quote = None;
    let mut chars = inside.char_indices();
    while let Some((index, c)) = chars.next() {
        match (c, quote) {
            ('\'' | '"', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            ('\\', None | Some('"')) => match chars.next() {
                Some((_, 'n')) => current.push('\n'),
                Some((_, 'r')) => current.push('\r'),
                Some((_, 't')) => current.push('\t'),
                Some((_, c @ ('\\' | '"' | '\'' | ' ' | ',' | '(' | ')'))) => current.push(c),
                Some((_, c)) => current.extend(['\\', c]),
                None => return Err(()),
            },
            (',', None) => args.push(std::mem::take(&mut current)),
            (')', None) => {
                args.push(current);
                // `f()` has no argument at all.
                if matches!(&args[..], [only] if only.is_empty()) {
                    args.clear();
                }
                return Ok((Some(args), inside.get(index + 1..).unwrap_or_default()));
            }
            (c, _) => current.push(c),
        }
    }
    Err(())
}

/// Turns texts into the types of a signature. Err: which argument, and what is wrong with it.
pub(super) fn typed(signature: &Signature, texts: &[String]) -> Result<Vec<Arg>, (usize, String)> {
    let nothing = [String::new()];
    let texts = if texts.is_empty() && signature.required > 0 { &nothing[..] } else { texts };
    let mut args = Vec::with_capacity(texts.len());
    for (index, text) in texts.iter().enumerate() {
        let Some(param) = signature.params.get(index) else {
            let extra = texts.get(index..).unwrap_or_default().join(",");
            let rest = if index == 0 { extra } else { format!(",{extra}") };
            return Err((index.max(1), format!("expected ')' before '{rest})'")));
        };
        args.push(one(*param, text, index).map_err(|reason| (index + 1, reason))?);
    }
    let missing = signature.params.get(args.len()).filter(|param| !param.is_implied());
    match missing {
        Some(param) if args.len() < signature.required => Err((
            args.len() + 1,
            format!(
                "missing arguments (got {}/{}), type '{}' expected",
                args.len(),
                signature.required,
                param.name()
            ),
        )),
        _ => Ok(args),
    }
}

fn one(param: Param, text: &str, index: usize) -> Result<Arg, String> {
    let invalid = || format!("failed to parse '{text}' as type '{}' at position {}", param.name(), index + 1);
    if text.is_empty() && !matches!(param, Param::Str | Param::Regex) {
        if param.is_implied() || index > 0 {
            return Ok(Arg::Absent);
        }
        return Err(format!("expected type '{}' at position 1, but got nothing", param.name()));
    }
    Ok(match param {
        Param::Int => Arg::Int(text.parse().map_err(|_| invalid())?),
        Param::Ipv4 | Param::Ipv6 => Arg::Ip(text.parse().map_err(|_| invalid())?),
        Param::Mask4 | Param::Mask6 => Arg::Mask(mask(param, text).ok_or_else(invalid)?),
        Param::Regex => Arg::Regex(text.into(), false),
        Param::Variable => Arg::Var(variable(text)?),
        Param::NumberOrVariable => match text.parse() {
            Ok(number) => Arg::Int(number),
            Err(_) => Arg::Var(variable(text)?),
        },
        Param::ProtobufField => {
            let dotted = text.split('.').all(|part| part.parse::<u64>().is_ok());
            if !dotted {
                return Err(invalid());
            }
            Arg::Str(text.into())
        }
        Param::Str | Param::Backend | Param::Frontend | Param::Server | Param::Table | Param::Userlist => {
            Arg::Str(text.into())
        }
    })
}

fn mask(param: Param, text: &str) -> Option<std::net::IpAddr> {
    if let Ok(address) = text.parse() {
        return Some(address);
    }
    let bits: u32 = text.parse().ok()?;
    if param == Param::Mask4 {
        (bits <= 32).then(|| std::net::Ipv4Addr::from(u32::MAX.checked_shl(32 - bits).unwrap_or(0)).into())
    } else {
        (bits <= 128).then(|| std::net::Ipv6Addr::from(u128::MAX.checked_shl(128 - bits).unwrap_or(0)).into())
    }
}

/// Reads `scope.name` (manual 2.8).
pub(crate) fn variable(text: &str) -> Result<VarName, String> {
    let scopes = [
        ("proc.", Scope::Proc),
        ("sess.", Scope::Sess),
        ("txn.", Scope::Txn),
        ("req.", Scope::Req),
        ("res.", Scope::Res),
        ("check.", Scope::Check),
    ];
    if text.is_empty() {
        return Err("missing variable name".into());
    }
    let found = scopes.iter().find_map(|(prefix, scope)| Some((*scope, text.strip_prefix(prefix)?)));
    let Some((scope, name)) = found else {
        return Err(format!(
            "invalid variable name '{text}'. A variable name must be start by its scope. The scope can be 'proc', 'sess', 'txn', 'req', 'res' or 'check'"
        ));
    };
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.')) {
        return Err(format!("invalid syntax at char '{text}'"));
    }
    Ok(VarName { scope, name: name.into() })
}
