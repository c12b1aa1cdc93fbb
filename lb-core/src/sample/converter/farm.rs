//! Names of backends and servers as values (manual 7.3.1: `nbsrv`, `srv_is_up`).

use super::{Row, convert, with};
use crate::sample::fetch::farm::{find, usable};
use crate::sample::{Sample, Type};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

pub(super) const ROWS: &[Row] = &[
    convert("nbsrv", Type::Str, Type::Int, |_, context| {
        with(Arc::clone(&context.directory), |directory, input, _| {
            let name = input.into_bytes();
            directory.read_backend(std::str::from_utf8(&name).ok()?, usable).map(Sample::int)
        })
    }),
    convert("srv_is_up", Type::Str, Type::Bool, |_, context| {
        with(Arc::clone(&context.directory), |directory, input, _| {
            let name = input.into_bytes();
            let (backend, server) = std::str::from_utf8(&name).ok()?.split_once('/')?;
            Some(Sample::Bool(find(directory, backend, server)?.up()))
        })
    }),
    convert("srv_queue", Type::Str, Type::Int, |_, context| {
        with(Arc::clone(&context.directory), |directory, input, exchange| {
            let name = input.into_bytes();
            let name = std::str::from_utf8(&name).ok()?;
            let own = exchange.backend.as_ref().map_or("", |backend| backend.name.as_str());
            let (backend, server) = name.split_once('/').unwrap_or((own, name));
            Some(Sample::int(find(directory, backend, server)?.queued.load(Relaxed)))
        })
    }),
    convert("fe_exists", Type::Str, Type::Bool, |_, context| {
        with(Arc::clone(&context.directory), |directory, input, _| {
            let name = input.into_bytes();
            Some(Sample::Bool(
                std::str::from_utf8(&name).is_ok_and(|name| directory.frontend(name).is_some()),
            ))
        })
    }),
];
