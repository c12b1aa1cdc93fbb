//! HTTP messages, the HTTP/1 codec and the exchange loop.

pub mod client;
mod exchange;
pub mod h1;
pub mod header;
pub mod message;
mod relay;
pub(crate) mod work;

pub use header::{HeaderId, HeaderKey, Headers};
pub use message::{Method, Request, Response, Version};
