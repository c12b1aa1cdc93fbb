//! Bytes in and out: one stream type over all transports, bounded buffers, lazy deadlines.

mod abstract_name;
mod buffer;
mod deadline;
mod io;
mod lazy;
mod marking;
mod probes;

pub use abstract_name::abstract_name;
pub use buffer::Buffer;
pub use deadline::Deadline;
pub use io::{Fail, Io};
pub use lazy::{Acceptor as TcpAcceptor, Lazy};
pub use marking::Marking;
pub use probes::Probes;
