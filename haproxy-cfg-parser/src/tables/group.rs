//! Groups for the key exchange of TLS, as OpenSSL names them (3.5 and before).

/// Names of groups, in any case.
#[rustfmt::skip]
const GROUPS: &[&str] = &[
    "X25519", "X448",
    "secp160k1", "secp160r1", "secp160r2", "secp192k1", "secp192r1", "secp224k1", "secp224r1", "secp256k1", "secp256r1",
    "secp384r1", "secp521r1",
    "sect163k1", "sect163r1", "sect163r2", "sect193r1", "sect193r2", "sect233k1", "sect233r1", "sect239k1", "sect283k1",
    "sect283r1", "sect409k1", "sect409r1", "sect571k1", "sect571r1",
    "brainpoolP256r1", "brainpoolP384r1", "brainpoolP512r1", "brainpoolP256r1tls13", "brainpoolP384r1tls13",
    "brainpoolP512r1tls13",
    "ffdhe2048", "ffdhe3072", "ffdhe4096", "ffdhe6144", "ffdhe8192",
    "MLKEM512", "MLKEM768", "MLKEM1024", "X25519MLKEM768", "SecP256r1MLKEM768", "SecP384r1MLKEM1024", "curveSM2",
];

/// Other names of curves, as written.
#[rustfmt::skip]
const CURVES: &[&str] = &[
    "P-192", "P-224", "P-256", "P-384", "P-521", "B-163", "B-233", "B-283", "B-409", "B-571", "K-163", "K-233", "K-283",
    "K-409", "K-571", "prime192v1", "prime256v1", "DEFAULT",
];

/// True for a list that OpenSSL takes: names between colons or slashes, each maybe marked by `?`, `*` or `-`.
pub(crate) fn is_list(text: &str) -> bool {
    text.split([':', '/']).all(|name| {
        let name = name.trim_start_matches(['?', '*', '-']);
        CURVES.contains(&name) || GROUPS.iter().any(|group| group.eq_ignore_ascii_case(name))
    })
}

#[cfg(test)]
mod tests {
    use super::is_list;

    #[test]
    fn lists_of_known_names() {
        for good in
            ["X25519", "x25519:P-256", "secp384r1:prime256v1:ffdhe2048", "?X25519MLKEM768:*X25519/P-256"]
        {
            assert!(is_list(good), "{good}");
        }
        for bad in ["", "p384_frodo976shake:kyber768", "P-256:", "p-256", "P-256,P-384", "ED25519"] {
            assert!(!is_list(bad), "{bad}");
        }
    }
}
