//! What is said of each socket, as bytes.

/// What the system does not tell of a socket that another process has bound.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Label {
    /// The network name space; empty: the process's own.
    pub(super) namespace: Vec<u8>,
    /// The interface that it is bound to; empty: all.
    pub(super) interface: Vec<u8>,
}

/// Options of a socket, which no version sets.
const OPTIONS: [u8; 4] = [0; 4];

impl Label {
    /// Appends it: both names with their lengths, then options.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        for name in [&self.namespace, &self.interface] {
            let length = u8::try_from(name.len()).unwrap_or(0);
            out.push(length);
            out.extend(name.iter().take(length.into()));
        }
        out.extend_from_slice(&OPTIONS);
    }

    /// Takes one from the front; none: it is not all there.
    pub(super) fn read(bytes: &mut &[u8]) -> Option<Self> {
        let mut rest = *bytes;
        let mut name = || {
            let (length, after) = rest.split_first()?;
            let (name, after) = after.split_at_checked((*length).into())?;
            rest = after;
            Some(name.to_vec())
        };
        let (namespace, interface) = (name()?, name()?);
        let (_, rest) = rest.split_at_checked(OPTIONS.len())?;
        *bytes = rest;
        Some(Self { namespace, interface })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// As haproxy 2.6.12 sends two sockets, the second of them with `interface lo`.
    #[test]
    fn labels_are_haproxys() {
        let bytes = b"\0\0\0\0\0\0\0\x02lo\0\0\0\0";
        let lo = Label { interface: b"lo".to_vec(), ..Label::default() };
        let mut left = &bytes[..];
        assert_eq!(Label::read(&mut left).unwrap(), Label::default());
        assert_eq!(Label::read(&mut left).unwrap(), lo);
        assert!(left.is_empty() && Label::read(&mut left).is_none());
        let mut out = Vec::new();
        Label::default().write(&mut out);
        lo.write(&mut out);
        assert_eq!(out, bytes);
    }

    #[test]
    fn half_a_label_is_none() {
        let whole = b"\x03net\x04eth0\0\0\0\0";
        for length in 0..whole.len() {
            let mut left = &whole[..length];
            assert!(Label::read(&mut left).is_none());
            assert_eq!(left.len(), length);
        }
        assert_eq!(Label::read(&mut &whole[..]).unwrap().namespace, b"net");
    }
}
