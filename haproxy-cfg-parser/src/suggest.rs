//! "did you mean": how alike two words are, by the letter pairs that they share.

/// Letters by kind: either case alike, all digits alike, all else alike; word ends count as the latter.
const CLASSES: usize = 32;
const OTHER: usize = 28;

/// Which letters a word has, and how often each follows each.
type Fingerprint = [u8; CLASSES * CLASSES];

fn class(byte: u8) -> usize {
    match byte {
        b'a'..=b'z' => usize::from(byte - b'a') + 1,
        b'A'..=b'Z' => usize::from(byte - b'A') + 1,
        b'0'..=b'9' => 27,
        _ => OTHER,
    }
}

fn fingerprint(word: &str) -> Fingerprint {
    let mut print = [0_u8; CLASSES * CLASSES];
    let mut from = OTHER;
    for to in word.bytes().map(class) {
        // Row 0 tells which letters there are.
        print[to] = 1;
        print[from * CLASSES + to] = print[from * CLASSES + to].saturating_add(1);
        from = to;
    }
    print[from * CLASSES + OTHER] = print[from * CLASSES + OTHER].saturating_add(1);
    print
}

/// The first of the candidates that are most like `word`, unless it differs by more than twice the
/// length of either.
pub(crate) fn closest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let print = fingerprint(word);
    let distance = |candidate: &str| -> usize {
        let other = fingerprint(candidate);
        print.iter().zip(other).map(|(left, right)| usize::from(left.abs_diff(right))).sum()
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
