//! HTTP messages, the HTTP/1 codec and the exchange loop.

pub mod header;
pub mod message;

pub use header::{HeaderId, HeaderKey, Headers};
pub use message::{Method, Request, Response, Version};
