//! Comparing version numbers as `version_atleast()` does.

/// Parts of a version: `2.4-dev3` sorts before `2.4-rc1` before `2.4.0` and `2.4-patch`.
fn parts(text: &str) -> Vec<(u32, u64)> {
    let mut parts = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0 {
            let (number, tail) = rest.split_at(digits);
            parts.push((4, number.parse().unwrap_or(u64::MAX)));
            rest = tail;
            continue;
        }
        let word = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let (word, tail) = rest.split_at(word);
        match word.trim_matches(['-', '.']) {
            "dev" => parts.push((1, 0)),
            "pre" | "rc" => parts.push((2, 0)),
            "" => {}
            _ => parts.push((3, 0)),
        }
        rest = tail;
    }
    parts
}

/// Compares two versions, e.g. `2.4-dev0` with `3.5.0`.
pub(super) fn compare(left: &str, right: &str) -> std::cmp::Ordering {
    let (left, right) = (parts(left), parts(right));
    let release = (4, 0);
    (0..left.len().max(right.len()))
        .map(|index| left.get(index).unwrap_or(&release).cmp(right.get(index).unwrap_or(&release)))
        .find(|order| order.is_ne())
        .unwrap_or(std::cmp::Ordering::Equal)
}

#[cfg(test)]
mod tests {
    use super::compare;
    use std::cmp::Ordering::*;

    #[test]
    fn orders() {
        for (left, right, order) in [
            ("3.5.0", "2.4-dev0", Greater),
            ("3.5.0", "3.5", Equal),
            ("3.5-dev5", "3.5", Less),
            ("3.5-dev5", "3.5-dev4", Greater),
            ("3.5-rc1", "3.5-dev9", Greater),
            ("3.5.0", "3.10.0", Less),
        ] {
            assert_eq!(compare(left, right), order, "{left} {right}");
        }
    }
}
