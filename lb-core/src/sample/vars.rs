//! Variables (manual 2.8): values under compiled keys.

use super::Sample;
use haproxy_cfg_parser::model::{Scope, VarName};
use smallvec::SmallVec;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError, RwLock};

/// A variable's scope and name, made an integer at load.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct VarKey(u32);

static NAMES: LazyLock<Mutex<HashMap<String, u32>>> = LazyLock::new(Mutex::default);

/// Names that commands may bring end here; a file may have more.
const MAX_NAMES: usize = 100_000;

impl VarKey {
    /// The key of a variable. Names keep their number for the life of the process, so that variables of a session
    /// outlive a reload.
    pub fn new(name: &VarName) -> Self {
        let mut names = lock(&NAMES);
        let next = u32::try_from(names.len()).unwrap_or(u32::MAX);
        let number = *names.entry(name.name.clone()).or_insert(next);
        Self(number << 3 | scope_bits(name.scope))
    }

    /// The key of `scope.name` as written in the arguments of converters; none for an unknown scope or an empty name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::read(text).map(|name| Self::new(&name))
    }

    /// [`Self::parse`] where no variable of a name that was never set is wanted.
    pub fn known(text: &str) -> Option<Self> {
        let VarName { scope, name } = Self::read(text)?;
        let number = *lock(&NAMES).get(&name)?;
        Some(Self(number << 3 | scope_bits(scope)))
    }

    /// True when there is no room for names that commands bring.
    pub(crate) fn is_full() -> bool {
        lock(&NAMES).len() >= MAX_NAMES
    }

    fn read(text: &str) -> Option<VarName> {
        let (scope, name) = text.split_once('.')?;
        let scope = match scope {
            "proc" => Scope::Proc,
            "sess" => Scope::Sess,
            "txn" => Scope::Txn,
            "req" => Scope::Req,
            "res" => Scope::Res,
            "check" => Scope::Check,
            _ => return None,
        };
        let legal = !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.".contains(&byte));
        legal.then(|| VarName { scope, name: name.to_owned() })
    }

    /// The value of a variable of scope `proc`; none for others.
    pub(crate) fn process_value(self) -> Option<Sample<'static>> {
        if self.is_process() { process_get(self) } else { None }
    }

    /// Gives a variable of scope `proc` its value; does nothing for others.
    pub(crate) fn set_process(self, value: Sample<'static>) {
        if self.is_process() {
            process_set(self, Some(value));
        }
    }

    fn is(self, scope: Scope) -> bool {
        self.0 & 7 == scope_bits(scope)
    }

    /// It lives as long as the process.
    pub fn is_process(self) -> bool {
        self.is(Scope::Proc)
    }

    /// It lives as long as the client's connection.
    pub fn is_session(self) -> bool {
        self.is(Scope::Sess)
    }
}

fn scope_bits(scope: Scope) -> u32 {
    match scope {
        Scope::Proc => 0,
        Scope::Sess => 1,
        Scope::Txn => 2,
        Scope::Req => 3,
        Scope::Res => 4,
        Scope::Check => 5,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

type Value = Option<Sample<'static>>;

/// Variables of an exchange or of a session.
///
/// Converters (`set-var`) set variables while an exchange is only borrowed; such values wait in a side list, are
/// seen by every later read, and join the others at the next write.
#[derive(Debug, Default)]
pub struct Vars {
    values: SmallVec<[(VarKey, Value); 4]>,
    waiting: Mutex<Vec<(VarKey, Value)>>,
    any_waiting: AtomicBool,
}

impl Vars {
    /// The value of a variable.
    pub fn get(&self, key: VarKey) -> Option<Sample<'_>> {
        if self.any_waiting.load(Ordering::Relaxed)
            && let Some((_, value)) = lock(&self.waiting).iter().rev().find(|(name, _)| *name == key)
        {
            return value.clone();
        }
        self.values
            .iter()
            .find(|(name, _)| *name == key)
            .and_then(|(_, value)| value.as_ref())
            .map(Sample::borrow)
    }

    /// Sets a variable, or removes it with `None`.
    pub fn set(&mut self, key: VarKey, value: Option<Sample<'static>>) {
        if std::mem::take(self.any_waiting.get_mut()) {
            let waiting = std::mem::take(self.waiting.get_mut().unwrap_or_else(PoisonError::into_inner));
            for (key, value) in waiting {
                self.put(key, value);
            }
        }
        self.put(key, value);
    }

    fn put(&mut self, key: VarKey, value: Value) {
        match self.values.iter_mut().find(|(name, _)| *name == key) {
            Some(slot) => slot.1 = value,
            None if value.is_some() => self.values.push((key, value)),
            None => {}
        }
    }

    /// Sets a variable through a shared borrow.
    pub fn set_later(&self, key: VarKey, value: Option<Sample<'static>>) {
        lock(&self.waiting).push((key, value));
        self.any_waiting.store(true, Ordering::Relaxed);
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.values.clear();
        self.any_waiting = AtomicBool::new(false);
        self.waiting.get_mut().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The response begins: variables of scope `req` end.
    pub fn end_request(&mut self) {
        self.values.retain(|(key, _)| !key.is(Scope::Req));
        if *self.any_waiting.get_mut() {
            self.waiting
                .get_mut()
                .unwrap_or_else(PoisonError::into_inner)
                .retain(|(key, _)| !key.is(Scope::Req));
        }
    }
}

static PROCESS: LazyLock<RwLock<HashMap<VarKey, Sample<'static>>>> = LazyLock::new(RwLock::default);

/// The value of a variable of scope `proc`.
pub(super) fn process_get(key: VarKey) -> Option<Sample<'static>> {
    PROCESS.read().unwrap_or_else(PoisonError::into_inner).get(&key).cloned()
}

/// Sets a variable of scope `proc`, or removes it with `None`. Names are bounded, and so is the map.
pub(super) fn process_set(key: VarKey, value: Option<Sample<'static>>) {
    let mut map = PROCESS.write().unwrap_or_else(PoisonError::into_inner);
    match value {
        Some(value) => map.insert(key, value),
        None => map.remove(&key),
    };
}

impl crate::exchange::Exchange {
    /// The value of a variable of any scope.
    pub fn var(&self, key: VarKey) -> Option<Sample<'_>> {
        if key.is_process() {
            process_get(key)
        } else if key.is_session() {
            self.session.vars.get(key)
        } else {
            self.vars.get(key)
        }
    }

    /// Sets a variable of any scope, or removes it with `None`.
    pub fn set_var(&mut self, key: VarKey, value: Option<Sample<'static>>) {
        if key.is_process() {
            process_set(key, value);
        } else if key.is_session() {
            self.session.vars.set(key, value);
        } else {
            self.vars.set(key, value);
        }
    }

    /// [`Self::set_var`] through a shared borrow, for converters.
    pub fn set_var_later(&self, key: VarKey, value: Option<Sample<'static>>) {
        if key.is_process() {
            process_set(key, value);
        } else if key.is_session() {
            self.session.vars.set_later(key, value);
        } else {
            self.vars.set_later(key, value);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn waiting_values_are_seen_and_kept() {
        let (a, b) = (VarKey::parse("txn.a").unwrap(), VarKey::parse("req.a").unwrap());
        let mut vars = Vars::default();
        vars.set(a, Some(Sample::Int(1)));
        vars.set_later(a, Some(Sample::Int(2)));
        assert_eq!(vars.get(a), Some(Sample::Int(2)));
        vars.set(b, Some(Sample::Int(3)));
        assert_eq!((vars.get(a), vars.get(b)), (Some(Sample::Int(2)), Some(Sample::Int(3))));
        vars.end_request();
        assert_eq!((vars.get(a), vars.get(b)), (Some(Sample::Int(2)), None));
        vars.set_later(a, None);
        assert_eq!(vars.get(a), None);
    }

    #[test]
    fn names_are_checked() {
        assert!(
            VarKey::parse("txn.").is_none()
                && VarKey::parse("foo.x").is_none()
                && VarKey::parse("x").is_none()
        );
        assert_ne!(VarKey::parse("txn.same"), VarKey::parse("sess.same"));
        assert_eq!(VarKey::parse("txn.same"), VarKey::parse("txn.same"));
    }
}
