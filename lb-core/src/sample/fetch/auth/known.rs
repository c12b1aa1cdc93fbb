//! Passwords that were found right already: checking a hash of crypt(3) takes milliseconds, each request carries it.

use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::cell::RefCell;
use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

/// Right passwords that each thread knows; when there are more, it forgets them all.
const MOST: usize = 1024;

/// Digests under a key that never leaves the thread; passwords themselves are not kept.
struct Known {
    key: Hmac<Sha256>,
    right: HashSet<[u8; 32]>,
}

thread_local! {
    static KNOWN: RefCell<Option<Known>> = const { RefCell::new(None) };
}

/// True if `given` was right for `hash` before on this thread, or `check` says that it is.
pub(super) fn or_check(hash: &str, given: &[u8], check: impl FnOnce() -> bool) -> bool {
    KNOWN.with_borrow_mut(|known| {
        if known.is_none() {
            *known = Known::new();
        }
        let Some(known) = known else { return check() };
        let digest = known.digest(hash, given);
        if known.right.contains(&digest) {
            return true;
        }
        let right = check();
        if right {
            if known.right.len() >= MOST {
                known.right.clear();
            }
            known.right.insert(digest);
        }
        right
    })
}

impl Known {
    fn new() -> Option<Self> {
        let random = RandomState::new(); // 128 bits of the system's
        let secret: Vec<u8> = (0..4).flat_map(|part: u64| random.hash_one(part).to_be_bytes()).collect();
        Some(Self { key: Hmac::new_from_slice(&secret).ok()?, right: HashSet::new() })
    }

    fn digest(&self, hash: &str, given: &[u8]) -> [u8; 32] {
        let mut mac = self.key.clone();
        mac.update(&hash.len().to_be_bytes());
        mac.update(hash.as_bytes());
        mac.update(given);
        mac.finalize().into_bytes().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_right_ones_are_remembered() {
        assert!(!or_check("h", b"wrong", || false));
        assert!(!or_check("h", b"wrong", || false));
        assert!(or_check("h", b"right", || true));
        assert!(or_check("h", b"right", || false), "not asked again");
        assert!(!or_check("other", b"right", || false), "of one hash only");
        for number in 0..2 * MOST {
            or_check("h", &number.to_be_bytes(), || true);
        }
        KNOWN.with_borrow(|known| assert!(known.as_ref().is_some_and(|known| known.right.len() <= MOST)));
    }
}
