//! Names of proxies, listeners and servers that stay when they are called otherwise: `guid`, and `guid-prefix` of `bind`
//! lines (manual 4.2, 5.1 and 5.2, since HAProxy 3.0).

use super::Plan;
use haproxy_cfg_parser::model::{Address, Bind, Config, Place, Proxy, ServerLine};
use haproxy_cfg_parser::{Diagnostic, Severity};
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// Most bytes of one.
const LONGEST: usize = 127;

/// That of a proxy.
pub(crate) fn of_proxy(proxy: &Proxy) -> Option<&str> {
    let (_, words, _) = proxy.others.iter().rfind(|(name, ..)| *name == "guid")?;
    words.first().map(String::as_str)
}

/// Gives one to a proxy that no file has.
pub(super) fn set(proxy: &mut Proxy, guid: &str) {
    proxy.others.push(("guid", vec![guid.to_owned()], proxy.place.clone()));
}

/// That of a server.
pub(crate) fn of_server(line: &ServerLine) -> Option<&str> {
    let (_, words) = line.others.iter().find(|(name, _)| *name == "guid")?;
    words.first().map(String::as_str)
}

/// Those of the listeners of a `bind` line: the prefix, and their number on the line.
pub(crate) fn of_listeners(bind: &Bind) -> Vec<String> {
    let prefix = bind.options.others.iter().rfind(|(name, _)| *name == "guid-prefix");
    let Some(prefix) = prefix.and_then(|(_, words)| words.first()) else { return Vec::new() };
    let count: usize = bind.addresses.iter().map(|(address, _)| listeners(address)).sum();
    (1..=count).map(|number| format!("{prefix}-{number}")).collect()
}

/// How many listeners an address makes.
fn listeners(address: &Address) -> usize {
    match address {
        Address::Inet { ports: (low, high), .. } => usize::from(high.saturating_sub(*low)) + 1,
        _ => 1,
    }
}

/// What is wrong with it.
pub(crate) fn fault(guid: &str) -> Option<String> {
    let is_good = |c: char| c.is_ascii_alphanumeric() || "_-.:".contains(c);
    if guid.len() > LONGEST {
        return Some("UID too big".into());
    }
    guid.chars().find(|c| !is_good(*c)).map(|c| format!("invalid character '{c}'"))
}

/// One that a line gives.
struct Claim<'a> {
    guid: String,
    owner: String,
    place: &'a Place,
    keyword: String,
}

/// All that a configuration gives, in its order.
fn claims(config: &Config) -> impl Iterator<Item = Claim<'_>> {
    config.proxies.iter().flat_map(|proxy| {
        let own = of_proxy(proxy).map(|guid| Claim {
            guid: guid.to_owned(),
            owner: format!("{} {}", proxy.kind.name(), proxy.name),
            place: proxy
                .others
                .iter()
                .rfind(|(name, ..)| *name == "guid")
                .map_or(&proxy.place, |line| &line.2),
            keyword: "'guid'".into(),
        });
        let listeners = proxy.binds.iter().flat_map(move |bind| {
            of_listeners(bind).into_iter().map(move |guid| Claim {
                guid,
                owner: format!("listener {} ({}:{})", proxy.name, bind.place.file, bind.place.line),
                place: &bind.place,
                keyword: "'bind' : 'guid-prefix'".into(),
            })
        });
        let servers = proxy.servers.iter().filter_map(move |line| {
            // Of a template's servers the first has it.
            let name = line.names().into_iter().next()?;
            Some(Claim {
                guid: of_server(line)?.to_owned(),
                owner: format!("server {}/{name}", proxy.name),
                place: &line.place,
                keyword: format!("'server {}/{name}' : 'guid'", proxy.name),
            })
        });
        own.into_iter().chain(listeners).chain(servers)
    })
}

/// Those that are wrong, and those that are given twice.
pub(super) fn check(config: &Config) -> Vec<Diagnostic> {
    let mut owners = HashMap::new();
    let wrong = |claim: Claim<'_>| {
        let Claim { guid, owner, place, keyword } = claim;
        let reason = fault(&guid).or_else(|| match owners.entry(guid) {
            Entry::Occupied(first) => Some(format!("duplicate entry with {}", first.get())),
            Entry::Vacant(free) => {
                free.insert(owner);
                None
            }
        })?;
        Some(Diagnostic {
            severity: Severity::Alert,
            message: format!("parsing [{place}] : {keyword}: {reason}"),
            place: Some(place.clone()),
            span: None,
            help: None,
        })
    };
    claims(config).filter_map(wrong).collect()
}

/// Whether a server or a backend that a command adds may have it.
///
/// # Errors
/// Why not.
pub(super) fn is_free(plan: &Plan, guid: &str) -> Result<(), String> {
    let added = || {
        plan.backends.load().iter().find_map(|backend| {
            if backend.section.as_deref().and_then(of_proxy) == Some(guid) {
                return Some(format!("backend {}", backend.name));
            }
            let servers = backend.servers.load();
            let same = servers.iter().find(|server| of_server(&server.config) == Some(guid));
            same.map(|server| format!("server {}/{}", backend.name, server.name))
        })
    };
    let in_file = || claims(&plan.config).find(|claim| claim.guid == guid).map(|claim| claim.owner);
    let taken = || added().or_else(in_file).map(|owner| format!("duplicate entry with {owner}"));
    fault(guid).or_else(taken).map_or(Ok(()), |reason| Err(format!("'guid': {reason}")))
}

#[cfg(test)]
mod tests {
    use crate::testing;

    fn errors(text: &str) -> Vec<String> {
        let head = "defaults\n timeout client 2s\n timeout server 2s\n timeout connect 2s\n";
        let found = testing::plan(&format!("{head}{text}"), None).err().unwrap_or_default();
        found.into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn each_is_given_once() {
        let good = "frontend f\n guid a\n bind 127.0.0.1:1-3 guid-prefix b\n\
            backend b\n guid c\n server-template s 3 127.0.0.1:4 guid d\n";
        assert_eq!(errors(good), <[&str; 0]>::default());
        assert_eq!(
            errors(
                "listen f\n guid a\n bind 127.0.0.1:1,127.0.0.1:2 guid-prefix b\n server s 127.0.0.1:4 guid b-2\nbackend b\n guid a\n"
            ),
            [
                "parsing [test.cfg:8] : 'server f/s' : 'guid': duplicate entry with listener f (test.cfg:7)",
                "parsing [test.cfg:10] : 'guid': duplicate entry with listen f"
            ]
        );
        assert_eq!(
            errors(&format!("backend b\n guid a,b\n server s 127.0.0.1:4 guid {}\n", "x".repeat(128))),
            [
                "parsing [test.cfg:6] : 'guid': invalid character ','",
                "parsing [test.cfg:7] : 'server b/s' : 'guid': UID too big"
            ]
        );
    }
}
