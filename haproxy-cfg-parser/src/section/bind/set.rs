//! One function per typed option of a `bind` line.

use crate::model::{BindOptions, Level};
use crate::parse::Cx;
use crate::section::server::protocol::known;
use crate::value;

/// Takes an option's name and the word after it.
pub(crate) type Parse = fn(&mut Cx<'_>, &mut BindOptions, &'static str, &str) -> Result<(), String>;

type Done = Result<(), String>;

fn text(value: &str, name: &str, what: &str) -> Result<String, String> {
    if value.is_empty() { Err(format!("'{name}' : missing {what}")) } else { Ok(value.into()) }
}

pub(crate) fn name(_: &mut Cx<'_>, bind: &mut BindOptions, name: &'static str, value: &str) -> Done {
    bind.name = Some(text(value, name, "name")?);
    Ok(())
}

pub(crate) fn id(_: &mut Cx<'_>, bind: &mut BindOptions, _: &'static str, value: &str) -> Done {
    let id: u32 =
        value.parse().map_err(|_| format!("'id' : expects an integer argument, found '{value}'"))?;
    if id == 0 {
        return Err("'id' : custom id has to be > 0".into());
    }
    bind.id = Some(id);
    Ok(())
}

pub(crate) fn maxconn(_: &mut Cx<'_>, bind: &mut BindOptions, name: &'static str, value: &str) -> Done {
    let number = value::lenient_integer(&text(value, name, "value")?);
    if number < 0 {
        return Err(format!("'maxconn' : invalid value {number}, must be >= 0"));
    }
    bind.maxconn = Some(number as u64);
    Ok(())
}

pub(crate) fn backlog(_: &mut Cx<'_>, bind: &mut BindOptions, name: &'static str, value: &str) -> Done {
    let number = value::lenient_integer(&text(value, name, "value")?);
    bind.backlog =
        Some(u32::try_from(number).map_err(|_| format!("'backlog' : invalid value {number}, must be > 0"))?);
    Ok(())
}

pub(crate) fn accept_netscaler(
    _: &mut Cx<'_>,
    bind: &mut BindOptions,
    name: &'static str,
    value: &str,
) -> Done {
    let number = value::lenient_integer(&text(value, name, "value")?);
    // The lower bits count.
    bind.accept_netscaler = match number as u32 {
        _ if number < 0 => return Err(format!("'{name}' : invalid value {number}, must be >= 0")),
        0 => return Err(format!("'{name}' : invalid value 0, must be >= 0")),
        magic => Some(magic),
    };
    Ok(())
}

pub(crate) fn interface(_: &mut Cx<'_>, bind: &mut BindOptions, name: &'static str, value: &str) -> Done {
    bind.interface = Some(text(value, name, "interface name")?);
    Ok(())
}

pub(crate) fn mode(_: &mut Cx<'_>, bind: &mut BindOptions, _: &'static str, value: &str) -> Done {
    let mode = u32::from_str_radix(value, 8).ok().filter(|mode| *mode <= 0o7777);
    let mode =
        mode.ok_or_else(|| format!("'mode' : missing or invalid mode '{value}' (octal integer expected)"))?;
    bind.mode = Some(mode);
    Ok(())
}

pub(crate) fn user(_: &mut Cx<'_>, bind: &mut BindOptions, name: &'static str, value: &str) -> Done {
    bind.user = Some(text(value, name, "user name")?);
    Ok(())
}

pub(crate) fn group(_: &mut Cx<'_>, bind: &mut BindOptions, name: &'static str, value: &str) -> Done {
    bind.group = Some(text(value, name, "group name")?);
    Ok(())
}

pub(crate) fn uid(_: &mut Cx<'_>, bind: &mut BindOptions, name: &'static str, value: &str) -> Done {
    bind.uid = Some(value::lenient_integer(&text(value, name, "value")?) as u32);
    Ok(())
}

pub(crate) fn gid(_: &mut Cx<'_>, bind: &mut BindOptions, name: &'static str, value: &str) -> Done {
    bind.gid = Some(value::lenient_integer(&text(value, name, "value")?) as u32);
    Ok(())
}

pub(crate) fn nice(_: &mut Cx<'_>, bind: &mut BindOptions, name: &'static str, value: &str) -> Done {
    bind.nice = Some(value::lenient_integer(&text(value, name, "value")?).clamp(-1024, 1024) as i32);
    Ok(())
}

pub(crate) fn mss(_: &mut Cx<'_>, bind: &mut BindOptions, name: &'static str, value: &str) -> Done {
    let number = value::lenient_integer(&text(value, name, "MSS value")?);
    if number == 0 || number.abs() > 65535 {
        return Err("'mss' : expects an MSS with and absolute value between 1 and 65535".into());
    }
    bind.mss = Some(number as i32);
    Ok(())
}

pub(crate) fn tcp_ut(_: &mut Cx<'_>, bind: &mut BindOptions, name: &'static str, value: &str) -> Done {
    let time = value::time(&text(value, name, "TCP User Timeout value")?, "ms");
    let time = time.map_err(|_| "'tcp-ut' : expects a positive delay in milliseconds".to_owned())?;
    bind.tcp_user_timeout = Some(time.as_millis() as u64);
    Ok(())
}

pub(crate) fn level(_: &mut Cx<'_>, bind: &mut BindOptions, _: &'static str, value: &str) -> Done {
    bind.level = Some(match value {
        "user" => Level::User,
        "operator" => Level::Operator,
        "admin" => Level::Admin,
        _ => return Err(format!("'level' only supports 'user', 'operator', and 'admin' (got '{value}')")),
    });
    Ok(())
}

pub(crate) fn expose_fd(_: &mut Cx<'_>, bind: &mut BindOptions, _: &'static str, value: &str) -> Done {
    if value != "listeners" {
        return Err(format!("'expose-fd' only supports 'listeners' (got '{value}')"));
    }
    bind.expose_fd = true;
    Ok(())
}

pub(crate) fn cluster_write(_: &mut Cx<'_>, bind: &mut BindOptions, _: &'static str, _: &str) -> Done {
    bind.cluster_write = true;
    Ok(())
}

pub(crate) fn severity_output(_: &mut Cx<'_>, bind: &mut BindOptions, _: &'static str, value: &str) -> Done {
    let known = ["none", "number", "string"].into_iter().find(|known| *known == value);
    bind.severity_output = Some(known.ok_or_else(|| {
        format!("'severity-output' only supports 'none', 'number', and 'string' (got '{value}')")
    })?);
    Ok(())
}

pub(crate) fn shards(_: &mut Cx<'_>, bind: &mut BindOptions, _: &'static str, value: &str) -> Done {
    if !matches!(value, "by-thread" | "by-group") {
        let number = value::lenient_integer(value);
        if !(1..=4096).contains(&number) {
            return Err(format!("'shards' : invalid value {number}, allowed range is 1..64 or 'by-thread'"));
        }
    }
    bind.shards = Some(value.into());
    Ok(())
}

pub(crate) fn thread(_: &mut Cx<'_>, bind: &mut BindOptions, _: &'static str, value: &str) -> Done {
    let part = |part: &str| {
        matches!(part, "all" | "odd" | "even")
            || part.split('-').all(|end| end.is_empty() || end.parse::<u32>().is_ok())
    };
    if value.is_empty() || !value.split([',', '/']).all(part) {
        return Err(format!("'{value}' : '{value}' is not a valid number/range."));
    }
    bind.thread = Some(value.into());
    Ok(())
}

pub(crate) fn proto(_: &mut Cx<'_>, bind: &mut BindOptions, name: &'static str, value: &str) -> Done {
    known(name, value)?;
    bind.others.push((name, vec![value.into()]));
    Ok(())
}

macro_rules! flags {
    ($($name:ident),*) => {
        $(pub(crate) fn $name(_: &mut Cx<'_>, bind: &mut BindOptions, _: &'static str, _: &str) -> Done {
            bind.$name = true;
            Ok(())
        })*
    };
}

flags!(accept_proxy, defer_accept, ssl, tfo, transparent, v4v6, v6only);
