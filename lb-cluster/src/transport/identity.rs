//! How a node proves who it is: a certificate that carries its name, or a secret that all share.

use super::Error;
use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Private};
use openssl::sha::sha256;
use openssl::ssl::{
    Ssl, SslContext, SslContextBuilder, SslMethod, SslMode, SslOptions, SslRef, SslSessionCacheMode,
    SslVerifyMode, SslVersion,
};
use openssl::x509::store::X509StoreBuilder;
use openssl::x509::{X509, X509Ref};
use std::sync::{Arc, PoisonError, RwLock};

/// The shortest secret that is taken, in bytes.
const MIN_SECRET: usize = 16;
/// What a shared secret is announced as. Who is who, the greeting says.
const PSK_IDENTITY: &[u8] = b"lb-cluster\0";

/// What the files of a `cluster` section hold.
pub enum Credentials {
    /// `crt FILE ca-file FILE`: a certificate with its key and chain, and who signed those of all nodes, in PEM.
    Certificates {
        /// The node's certificate, its chain, and its key.
        crt: Vec<u8>,
        /// The certificates of authorities.
        ca: Vec<u8>,
    },
    /// `secret-file FILE`: whoever has it, is a member.
    Secret(Vec<u8>),
}

/// Proves this node to others, and others to it. Clones are the same, also when it is renewed.
#[derive(Clone)]
pub struct Identity {
    context: Arc<RwLock<SslContext>>,
    by_name: bool,
}

impl Identity {
    /// Reads credentials.
    ///
    /// # Errors
    /// They are malformed, the key is not the certificate's, or the secret is too short.
    pub fn new(credentials: &Credentials) -> Result<Self, Error> {
        match credentials {
            Credentials::Certificates { crt, ca } => {
                let context = certificates(crt, ca).map_err(|error| Error::Tls(error.to_string()))?;
                Ok(Self::of(context, true))
            }
            Credentials::Secret(secret) => {
                let secret = secret.trim_ascii();
                if secret.len() < MIN_SECRET {
                    return Err(Error::Tls(format!("the secret is shorter than {MIN_SECRET} bytes")));
                }
                let context = pre_shared(sha256(secret)).map_err(|error| Error::Tls(error.to_string()))?;
                Ok(Self::of(context, false))
            }
        }
    }

    fn of(context: SslContext, by_name: bool) -> Self {
        Self { context: Arc::new(RwLock::new(context)), by_name }
    }

    fn context(&self) -> SslContext {
        self.context.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Proves by another's means from now on; connections that stand stay. Neither changes between certificates and a secret.
    pub fn renew(&self, other: &Self) {
        if self.by_name == other.by_name {
            *self.context.write().unwrap_or_else(PoisonError::into_inner) = other.context();
        }
    }

    /// True when a node of this name can prove itself by it.
    pub fn is_of(&self, name: &str) -> bool {
        !self.by_name || self.context().certificate().is_some_and(|certificate| carries(certificate, name))
    }

    /// The days until this node's certificate ends, negative when it has; none where it has no certificate.
    pub fn days_left(&self) -> Option<i32> {
        let context = self.context();
        let certificate = context.certificate().filter(|_| self.by_name)?;
        days_until(certificate).ok()
    }

    /// One connection's side of the encryption.
    pub(super) fn session(&self) -> Result<Ssl, Error> {
        Ssl::new(&self.context()).map_err(|error| Error::Tls(error.to_string()))
    }

    /// True when the peer has proved that it is the one it claims to be. Whoever has a shared secret, has.
    pub(super) fn proves(&self, session: &SslRef, name: &str) -> bool {
        !self.by_name || session.peer_certificate().is_some_and(|certificate| carries(&certificate, name))
    }
}

/// True when a certificate is of this name: nothing but alternative names counts.
fn carries(certificate: &X509Ref, name: &str) -> bool {
    let names = certificate.subject_alt_names();
    names.is_some_and(|names| names.iter().any(|known| known.dnsname() == Some(name)))
}

fn certificates(crt: &[u8], ca: &[u8]) -> Result<SslContext, ErrorStack> {
    let mut builder = SslContextBuilder::new(SslMethod::tls())?;
    builder.set_min_proto_version(Some(SslVersion::TLS1_3))?;
    let key: PKey<Private> = PKey::private_key_from_pem(crt)?;
    let mut chain = X509::stack_from_pem(crt)?.into_iter();
    if let Some(own) = chain.next() {
        builder.set_certificate(&own)?;
    }
    builder.set_private_key(&key)?;
    builder.check_private_key()?;
    for issuer in chain {
        builder.add_extra_chain_cert(issuer)?;
    }
    let mut authorities = X509StoreBuilder::new()?;
    for authority in X509::stack_from_pem(ca)? {
        builder.add_client_ca(&authority)?;
        authorities.add_cert(authority)?;
    }
    builder.set_cert_store(authorities.build());
    builder.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
    Ok(finish(builder))
}

fn pre_shared(key: [u8; 32]) -> Result<SslContext, ErrorStack> {
    let mut builder = SslContextBuilder::new(SslMethod::tls())?;
    // Here the older version has the exact suite: the key proves, and a fresh exchange keeps old talk secret.
    builder.set_min_proto_version(Some(SslVersion::TLS1_2))?;
    builder.set_max_proto_version(Some(SslVersion::TLS1_2))?;
    builder.set_cipher_list("ECDHE-PSK-CHACHA20-POLY1305")?;
    builder.set_psk_client_callback(move |_, _, identity, secret| {
        let fits = identity.get_mut(..PSK_IDENTITY.len()).map(|place| place.copy_from_slice(PSK_IDENTITY));
        Ok(fits.map_or(0, |()| put(secret, &key)))
    });
    builder.set_psk_server_callback(move |_, identity, secret| {
        let known =
            identity.is_some_and(|identity| PSK_IDENTITY.starts_with(identity) && !identity.is_empty());
        Ok(if known { put(secret, &key) } else { 0 })
    });
    Ok(finish(builder))
}

/// Puts a key where OpenSSL wants it; 0, no key, when there is no room.
fn put(place: &mut [u8], key: &[u8; 32]) -> usize {
    place.get_mut(..key.len()).map_or(0, |place| {
        place.copy_from_slice(key);
        key.len()
    })
}

fn finish(mut builder: SslContextBuilder) -> SslContext {
    // Every connection proves itself anew: no tickets, no sessions.
    builder.set_options(SslOptions::NO_TICKET | SslOptions::NO_RENEGOTIATION);
    builder.set_session_cache_mode(SslSessionCacheMode::OFF);
    builder.set_mode(SslMode::RELEASE_BUFFERS);
    builder.build()
}

fn days_until(certificate: &X509Ref) -> Result<i32, ErrorStack> {
    Ok(openssl::asn1::Asn1Time::days_from_now(0)?.diff(certificate.not_after())?.days)
}
