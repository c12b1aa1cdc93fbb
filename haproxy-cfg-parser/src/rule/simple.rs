//! Actions whose arguments are a word or two.

use super::Reader;
use super::reader::Parsed;
use crate::model::ActionArg;
use crate::value;

fn keyed(name: &'static str, text: &str) -> ActionArg {
    ActionArg::Keyed(name, Some(Box::new(ActionArg::Str(text.into()))))
}

/// No arguments.
pub(crate) fn none(_: &mut Reader<'_, '_, '_>) -> Parsed {
    Ok(Vec::new())
}

/// `EXPR`.
pub(crate) fn expression(r: &mut Reader<'_, '_, '_>) -> Parsed {
    Ok(vec![ActionArg::Expr(r.expr()?)])
}

/// `EXPR` or a number.
pub(crate) fn number_or_expression(r: &mut Reader<'_, '_, '_>) -> Parsed {
    Ok(vec![r.number_or_expr()?])
}

/// A number, decimal or hexadecimal, or an expression: marks and types of service.
pub(crate) fn mark(r: &mut Reader<'_, '_, '_>) -> Parsed {
    let [text] = r.exactly("expects exactly 1 argument (integer/hex value)")?;
    let number = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => i64::from_str_radix(digits, 16),
        None => text.parse(),
    };
    number
        .map(|number| vec![ActionArg::Int(number)])
        .map_err(|_| format!("invalid character starting at '{text}' (integer/hex value expected)"))
}

/// `auth [realm TEXT]`.
pub(crate) fn auth(r: &mut Reader<'_, '_, '_>) -> Parsed {
    if !r.eat("realm") {
        return Ok(Vec::new());
    }
    let realm = r.word().ok_or("missing realm value.\n")?;
    Ok(vec![keyed("realm", realm)])
}

/// A log level or `silent`.
pub(crate) fn log_level(r: &mut Reader<'_, '_, '_>) -> Parsed {
    let error = "expects exactly 1 argument (log level name or 'silent')";
    let [level] = r.exactly(error)?;
    if level != "silent" && crate::section::log::level(level).is_none() {
        return Err(error.into());
    }
    Ok(vec![ActionArg::Str(level.into())])
}

/// A nice value from -1024 to 1024.
pub(crate) fn nice(r: &mut Reader<'_, '_, '_>) -> Parsed {
    let [text] = r.exactly("expects exactly 1 argument (integer value)")?;
    Ok(vec![ActionArg::Int(value::lenient_integer(text).clamp(-1024, 1024))])
}

/// `use-service NAME`.
pub(crate) fn service(r: &mut Reader<'_, '_, '_>) -> Parsed {
    let [name] = r.exactly("'use-service' expects a service name.")?;
    if name != "prometheus-exporter" && !(r.cx.lua && name.starts_with("lua.")) {
        return Err(format!("'{name}' unknown service name."));
    }
    Ok(vec![ActionArg::Str(name.into())])
}

/// Words for an action that Lua registers.
pub(crate) fn lua(r: &mut Reader<'_, '_, '_>) -> Parsed {
    let mut args = vec![ActionArg::Str(r.word.into())];
    while !r.at_end() {
        args.extend(r.word().map(|word| ActionArg::Str(word.into())));
    }
    Ok(args)
}

/// `cache-use NAME`, `cache-store NAME`.
pub(crate) fn cache(r: &mut Reader<'_, '_, '_>) -> Parsed {
    let [name] = r.exactly("expects a cache name")?;
    Ok(vec![ActionArg::Str(name.into())])
}

/// `send-spoe-group ENGINE GROUP`.
pub(crate) fn spoe_group(r: &mut Reader<'_, '_, '_>) -> Parsed {
    let [engine, group] = r.exactly("expects a SPOE engine name and a SPOE group name")?;
    Ok(vec![ActionArg::Str(engine.into()), ActionArg::Str(group.into())])
}

/// `wait-for-body time T [at-least SIZE]`.
pub(crate) fn wait_for_body(r: &mut Reader<'_, '_, '_>) -> Parsed {
    let error = "expects time <time> [ at-least <bytes> ]";
    let mut args = Vec::new();
    while !r.at_end() {
        if r.eat("time") {
            let text = r.word().ok_or("missing argument for 'time'")?;
            args.push(ActionArg::Keyed("time", Some(Box::new(time(text)?))));
        } else if r.eat("at-least") {
            let text = r.word().ok_or("missing argument for 'at-least'")?;
            let bytes = value::size(text).map_err(|c| format!("unexpected character '{c}'"))?;
            args.push(ActionArg::Keyed("at-least", Some(Box::new(ActionArg::Int(bytes as i64)))));
        } else {
            break;
        }
    }
    if args.iter().any(|arg| matches!(arg, ActionArg::Keyed("time", _))) {
        Ok(args)
    } else {
        Err(error.into())
    }
}

fn time(text: &str) -> Result<ActionArg, String> {
    match value::time(text, "ms") {
        Ok(time) => Ok(ActionArg::Time(time.as_millis() as u64)),
        Err(value::TimeError::Unexpected(c)) => Err(format!("unexpected character '{c}'")),
        Err(value::TimeError::Overflow) => Err("timer overflow".into()),
    }
}

/// `set-timeout server|tunnel|client|... TIME|EXPR`.
pub(crate) fn set_timeout(r: &mut Reader<'_, '_, '_>) -> Parsed {
    let [name] = r.exactly("expects exactly 2 arguments")?;
    let known = ["server", "tunnel", "client", "connect", "queue", "tarpit"];
    let name = known.into_iter().find(|known| *known == name).ok_or_else(|| {
        "'set-timeout' rule supports 'server'/'tunnel'/'client'/'connect'/'queue'/'tarpit'".to_owned()
    })?;
    if r.at_end() {
        return Err("expects exactly 2 arguments".into());
    }
    let value = match time(r.peek()) {
        Ok(value) => {
            r.word();
            value
        }
        Err(_) => ActionArg::Expr(r.expr()?),
    };
    Ok(vec![ActionArg::Keyed(name, Some(Box::new(value)))])
}

/// `pause TIME|EXPR`.
pub(crate) fn pause(r: &mut Reader<'_, '_, '_>) -> Parsed {
    match time(r.peek()) {
        Ok(value) if !r.at_end() => {
            r.word();
            Ok(vec![value])
        }
        _ => expression(r),
    }
}

/// `normalize-uri NAME [strict]`.
pub(crate) fn normalize_uri(r: &mut Reader<'_, '_, '_>) -> Parsed {
    let [name] = r.exactly("missing argument <normalizer>")?;
    let known = [
        "fragment-encode",
        "fragment-strip",
        "path-merge-slashes",
        "path-strip-dot",
        "path-strip-dotdot",
        "percent-decode-unreserved",
        "percent-to-uppercase",
        "query-sort-by-name",
    ];
    let name = known
        .into_iter()
        .find(|known| *known == name)
        .ok_or_else(|| format!("unknown normalizer '{name}'"))?;
    let mut args = vec![ActionArg::Str(name.into())];
    for option in ["full", "strict"] {
        if r.eat(option) {
            args.push(ActionArg::Keyed(option, None));
        }
    }
    Ok(args)
}

/// `strict-mode on|off`.
pub(crate) fn strict_mode(r: &mut Reader<'_, '_, '_>) -> Parsed {
    let [text] = r.exactly("expects exactly 1 argument")?;
    match text {
        "on" | "off" => Ok(vec![ActionArg::Str(text.into())]),
        _ => Err(format!("Unexpected value '{text}'. Only 'on' and 'off' are supported")),
    }
}

/// `do-resolve(VAR,RESOLVERS[,ipv4|ipv6]) EXPR`.
pub(crate) fn do_resolve(r: &mut Reader<'_, '_, '_>) -> Parsed {
    let error = || {
        format!(
            "Can't parse '{}'. Expects 'do-resolve(<varname>,<resolvers>[,<options>]) <expr>'. Available options are 'ipv4' and 'ipv6'",
            r.word
        )
    };
    let mut parts = r.paren.unwrap_or_default().split(',');
    let (Some(name), Some(resolvers)) = (parts.next(), parts.next()) else { return Err(error()) };
    let mut args = vec![ActionArg::Var(crate::expr::variable(name)?), ActionArg::Str(resolvers.into())];
    match parts.next() {
        Some("ipv4") => args.push(ActionArg::Keyed("ipv4", None)),
        Some("ipv6") => args.push(ActionArg::Keyed("ipv6", None)),
        Some(_) => return Err(error()),
        None => {}
    }
    args.push(ActionArg::Expr(r.expr()?));
    Ok(args)
}

/// `silent-drop [rst-ttl N]`.
pub(crate) fn silent_drop(r: &mut Reader<'_, '_, '_>) -> Parsed {
    if !r.eat("rst-ttl") {
        return Ok(Vec::new());
    }
    let ttl = r.word().and_then(|text| text.parse().ok()).filter(|ttl| (1..=255).contains(ttl));
    let ttl = ttl.ok_or("'rst-ttl' expects an integer between 1 and 255")?;
    Ok(vec![ActionArg::Keyed("rst-ttl", Some(Box::new(ActionArg::Int(ttl))))])
}

/// `set-bandwidth-limit NAME [limit EXPR|SIZE] [period EXPR|TIME]`.
pub(crate) fn bandwidth(r: &mut Reader<'_, '_, '_>) -> Parsed {
    let [name] = r.exactly("missing bandwidth limitation filter name")?;
    let mut args = vec![ActionArg::Str(name.into())];
    while !r.at_end() {
        let key = if r.eat("limit") {
            "limit"
        } else if r.eat("period") {
            "period"
        } else {
            break;
        };
        let value = match (key, value::size(r.peek()), time(r.peek())) {
            ("limit", Ok(bytes), _) => {
                r.word();
                ActionArg::Int(bytes as i64)
            }
            ("period", _, Ok(time)) => {
                r.word();
                time
            }
            _ => ActionArg::Expr(r.expr()?),
        };
        args.push(ActionArg::Keyed(key, Some(Box::new(value))));
    }
    Ok(args)
}

/// `switch-mode http [proto NAME]`.
pub(crate) fn switch_mode(r: &mut Reader<'_, '_, '_>) -> Parsed {
    let [mode] = r.exactly("missing mode value")?;
    if mode != "http" {
        return Err(format!("invalid mode '{mode}' (expects 'http')"));
    }
    let mut args = vec![ActionArg::Str(mode.into())];
    if r.eat("proto") {
        let proto = r.word().ok_or("missing proto value")?;
        args.push(keyed("proto", proto));
    }
    Ok(args)
}

/// `expect-proxy layer4`, `expect-netscaler-cip layer4`.
pub(crate) fn layer4(r: &mut Reader<'_, '_, '_>) -> Parsed {
    if r.eat("layer4") { Ok(Vec::new()) } else { Err("only 'layer4' is supported".into()) }
}

/// `do-log [profile NAME]`.
pub(crate) fn do_log(r: &mut Reader<'_, '_, '_>) -> Parsed {
    if !r.eat("profile") {
        return Ok(Vec::new());
    }
    let name = r.word().ok_or("missing profile name")?;
    Ok(vec![keyed("profile", name)])
}

/// `attach-srv NAME [name EXPR]`.
pub(crate) fn attach_server(r: &mut Reader<'_, '_, '_>) -> Parsed {
    let [server] = r.exactly("expects a server name")?;
    let mut args = vec![ActionArg::Str(server.into())];
    if r.eat("name") {
        args.push(ActionArg::Keyed("name", Some(Box::new(ActionArg::Expr(r.expr()?)))));
    }
    Ok(args)
}
