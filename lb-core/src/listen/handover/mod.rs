//! Listening sockets from process to process, by the protocol that HAProxy has for it (`-x`, `expose-fd listeners`,
//! the command `_getsocks`): how many there are, then descriptors in batches, each with what the system does not tell
//! of it. Every batch but the last is acknowledged.

mod give;
mod offered;
mod take;
mod wire;

pub(super) use give::give;
pub use offered::Offered;
pub use take::take;

/// Descriptors in one batch.
const BATCH: usize = 252;

/// More sockets than anybody has addresses for.
const MOST: usize = 1 << 16;

/// An acknowledgement: its bytes mean nothing.
const ACKNOWLEDGED: [u8; 4] = [0; 4];
