//! The environment as a value: `setenv` and its relatives change what later lines see.

use std::collections::BTreeMap;

/// Names and values of environment variables.
#[derive(Clone, Debug, Default)]
pub(crate) struct Environment(BTreeMap<String, String>);

impl Environment {
    pub(crate) fn new(values: Vec<(String, String)>) -> Self {
        Self(values.into_iter().collect())
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.0.insert(name.into(), value.into());
    }

    /// Sets it unless it is already set.
    pub(crate) fn preset(&mut self, name: &str, value: &str) {
        self.0.entry(name.into()).or_insert_with(|| value.into());
    }

    pub(crate) fn unset(&mut self, name: &str) {
        self.0.remove(name);
    }

    /// Keeps only the named ones.
    pub(crate) fn keep(&mut self, names: &[&str]) {
        self.0.retain(|name, _| names.contains(&name.as_str()));
    }

    pub(crate) fn into_pairs(self) -> Vec<(String, String)> {
        self.0.into_iter().collect()
    }
}
