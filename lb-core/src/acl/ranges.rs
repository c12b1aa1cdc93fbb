//! Sets of values as disjoint ranges in order: a look-up is a binary search.

/// Disjoint closed ranges in ascending order.
#[derive(Clone, Debug)]
pub struct Ranges<T>(Box<[(T, T)]>);

impl<T: Copy + Ord> Ranges<T> {
    /// The union of closed ranges in any order; those whose ends are reversed are empty.
    pub fn new(mut ranges: Vec<(T, T)>) -> Self {
        ranges.retain(|(low, high)| low <= high);
        ranges.sort_unstable();
        let mut merged: Vec<(T, T)> = Vec::with_capacity(ranges.len());
        for (low, high) in ranges {
            match merged.last_mut() {
                Some((_, last)) if low <= *last => *last = high.max(*last),
                _ => merged.push((low, high)),
            }
        }
        Self(merged.into())
    }

    /// True when a range covers the value.
    #[inline]
    pub fn contains(&self, value: T) -> bool {
        let after = self.0.partition_point(|(low, _)| *low <= value);
        after > 0 && self.0.get(after - 1).is_some_and(|(_, high)| value <= *high)
    }

    /// True for no range.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Integer patterns (manual 7.1.3): `5`, `1:10`, `1-10`, `:10`, `10:`, and operators that hold for what follows them.
pub(super) fn parse_ranges(patterns: &[&str]) -> Result<Ranges<i64>, String> {
    let mut operator = "eq";
    let mut ranges = Vec::new();
    for pattern in patterns {
        if matches!(*pattern, "eq" | "ge" | "gt" | "le" | "lt") {
            operator = pattern;
        } else {
            ranges.push(parse_range(operator, pattern)?);
        }
    }
    Ok(Ranges::new(ranges))
}

fn parse_range(operator: &str, pattern: &str) -> Result<(i64, i64), String> {
    let number = |text: &str| text.parse::<i64>().map_err(|_| format!("'{pattern}' is not a number"));
    // HAProxy reads it as a range whose ends are missing. Files have it where `--` no longer ends the flags.
    if pattern == "--" && operator == "eq" {
        return Ok((i64::MIN, 0));
    }
    // A colon or, after the first character, a dash.
    let middle = pattern.char_indices().find(|(at, byte)| *byte == ':' || (*at > 0 && *byte == '-'));
    if let Some((low, high)) = middle.map(|(at, _)| (&pattern[..at], &pattern[at + 1..])) {
        if operator != "eq" {
            return Err(format!("'{pattern}' is a range, which makes no sense after '{operator}'"));
        }
        let low = if low.is_empty() { i64::MIN } else { number(low)? };
        let high = if high.is_empty() { i64::MAX } else { number(high)? };
        if low > high {
            return Err(format!("'{pattern}' is not a valid number range."));
        }
        return Ok((low, high));
    }
    let value = number(pattern)?;
    Ok(match operator {
        "ge" => (value, i64::MAX),
        "gt" if value == i64::MAX => (1, 0),
        "gt" => (value + 1, i64::MAX),
        "le" => (i64::MIN, value),
        "lt" if value == i64::MIN => (1, 0),
        "lt" => (i64::MIN, value - 1),
        _ => (value, value),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn operators_hold_for_what_follows() {
        for (patterns, value, holds) in [
            (&["ge", "3", "lt", "2"][..], 1, true),
            (&["gt", "3", "10"], 2, false),
            (&["gt", "3", "eq", "1"], 1, true),
            (&[":5"], -1, true),
            (&["5:"], 7, true),
            (&["lt", "5", "2"], 3, true),
            (&["1:3", "7"], 5, false),
            (&["1-5"], 3, true),
            (&["-5--1"], -3, true),
            (&["eq", "--", "1"], -3, true),
            (&["eq", "--", "1"], 5, false),
            (&["gt", "9223372036854775807"], i64::MAX, false),
        ] {
            assert_eq!(parse_ranges(patterns).unwrap().contains(value), holds, "{patterns:?} {value}");
        }
        assert!(parse_ranges(&["5:3"]).is_err() && parse_ranges(&["x"]).is_err());
    }

    proptest! {
        #[test]
        fn equals_the_linear_walk(ranges: Vec<(i8, i8)>, value: i8) {
            let linear = ranges.iter().any(|(low, high)| (*low..=*high).contains(&value));
            prop_assert_eq!(Ranges::new(ranges).contains(value), linear);
        }
    }
}
