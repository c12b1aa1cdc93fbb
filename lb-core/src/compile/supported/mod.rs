//! What the engine acts on. The parser knows the whole language; what it knows and this room does not name is refused.

mod keywords;
mod options;
mod reason;

use haproxy_cfg_parser::model::{Class, Config, Use, Word};
use haproxy_cfg_parser::tables::section_of;
use haproxy_cfg_parser::{Diagnostic, Severity};
use keywords::List;
use std::collections::HashSet;

/// What the engine does about a keyword.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// It acts on it, or it means nothing without another keyword that is refused.
    Full,
    /// It tunes what only HAProxy has inside, or asks for what lb does anyway: ignored with a warning.
    Ignored,
    /// It would change what traffic sees, and does not; why.
    Refused(&'static str),
}

/// What the engine does about a keyword of the language's tables; `section` as
/// [`Row::section`](haproxy_cfg_parser::tables::Row::section).
pub fn supports(class: Class, section: &str, name: &str) -> Support {
    let listed = |lists: &[List]| lists.iter().any(|(of, names)| *of == section && names.contains(&name));
    let full = match class {
        Class::Section => {
            matches!(name, "cluster" | "http-errors" | "mailers" | "resolvers" | "ring" | "userlist")
        }
        Class::Keyword => listed(keywords::FULL) || listed(keywords::IDLE),
        Class::Bind => options::BIND.contains(&name),
        Class::Server if section == "ring" => options::RING_SERVER.contains(&name),
        Class::Server => options::SERVER.contains(&name),
        Class::Action => crate::rule::supports(name) && !is_priority(name),
        Class::Fetch | Class::Converter => crate::sample::supports(class, name),
        Class::Matcher => crate::acl::supports(name),
    };
    let ignored = match class {
        Class::Keyword => listed(keywords::IGNORED) || name.starts_with("tune."),
        Class::Bind => options::IGNORED_BIND.contains(&name),
        Class::Server if section == "ring" => false,
        Class::Server => options::IGNORED_SERVER.contains(&name),
        Class::Action => is_priority(name),
        _ => false,
    };
    match (full, ignored) {
        (true, _) => Support::Full,
        (false, true) => Support::Ignored,
        (false, false) if section == "ring" && class == Class::Server => {
            Support::Refused(reason::RING_SERVER)
        }
        (false, false) => Support::Refused(reason::of(class, section, name)),
    }
}

/// Connections have no priorities among each other.
fn is_priority(action: &str) -> bool {
    action.ends_with(" set-nice")
}

/// A finding for each use of what the engine does not act on.
pub(super) fn check(config: &Config) -> Vec<Diagnostic> {
    let support = |word: &Word| supports(word.class, section_of(word.section), word.name);
    let mut seen = HashSet::new();
    // A line in a defaults section is used by each proxy that it is for; one word about it is enough.
    let unmet = config.uses.of(|word| support(word) != Support::Full);
    let unmet = unmet.filter(|used| seen.insert((used.place.clone(), used.word.class, used.word.name)));
    unmet.filter_map(|used| finding(&used, support(&used.word))).collect()
}

fn finding(used: &Use, support: Support) -> Option<Diagnostic> {
    let Use { word: Word { class, name, section }, place } = used;
    let kind = match class {
        Class::Section => "section",
        Class::Keyword => "keyword",
        Class::Bind => "'bind' option",
        Class::Server => "'server' option",
        Class::Action => "action",
        Class::Fetch => "sample fetch",
        Class::Converter => "converter",
        Class::Matcher => "ACL matcher or flag",
    };
    let (severity, text) = match support {
        Support::Full => return None,
        Support::Ignored => (
            Severity::Warning,
            format!("{kind} '{name}' in section '{section}' has no meaning for lb and is ignored."),
        ),
        Support::Refused(reason) => (
            Severity::Alert,
            format!("{kind} '{name}' in section '{section}' is not supported by lb: {reason}."),
        ),
    };
    Some(Diagnostic {
        severity,
        place: Some(place.clone()),
        span: None,
        message: format!("parsing [{place}] : {text}"),
        help: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use haproxy_cfg_parser::tables;

    #[test]
    fn no_behaviour_without_a_signature() {
        let rows: HashSet<_> = tables::rows().iter().map(|row| (row.class, row.section, row.name)).collect();
        for (section, names) in keywords::FULL.iter().chain(keywords::IDLE).chain(keywords::IGNORED) {
            for name in *names {
                assert!(rows.contains(&(Class::Keyword, *section, *name)), "{section} {name}");
            }
        }
        let lists = [
            (Class::Bind, options::BIND),
            (Class::Bind, options::IGNORED_BIND),
            (Class::Server, options::SERVER),
            (Class::Server, options::IGNORED_SERVER),
        ];
        for (class, names) in lists {
            for name in names {
                assert!(rows.contains(&(class, "", *name)), "{class:?} {name}");
            }
        }
    }

    #[test]
    fn every_name_once() {
        let mut seen = HashSet::new();
        for (section, names) in keywords::FULL.iter().chain(keywords::IDLE).chain(keywords::IGNORED) {
            for name in *names {
                assert!(seen.insert((section, name)), "{section} {name}");
            }
        }
    }

    #[test]
    fn a_word_is_supported_in_its_own_section_only() {
        assert_eq!(supports(Class::Keyword, "global", "node"), Support::Full);
        assert!(matches!(supports(Class::Keyword, "peers", "bind"), Support::Refused(_)));
        assert!(matches!(supports(Class::Keyword, "ring", "backing-file"), Support::Refused(_)));
    }

    #[test]
    fn every_refusal_says_why() {
        for row in tables::rows() {
            if let Support::Refused(reason) = supports(row.class, row.section, row.name) {
                assert_ne!(reason, reason::UNKNOWN, "{:?} {} {}", row.class, row.section, row.name);
            }
        }
    }
}
