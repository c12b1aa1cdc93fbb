//! "did you mean": how alike two words are, by the letter pairs that they share.

/// Letters by kind: either case alike, all digits alike, all else alike; word ends count as the latter.
const CLASSES: usize = 32;
const OTHER: usize = 28;

/// The kind of each byte.
const KINDS: [u8; 256] = {
    let mut kinds = [OTHER as u8; 256];
    let mut letter = 0;
    while letter < 26 {
        kinds[b'a' as usize + letter] = letter as u8 + 1;
        kinds[b'A' as usize + letter] = letter as u8 + 1;
        letter += 1;
    }
    let mut digit = b'0';
    while digit <= b'9' {
        kinds[digit as usize] = 27;
        digit += 1;
    }
    kinds
};

fn class(byte: u8) -> usize {
    usize::from(KINDS[usize::from(byte)])
}

/// What a word consists of: each letter once (row 0 of the classes), and each pair of letters as often as it stands.
fn parts(word: &str) -> impl Iterator<Item = usize> + '_ {
    let ends = word.bytes().map(class).chain([OTHER]);
    let pairs = ends.scan(OTHER, |from, to| Some(std::mem::replace(from, to) * CLASSES + to));
    let mut seen = 0_u32;
    let letters = word.bytes().map(class).filter(move |letter| {
        let new = seen & (1 << letter) == 0;
        seen |= 1 << letter;
        new
    });
    letters.chain(pairs)
}

/// Words that may be meant, cut into their parts once.
pub(crate) struct Words(Vec<(&'static str, Box<[u16]>)>);

impl Words {
    pub(crate) fn new(words: impl IntoIterator<Item = &'static str>) -> Self {
        let cut = |word| (word, parts(word).map(|part| part as u16).collect());
        Self(words.into_iter().map(cut).collect())
    }

    /// In the order of the alphabet: the first of those that are equally like a word is suggested.
    pub(crate) fn sorted(words: impl IntoIterator<Item = &'static str>) -> Self {
        let mut words: Vec<_> = words.into_iter().collect();
        words.sort_unstable();
        words.dedup();
        Self::new(words)
    }

    /// The first of those that are most like `word`, unless it differs by more than twice the length of either.
    pub(crate) fn closest(&self, word: &str) -> Option<&'static str> {
        // How often the word has each part; those of a candidate are taken off, and put back after it.
        let mut left = [0_i32; CLASSES * CLASSES];
        let mut count = 0_usize;
        for part in parts(word) {
            left[part] += 1;
            count += 1;
        }
        let mut best: Option<(usize, &str)> = None;
        for (candidate, parts) in &self.0 {
            // A part more is a difference more.
            if best.is_some_and(|(best, _)| count.abs_diff(parts.len()) >= best) {
                continue;
            }
            let mut distance = count;
            for part in parts {
                let left = &mut left[usize::from(*part)];
                distance = if *left > 0 { distance - 1 } else { distance + 1 };
                *left -= 1;
            }
            parts.iter().for_each(|part| left[usize::from(*part)] += 1);
            if best.is_none_or(|(best, _)| distance < best) {
                best = Some((distance, candidate));
            }
        }
        best.filter(|(distance, candidate)| *distance <= 2 * word.len().min(candidate.len()))
            .map(|(_, candidate)| candidate)
    }
}

/// The closest of a few words.
pub(crate) fn closest(
    word: &str,
    candidates: impl IntoIterator<Item = &'static str>,
) -> Option<&'static str> {
    Words::new(candidates).closest(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_and_far() {
        let names = ["maxconn", "maxpipes", "nbthread", "daemon", "node", "unix-bind", "tfo"];
        for (word, expected) in [
            ("maxcon", Some("maxconn")),
            ("deamon", Some("daemon")),
            ("mode", Some("node")),
            ("bind", Some("unix-bind")),
            ("foo", Some("tfo")),
            ("timeout", None),
            ("zzzzzzzz", None),
        ] {
            assert_eq!(closest(word, names.into_iter()), expected, "{word}");
        }
    }
}
