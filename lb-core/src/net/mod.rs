//! Bytes in and out: one stream type over all transports, bounded buffers, lazy deadlines.

mod abstract_name;
mod accepted;
mod buffer;
mod deadline;
mod io;
mod marking;
mod probes;

pub use abstract_name::abstract_name;
pub use accepted::{Accepted, Acceptor as TcpAcceptor};
pub use buffer::Buffer;
pub use deadline::Deadline;
pub use io::{Fail, Io};
pub use marking::Marking;
pub use probes::Probes;
