#![allow(clippy::unwrap_used, clippy::panic)]

mod founding;
mod node;
mod storage;
