//! This process as a node of a cluster: what `lb cluster` does by itself, and what the `cluster` section asks for.

mod changes;
pub(crate) mod keygen;
mod section;

pub(crate) use changes::changed;
pub(crate) use section::{Membership, credentials, guarded, held, is_witness};
