//! Which server a request goes to: algorithms, hashes, cookies, kept connections (manual 4.2).

use super::{Expr, Place};

/// `balance` (manual 4.2).
#[derive(Clone, Debug)]
pub struct Balance {
    /// The algorithm's canonical name: `roundrobin`, `static-rr`, `leastconn`, `first`, `source`, `uri`, `url_param`, `hdr`, `random`, `rdp-cookie`, `hash`.
    pub algorithm: &'static str,
    /// Its argument words: for `hdr(Host)` the name, then the following words.
    pub args: Vec<String>,
    /// The expression of `hash EXPR`.
    pub expr: Option<Expr>,
    /// Where.
    pub place: Place,
}

/// `hash-type METHOD FUNCTION MODIFIER`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HashType {
    /// True for `consistent`.
    pub consistent: bool,
    /// `sdbm`, `djb2`, `wt6`, `crc32`, `none`.
    pub function: Option<&'static str>,
    /// `avalanche`.
    pub avalanche: bool,
}

/// `cookie NAME ...` of a proxy (manual 4.2).
#[derive(Clone, Debug)]
pub struct Cookie {
    /// The cookie's name.
    pub name: String,
    /// `rewrite`, `insert` or `prefix`.
    pub mode: Option<CookieMode>,
    /// `indirect`.
    pub indirect: bool,
    /// `nocache`.
    pub nocache: bool,
    /// `postonly`.
    pub postonly: bool,
    /// `preserve`.
    pub preserve: bool,
    /// `httponly`.
    pub httponly: bool,
    /// `secure`.
    pub secure: bool,
    /// `domain`s.
    pub domains: Vec<String>,
    /// `maxidle`, in seconds.
    pub maxidle: Option<u64>,
    /// `maxlife`, in seconds.
    pub maxlife: Option<u64>,
    /// `dynamic`.
    pub dynamic: bool,
    /// `attr` values.
    pub attrs: Vec<String>,
    /// Where.
    pub place: Place,
}

/// What a persistence cookie does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CookieMode {
    /// `rewrite`.
    Rewrite,
    /// `insert`.
    Insert,
    /// `prefix`.
    Prefix,
}

/// `http-reuse`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HttpReuse {
    /// `never`.
    Never,
    /// `safe`, the default.
    #[default]
    Safe,
    /// `aggressive`.
    Aggressive,
    /// `always`.
    Always,
}
