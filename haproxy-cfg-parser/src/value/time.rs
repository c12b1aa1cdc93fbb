//! Times: a number and a unit, `us ms s m h d` (manual 2.5).

use std::time::Duration;

/// Why a text is no time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimeError {
    /// A character that does not belong there.
    Unexpected(char),
    /// More than can be counted.
    Overflow,
}

/// Reads a time whose unit, where it has none, is `unit` (`ms` or `s`).
pub(crate) fn time(text: &str, unit: &str) -> Result<Duration, TimeError> {
    match time_and_rest(text, unit)? {
        (_, Some(c)) => Err(TimeError::Unexpected(c)),
        (time, None) => Ok(time),
    }
}

/// As [`time`], for places where HAProxy 2.6 passes over what follows the unit: its first character.
pub(crate) fn time_and_rest(text: &str, unit: &str) -> Result<(Duration, Option<char>), TimeError> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at(digits);
    if number.is_empty() {
        return match rest.chars().next() {
            Some(c) => Err(TimeError::Unexpected(c)),
            None => Ok((Duration::ZERO, None)),
        };
    }
    let number: u64 = number.parse().map_err(|_| TimeError::Overflow)?;
    let suffix = if rest.is_empty() { unit } else { rest };
    let (micros, length) = match suffix.as_bytes() {
        [b'u', b's', ..] => (1, 2),
        [b'm', b's', ..] => (1_000, 2),
        [b'm', ..] => (60_000_000, 1),
        [b's', ..] => (1_000_000, 1),
        [b'h', ..] => (3_600_000_000, 1),
        [b'd', ..] => (86_400_000_000, 1),
        _ => (0, 0),
    };
    let rest = suffix.get(length..).and_then(|tail| tail.chars().next());
    match rest.filter(|_| length == 0) {
        Some(c) => Err(TimeError::Unexpected(c)),
        None => {
            let time = number.checked_mul(micros).map(Duration::from_micros).ok_or(TimeError::Overflow)?;
            Ok((time, rest))
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn units() {
        for (text, millis) in
            [("5", 5), ("5ms", 5), ("5s", 5_000), ("2m", 120_000), ("1h", 3_600_000), ("1d", 86_400_000)]
        {
            assert_eq!(time(text, "ms"), Ok(Duration::from_millis(millis)), "{text}");
        }
        assert_eq!(time("7", "s"), Ok(Duration::from_secs(7)));
        assert_eq!(time("1x", "ms"), Err(TimeError::Unexpected('x')));
        assert_eq!(time("1sx", "ms"), Err(TimeError::Unexpected('x')));
        assert_eq!(time_and_rest("1sx", "ms"), Ok((Duration::from_secs(1), Some('x'))));
        assert_eq!(time("-1", "ms"), Err(TimeError::Unexpected('-')));
        assert_eq!(time("99999999999999999999", "ms"), Err(TimeError::Overflow));
    }
}
