//! Addresses that are not always this node's: each must be listened on by itself, so that it can be let go of.

use super::Options;
use haproxy_cfg_parser::model::{Address, Bind, Config, Host};
use haproxy_cfg_parser::{Diagnostic, Severity};
use std::net::IpAddr;

/// An address that is not always this node's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// It.
    pub ip: IpAddr,
    /// Something else keeps this node from answering for it meanwhile, so that what listens on all addresses may do so.
    pub guarded: bool,
}

/// A finding for each address of a `bind` or `stats socket` line that would answer for a held address all the time.
pub(super) fn check(config: &Config, options: &Options<'_>) -> Vec<Diagnostic> {
    if options.held.is_empty() {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for proxy in config.proxies.iter().filter(|proxy| !proxy.disabled) {
        for bind in &proxy.binds {
            findings.extend(line(bind, "bind", options, |held| format!("write `bind {held}:PORT` for it")));
        }
    }
    for socket in &config.global.stats_sockets {
        let help = |_| "give it an address of the node's own".to_owned();
        findings.extend(line(&socket.bind, "stats socket", options, help));
        let own = socket.bind.addresses.iter().filter_map(|(address, text)| {
            let Address::Inet { host: Host::Ip(ip), .. } = address else { return None };
            let is_held = options.held.iter().any(|held| held.ip == *ip);
            is_held.then(|| finding(&socket.bind, "stats socket", text, *ip, &help(*ip)))
        });
        findings.extend(own);
    }
    findings
}

/// Findings for wildcards and names.
fn line(
    bind: &Bind,
    keyword: &str,
    options: &Options<'_>,
    help: impl Fn(IpAddr) -> String,
) -> Vec<Diagnostic> {
    let covered = |address: &Address| -> Option<IpAddr> {
        let Address::Inet { host, .. } = address else { return None };
        let find = |which: &dyn Fn(&IpAddr) -> bool| {
            let mut alone = options.held.iter().filter(|held| !held.guarded).map(|held| held.ip);
            alone.find(|ip| which(ip))
        };
        let v4 = || find(&|ip| ip.is_ipv4());
        // Where it takes IPv4 as well, it takes all.
        let v6 = || find(&|ip| ip.is_ipv6() || bind.options.v4v6 && !bind.options.v6only);
        match host {
            Host::Any | Host::AnyV4 => v4(),
            Host::AnyV6 => v6(),
            Host::Ip(IpAddr::V4(ip)) if ip.is_unspecified() => v4(),
            Host::Ip(IpAddr::V6(ip)) if ip.is_unspecified() => v6(),
            Host::Ip(_) => None,
            Host::Name(name) => {
                let known = options.world.addresses(name).unwrap_or_default();
                find(&|ip| known.contains(ip))
            }
        }
    };
    let found = bind.addresses.iter().filter_map(|(address, text)| Some((covered(address)?, text)));
    found.map(|(ip, text)| finding(bind, keyword, text, ip, &help(ip))).collect()
}

fn finding(bind: &Bind, keyword: &str, text: &str, held: IpAddr, help: &str) -> Diagnostic {
    let place = &bind.place;
    Diagnostic {
        severity: Severity::Alert,
        place: Some(place.clone()),
        span: None,
        message: format!(
            "parsing [{place}] : '{keyword} {text}' would answer for the virtual address {held} also while \
             another node holds it; {help}."
        ),
        help: Some(help.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::Held;
    use crate::compile::{Options, Plan, compile};
    use crate::testing::options;
    use haproxy_cfg_parser::{Source, SystemWorld, parse};
    use std::sync::Arc;

    /// The plan of a frontend with these lines on a node that shares 127.0.9.9 and ::9 with others, or what is wrong.
    fn compiled(lines: &str) -> Result<Plan, String> {
        compiled_with(lines, false)
    }

    fn compiled_with(lines: &str, guarded: bool) -> Result<Plan, String> {
        let held = ["127.0.9.9", "::9"].map(|ip| Held { ip: ip.parse().unwrap(), guarded });
        let text = format!("{lines}\ndefaults\n timeout client 1s\n");
        let (config, _) = parse(&[Source::new("a.cfg", text)], &SystemWorld::default());
        compile(&Arc::new(config), &Options { held: &held, ..options(None) })
            .map(|(plan, _)| plan)
            .map_err(|found| found.iter().map(|finding| finding.message.clone() + "\n").collect())
    }

    #[test]
    fn what_would_answer_for_it_all_the_time_is_refused() {
        let wrong = |lines: &str| compiled(lines).map(drop).unwrap_err();
        for line in ["bind :80", "bind *:80", "bind 0.0.0.0:80", "bind :::80 v4v6"] {
            let told = wrong(&format!("frontend f\n {line}"));
            assert!(
                told.contains("parsing [a.cfg:2] : 'bind ") && told.contains(" 127.0.9.9 "),
                "{line}: {told}"
            );
            assert!(told.contains("write `bind 127.0.9.9:PORT` for it."), "{line}: {told}");
        }
        let told = wrong("frontend f\n bind :::80 v6only");
        assert!(told.contains("for the virtual address ::9 "), "{told}");
        for socket in ["127.0.9.9:99", "*:99"] {
            let told = wrong(&format!("global\n stats socket {socket}\nfrontend f\n bind 127.0.0.1:80"));
            assert!(told.contains("'stats socket "), "{told}");
        }
    }

    #[test]
    fn what_is_guarded_may_be_listened_on_with_all_others() {
        let plan = compiled_with("frontend f\n bind :80\n bind 127.0.9.9:81", true).unwrap();
        let asks: Vec<_> = plan.binds.iter().map(|spec| spec.listener.permit.is_some()).collect();
        assert_eq!(asks, [false, true]);
        let covers: Vec<_> = plan.binds.iter().map(|spec| spec.listener.covered.is_some()).collect();
        assert_eq!(covers, [true, false], "its connections to the address end with it all the same");
        let told = compiled_with("global\n stats socket 127.0.9.9:99\nfrontend f\n bind :80", true);
        assert!(told.is_err(), "its socket would be bound without leave");
    }

    #[test]
    fn its_own_line_takes_leave_and_others_do_not() {
        let plan = compiled("frontend f\n bind 127.0.9.9:80,127.0.9.1:80\n bind ::9:80").unwrap();
        let asks: Vec<_> = plan.binds.iter().map(|spec| spec.listener.permit.is_some()).collect();
        assert_eq!(asks, [true, false, true]);
        plan.permit.grant(std::time::Instant::now() + std::time::Duration::from_secs(60));
        assert!(
            plan.binds
                .iter()
                .all(|spec| { spec.listener.permit.as_ref().is_none_or(crate::listen::Permit::is_granted) })
        );
    }
}
