//! What stands before a message (manual 4.2 "log", `format`).

use super::date::{self, Form};
use super::logger::Identity;
use crate::process;
use haproxy_cfg_parser::model::LogFraming;
use std::time::SystemTime;

/// Appends the header of a message of `priority` (facility and level) to `out`.
pub(super) fn header(framing: LogFraming, facility: u8, level: u8, identity: &Identity, out: &mut Vec<u8>) {
    let full = u32::from(facility) * 8 + u32::from(level);
    match framing {
        LogFraming::Raw => {}
        LogFraming::Priority => priority(full, out),
        LogFraming::Short => priority(level.into(), out),
        LogFraming::Timed => {
            priority(level.into(), out);
            precise_date(out);
            out.push(b' ');
        }
        LogFraming::Iso => {
            precise_date(out);
            out.push(b' ');
        }
        LogFraming::Local | LogFraming::Rfc3164 => {
            priority(full, out);
            date::push(date::split(SystemTime::now()).0, Form::Syslog, out);
            out.push(b' ');
            let fallback = (framing == LogFraming::Rfc3164).then_some("localhost");
            if let Some(host) = identity.hostname.as_deref().or(fallback) {
                out.extend_from_slice(host.as_bytes());
                out.push(b' ');
            }
            out.extend_from_slice(identity.tag.as_bytes());
            out.push(b'[');
            out.extend_from_slice(itoa::Buffer::new().format(process::facts().pid).as_bytes());
            out.extend_from_slice(b"]: ");
        }
        LogFraming::Rfc5424 => {
            priority(full, out);
            out.extend_from_slice(b"1 ");
            precise_date(out);
            for field in [identity.hostname.as_deref().unwrap_or("-"), &identity.tag] {
                out.push(b' ');
                out.extend_from_slice(field.as_bytes());
            }
            out.push(b' ');
            out.extend_from_slice(itoa::Buffer::new().format(process::facts().pid).as_bytes());
            out.extend_from_slice(b" - - ");
        }
    }
}

fn priority(value: u32, out: &mut Vec<u8>) {
    out.push(b'<');
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
    out.push(b'>');
}

fn precise_date(out: &mut Vec<u8>) {
    let (second, micros) = date::split(SystemTime::now());
    date::push(second, Form::Iso, out);
    out.push(b'.');
    date::push_padded(micros, 6, out);
    date::push(second, Form::Offset, out);
}
