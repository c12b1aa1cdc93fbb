//! "did you mean": how alike two words are, by the letter pairs that they share.

/// Differences in letter transitions between two words: each pair of neighbours, start and end included.
/// Letters of either case count alike, as do all digits and all other characters.
fn distance(left: &[i16; TRANSITIONS], right: &str) -> u32 {
    let mut counts = *left;
    for pair in transitions(right) {
        counts[pair] -= 1;
    }
    counts.iter().map(|count| u32::from(count.unsigned_abs()).pow(2)).sum()
}

const CLASSES: usize = 32;
const TRANSITIONS: usize = CLASSES * CLASSES;

fn class(byte: u8) -> usize {
    match byte {
        b'a'..=b'z' => usize::from(byte - b'a') + 1,
        b'A'..=b'Z' => usize::from(byte - b'A') + 1,
        b'0'..=b'9' => 27,
        _ => 28,
    }
}

fn transitions(word: &str) -> impl Iterator<Item = usize> {
    let starts = std::iter::once(0).chain(word.bytes().map(class));
    let ends = word.bytes().map(class).chain(std::iter::once(0));
    starts.zip(ends).map(|(from, to)| from * CLASSES + to)
}

/// The candidate most like `word`, unless none is alike enough.
pub(crate) fn closest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if word.len() > 256 {
        return None;
    }
    let mut counts = [0; TRANSITIONS];
    for pair in transitions(word) {
        counts[pair] += 1;
    }
    candidates
        .map(|candidate| (distance(&counts, candidate), candidate))
        .fold(None, |best: Option<(u32, &str)>, next| match best {
            Some(best) if best.0 <= next.0 => Some(best),
            _ => Some(next),
        })
        // What differs more than twice the length of both words together is no help.
        .filter(|(distance, candidate)| *distance <= 2 * (word.len().max(candidate.len()) as u32))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_and_far() {
        let names = ["maxconn", "maxpipes", "nbthread", "daemon"];
        assert_eq!(closest("maxcon", names.into_iter()), Some("maxconn"));
        assert_eq!(closest("deamon", names.into_iter()), Some("daemon"));
        assert_eq!(closest("foo", names.into_iter()), None);
        assert_eq!(closest("zzzzzzzz", names.into_iter()), None);
    }
}
