//! Basic authentication and userlists (manual 3.4, 7.3.6: `http_auth`).

mod known;
mod password;

use super::{Built, Fetch, Row, fetch, plain, with};
use crate::exchange::Exchange;
use crate::http::HeaderId;
use crate::sample::Needs::Request;
use crate::sample::{Sample, Type};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use haproxy_cfg_parser::model::Userlist;
use haproxy_cfg_parser::raw;
use password::Password;
use std::collections::HashMap;

pub(super) const ROWS: &[Row] = &[
    fetch("http_auth", Type::Bool, Request, |args, context| {
        let users = Users::compile(args.userlist(0, context)?)?;
        with(users, |users, exchange| Some(Sample::Bool(users.of(exchange).is_some())))
    }),
    fetch("http_auth_group", Type::Str, Request, |args, context| {
        let users = Users::compile(args.userlist(0, context)?)?;
        Ok(Box::new(Group(users)))
    }),
    fetch("http_auth_type", Type::Str, Request, |_, _| {
        plain(|exchange| scheme(exchange).map(|(scheme, _)| Sample::str(scheme)))
    }),
    fetch("http_auth_user", Type::Str, Request, |_, _| {
        plain(|exchange| basic(exchange).map(|(user, _)| Sample::owned(user)))
    }),
    fetch("http_auth_pass", Type::Str, Request, |_, _| {
        plain(|exchange| basic(exchange).map(|(_, pass)| Sample::owned(pass)))
    }),
    fetch("http_auth_bearer", Type::Str, Request, |args, _| bearer(args)),
];

fn bearer(args: &super::Args<'_>) -> Built {
    with(args.header(0), |header, exchange| {
        let value = match header {
            Some(header) => exchange.request.headers.values(header).next()?,
            None => exchange.request.headers.first_of(HeaderId::Authorization)?,
        };
        let (scheme, token) = split(value)?;
        scheme.eq_ignore_ascii_case(b"bearer").then(|| Sample::str(token))
    })
}

fn split(value: &[u8]) -> Option<(&[u8], &[u8])> {
    let space = memchr::memchr(b' ', value)?;
    Some((value.get(..space)?, value.get(space..)?.trim_ascii()))
}

/// Scheme and credentials of the request; of a request in proxy form, those for the proxy.
fn scheme(exchange: &Exchange) -> Option<(&[u8], &[u8])> {
    let absolute = !matches!(exchange.request.target().first(), Some(b'/' | b'*'));
    let id = if absolute { HeaderId::ProxyAuthorization } else { HeaderId::Authorization };
    split(exchange.request.headers.first_of(id)?)
}

/// User and password of basic authentication (RFC 7617).
pub(crate) fn basic(exchange: &Exchange) -> Option<(Vec<u8>, Vec<u8>)> {
    let (scheme, credentials) = scheme(exchange)?;
    if !scheme.eq_ignore_ascii_case(b"basic") {
        return None;
    }
    let mut user = STANDARD.decode(credentials).ok()?;
    let colon = memchr::memchr(b':', &user)?;
    let password = user.split_off(colon + 1);
    user.truncate(colon);
    Some((user, password))
}

/// A compiled userlist.
struct Users {
    users: HashMap<Box<[u8]>, Entry>,
}

struct Entry {
    password: Password,
    groups: Vec<String>,
}

impl Users {
    fn compile(list: &Userlist) -> Result<Self, String> {
        let mut users = HashMap::with_capacity(list.users.len());
        for user in &list.users {
            let password = Password::compile(user)?;
            let mut groups = user.groups.clone();
            let listed = list.groups.iter().filter(|(_, names)| names.contains(&user.name));
            groups.extend(listed.map(|(group, _)| group.clone()));
            users.insert((&*raw::bytes(&user.name)).into(), Entry { password, groups });
        }
        Ok(Self { users })
    }

    /// The user whose name and password the request carries.
    fn of(&self, exchange: &Exchange) -> Option<(Vec<u8>, &Entry)> {
        let (user, password) = basic(exchange)?;
        let entry = self.users.get(&*user).filter(|entry| entry.password.is(&password))?;
        Some((user, entry))
    }
}

/// Its value is the user's name; the matcher `auth` asks for the groups.
struct Group(Users);

impl Fetch for Group {
    fn eval<'a>(&'a self, exchange: &'a Exchange) -> Option<Sample<'a>> {
        self.0.of(exchange).map(|(user, _)| Sample::owned(user))
    }

    fn groups<'a>(&'a self, exchange: &Exchange) -> &'a [String] {
        self.0.of(exchange).map_or(&[], |(_, entry)| &entry.groups)
    }
}
