//! Converters of bytes: hashes, encodings, ciphers (manual 7.3.1).

use super::{Converter, converter};
use crate::tables::Type::{Bin, Bool, Sint, Str};

#[rustfmt::skip]
pub(super) const ROWS: &[Converter] = &[
    converter("aes_cbc_dec", "integer,string,string[,string]", Bin, Bin, "Decrypts with AES-CBC."),
    converter("aes_cbc_enc", "integer,string,string[,string]", Bin, Bin, "Encrypts with AES-CBC."),
    converter("aes_gcm_dec", "integer,string,string,string[,string]", Bin, Bin, "Decrypts with AES-GCM and checks the tag."),
    converter("aes_gcm_enc", "integer,string,string,string[,string]", Bin, Bin, "Encrypts with AES-GCM and stores the tag."),
    converter("b64dec", "", Str, Bin, "Decodes base64."),
    converter("base2", "", Bin, Str, "Bytes as binary digits."),
    converter("base64", "", Bin, Str, "Encodes as base64."),
    converter("be2dec", "string[,integer,integer]", Bin, Str, "Big-endian chunks as decimal numbers."),
    converter("be2hex", "string[,integer,integer]", Bin, Str, "Big-endian chunks as hexadecimal text."),
    converter("bytes", "number or variable[,number or variable]", Bin, Bin, "A part of the bytes by offset and length."),
    converter("crc32", "[integer]", Bin, Sint, "CRC32 as used by Ethernet and gzip."),
    converter("crc32c", "[integer]", Bin, Sint, "CRC32 of Castagnoli."),
    converter("digest", "string", Bin, Bin, "A message digest by name."),
    converter("djb2", "[integer]", Bin, Sint, "The DJB2 hash."),
    converter("hex", "", Bin, Str, "Bytes as hexadecimal text."),
    converter("hex2i", "", Str, Sint, "Hexadecimal text as a number."),
    converter("hmac", "string,string", Bin, Bin, "A keyed digest."),
    converter("htonl", "", Sint, Bin, "A number as four bytes in network order."),
    converter("le2dec", "string[,integer,integer]", Bin, Str, "Little-endian chunks as decimal numbers."),
    converter("length", "", Str, Sint, "The length in bytes."),
    converter("sdbm", "[integer]", Bin, Sint, "The SDBM hash."),
    converter("secure_memcmp", "variable", Bin, Bool, "True if equal to a variable, compared in constant time."),
    converter("sha1", "", Bin, Bin, "The SHA-1 digest."),
    converter("sha2", "[integer]", Bin, Bin, "A SHA-2 digest of the given bits."),
    converter("ub64dec", "", Str, Bin, "Decodes URL-safe base64."),
    converter("ub64enc", "", Bin, Str, "Encodes as URL-safe base64."),
    converter("wt6", "[integer]", Bin, Sint, "The WT6 hash."),
    converter("xxh3", "[integer]", Bin, Sint, "The XXH3 hash."),
    converter("xxh32", "[integer]", Bin, Sint, "The 32-bit XXHash."),
    converter("xxh64", "[integer]", Bin, Sint, "The 64-bit XXHash."),
];
