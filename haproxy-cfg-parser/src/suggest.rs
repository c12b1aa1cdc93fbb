//! "did you mean": how alike two words are, by the letter pairs that they share.

/// Letters by kind: either case alike, all digits alike, all else alike; word ends count as the latter.
const CLASSES: usize = 32;
const OTHER: usize = 28;

fn class(byte: u8) -> usize {
    match byte {
        b'a'..=b'z' => usize::from(byte - b'a') + 1,
        b'A'..=b'Z' => usize::from(byte - b'A') + 1,
        b'0'..=b'9' => 27,
        _ => OTHER,
    }
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

/// The first of the candidates that are most like `word`, unless it differs by more than twice the
/// length of either.
pub(crate) fn closest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // How often the word has each part; a candidate's are taken off, and put back after it.
    let mut left = [0_i32; CLASSES * CLASSES];
    let mut count = 0_usize;
    for part in parts(word) {
        left[part] += 1;
        count += 1;
    }
    let mut distance = |candidate: &str| -> usize {
        let mut distance = count;
        for part in parts(candidate) {
            distance = if left[part] > 0 { distance - 1 } else { distance + 1 };
            left[part] -= 1;
        }
        parts(candidate).for_each(|part| left[part] += 1);
        distance
    };
    candidates
        .map(|candidate| (distance(candidate), candidate))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, candidate)| *distance <= 2 * word.len().min(candidate.len()))
        .map(|(_, candidate)| candidate)
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
