//! Maps: patterns with values.

use super::cidr::{Network, network};
use super::matcher::{Matcher, Options};
use super::pattern::Pattern;
use crate::sample::{Sample, Type, parse_address};
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

type Value = Sample<'static>;

/// Keys of one matcher with their values.
pub struct Map {
    matcher: String,
    keys: Keys,
}

enum Keys {
    /// Whole strings; of equal keys the first counts.
    Exact(HashMap<Box<[u8]>, Value>),
    /// Prefixes by length, longest first.
    Prefix(BTreeMap<std::cmp::Reverse<usize>, HashMap<Box<[u8]>, Value>>),
    /// Networks, narrowest first: family, first and last address.
    Ip(Vec<(bool, u128, u128, Value)>),
    /// In file order.
    List(Vec<(Matcher, Value)>),
    /// In file order; values are built from groups.
    Composed(Vec<(Pattern, Value)>),
}

impl Map {
    /// An empty map for a matcher: `str`, `beg`, `end`, `sub`, `dir`, `dom`, `reg`, `regm`, `int` or `ip`.
    pub fn new(matcher: &str) -> Result<Self, String> {
        let keys = match matcher {
            "str" => Keys::Exact(HashMap::new()),
            "beg" => Keys::Prefix(BTreeMap::new()),
            "ip" => Keys::Ip(Vec::new()),
            "regm" => Keys::Composed(Vec::new()),
            _ => Keys::List(Vec::new()),
        };
        Ok(Self { matcher: matcher.to_owned(), keys })
    }

    /// Adds a key; the error says what is wrong with it.
    pub fn insert(&mut self, key: &[u8], value: Value) -> Result<(), String> {
        let text = || std::str::from_utf8(key).map_err(|_| "the key is not UTF-8".to_owned());
        match &mut self.keys {
            Keys::Exact(map) => {
                map.entry(key.into()).or_insert(value);
            }
            Keys::Prefix(map) => {
                map.entry(std::cmp::Reverse(key.len())).or_default().entry(key.into()).or_insert(value);
            }
            Keys::Ip(list) => match network(text()?) {
                Some(Network::V4(low, high)) => list.push((false, low.into(), high.into(), value)),
                Some(Network::V6(low, high)) => list.push((true, low, high, value)),
                None => return Err(format!("'{}' is not a network", String::from_utf8_lossy(key))),
            },
            Keys::Composed(list) => list.push((Pattern::new(text()?, false)?, value)),
            Keys::List(list) => {
                list.push((Matcher::compile(&self.matcher, &[text()?], Options::default())?, value));
            }
        }
        Ok(())
    }

    /// A value as expressions of that type read it.
    ///
    /// # Errors
    /// The text is none of that type.
    pub fn read(text: &[u8], output: Type) -> Result<Sample<'static>, String> {
        let shown = || String::from_utf8_lossy(text).into_owned();
        match output {
            Type::Int => {
                let number = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
                number.map(Sample::Int).ok_or_else(|| format!("'{}' is not an integer", shown()))
            }
            Type::Ip => {
                parse_address(text).map(Sample::Ip).ok_or_else(|| format!("'{}' is not an address", shown()))
            }
            _ => Ok(Sample::owned(text.to_vec())),
        }
    }

    /// To be called after the last [`Self::insert`].
    pub fn finish(&mut self) {
        if let Keys::Ip(list) = &mut self.keys {
            list.sort_by_key(|(_, low, high, _)| high - low);
        }
    }

    /// The value of the key that matches.
    pub fn find<'a>(&'a self, sample: &Sample<'a>) -> Option<Sample<'a>> {
        match &self.keys {
            Keys::Ip(list) => {
                let (v6, address) = match sample.to_ip()? {
                    IpAddr::V4(address) => (false, u128::from(u32::from(address))),
                    IpAddr::V6(address) => (true, u128::from(address)),
                };
                let found = list
                    .iter()
                    .find(|(family, low, high, _)| *family == v6 && (*low..=*high).contains(&address));
                found.map(|(.., value)| value.borrow())
            }
            Keys::List(list) => list
                .iter()
                .find(|(matcher, _)| matcher.matches(sample.clone()))
                .map(|(_, value)| value.borrow()),
            Keys::Exact(map) => {
                let text = sample.clone().cast(Type::Str)?.into_bytes();
                map.get(&*text).map(Sample::borrow)
            }
            Keys::Prefix(map) => {
                let text = sample.clone().cast(Type::Str)?.into_bytes();
                map.iter().find_map(|(length, keys)| keys.get(text.get(..length.0)?)).map(Sample::borrow)
            }
            Keys::Composed(list) => {
                let text = sample.clone().cast(Type::Str)?.into_bytes();
                list.iter().find_map(|(pattern, value)| {
                    let Sample::Str(with) = value else { return None };
                    pattern.compose(&text, with).map(Sample::owned)
                })
            }
        }
    }
}
