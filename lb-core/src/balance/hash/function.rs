//! Hash functions of `hash-type`. Their values decide which server a key goes to, so they are HAProxy's, bit for bit.

/// A function with its modifier.
#[derive(Debug)]
pub(crate) struct Function {
    digest: fn(&[u8]) -> u32,
    avalanche: bool,
}

impl Function {
    /// The function of that name.
    pub(super) fn new(name: &str, avalanche: bool) -> Result<Self, String> {
        let digest = match name {
            "sdbm" => sdbm,
            "djb2" => djb2,
            "wt6" => wt6,
            "crc32" => crc32,
            "none" => number,
            other => {
                return Err(format!(
                    "'hash-type' : unknown function '{other}', expects 'sdbm', 'djb2', 'wt6', 'crc32' or 'none'."
                ));
            }
        };
        Ok(Self { digest, avalanche })
    }

    /// The hash of a key.
    pub(crate) fn of(&self, key: &[u8]) -> u32 {
        self.finish((self.digest)(key))
    }

    /// The modifier alone, for keys that are numbers already.
    pub(crate) fn finish(&self, hash: u32) -> u32 {
        if self.avalanche { avalanche(hash) } else { hash }
    }
}

/// The hash of the sdbm database library: h = c + 65599 h.
fn sdbm(key: &[u8]) -> u32 {
    key.iter().fold(0u32, |hash, byte| hash.wrapping_mul(65599).wrapping_add(u32::from(*byte)))
}

/// Bernstein's: h = c + 33 h, from 5381.
fn djb2(key: &[u8]) -> u32 {
    key.iter().fold(5381u32, |hash, byte| hash.wrapping_mul(33).wrapping_add(u32::from(*byte)))
}

/// Tarreau's rotating pair of words, made for short keys.
fn wt6(key: &[u8]) -> u32 {
    let (mut a, mut b): (u32, u32) = (0xa53c_965a, 0x5ca6_953a);
    let (mut left, mut right) = (6, 18);
    for byte in key {
        let byte = u32::from(*byte);
        (a, b) = ((!b.wrapping_add(byte)).rotate_left(left), (!(a ^ byte)).rotate_left(right));
        let steps = (a >> 16) ^ b;
        (left, right) = (steps & 0x1f, (steps >> 11) & 0x1f);
    }
    a ^ b
}

/// CRC-32 of ISO 3309, as in gzip.
fn crc32(key: &[u8]) -> u32 {
    !key.iter().fold(u32::MAX, |crc, byte| {
        let low = (crc ^ u32::from(*byte)) & 0xff;
        let folded =
            (0..8).fold(low, |bits, _| if bits & 1 == 1 { bits >> 1 ^ 0xedb8_8320 } else { bits >> 1 });
        crc >> 8 ^ folded
    })
}

/// `none`: the key is a decimal number itself; what follows it is ignored.
fn number(key: &[u8]) -> u32 {
    let (negative, digits) = match key {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, key),
    };
    let value = digits
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .fold(0u64, |value, digit| value.wrapping_mul(10).wrapping_add(u64::from(digit - b'0')));
    // The low half decides the place, as in HAProxy.
    (if negative { value.wrapping_neg() } else { value }) as u32
}

/// Bob Jenkins' integer hash with full avalanche (burtleburtle.net/bob/hash/integer.html, public domain).
pub(super) fn avalanche(a: u32) -> u32 {
    let a = a.wrapping_add(0x7ed5_5d16).wrapping_add(a << 12);
    let a = (a ^ 0xc761_c23c) ^ (a >> 19);
    let a = a.wrapping_add(0x1656_67b1).wrapping_add(a << 5);
    let a = a.wrapping_add(0xd3a2_646c) ^ (a << 9);
    let a = a.wrapping_add(0xfd70_46c5).wrapping_add(a << 3);
    let a = (a ^ 0xb55a_4f09) ^ (a >> 16);
    a.wrapping_mul(0xc000_0001)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_known_values() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(djb2(b""), 5381);
        assert_eq!(number(b"42abc"), 42);
        assert_eq!(number(b"-1"), u32::MAX);
    }
}
