//! Keywords of `userlist` sections (manual 3.4).

use super::{BOTH, Keyword};
use crate::section::userlist;

/// The rows.
#[rustfmt::skip]
pub(crate) const ROWS: &[Keyword<()>] = &[
    Keyword::new("group", BOTH, userlist::group, "A group, and users in it.", "group admins users a,b"),
    Keyword::new("user", BOTH, userlist::user, "A user, the password, and groups.", "user a insecure-password b groups admins"),
];
