//! One word of one line, changed by chance.

/// A file with one word changed.
pub(crate) struct Mutation {
    pub(crate) kind: &'static str,
    /// From 1.
    pub(crate) line: usize,
    pub(crate) before: String,
    pub(crate) after: String,
    pub(crate) text: String,
}

/// SplitMix64: small, and the same everywhere.
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `limit`, which is not zero.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }
}

/// Changes one word: misspelt, missing, extra and misplaced in turn.
pub(crate) fn mutate(text: &str, turn: usize, chance: &mut Chance) -> Mutation {
    let lines: Vec<&str> = text.split('\n').collect();
    let written: Vec<usize> = (0..lines.len())
        .filter(|index| !matches!(lines[*index].trim_start().chars().next(), None | Some('#')))
        .collect();
    loop {
        let at = written[chance.below(written.len())];
        let mut words: Vec<String> = lines[at].split_whitespace().map(str::to_owned).collect();
        let place = chance.below(words.len());
        let kind = ["misspelt", "missing", "extra", "misplaced"][turn % 4];
        match kind {
            "misspelt" => words[place] = misspell(&words[place], chance),
            "missing" => drop(words.remove(place)),
            "extra" => {
                let from = lines[written[chance.below(written.len())]];
                let others: Vec<&str> = from.split_whitespace().collect();
                words.insert(place + 1, others[chance.below(others.len())].to_owned());
            }
            _ => {
                let word = words.remove(place);
                words.insert(chance.below(words.len() + 1), word);
            }
        }
        let indent: String = lines[at].chars().take_while(|c| c.is_whitespace()).collect();
        let after = indent + &words.join(" ");
        if after.split_whitespace().eq(lines[at].split_whitespace()) {
            continue;
        }
        let mut changed = lines.clone();
        changed[at] = &after;
        let text = changed.join("\n");
        return Mutation { kind, line: at + 1, before: lines[at].to_owned(), after, text };
    }
}

fn misspell(word: &str, chance: &mut Chance) -> String {
    let mut letters: Vec<char> = word.chars().collect();
    let at = chance.below(letters.len());
    match chance.below(4) {
        0 if at + 1 < letters.len() => letters.swap(at, at + 1),
        1 if letters.len() > 1 => drop(letters.remove(at)),
        2 => letters.insert(at, letters[at]),
        _ => letters[at] = char::from(b'a' + chance.below(26) as u8),
    }
    letters.into_iter().collect()
}
