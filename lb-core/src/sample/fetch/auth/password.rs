//! Passwords of userlists: in clear, or as crypt(3) hashes.

use super::known;
use haproxy_cfg_parser::model::User;
use haproxy_cfg_parser::raw;

/// What a password is checked against.
pub(super) enum Password {
    /// `insecure-password`.
    Clear(Box<[u8]>),
    /// `$5$`.
    Sha256(Box<str>),
    /// `$6$`.
    Sha512(Box<str>),
}

impl Password {
    /// Prepares a user's password; the error names what this build cannot check.
    pub(super) fn compile(user: &User) -> Result<Self, String> {
        let text = user.password.as_str();
        if user.insecure {
            return Ok(Self::Clear((&*raw::bytes(text)).into()));
        }
        match text.get(..3) {
            Some("$5$") => Ok(Self::Sha256(text.into())),
            Some("$6$") => Ok(Self::Sha512(text.into())),
            _ => Err(format!(
                "user '{}': password hashes other than SHA-256 ($5$) and SHA-512 ($6$) are not supported; make one with 'mkpasswd -m sha-512'",
                user.name
            )),
        }
    }

    /// True for the right password. Clear ones are compared in a time that depends on lengths only.
    pub(super) fn is(&self, given: &[u8]) -> bool {
        match self {
            Self::Clear(known) => {
                known.len() == given.len()
                    && known.iter().zip(given).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
            }
            Self::Sha256(hash) => known::or_check(hash, given, || {
                std::str::from_utf8(given).is_ok_and(|given| sha_crypt::sha256_check(given, hash).is_ok())
            }),
            Self::Sha512(hash) => known::or_check(hash, given, || {
                std::str::from_utf8(given).is_ok_and(|given| sha_crypt::sha512_check(given, hash).is_ok())
            }),
        }
    }
}
