//! Where several lb become one: nodes that elect a leader by Raft, hold a virtual address, and agree on the health
//! of servers and on what operators change at run time. **None of that is here yet**; today's lb runs alone.
//!
//! What is here is the seam. The engine ([`lb_core`]) knows nothing of a cluster; the binary hands it
//! [`Hooks`](lb_core::engine::Hooks), and a cluster joins by filling them in:
//!
//! - [`Authority`]: every command of the runtime API that changes something becomes a [`Change`], a value by names
//!   that can be serialised, and nothing changes but by an authority applying one. [`Local`] applies at once, for a
//!   node that is alone. A cluster's authority will have the change committed by a majority first, and apply it on
//!   every node, the same way ([`Change::apply`] may be repeated).
//!
//! The seam grows with what needs it, each piece when both sides exist: who probes a server and what becomes of a
//! verdict (with health checks), whether an address is listened on now (with virtual addresses), more commands and
//! more fields of the statistics (with the cluster's own state).
//!
//! The rooms to come: `raft` (the only one that will name the Raft library), `state` (what is replicated),
//! `health`, `vip`, and `sim` (the same code under a virtual clock, network and kernel). They will run on a thread
//! and a runtime of their own, and share no lock and no queue with traffic.

pub use lb_core::admin::{Applied, Authority, Change, Local};
