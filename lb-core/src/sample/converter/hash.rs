//! Hashes that place and compare: the numbers are HAProxy's, since placement on servers depends on them.

use super::{Args, Built, Row, convert, with};
use crate::sample::{Sample, Type};

pub(super) const ROWS: &[Row] = &[
    convert("sdbm", Type::Bin, Type::Int, |args, _| placed(args, sdbm)),
    convert("djb2", Type::Bin, Type::Int, |args, _| placed(args, djb2)),
    convert("wt6", Type::Bin, Type::Int, |args, _| placed(args, wt6)),
    convert("crc32", Type::Bin, Type::Int, |args, _| placed(args, crc32)),
    convert("crc32c", Type::Bin, Type::Int, |args, _| placed(args, crc32c)),
    convert("xxh32", Type::Bin, Type::Int, |args, _| {
        let seed = args.int(0)?.unwrap_or(0) as u32;
        with(seed, |seed, input, _| Some(Sample::int(xxhash_rust::xxh32::xxh32(&input.into_bytes(), *seed))))
    }),
    // The 64-bit hashes wrap into the signed type.
    convert("xxh64", Type::Bin, Type::Int, |args, _| {
        let seed = args.int(0)?.unwrap_or(0) as u64;
        with(seed, |seed, input, _| {
            Some(Sample::Int(xxhash_rust::xxh64::xxh64(&input.into_bytes(), *seed) as i64))
        })
    }),
    convert("xxh3", Type::Bin, Type::Int, |args, _| {
        let seed = args.int(0)?.unwrap_or(0) as u64;
        with(seed, |seed, input, _| {
            Some(Sample::Int(xxhash_rust::xxh3::xxh3_64_with_seed(&input.into_bytes(), *seed) as i64))
        })
    }),
];

/// A hash with its optional avalanche.
fn placed(args: &Args<'_>, hash: fn(&[u8]) -> u32) -> Built {
    let spread = args.int(0)?.unwrap_or(0) != 0;
    with((hash, spread), |(hash, spread), input, _| {
        let value = hash(&input.into_bytes());
        Some(Sample::int(if *spread { avalanche(value) } else { value }))
    })
}

/// The hash of the sdbm database library.
pub fn sdbm(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0u32, |hash, byte| {
        u32::from(*byte).wrapping_add(hash << 6).wrapping_add(hash << 16).wrapping_sub(hash)
    })
}

/// Bernstein's hash.
pub fn djb2(bytes: &[u8]) -> u32 {
    bytes.iter().fold(5381u32, |hash, byte| (hash << 5).wrapping_add(hash).wrapping_add(u32::from(*byte)))
}

/// Two words that rotate by amounts taken from themselves; HAProxy names it wt6.
pub fn wt6(bytes: &[u8]) -> u32 {
    let (mut low, mut high) = (0xa53c_965a_u32, 0x5ca6_953a_u32);
    let (mut low_step, mut high_step) = (6u32, 18u32);
    for byte in bytes {
        let byte = u32::from(*byte);
        (low, high) =
            ((!high.wrapping_add(byte)).rotate_left(low_step), (!(low ^ byte)).rotate_left(high_step));
        let mixed = (low >> 16 ^ high) & 0xffff;
        (low_step, high_step) = (mixed & 31, mixed >> 11);
    }
    low ^ high
}

/// CRC-32 (IEEE 802.3).
pub fn crc32(bytes: &[u8]) -> u32 {
    crc(bytes, 0xedb8_8320)
}

/// CRC-32C (Castagnoli, RFC 3720).
pub fn crc32c(bytes: &[u8]) -> u32 {
    crc(bytes, 0x82f6_3b78)
}

fn crc(bytes: &[u8], polynomial: u32) -> u32 {
    !bytes.iter().fold(!0u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| crc >> 1 ^ if crc & 1 == 1 { polynomial } else { 0 })
    })
}

/// Spreads a hash over all 32 bits: Bob Jenkins' integer hash, then a large prime near three quarters of the space.
pub fn avalanche(a: u32) -> u32 {
    let a = a.wrapping_add(0x7ed5_5d16).wrapping_add(a << 12);
    let a = a ^ 0xc761_c23c ^ a >> 19;
    let a = a.wrapping_add(0x1656_67b1).wrapping_add(a << 5);
    let a = a.wrapping_add(0xd3a2_646c) ^ a << 9;
    let a = a.wrapping_add(0xfd70_46c5).wrapping_add(a << 3);
    let a = a ^ 0xb55a_4f09 ^ a >> 16;
    a.wrapping_mul(3_221_225_473)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Read off haproxy 2.6.12.
    #[test]
    fn numbers_are_haproxys() {
        let text = b"abcdef";
        assert_eq!((sdbm(text), avalanche(sdbm(text))), (2_534_611_139, 2_932_316_953));
        assert_eq!((djb2(text), avalanche(djb2(text))), (4_048_079_738, 2_185_610_598));
        assert_eq!((crc32(text), avalanche(crc32(text))), (1_267_612_143, 209_553_029));
        assert_eq!((wt6(text), avalanche(wt6(text))), (2_828_410_606, 57_840_116));
        assert_eq!(crc32c(text), 1_404_891_121);
        assert_eq!(avalanche(sdbm(b"Example.COM:8080/a/b.html")), 201_891_514);
    }
}
