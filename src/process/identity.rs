//! Who the worker is: `user`, `group`, `uid`, `gid`, `chroot` (manual 3.1).

use haproxy_cfg_parser::model::{Class, Config};
use haproxy_cfg_parser::{Diagnostic, Severity};
use nix::sys::prctl;
use nix::unistd::{Gid, Group, Uid, User, chdir, chroot, getgroups, setgid, setgroups, setuid};

/// What the worker becomes. Zero ids are "stay as you are", as in HAProxy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Identity {
    user: Option<Uid>,
    group: Option<Gid>,
    root: Option<String>,
}

impl Identity {
    /// Looks the names up.
    ///
    /// # Errors
    /// A name that the system does not know.
    pub(crate) fn resolve(config: &Config) -> Result<Self, Diagnostic> {
        let global = &config.global;
        let user = match &global.user {
            Some(name) => match User::from_name(name) {
                Ok(Some(user)) => Some(user.uid),
                other => return Err(unknown(config, "user", name, other.err())),
            },
            None => global.uid.map(Uid::from_raw),
        };
        let group = match &global.group {
            Some(name) => match Group::from_name(name) {
                Ok(Some(group)) => Some(group.gid),
                other => return Err(unknown(config, "group", name, other.err())),
            },
            None => global.gid.map(Gid::from_raw),
        };
        Ok(Self {
            user: user.filter(|id| id.as_raw() != 0),
            group: group.filter(|id| id.as_raw() != 0),
            root: global.chroot.clone(),
        })
    }

    /// The worker changes nothing about itself.
    pub(crate) fn is_unchanged(&self) -> bool {
        *self == Self::default()
    }

    /// Becomes it, for good: neither this process nor one that it starts can gain privileges again, unless
    /// `may_gain` (`insecure-setuid-wanted`).
    ///
    /// # Errors
    /// HAProxy's text on what the system refuses. The process must end then.
    pub(crate) fn assume(&self, may_gain: bool, warn: impl Fn(&str)) -> Result<(), String> {
        if let Some(root) = &self.root {
            chroot(root.as_str()).and_then(|()| chdir("/")).map_err(|_| format!("Cannot chroot({root})."))?;
        }
        if let Some(group) = self.group {
            let supplementary = getgroups().is_ok_and(|groups| !groups.is_empty());
            if supplementary && setgroups(&[]).is_err() {
                warn(
                    "Failed to drop supplementary groups. Using 'gid'/'group' without \
                     'uid'/'user' is generally useless.",
                );
            }
            setgid(group).map_err(|_| format!("Cannot set gid {group}."))?;
        }
        if let Some(user) = self.user {
            setuid(user).map_err(|_| format!("Cannot set uid {user}."))?;
        }
        if !may_gain {
            prctl::set_no_new_privs().map_err(|error| format!("Cannot set no_new_privs: {error}."))?;
        }
        Ok(())
    }
}

fn unknown(config: &Config, keyword: &str, name: &str, error: Option<nix::Error>) -> Diagnostic {
    let place = config
        .uses
        .first(|word| word.class == Class::Keyword && word.section == "global" && word.name == keyword)
        .map(|used| used.place);
    let start = place.as_ref().map_or_else(String::new, |place| format!("parsing [{place}] : "));
    let (number, text) = error.map_or((0, "Success"), |error| (error as i32, error.desc()));
    Diagnostic {
        severity: Severity::Alert,
        place,
        span: None,
        message: format!("{start}cannot find {keyword} id for '{name}' ({number}:{text})"),
        help: Some(format!("create the {keyword}, or name one that exists")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_names_are_refused() {
        let mut config = Config::default();
        config.global.user = Some("no-such-user-here".into());
        let message = Identity::resolve(&config).map_err(|diagnostic| diagnostic.message);
        assert_eq!(message, Err("cannot find user id for 'no-such-user-here' (0:Success)".into()));
    }

    #[test]
    fn root_and_nothing_are_no_change() {
        let mut config = Config::default();
        assert!(Identity::resolve(&config).is_ok_and(|identity| identity.is_unchanged()));
        (config.global.uid, config.global.group) = (Some(0), Some("root".into()));
        assert!(Identity::resolve(&config).is_ok_and(|identity| identity.is_unchanged()));
        config.global.chroot = Some("/".into());
        assert!(Identity::resolve(&config).is_ok_and(|identity| !identity.is_unchanged()));
    }
}
