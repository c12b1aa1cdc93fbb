//! Which keywords a configuration uses, and where: so that the engine can refuse what it does not act on.

use super::Place;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// A keyword, in the class of tables that it belongs to, and in a kind of section.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Word {
    /// Which table the keyword stands in.
    pub class: Class,
    /// The keyword's canonical name, e.g. `option httplog`, `timeout client`, `http-request set-header`, `weight`, `req.hdr`.
    pub name: &'static str,
    /// The section kind it was used in, e.g. `frontend`.
    pub section: &'static str,
}

/// One use of a keyword.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Use {
    /// Which.
    pub word: Word,
    /// Where.
    pub place: Place,
}

/// The tables of keywords; their names are those of `-dK<class>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// A whole section, e.g. `resolvers`.
    Section,
    /// A keyword at the start of a line.
    Keyword,
    /// An option of a `bind` line.
    Bind,
    /// An option of a `server` or `default-server` line.
    Server,
    /// A rule's action.
    Action,
    /// A sample fetch.
    Fetch,
    /// A converter.
    Converter,
    /// An ACL matcher or flag.
    Matcher,
}

/// All uses in the order of their lines. A large file has few words and many uses: a use is three numbers.
#[derive(Clone, Default)]
pub struct Uses {
    words: Vec<Word>,
    /// Their numbers, by class and by where name and section stand in memory, which is quicker to hash than they are.
    numbers: HashMap<(Class, usize, usize), u32>,
    files: Vec<Arc<str>>,
    uses: Vec<Numbers>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Numbers {
    word: u32,
    file: u32,
    line: u32,
}

impl Uses {
    /// Adds one; a word that a line has twice is one use.
    pub(crate) fn add(&mut self, word: Word, place: &Place) {
        let words = &mut self.words;
        let key = (word.class, word.name.as_ptr() as usize, word.section.as_ptr() as usize);
        let number = *self.numbers.entry(key).or_insert_with(|| {
            words.push(word);
            words.len() as u32 - 1
        });
        if self.files.last().is_none_or(|file| *file != place.file) {
            self.files.push(Arc::clone(&place.file));
        }
        let used = Numbers { word: number, file: self.files.len() as u32 - 1, line: place.line };
        let mut of_line = self.uses.iter().rev();
        let known = of_line
            .by_ref()
            .take_while(|other| (other.line, other.file) == (used.line, used.file))
            .any(|other| *other == used);
        if !known {
            self.uses.push(used);
        }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.uses.len()
    }

    /// Forgets all but the first `count`.
    pub(crate) fn truncate(&mut self, count: usize) {
        self.uses.truncate(count);
    }

    /// The uses of words for which `wanted` holds; it is asked once for each word.
    pub fn of(&self, wanted: impl Fn(&Word) -> bool) -> impl Iterator<Item = Use> {
        let wanted: Vec<bool> = self.words.iter().map(wanted).collect();
        let any = wanted.contains(&true);
        let uses = if any { &self.uses[..] } else { &[] };
        uses.iter().filter(move |used| wanted.get(used.word as usize) == Some(&true)).filter_map(|used| {
            let word = *self.words.get(used.word as usize)?;
            let file = Arc::clone(self.files.get(used.file as usize)?);
            Some(Use { word, place: Place { file, line: used.line } })
        })
    }

    /// The first use of a word for which `wanted` holds.
    pub fn first(&self, wanted: impl Fn(&Word) -> bool) -> Option<Use> {
        self.of(wanted).next()
    }
}

impl fmt::Debug for Uses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.of(|_| true)).finish()
    }
}
