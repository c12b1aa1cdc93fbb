//! The only room of this crate that may hold `unsafe`.
#![allow(unsafe_code)]
