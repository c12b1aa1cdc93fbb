//! One function per typed option of a `server` line.

use crate::expr::{self, Site};
use crate::model::{Address, HashKey, Host, InitState, Observe, OnError, ServerLine};
use crate::parse::Cx;
use crate::tables::reach::Stage;
use crate::value::{self, TimeError};
use std::time::Duration;

/// Takes an option's name and the word after it.
pub(crate) type Parse = fn(&mut Cx<'_>, &mut ServerLine, &'static str, &str) -> Result<(), String>;

type Done = Result<(), String>;

/// Keeps the option as written; the last one of a name counts.
pub(crate) fn kept(_: &mut Cx<'_>, server: &mut ServerLine, name: &'static str, value: &str) -> Done {
    let row = crate::tables::keywords::server::ROWS.iter().find(|row| row.name == name);
    let words = if row.is_some_and(|row| row.args > 0) {
        if value.is_empty() {
            return Err(format!("'{name}' expects <value> as argument."));
        }
        vec![value.to_owned()]
    } else {
        Vec::new()
    };
    // `no-x` and `x` undo one another.
    let base = |name: &'static str| name.strip_prefix("no-").unwrap_or(name);
    server.others.retain(|other| base(other.0) != base(name));
    server.others.push((name, words));
    Ok(())
}

fn text(value: &str, name: &str, what: &str) -> Result<String, String> {
    if value.is_empty() { Err(format!("'{name}' expects {what} as argument.")) } else { Ok(value.into()) }
}

fn delay(server: &ServerLine, value: &str, name: &str) -> Result<Option<Duration>, String> {
    let server = &server.name;
    match value::time(&text(value, name, "a delay")?, "ms") {
        Ok(time) if time.is_zero() => {
            Err(format!("invalid value {} for argument '{name}' of server {server}.", time.as_millis()))
        }
        Ok(time) => Ok(Some(time)),
        Err(TimeError::Unexpected(c)) => {
            Err(format!("unexpected character '{c}' in '{name}' argument of server {server}."))
        }
        Err(TimeError::Overflow) => {
            Err(format!("timer overflow in argument <{value}> to <{name}> of server {server}."))
        }
    }
}

/// A number as C reads it, bounded to what the field holds.
fn number(value: &str) -> u32 {
    value::lenient_integer(value).clamp(0, i64::from(u32::MAX)) as u32
}

pub(crate) fn weight(_: &mut Cx<'_>, server: &mut ServerLine, _: &'static str, value: &str) -> Done {
    let weight = value::lenient_integer(value);
    if !(0..=256).contains(&weight) {
        return Err(format!("weight of server {} is not within 0 and 256 ({weight}).", server.name));
    }
    server.weight = weight as u32;
    Ok(())
}

pub(crate) fn id(_: &mut Cx<'_>, server: &mut ServerLine, _: &'static str, value: &str) -> Done {
    let id = number(&text(value, "id", "an integer")?);
    if id == 0 {
        return Err("'id' : custom id has to be > 0".into());
    }
    server.id = Some(id);
    Ok(())
}

pub(crate) fn cookie(_: &mut Cx<'_>, server: &mut ServerLine, name: &'static str, value: &str) -> Done {
    server.cookie = Some(text(value, name, "<value>")?);
    Ok(())
}

pub(crate) fn redir(_: &mut Cx<'_>, server: &mut ServerLine, name: &'static str, value: &str) -> Done {
    server.redir = Some(text(value, name, "<prefix>")?);
    Ok(())
}

pub(crate) fn addr(cx: &mut Cx<'_>, server: &mut ServerLine, name: &'static str, value: &str) -> Done {
    server.check.addr = Some(place(cx, value, name)?);
    Ok(())
}

/// An address that checks go to.
fn place(cx: &Cx<'_>, value: &str, name: &str) -> Result<Address, String> {
    let value = text(value, name, "<addr>")?;
    crate::section::proxy::check::address(cx, &value).map_err(|error| format!("'{name}' : {error}"))
}

pub(crate) fn agent_addr(cx: &mut Cx<'_>, server: &mut ServerLine, name: &'static str, value: &str) -> Done {
    server.check.agent.addr = Some(place(cx, value, name)?);
    Ok(())
}

pub(crate) fn agent_port(_: &mut Cx<'_>, server: &mut ServerLine, name: &'static str, value: &str) -> Done {
    let port = number(&text(value, name, "a port number")?);
    server.check.agent.port = u16::try_from(port).ok().filter(|port| *port > 0);
    match server.check.agent.port {
        Some(_) => Ok(()),
        None => Err(format!("'{name}' expects a port number between 1 and 65535")),
    }
}

pub(crate) fn agent_inter(_: &mut Cx<'_>, server: &mut ServerLine, name: &'static str, value: &str) -> Done {
    server.check.agent.inter = delay(server, value, name)?;
    Ok(())
}

pub(crate) fn agent_send(_: &mut Cx<'_>, server: &mut ServerLine, name: &'static str, value: &str) -> Done {
    server.check.agent.send = Some(text(value, name, "a string")?);
    Ok(())
}

pub(crate) fn error_limit(_: &mut Cx<'_>, server: &mut ServerLine, name: &'static str, value: &str) -> Done {
    server.check.error_limit = count(value, name)?;
    Ok(())
}

pub(crate) fn track(_: &mut Cx<'_>, server: &mut ServerLine, name: &'static str, value: &str) -> Done {
    server.check.track = Some(text(value, name, "[<proxy>/]<server>")?);
    Ok(())
}

pub(crate) fn port(_: &mut Cx<'_>, server: &mut ServerLine, name: &'static str, value: &str) -> Done {
    server.check.port =
        u16::try_from(number(&text(value, name, "a port number")?)).ok().filter(|port| *port > 0);
    Ok(())
}

pub(crate) fn init_addr(_: &mut Cx<'_>, server: &mut ServerLine, name: &'static str, value: &str) -> Done {
    let known =
        |part: &str| matches!(part, "libc" | "last" | "none") || part.parse::<std::net::IpAddr>().is_ok();
    if let Some(part) = value.split(',').find(|part| !known(part)) {
        return Err(format!(
            "'{name}' : unknown init-addr method '{part}', supported methods are 'libc', 'last', 'none'."
        ));
    }
    server.init_addr = Some(value.into());
    Ok(())
}

pub(crate) fn init_state(_: &mut Cx<'_>, server: &mut ServerLine, name: &'static str, value: &str) -> Done {
    server.check.initial = match value {
        "fully-up" => InitState::FullyUp,
        "up" => InitState::Up,
        "down" => InitState::Down,
        "fully-down" => InitState::FullyDown,
        _ => {
            return Err(format!(
                "'{name}' expects one of 'fully-up', 'up', 'down', or 'fully-down' but got '{value}'"
            ));
        }
    };
    Ok(())
}

pub(crate) fn resolvers(_: &mut Cx<'_>, server: &mut ServerLine, _: &'static str, value: &str) -> Done {
    server.resolve.resolvers = Some(value.into());
    Ok(())
}

pub(crate) fn resolve_prefer(
    _: &mut Cx<'_>,
    server: &mut ServerLine,
    name: &'static str,
    value: &str,
) -> Done {
    server.resolve.prefer_ipv4 = match value {
        "ipv4" => true,
        "ipv6" => false,
        _ => return Err(format!("'{name}' expects either ipv4 or ipv6 as argument.")),
    };
    Ok(())
}

pub(crate) fn resolve_net(_: &mut Cx<'_>, server: &mut ServerLine, name: &'static str, value: &str) -> Done {
    for part in text(value, name, "a list of networks")?.split(',') {
        let network = value::network(part).ok_or_else(|| format!("'{name}' invalid network '{part}'."))?;
        server.resolve.networks.push(network);
    }
    Ok(())
}

pub(crate) fn resolve_opts(_: &mut Cx<'_>, server: &mut ServerLine, name: &'static str, value: &str) -> Done {
    for part in value.split(',') {
        match part {
            "allow-dup-ip" => server.resolve.allow_duplicates = true,
            "prevent-dup-ip" => server.resolve.allow_duplicates = false,
            "ignore-weight" => server.resolve.ignore_weight = true,
            _ => {
                return Err(format!(
                    "'{name}' : unknown resolve-opts option '{part}', supported methods are 'allow-dup-ip', 'ignore-weight', and 'prevent-dup-ip'."
                ));
            }
        }
    }
    Ok(())
}

pub(crate) fn tcp_ut(_: &mut Cx<'_>, server: &mut ServerLine, name: &'static str, value: &str) -> Done {
    server.tcp_user_timeout = delay(server, value, name)?.map(|time| time.as_millis() as u64);
    Ok(())
}

pub(crate) fn socks4(cx: &mut Cx<'_>, server: &mut ServerLine, name: &'static str, value: &str) -> Done {
    if value.is_empty() {
        return Err(format!("'{name}' expects <addr>:<port> as argument."));
    }
    let address = value::address(value, &cx.env).map_err(|error| format!("'{name} {value}' : {error}"))?;
    match &address {
        Address::Inet { ports: (low, high), .. } if low != high => {
            return Err(format!("'{name} {value}' : port range not permitted here in '{value}'"));
        }
        Address::Inet { ports: (0, _), .. } => {
            return Err(format!("'{name} {value}' : missing port specification in '{value}'"));
        }
        Address::Inet { host: Host::Name(host), .. } if !cx.resolves(host) => {
            return Err(format!("'{name} {value}' : invalid address: '{host}' in '{value}'"));
        }
        _ => {}
    }
    server.socks4 = Some(address);
    Ok(())
}

pub(crate) fn hash_key(_: &mut Cx<'_>, server: &mut ServerLine, name: &'static str, value: &str) -> Done {
    server.hash_key = match value {
        "id" => HashKey::Id,
        "addr" => HashKey::Addr,
        "addr-port" => HashKey::AddrPort,
        _ => return Err(format!("'{name}' has to be 'id', 'addr', or 'addr-port'")),
    };
    Ok(())
}

/// The option that has an argument in parentheses.
pub(crate) const TLV: &str = "set-proxy-v2-tlv-fmt";

/// `set-proxy-v2-tlv-fmt(ID) FORMAT`.
pub(crate) fn tlv(cx: &mut Cx<'_>, server: &mut ServerLine, word: &str, value: &str) -> Done {
    let id = word.strip_prefix(TLV).and_then(|rest| rest.strip_prefix('(')?.strip_suffix(')'));
    let id = id.ok_or_else(|| format!("'{word}' : expects {TLV}(<TLV ID>)"))?;
    let number = match id.strip_prefix("0x").or_else(|| id.strip_prefix("0X")) {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => id.parse(),
    };
    let number = number.map_err(|_| format!("'{word}' : could not convert TLV ID"))?;
    let kind = u8::try_from(number).map_err(|_| format!("'{word}' : the maximum allowed TLV ID is 255"))?;
    let format = expr::log_format(cx, &text(value, word, "<fmt>")?, Site::new(Stage::BackendRequest.bit()))
        .map_err(|error| format!("'{word}' : failed to parse '{value}' : {error}"))?;
    // The last value of a type counts.
    server.tlvs.retain(|(known, _)| *known != kind);
    server.tlvs.push((kind, format));
    Ok(())
}

pub(crate) fn slowstart(_: &mut Cx<'_>, server: &mut ServerLine, name: &'static str, value: &str) -> Done {
    // The unit here is the second in no case: a bare number is in milliseconds.
    server.slowstart = delay(server, value, name)?;
    Ok(())
}

pub(crate) fn pool_purge_delay(
    _: &mut Cx<'_>,
    server: &mut ServerLine,
    name: &'static str,
    value: &str,
) -> Done {
    server.pool_purge_delay = delay(server, value, name)?;
    Ok(())
}

pub(crate) fn inter(_: &mut Cx<'_>, server: &mut ServerLine, name: &'static str, value: &str) -> Done {
    server.check.inter = delay(server, value, name)?;
    Ok(())
}

pub(crate) fn fastinter(_: &mut Cx<'_>, server: &mut ServerLine, name: &'static str, value: &str) -> Done {
    server.check.fastinter = delay(server, value, name)?;
    Ok(())
}

pub(crate) fn downinter(_: &mut Cx<'_>, server: &mut ServerLine, name: &'static str, value: &str) -> Done {
    server.check.downinter = delay(server, value, name)?;
    Ok(())
}

fn count(value: &str, name: &str) -> Result<Option<u32>, String> {
    match number(&text(value, name, "an integer")?) {
        0 => Err(format!("'{name}' has to be > 0.")),
        count => Ok(Some(count)),
    }
}

pub(crate) fn rise(_: &mut Cx<'_>, server: &mut ServerLine, name: &'static str, value: &str) -> Done {
    server.check.rise = count(value, name)?;
    Ok(())
}

pub(crate) fn fall(_: &mut Cx<'_>, server: &mut ServerLine, name: &'static str, value: &str) -> Done {
    server.check.fall = count(value, name)?;
    Ok(())
}

macro_rules! numbers {
    ($($name:ident),*) => {
        $(pub(crate) fn $name(_: &mut Cx<'_>, server: &mut ServerLine, name: &'static str, value: &str) -> Done {
            server.$name = Some(number(&text(value, name, "<value>")?));
            Ok(())
        })*
    };
}

numbers!(maxconn, minconn, maxqueue, pool_low_conn);

pub(crate) fn max_reuse(_: &mut Cx<'_>, server: &mut ServerLine, name: &'static str, value: &str) -> Done {
    server.max_reuse = Some(value::lenient_integer(&text(value, name, "<value>")?));
    Ok(())
}

pub(crate) fn pool_max_conn(
    _: &mut Cx<'_>,
    server: &mut ServerLine,
    name: &'static str,
    value: &str,
) -> Done {
    let number = value::lenient_integer(&text(value, name, "<value>")?);
    if number < -1 {
        return Err(format!("'{name}' must be >= -1"));
    }
    server.pool_max_conn = Some(number);
    Ok(())
}

pub(crate) fn observe(_: &mut Cx<'_>, server: &mut ServerLine, name: &'static str, value: &str) -> Done {
    server.check.observe = match value {
        "none" => None,
        "layer4" => Some(Observe::Layer4),
        "layer7" => Some(Observe::Layer7),
        _ => return Err(format!("'{name}' expects one of 'none', 'layer4', 'layer7' but got '{value}'")),
    };
    Ok(())
}

pub(crate) fn on_error(_: &mut Cx<'_>, server: &mut ServerLine, name: &'static str, value: &str) -> Done {
    server.check.on_error = Some(match value {
        "fastinter" => OnError::FastInter,
        "fail-check" => OnError::FailCheck,
        "sudden-death" => OnError::SuddenDeath,
        "mark-down" => OnError::MarkDown,
        _ => {
            return Err(format!(
                "'{name}' expects one of 'fastinter', 'fail-check', 'sudden-death' or 'mark-down' but got '{value}'"
            ));
        }
    });
    Ok(())
}

pub(crate) fn on_marked_down(
    _: &mut Cx<'_>,
    server: &mut ServerLine,
    name: &'static str,
    value: &str,
) -> Done {
    if value != "shutdown-sessions" {
        return Err(format!("'{name}' expects 'shutdown-sessions' but got '{value}'"));
    }
    server.check.shutdown_sessions = true;
    Ok(())
}

pub(crate) fn on_marked_up(_: &mut Cx<'_>, server: &mut ServerLine, name: &'static str, value: &str) -> Done {
    if value != "shutdown-backup-sessions" {
        return Err(format!("'{name}' expects 'shutdown-backup-sessions' but got '{value}'"));
    }
    server.check.shutdown_backup_sessions = true;
    Ok(())
}

pub(crate) fn verify(cx: &mut Cx<'_>, server: &mut ServerLine, name: &'static str, value: &str) -> Done {
    if !matches!(value, "none" | "required") {
        return Err(format!(
            "'{name}' : unknown verify method '{value}', only 'none' and 'required' are supported"
        ));
    }
    kept(cx, server, name, value)
}

pub(crate) fn sni(cx: &mut Cx<'_>, server: &mut ServerLine, name: &'static str, value: &str) -> Done {
    if value.is_empty() {
        return Err("'sni' : missing sni expression".into());
    }
    crate::expr::sample(cx, value)
        .map_err(|error| format!("error detected while parsing sni expression : {}", error.into_text()))?;
    kept(cx, server, name, value)
}

pub(crate) fn proxy_v2_options(
    cx: &mut Cx<'_>,
    server: &mut ServerLine,
    name: &'static str,
    value: &str,
) -> Done {
    let known = ["ssl", "cert-cn", "ssl-cipher", "cert-sig", "cert-key", "authority", "crc32c", "unique-id"];
    match value.split(',').find(|word| !known.contains(word)) {
        Some(word) => Err(format!("'{word}' : proxy v2 option not implemented.")),
        None => {
            // Alone they ask for a header of version 1, as in HAProxy.
            server.send_proxy.get_or_insert(1);
            kept(cx, server, name, value)
        }
    }
}

pub(crate) fn send_proxy_v2_ssl(
    cx: &mut Cx<'_>,
    server: &mut ServerLine,
    name: &'static str,
    value: &str,
) -> Done {
    server.send_proxy = Some(2);
    kept(cx, server, name, value)
}

pub(crate) fn no_send_proxy_v2_ssl(
    cx: &mut Cx<'_>,
    server: &mut ServerLine,
    name: &'static str,
    value: &str,
) -> Done {
    server.send_proxy = None;
    kept(cx, server, name, value)
}

macro_rules! switches {
    ($($name:ident: $($field:ident).+ = $value:expr;)*) => {
        $(pub(crate) fn $name(_: &mut Cx<'_>, server: &mut ServerLine, _: &'static str, _: &str) -> Done {
            server.$($field).+ = $value;
            Ok(())
        })*
    };
}

switches! {
    check_via_socks4: check_via_socks4 = true;
    backup: backup = true;
    no_backup: backup = false;
    disabled: disabled = true;
    enabled: disabled = false;
    check: check.enabled = true;
    no_check: check.enabled = false;
    agent_check: check.agent.enabled = true;
    no_agent_check: check.agent.enabled = false;
    ssl: ssl = true;
    no_ssl: ssl = false;
    tfo: tfo = true;
    no_tfo: tfo = false;
    send_proxy: send_proxy = Some(1);
    send_proxy_v2: send_proxy = Some(2);
    no_send_proxy: send_proxy = None;
}
