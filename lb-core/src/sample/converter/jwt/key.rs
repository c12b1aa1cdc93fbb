//! Keys of tokens, and what their signatures are checked with (RFC 7518 3.1).

use crate::compile::Context;
use openssl::bn::BigNum;
use openssl::ecdsa::EcdsaSig;
use openssl::hash::MessageDigest;
use openssl::memcmp;
use openssl::pkey::{Id, PKey, Public};
use openssl::rsa::Padding;
use openssl::sign::{RsaPssSaltlen, Signer, Verifier};
use openssl::x509::X509;
use std::path::Path;

/// How a token is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    None,
    Hmac(Digest),
    Rsa(Digest),
    Ecdsa(Digest),
    RsaPss(Digest),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Digest {
    Sha256,
    Sha384,
    Sha512,
}

impl Digest {
    fn message_digest(self) -> MessageDigest {
        match self {
            Self::Sha256 => MessageDigest::sha256(),
            Self::Sha384 => MessageDigest::sha384(),
            Self::Sha512 => MessageDigest::sha512(),
        }
    }
}

impl Algorithm {
    /// By its name in a token's header.
    pub(super) fn of(name: &[u8]) -> Option<Self> {
        if name == b"none" {
            return Some(Self::None);
        }
        let (family, bits) = name.split_at_checked(2)?;
        let digest = match bits {
            b"256" => Digest::Sha256,
            b"384" => Digest::Sha384,
            b"512" => Digest::Sha512,
            _ => return None,
        };
        match family {
            b"HS" => Some(Self::Hmac(digest)),
            b"RS" => Some(Self::Rsa(digest)),
            b"ES" => Some(Self::Ecdsa(digest)),
            b"PS" => Some(Self::RsaPss(digest)),
            _ => None,
        }
    }

    /// Its key is a public key in a file, not a secret.
    pub(super) fn needs_file(self) -> bool {
        !matches!(self, Self::None | Self::Hmac(_))
    }
}

/// What a configuration gives as a key.
pub(super) struct Key {
    secret: Vec<u8>,
    public: Option<PKey<Public>>,
}

impl Key {
    pub(super) fn secret(bytes: &[u8]) -> Self {
        Self { secret: bytes.to_vec(), public: None }
    }

    /// A public key, or the certificate of one, in PEM.
    pub(super) fn read(path: &str, context: &Context<'_>) -> Result<Self, String> {
        let text = context
            .file(Path::new(path))
            .map_err(|error| format!("unable to read the key file '{path}': {error}"))?;
        let public = PKey::public_key_from_pem(&text).or_else(|_| X509::from_pem(&text)?.public_key());
        let public =
            public.map_err(|_| format!("'{path}' holds neither a public key nor a certificate in PEM"))?;
        Ok(Self { secret: Vec::new(), public: Some(public) })
    }

    /// A secret that may be the name of a key's file as well.
    pub(super) fn either(text: &str, context: &Context<'_>) -> Self {
        let public = Self::read(text, context).ok().and_then(|key| key.public);
        Self { secret: text.as_bytes().to_vec(), public }
    }

    /// Whether the signature is right; none without a key for the algorithm.
    pub(super) fn verify(&self, algorithm: Algorithm, signed: &[u8], signature: &[u8]) -> Option<bool> {
        match algorithm {
            Algorithm::None => Some(signature.is_empty()),
            Algorithm::Hmac(digest) => Some(self.hmac(digest, signed, signature).unwrap_or(false)),
            Algorithm::Rsa(digest) => self.public(Id::RSA, |key| {
                Verifier::new(digest.message_digest(), key)?.verify_oneshot(signature, signed)
            }),
            Algorithm::RsaPss(digest) => self.public(Id::RSA, |key| {
                let mut verifier = Verifier::new(digest.message_digest(), key)?;
                verifier.set_rsa_padding(Padding::PKCS1_PSS)?;
                verifier.set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH)?;
                verifier.verify_oneshot(signature, signed)
            }),
            // Both halves of the signature as they are, where ASN.1 is what is checked.
            Algorithm::Ecdsa(digest) => self.public(Id::EC, |key| {
                let (r, s) = signature.split_at(signature.len() / 2);
                let signature =
                    EcdsaSig::from_private_components(BigNum::from_slice(r)?, BigNum::from_slice(s)?)?
                        .to_der()?;
                Verifier::new(digest.message_digest(), key)?.verify_oneshot(&signature, signed)
            }),
        }
    }

    fn hmac(&self, digest: Digest, signed: &[u8], signature: &[u8]) -> Option<bool> {
        let key = PKey::hmac(&self.secret).ok()?;
        let own = Signer::new(digest.message_digest(), &key).ok()?.sign_oneshot_to_vec(signed).ok()?;
        Some(own.len() == signature.len() && memcmp::eq(&own, signature))
    }

    fn public(
        &self,
        kind: Id,
        verify: impl FnOnce(&PKey<Public>) -> Result<bool, openssl::error::ErrorStack>,
    ) -> Option<bool> {
        let key = self.public.as_ref()?;
        // What cannot be checked, such as a signature of the wrong form, is not right.
        Some(key.id() == kind && verify(key).unwrap_or(false))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use openssl::ec::{EcGroup, EcKey};
    use openssl::nid::Nid;
    use openssl::pkey::Private;
    use openssl::rsa::Rsa;

    fn signed(key: &PKey<Private>) -> (Key, Vec<u8>) {
        let public = PKey::public_key_from_pem(&key.public_key_to_pem().unwrap()).unwrap();
        let signature =
            Signer::new(MessageDigest::sha256(), key).unwrap().sign_oneshot_to_vec(b"a.b").unwrap();
        (Key { secret: Vec::new(), public: Some(public) }, signature)
    }

    #[test]
    fn rsa() {
        let (key, signature) = signed(&PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap());
        let algorithm = Algorithm::of(b"RS256").unwrap();
        assert_eq!(key.verify(algorithm, b"a.b", &signature), Some(true));
        assert_eq!(key.verify(algorithm, b"a.c", &signature), Some(false));
        assert_eq!(key.verify(Algorithm::of(b"ES256").unwrap(), b"a.b", &signature), Some(false));
        assert_eq!(Key::secret(b"x").verify(algorithm, b"a.b", &signature), None);
    }

    #[test]
    fn ecdsa() {
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
        let (key, der) = signed(&PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap());
        let signature = EcdsaSig::from_der(&der).unwrap();
        let halves =
            [signature.r().to_vec_padded(32).unwrap(), signature.s().to_vec_padded(32).unwrap()].concat();
        let algorithm = Algorithm::of(b"ES256").unwrap();
        assert_eq!(key.verify(algorithm, b"a.b", &halves), Some(true));
        assert_eq!(key.verify(algorithm, b"a.c", &halves), Some(false));
        assert_eq!(key.verify(algorithm, b"a.b", b""), Some(false));
    }
}
