//! Addresses.

use super::{Row, convert, with};
use crate::sample::fetch::Args;
use crate::sample::{Sample, Type};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub(super) const ROWS: &[Row] = &[convert("ipmask", Type::Ip, Type::Ip, |args, _| {
    let v4 = mask(args, 0, 32)?.ok_or("missing mask")?;
    // Without a mask for them, IPv6 addresses have no value.
    let v6 = mask(args, 1, 128)?;
    with((v4, v6), |(v4, v6), input, _| {
        Some(Sample::Ip(match input.to_ip()? {
            IpAddr::V4(address) => Ipv4Addr::from(u32::from(address) & (*v4 as u32)).into(),
            IpAddr::V6(address) => Ipv6Addr::from(u128::from(address) & (*v6)?).into(),
        }))
    })
})];

/// A mask as a number of bits or as an address.
fn mask(args: &Args<'_>, index: usize, width: u32) -> Result<Option<u128>, String> {
    if let Ok(Some(bits)) = args.int(index) {
        let bits = u32::try_from(bits).ok().filter(|bits| *bits <= width);
        let bits = bits.ok_or_else(|| format!("a mask has from 0 to {width} bits"))?;
        return Ok(Some(match bits {
            0 => 0,
            bits => u128::MAX << (width - bits) & (u128::MAX >> (128 - width)),
        }));
    }
    Ok(args.ip(index)?.map(|address| match address {
        IpAddr::V4(address) => u128::from(u32::from(address)),
        IpAddr::V6(address) => u128::from(address),
    }))
}
