//! Arguments of fetches and converters, read at load.

use crate::compile::Context;
use crate::http::HeaderKey;
use crate::sample::{Place, VarKey};
use haproxy_cfg_parser::model::{Arg, Userlist};
use haproxy_cfg_parser::raw;
use std::net::IpAddr;

/// The arguments of one fetch or converter, and where it stands.
///
/// The parser has checked their number and types; what is asked for here and missing is optional.
#[derive(Clone, Copy)]
pub struct Args<'a> {
    /// As parsed.
    pub list: &'a [Arg],
    /// Where the expression stands.
    pub place: Place,
}

impl<'a> Args<'a> {
    fn get(&self, index: usize) -> Option<&'a Arg> {
        self.list.get(index).filter(|arg| !matches!(arg, Arg::Absent))
    }

    /// A string.
    pub fn text(&self, index: usize) -> Option<&'a str> {
        match self.get(index)? {
            Arg::Str(text) | Arg::Regex(text, _) => Some(text),
            _ => None,
        }
    }

    /// A string that must be there.
    pub fn required(&self, index: usize) -> Result<&'a str, String> {
        self.text(index).ok_or_else(|| format!("missing argument {}", index + 1))
    }

    /// An integer; `Ok(None)` when it is not there.
    pub fn int(&self, index: usize) -> Result<Option<i64>, String> {
        match self.get(index) {
            None => Ok(None),
            Some(Arg::Int(value)) => Ok(Some(*value)),
            Some(Arg::Time(value) | Arg::Size(value)) => Ok(Some(i64::try_from(*value).unwrap_or(i64::MAX))),
            Some(Arg::Str(text)) => match text.parse() {
                Ok(value) => Ok(Some(value)),
                Err(_) if text.is_empty() => Ok(None),
                Err(_) => Err(format!("'{text}' is not an integer")),
            },
            Some(_) => Err(format!("argument {} is not an integer", index + 1)),
        }
    }

    /// A header name, prepared for look-ups.
    pub fn header(&self, index: usize) -> Option<HeaderKey> {
        self.text(index).filter(|name| !name.is_empty()).map(|name| HeaderKey::new(&raw::bytes(name)))
    }

    /// An address.
    pub fn ip(&self, index: usize) -> Result<Option<IpAddr>, String> {
        match self.get(index) {
            None => Ok(None),
            Some(Arg::Ip(address) | Arg::Mask(address)) => Ok(Some(*address)),
            Some(Arg::Str(text)) => {
                text.parse().map(Some).map_err(|_| format!("'{text}' is not an IPv4 or IPv6 address"))
            }
            Some(_) => Err(format!("argument {} is not an address", index + 1)),
        }
    }

    /// A variable; `Ok(None)` when it is not there.
    pub fn var(&self, index: usize) -> Result<Option<VarKey>, String> {
        match self.get(index) {
            None => Ok(None),
            Some(Arg::Var(name)) => Ok(Some(VarKey::new(name))),
            Some(Arg::Str(text)) if text.is_empty() => Ok(None),
            Some(Arg::Str(text)) => VarKey::parse(text).map(Some).ok_or_else(|| {
                format!(
                    "invalid variable name '{text}'. A variable name must be start by its scope. The scope can be 'proc', 'sess', 'txn', 'req', 'res' or 'check'"
                )
            }),
            Some(_) => Err(format!("argument {} is not a variable", index + 1)),
        }
    }

    /// The userlist that an argument names.
    pub fn userlist<'c>(&self, index: usize, context: &Context<'c>) -> Result<&'c Userlist, String> {
        let name = self.required(index)?;
        context
            .config
            .userlists
            .iter()
            .find(|list| list.name == name)
            .ok_or_else(|| format!("unable to find userlist '{name}'"))
    }
}
