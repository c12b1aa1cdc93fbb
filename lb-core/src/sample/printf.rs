//! Numbers as C's printf writes them.

/// `%g`: six significant digits, without zeros at the end; an exponent below -4 and from 6 on.
pub(super) fn general(number: f64) -> Vec<u8> {
    let scientific = format!("{number:.5e}");
    let Some((digits, exponent)) = scientific.split_once('e') else { return scientific.into_bytes() };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let trim = |digits: &str| match digits.contains('.') {
        true => digits.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => digits.to_owned(),
    };
    match exponent {
        -4..=5 => trim(&format!("{number:.0$}", usize::try_from(5 - exponent).unwrap_or(0))),
        _ => format!("{}e{}{:02}", trim(digits), if exponent < 0 { '-' } else { '+' }, exponent.abs()),
    }
    .into_bytes()
}

#[cfg(test)]
mod tests {
    #[test]
    fn as_printf() {
        for (number, text) in [
            (0.0, "0"),
            (1.25, "1.25"),
            (-12.0, "-12"),
            (100_000.0, "100000"),
            (1_000_000.0, "1e+06"),
            (999_999.5, "1e+06"),
            (123_456_789.1, "1.23457e+08"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
        ] {
            assert_eq!(String::from_utf8_lossy(&super::general(number)), text);
        }
    }
}
