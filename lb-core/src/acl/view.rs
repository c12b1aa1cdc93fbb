//! Lists of patterns as expressions and conditions look at them: in the structure that suits the matcher, swapped whole after a
//! change, so that a request reads it without a lock.

use super::matcher::{self, Matcher};
use super::{Map, Reference};
use crate::sample::{Sample, Type};
use arc_swap::{ArcSwap, Guard};
use haproxy_cfg_parser::raw;
use std::fmt;
use std::sync::Arc;

/// The patterns of a list as one expression looks at them.
pub(super) trait View: Send + Sync {
    /// Whether an entry would be one here.
    fn check(&self, key: &str, value: Option<&str>) -> Result<(), String>;
    /// Looks at the list anew.
    fn rebuild(&self);
    /// What `get map` and `get acl` tell of a text.
    fn find(&self, text: &str) -> String;
}

/// A map as one expression sees it.
pub struct MapView {
    matcher: &'static str,
    output: Type,
    reference: Arc<Reference>,
    now: ArcSwap<Map>,
}

impl MapView {
    /// Reads a list as keys of that matcher with values of that type.
    ///
    /// # Errors
    /// An entry that is no such key or value.
    pub fn new(reference: &Arc<Reference>, matcher: &'static str, output: Type) -> Result<Arc<Self>, String> {
        let view = Arc::new(Self {
            matcher,
            output,
            reference: Arc::clone(reference),
            now: ArcSwap::from_pointee(Map::new(matcher)?),
        });
        view.now.store(Arc::new(view.build(true)?));
        reference.attach(&view, true);
        Ok(view)
    }

    /// The value of the key that matches.
    #[inline]
    pub fn value(&self, sample: &Sample<'_>) -> Option<Sample<'static>> {
        self.now.load().find(sample).map(Sample::into_owned)
    }

    /// `strict`: an entry that can't be read is an error; otherwise it is left out.
    fn build(&self, strict: bool) -> Result<Map, String> {
        let mut map = Map::new(self.matcher)?;
        for entry in self.reference.versions().entries() {
            let value = Map::read(&raw::bytes(entry.value.as_deref().unwrap_or_default()), self.output);
            let done = value.and_then(|value| map.insert(&raw::bytes(&entry.key), value));
            if strict {
                done?;
            }
        }
        map.finish();
        Ok(map)
    }
}

impl View for MapView {
    fn check(&self, key: &str, value: Option<&str>) -> Result<(), String> {
        check_key(self.matcher, key)?;
        if let Some(value) = value {
            Map::read(&raw::bytes(value), self.output)?;
        }
        Ok(())
    }

    fn rebuild(&self) {
        if let Ok(map) = self.build(false) {
            self.now.store(Arc::new(map));
        }
    }

    fn find(&self, text: &str) -> String {
        let index = if matches!(self.matcher, "str" | "beg" | "ip") { "tree" } else { "list" };
        let sample = Sample::str(text.as_bytes());
        let matcher = if self.matcher == "regm" { "reg" } else { self.matcher };
        let head = format!("type={}, case=sensitive", self.matcher);
        let versions = self.reference.versions();
        let best = best(versions.entries().map(|entry| (&*entry.key, entry)), matcher, false, &sample);
        match best {
            None => format!("{head}, found=no"),
            Some(entry) => {
                let value = entry.value.as_deref().unwrap_or_default();
                format!(
                    "{head}, found=yes, idx={index}, key=\"{}\", value=\"{value}\", type=\"str\"",
                    entry.key
                )
            }
        }
    }
}

/// Patterns of one or more lists as one condition sees them.
pub struct AclView {
    matcher: &'static str,
    options: matcher::Options,
    references: Vec<Arc<Reference>>,
    now: ArcSwap<Matcher>,
}

impl fmt::Debug for AclView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AclView").field(&**self.now.load()).finish()
    }
}

impl AclView {
    /// Reads lists as patterns of that matcher.
    ///
    /// # Errors
    /// A pattern that is none.
    pub fn new(
        references: Vec<Arc<Reference>>,
        matcher: &'static str,
        options: matcher::Options,
    ) -> Result<Arc<Self>, String> {
        let now = ArcSwap::from_pointee(build(&references, matcher, options)?);
        let view = Arc::new(Self { matcher, options, references, now });
        for reference in &view.references {
            reference.attach(&view, false);
        }
        Ok(view)
    }

    /// The patterns of now.
    #[inline]
    pub fn patterns(&self) -> Guard<Arc<Matcher>> {
        self.now.load()
    }
}

fn build(references: &[Arc<Reference>], matcher: &str, options: matcher::Options) -> Result<Matcher, String> {
    let locked: Vec<_> = references.iter().map(|reference| reference.versions()).collect();
    let patterns: Vec<&str> =
        locked.iter().flat_map(|versions| versions.entries().map(|entry| &*entry.key)).collect();
    Matcher::compile(matcher, &patterns, options)
}

impl View for AclView {
    fn check(&self, key: &str, _: Option<&str>) -> Result<(), String> {
        check_key(self.matcher, key)
    }

    fn rebuild(&self) {
        // Each entry was checked before.
        if let Ok(matcher) = build(&self.references, self.matcher, self.options) {
            self.now.store(Arc::new(matcher));
        }
    }

    fn find(&self, text: &str) -> String {
        let fold = self.options.ignore_case;
        let index = if matches!(self.matcher, "str" | "beg" | "ip") && !fold { "tree" } else { "list" };
        let case = if fold { "insensitive" } else { "sensitive" };
        let head = format!("type={}, case={case}", self.matcher);
        let sample = Sample::str(text.as_bytes());
        for reference in &self.references {
            let versions = reference.versions();
            let keys = versions.entries().map(|entry| (&*entry.key, &*entry.key));
            if let Some(pattern) = best(keys, self.matcher, fold, &sample) {
                return format!("{head}, match=yes, idx={index}, pattern=\"{pattern}\"");
            }
        }
        format!("{head}, match=no")
    }
}

/// The entry that matches: the longest prefix or narrowest network, otherwise the first. Walks all of them, which is
/// for commands only.
fn best<'a, T>(
    entries: impl Iterator<Item = (&'a str, T)>,
    matcher: &str,
    ignore_case: bool,
    sample: &Sample<'_>,
) -> Option<T> {
    let options = matcher::Options { ignore_case, resolve: false };
    let mut best: Option<(usize, T)> = None;
    for (key, entry) in entries {
        let Ok(one) = Matcher::compile(matcher, &[key], options) else { continue };
        if !one.matches(sample.clone()) {
            continue;
        }
        let rank = match matcher {
            "beg" => key.len(),
            "ip" => key.split_once('/').map_or(128, |(_, bits)| bits.parse().unwrap_or(0)),
            _ => return Some(entry),
        };
        if best.as_ref().is_none_or(|(known, _)| rank > *known) {
            best = Some((rank, entry));
        }
    }
    best.map(|(_, entry)| entry)
}

/// The key is one for the matcher.
fn check_key(matcher: &str, key: &str) -> Result<(), String> {
    let matcher = if matcher == "regm" { "reg" } else { matcher };
    let options = matcher::Options { ignore_case: false, resolve: false };
    Matcher::compile(matcher, &[key], options).map(|_| ()).map_err(|reason| match matcher {
        "int" | "len" => format!("'{key}' is not a number."),
        "ip" => format!("'{key}' is not a valid IPv4 or IPv6 address."),
        _ => format!("{reason}."),
    })
}
