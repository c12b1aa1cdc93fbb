//! Cryptographic digests.

use super::{Args, Row, convert, plain, with};
use crate::sample::{Sample, Type};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};

pub(super) const ROWS: &[Row] = &[
    convert("sha1", Type::Bin, Type::Bin, |_, _| plain(|input| digest::<Sha1>(&input.into_bytes()))),
    convert("sha2", Type::Bin, Type::Bin, |args, _| match args.int(0)?.unwrap_or(256) {
        224 => plain(|input| digest::<Sha224>(&input.into_bytes())),
        256 => plain(|input| digest::<Sha256>(&input.into_bytes())),
        384 => plain(|input| digest::<Sha384>(&input.into_bytes())),
        512 => plain(|input| digest::<Sha512>(&input.into_bytes())),
        other => Err(format!("Unsupported number of bits: '{other}'; use 224, 256, 384 or 512")),
    }),
    convert("digest", Type::Bin, Type::Bin, |args, _| {
        let compute = algorithm(args)?.digest;
        with(compute, |compute, input, _| compute(&input.into_bytes()))
    }),
    convert("hmac", Type::Bin, Type::Bin, |args, _| {
        let compute = algorithm(args)?.mac;
        if let Ok(Some(key)) = args.var(1) {
            return with((compute, key), |(compute, key), input, exchange| {
                let secret = STANDARD.decode(&*exchange.var(*key)?.into_bytes()).ok()?;
                compute(&secret, &input.into_bytes())
            });
        }
        let secret = STANDARD.decode(args.required(1)?).map_err(|_| "the key is not base64".to_owned())?;
        with((compute, secret), |(compute, secret), input, _| compute(secret, &input.into_bytes()))
    }),
];

struct Algorithm {
    digest: fn(&[u8]) -> Option<Sample<'static>>,
    mac: fn(&[u8], &[u8]) -> Option<Sample<'static>>,
}

fn algorithm(args: &Args<'_>) -> Result<Algorithm, String> {
    // As OpenSSL names them, case ignored.
    Ok(match args.required(0)?.to_ascii_lowercase().as_str() {
        "md5" => Algorithm { digest: digest::<Md5>, mac: mac::<Hmac<Md5>> },
        "sha1" => Algorithm { digest: digest::<Sha1>, mac: mac::<Hmac<Sha1>> },
        "sha224" => Algorithm { digest: digest::<Sha224>, mac: mac::<Hmac<Sha224>> },
        "sha256" => Algorithm { digest: digest::<Sha256>, mac: mac::<Hmac<Sha256>> },
        "sha384" => Algorithm { digest: digest::<Sha384>, mac: mac::<Hmac<Sha384>> },
        "sha512" => Algorithm { digest: digest::<Sha512>, mac: mac::<Hmac<Sha512>> },
        other => {
            return Err(format!(
                "algorithm '{other}' is not supported; use md5, sha1, sha224, sha256, sha384 or sha512"
            ));
        }
    })
}

fn digest<D: Digest>(bytes: &[u8]) -> Option<Sample<'static>> {
    Some(Sample::Bin(D::digest(bytes).to_vec().into()))
}

fn mac<M: Mac + hmac::digest::KeyInit>(key: &[u8], bytes: &[u8]) -> Option<Sample<'static>> {
    let mut mac = <M as Mac>::new_from_slice(key).ok()?;
    mac.update(bytes);
    Some(Sample::Bin(mac.finalize().into_bytes().to_vec().into()))
}
