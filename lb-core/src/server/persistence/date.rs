//! Dates in cookies: 30 bits of seconds since 1970 in steps of 4, as five base64 digits, the highest first.

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// A date of cookies as seconds; 0 for none.
pub(super) fn read(text: &[u8]) -> u64 {
    let Some(digits) = text.get(..5) else { return 0 };
    let number = digits.iter().try_fold(0u64, |number, digit| {
        let value = DIGITS.iter().position(|known| known == digit)?;
        Some(number << 6 | u64::try_from(value).ok()?)
    });
    number.map_or(0, |number| number << 2)
}

/// Appends a date, rounded up to the next step.
pub(super) fn write(seconds: u64, out: &mut Vec<u8>) {
    let number = (seconds + 3) >> 2;
    out.extend((0..5).rev().map(|digit| DIGITS[(number >> (6 * digit) & 63) as usize]));
}
