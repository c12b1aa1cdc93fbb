//! `lb cluster keygen`: an authority of one's own, and a certificate for each node.

use openssl::asn1::Asn1Time;
use openssl::bn::{BigNum, MsbOption};
use openssl::ec::{EcGroup, EcKey};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::x509::extension::{BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAlternativeName};
use openssl::x509::{X509, X509Builder, X509NameBuilder};
use std::time::{SystemTime, UNIX_EPOCH};

/// How long certificates are good, in days.
const DAYS: i32 = 3650;

/// An authority that signs nodes.
pub struct Authority {
    certificate: X509,
    key: PKey<Private>,
}

impl Authority {
    /// A new one.
    ///
    /// # Errors
    /// OpenSSL cannot.
    pub fn new() -> Result<Self, ErrorStack> {
        let key = key()?;
        let mut builder = begin("lb cluster", &key, DAYS)?;
        builder.append_extension(BasicConstraints::new().critical().ca().pathlen(0).build()?)?;
        builder.append_extension(KeyUsage::new().critical().key_cert_sign().crl_sign().build()?)?;
        let issuer = name("lb cluster")?;
        builder.set_issuer_name(&issuer)?;
        builder.sign(&key, MessageDigest::sha256())?;
        Ok(Self { certificate: builder.build(), key })
    }

    /// Reads one from the PEM of its certificate and of its key.
    ///
    /// # Errors
    /// They are malformed.
    pub fn from_pem(certificate: &[u8], key: &[u8]) -> Result<Self, ErrorStack> {
        Ok(Self { certificate: X509::from_pem(certificate)?, key: PKey::private_key_from_pem(key)? })
    }

    /// Its certificate, in PEM: what all nodes need.
    ///
    /// # Errors
    /// OpenSSL cannot.
    pub fn certificate(&self) -> Result<Vec<u8>, ErrorStack> {
        self.certificate.to_pem()
    }

    /// Its key, in PEM: what no node needs.
    ///
    /// # Errors
    /// OpenSSL cannot.
    pub fn key(&self) -> Result<Vec<u8>, ErrorStack> {
        self.key.private_key_to_pem_pkcs8()
    }

    /// A node's certificate and key, in PEM, good for ten years.
    ///
    /// # Errors
    /// The name fits in no certificate.
    pub fn node(&self, node: &str) -> Result<Vec<u8>, ErrorStack> {
        self.node_for(node, DAYS)
    }

    /// A node's certificate that is good for some days, from now on; negative: it has ended.
    pub(super) fn node_for(&self, node: &str, days: i32) -> Result<Vec<u8>, ErrorStack> {
        let key = key()?;
        let mut builder = begin(node, &key, days)?;
        builder.set_issuer_name(self.certificate.subject_name())?;
        builder.append_extension(BasicConstraints::new().critical().build()?)?;
        builder.append_extension(KeyUsage::new().critical().digital_signature().build()?)?;
        builder.append_extension(ExtendedKeyUsage::new().client_auth().server_auth().build()?)?;
        let context = builder.x509v3_context(Some(&self.certificate), None);
        let names = SubjectAlternativeName::new().dns(node).build(&context)?;
        builder.append_extension(names)?;
        builder.sign(&self.key, MessageDigest::sha256())?;
        let mut pem = builder.build().to_pem()?;
        pem.extend(key.private_key_to_pem_pkcs8()?);
        Ok(pem)
    }
}

fn key() -> Result<PKey<Private>, ErrorStack> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
    PKey::from_ec_key(EcKey::generate(&group)?)
}

fn name(common: &str) -> Result<openssl::x509::X509Name, ErrorStack> {
    let mut name = X509NameBuilder::new()?;
    name.append_entry_by_nid(Nid::COMMONNAME, common)?;
    Ok(name.build())
}

fn begin(common: &str, key: &PKey<Private>, days: i32) -> Result<X509Builder, ErrorStack> {
    let mut serial = BigNum::new()?;
    serial.rand(127, MsbOption::MAYBE_ZERO, false)?;
    let mut builder = X509Builder::new()?;
    builder.set_version(2)?;
    builder.set_serial_number(&*serial.to_asn1_integer()?)?;
    builder.set_subject_name(&*name(common)?)?;
    builder.set_pubkey(key)?;
    // Clocks of new machines are not always right: good since yesterday.
    let day = 86_400;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let now = i64::try_from(now).unwrap_or(i64::MAX / 2);
    builder.set_not_before(&*Asn1Time::from_unix(now - day)?)?;
    builder.set_not_after(&*Asn1Time::from_unix(now + i64::from(days) * day)?)?;
    Ok(builder)
}
