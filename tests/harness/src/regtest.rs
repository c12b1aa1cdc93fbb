//! The comment lines at the head of a regression test that say which proxies it is for, and what a proxy says
//! of itself (`-vv`), as HAProxy's `scripts/run-regtests.sh` documents them under `--help`.

use std::io;
use std::path::Path;
use std::process::Command;

/// The kinds of tests that are run; `broken` and `experimental` ones aren't.
const TYPES: [&str; 4] = ["default", "bug", "devel", "slow"];

/// What a build of a proxy says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Build {
    /// As in `HAProxy version 2.6.12-1`.
    pub version: String,
    /// As in `TARGET  = linux-glibc`.
    pub target: String,
    /// Names that the feature list carries with a plus.
    pub features: Vec<String>,
    /// The list of available services.
    pub services: Vec<String>,
}

impl Build {
    /// Asks a program.
    ///
    /// # Errors
    /// It can't be started, or names no version.
    pub fn of(program: &Path) -> io::Result<Build> {
        let output = Command::new(program).arg("-vv").output()?;
        let build = Build::parse(&String::from_utf8_lossy(&output.stdout));
        if build.version.is_empty() {
            return Err(io::Error::other(format!("{} -vv names no version", program.display())));
        }
        Ok(build)
    }

    fn parse(text: &str) -> Build {
        let mut build = Build::default();
        for line in text.lines() {
            if let Some(version) = line.strip_prefix("HAProxy version ") {
                build.version = version.split(' ').next().unwrap_or_default().into();
            } else if let Some(target) = line.trim_start().strip_prefix("TARGET") {
                build.target = target.trim_start_matches([' ', '=']).trim().into();
            } else if let Some(list) = line.strip_prefix("Feature list : ") {
                let claimed = list.split(' ').filter_map(|word| word.strip_prefix('+'));
                build.features = claimed.map(str::to_owned).collect();
            } else if let Some(list) = line.strip_prefix("Available services : ") {
                build.services = list.split_whitespace().map(str::to_owned).collect();
            }
        }
        build
    }
}

/// The requirements of one test.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requirements {
    at_least: Option<String>,
    below: Option<String>,
    kind: Option<String>,
    /// All must hold; each is a list of alternatives.
    options: Vec<Vec<String>>,
    /// As the options.
    services: Vec<Vec<String>>,
    excluded_targets: Vec<String>,
}

impl Requirements {
    /// Reads the comment lines of a test.
    pub fn parse(test: &str) -> Requirements {
        let mut found = Requirements::default();
        let fields = test.lines().filter_map(|line| line.strip_prefix('#')?.split_once('='));
        for (name, value) in fields {
            // The singular forms carry a remark after the comma, the plural ones a list.
            let first = value.rsplit_once(',').map_or(value, |(first, _)| first);
            match name {
                "REQUIRE_VERSION" => found.at_least = Some(value.trim().into()),
                "REQUIRE_VERSION_BELOW" => found.below = Some(value.trim().into()),
                "REGTEST_TYPE" => found.kind = Some(value.trim().into()),
                "REQUIRE_OPTION" => found.options.extend(alternatives(first)),
                "REQUIRE_OPTIONS" => found.options.extend(alternatives(value)),
                "REQUIRE_SERVICE" => found.services.extend(alternatives(first)),
                "REQUIRE_SERVICES" => found.services.extend(alternatives(value)),
                "EXCLUDE_TARGET" => found.excluded_targets.push(first.trim().into()),
                "EXCLUDE_TARGETS" => {
                    found.excluded_targets.extend(value.split(',').map(|target| target.trim().into()));
                }
                _ => {}
            }
        }
        found
    }

    /// Why the test isn't for this build, or nothing when it is.
    pub fn skip_reason(&self, build: &Build) -> Option<String> {
        let kind = self.kind.as_deref().unwrap_or("default");
        if !TYPES.contains(&kind) {
            return Some(format!("its type is {kind}"));
        }
        if let Some(version) =
            self.at_least.as_ref().filter(|version| number(&build.version) < number(version))
        {
            return Some(format!("needs version {version}"));
        }
        if let Some(version) = self.below.as_ref().filter(|version| number(&build.version) >= number(version))
        {
            return Some(format!("needs a version below {version}"));
        }
        if self.excluded_targets.contains(&build.target) {
            return Some(format!("not for target {}", build.target));
        }
        let lacks = |needed: &[Vec<String>], offered: &[String]| {
            let missing = needed.iter().find(|any| !any.iter().any(|name| offered.contains(name)));
            missing.map(|any| any.join(" or "))
        };
        lacks(&self.options, &build.features).map(|option| format!("needs option {option}")).or_else(|| {
            lacks(&self.services, &build.services).map(|service| format!("needs service {service}"))
        })
    }
}

/// `A|B,C` is (A or B) and C.
fn alternatives(list: &str) -> impl Iterator<Item = Vec<String>> {
    let groups = list.split(',').map(str::trim).filter(|group| !group.is_empty());
    groups.map(|group| group.split('|').map(|name| name.trim().to_owned()).collect())
}

/// A version as comparable numbers: up to four parts, of each the leading digits.
fn number(version: &str) -> [u32; 4] {
    let mut numbers = [0; 4];
    for (number, part) in numbers.iter_mut().zip(version.split('.')) {
        let digits: String = part.chars().take_while(char::is_ascii_digit).collect();
        *number = digits.parse().unwrap_or(0);
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build() -> Build {
        Build::parse(
            "HAProxy version 2.6.12-1+deb12u4 2026/10/17 - https://haproxy.org/\n\
             Build options :\n  TARGET  = linux-glibc\n  CPU     = generic\n\n\
             Feature list : -51DEGREES +EPOLL +OPENSSL -PCRE +PCRE2\n\n\
             Available services : prometheus-exporter\nAvailable filters :\n",
        )
    }

    fn skipped(test: &str) -> Option<String> {
        Requirements::parse(test).skip_reason(&build())
    }

    #[test]
    fn a_build_is_read_from_its_own_words() {
        let build = build();
        assert_eq!(build.version, "2.6.12-1+deb12u4");
        assert_eq!(build.target, "linux-glibc");
        assert_eq!(build.features, ["EPOLL", "OPENSSL", "PCRE2"]);
        assert_eq!(build.services, ["prometheus-exporter"]);
    }

    #[test]
    fn versions_bound_from_both_sides() {
        assert_eq!(skipped("#REQUIRE_VERSION=2.6\n"), None);
        assert_eq!(skipped("#REQUIRE_VERSION=2.6.12\n#REQUIRE_VERSION_BELOW=2.10\n"), None);
        assert_eq!(skipped("#REQUIRE_VERSION=2.10\n"), Some("needs version 2.10".into()));
        assert_eq!(skipped("#REQUIRE_VERSION_BELOW=2.6\n"), Some("needs a version below 2.6".into()));
    }

    #[test]
    fn options_have_alternatives_lists_and_remarks() {
        assert_eq!(skipped("#REQUIRE_OPTIONS=PCRE|PCRE2,OPENSSL\n"), None);
        assert_eq!(skipped("#REQUIRE_OPTION=OPENSSL, this test needs TLS\n"), None);
        assert_eq!(skipped("#REQUIRE_OPTIONS=ZLIB|SLZ,OPENSSL\n"), Some("needs option ZLIB or SLZ".into()));
        assert_eq!(skipped("#REQUIRE_SERVICE=prometheus-exporter\n"), None);
        assert_eq!(skipped("#REQUIRE_SERVICES=other\n"), Some("needs service other".into()));
    }

    #[test]
    fn types_and_targets_exclude() {
        assert_eq!(skipped("#REGTEST_TYPE=slow\n"), None);
        assert_eq!(skipped("#REGTEST_TYPE=broken\n"), Some("its type is broken".into()));
        assert_eq!(skipped("#EXCLUDE_TARGET=freebsd, no abns there\n"), None);
        assert_eq!(skipped("#EXCLUDE_TARGETS=dos,linux-glibc\n"), Some("not for target linux-glibc".into()));
    }
}
