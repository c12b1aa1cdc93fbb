//! Users, their groups, and ACLs that name groups (manual 3.4, 7.3.6 "http_auth_group").

use crate::model::{AclTest, Arg, Proxy, Test, Userlist};
use crate::parse::Cx;
use crate::{Diagnostic, Severity};

/// Names of users and groups that a list does not have.
pub(super) fn check(cx: &Cx<'_>) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    for list in &cx.config.userlists {
        let mut say = |text: String| {
            let place = Some(list.place.clone());
            findings.push(Diagnostic {
                severity: Severity::Alert,
                place,
                span: None,
                message: text,
                help: None,
            });
        };
        let name = &list.name;
        for user in &list.users {
            for group in user.groups.iter().filter(|group| !has_group(list, group)) {
                say(format!("userlist '{name}': no such group '{group}' specified in user '{}'", user.name));
            }
        }
        for (group, users) in &list.groups {
            for user in users.iter().filter(|user| !list.users.iter().any(|known| known.name == **user)) {
                say(format!("userlist '{name}': no such user '{user}' specified in group '{group}'"));
            }
        }
    }
    for proxy in cx.config.proxies.iter().filter(|proxy| !proxy.disabled) {
        groups(cx, proxy, &mut findings);
    }
    findings
}

fn has_group(list: &Userlist, name: &str) -> bool {
    list.groups.iter().any(|group| group.0 == name)
}

/// ACLs on groups that no list has.
fn groups(cx: &Cx<'_>, proxy: &Proxy, findings: &mut Vec<Diagnostic>) {
    let mut look = |name: &str, test: &AclTest| {
        let ("http_auth_group", Some(Arg::Str(list))) = (test.expr.fetch.name, test.expr.fetch.args.first())
        else {
            return;
        };
        let Some(list) = cx.config.userlists.iter().find(|known| known.name == *list) else { return };
        for group in test.patterns.iter().filter(|group| !has_group(list, group)) {
            let message =
                format!("proxy {}: acl {name} http_auth_group(): invalid group '{group}'.", proxy.name);
            let place = Some(test.expr.place.clone());
            findings.push(Diagnostic { severity: Severity::Alert, place, span: None, message, help: None });
        }
    };
    for acl in &proxy.acls {
        look(&acl.name, &acl.test);
    }
    for rule in &proxy.http_request {
        for term in rule.condition.iter().flat_map(|condition| condition.any_of.iter().flatten()) {
            if let Test::Anonymous(test) = &term.test {
                look("<anonymous>", test);
            }
        }
    }
}
