//! Sizes: a number and a unit, `k m g` (manual 2.6).

/// Reads a size in bytes; on failure gives the character that does not belong there.
pub(crate) fn size(text: &str) -> Result<u64, char> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| text.chars().next().unwrap_or('0'))?;
    let shift = match unit {
        "" => 0,
        "k" | "K" => 10,
        "m" | "M" => 20,
        "g" | "G" => 30,
        _ => {
            let known = usize::from(unit.starts_with(['k', 'K', 'm', 'M', 'g', 'G']));
            return Err(unit.chars().nth(known).unwrap_or('?'));
        }
    };
    number.checked_shl(shift).filter(|shifted| shifted >> shift == number).ok_or('9')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units() {
        assert_eq!(size("16384"), Ok(16384));
        assert_eq!(size("1k"), Ok(1024));
        assert_eq!(size("2G"), Ok(2 << 30));
        assert_eq!(size("1x"), Err('x'));
        assert_eq!(size("1kb"), Err('b'));
        assert!(size("").is_err());
        assert!(size("99999999999g").is_err());
    }
}
