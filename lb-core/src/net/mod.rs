//! Bytes in and out: one stream type over all transports, bounded buffers, lazy deadlines.

mod buffer;
mod deadline;
mod io;
mod marking;

pub use buffer::Buffer;
pub use deadline::Deadline;
pub use io::{Fail, Io};
pub use marking::Marking;
