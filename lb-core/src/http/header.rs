//! An ordered header block over one byte arena: parsed, edited and written without an allocation per header.

use memchr::memchr;

/// Headers that lb itself looks at, so that finding one is an integer comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
#[allow(missing_docs)] // each variant is the header of that name
pub enum HeaderId {
    Other,
    Authorization,
    CacheControl,
    Connection,
    ContentLength,
    ContentType,
    Cookie,
    Expect,
    Forwarded,
    Host,
    KeepAlive,
    Location,
    ProxyAuthorization,
    ProxyConnection,
    Referer,
    Server,
    SetCookie,
    Te,
    Trailer,
    TransferEncoding,
    Upgrade,
    UserAgent,
    XForwardedFor,
}

impl HeaderId {
    /// The id of a lower-case name.
    #[inline]
    pub fn of(name: &[u8]) -> Self {
        use HeaderId::*;
        // Length first: it decides alone for most names, and the comparison is then of a fixed size.
        match name.len() {
            2 if name == b"te" => Te,
            4 if name == b"host" => Host,
            6 => match name {
                b"cookie" => Cookie,
                b"expect" => Expect,
                b"server" => Server,
                _ => Other,
            },
            7 => match name {
                b"upgrade" => Upgrade,
                b"referer" => Referer,
                b"trailer" => Trailer,
                _ => Other,
            },
            8 if name == b"location" => Location,
            9 if name == b"forwarded" => Forwarded,
            10 => match name {
                b"connection" => Connection,
                b"user-agent" => UserAgent,
                b"keep-alive" => KeepAlive,
                b"set-cookie" => SetCookie,
                _ => Other,
            },
            12 if name == b"content-type" => ContentType,
            13 => match name {
                b"authorization" => Authorization,
                b"cache-control" => CacheControl,
                _ => Other,
            },
            14 if name == b"content-length" => ContentLength,
            15 if name == b"x-forwarded-for" => XForwardedFor,
            16 if name == b"proxy-connection" => ProxyConnection,
            17 if name == b"transfer-encoding" => TransferEncoding,
            19 if name == b"proxy-authorization" => ProxyAuthorization,
            _ => Other,
        }
    }
}

/// A header name prepared for look-ups: lower-cased once, at load.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HeaderKey {
    id: HeaderId,
    name: Box<[u8]>,
}

impl HeaderKey {
    /// Prepares `name` in any case.
    pub fn new(name: &[u8]) -> Self {
        let name = name.to_ascii_lowercase().into_boxed_slice();
        Self { id: HeaderId::of(&name), name }
    }

    /// The lower-case name.
    pub fn name(&self) -> &[u8] {
        &self.name
    }

    /// Its id.
    pub fn id(&self) -> HeaderId {
        self.id
    }
}

/// A range of bytes in the arena.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    start: u32,
    len: u32,
}

impl Span {
    /// `len` bytes from `start`.
    #[inline]
    pub fn new(start: usize, len: usize) -> Self {
        // A head is bounded by tune.bufsize, far below 4 GiB; edits are bounded by `Headers::MAX_ARENA`.
        Self { start: start as u32, len: len as u32 }
    }

    /// `len` bytes of it from offset `at`.
    pub fn part(self, at: usize, len: usize) -> Self {
        let at = at.min(self.len());
        Self { start: self.start + at as u32, len: len.min(self.len() - at) as u32 }
    }

    /// How many bytes.
    #[inline]
    pub fn len(self) -> usize {
        self.len as usize
    }

    /// True for no bytes.
    #[inline]
    pub fn is_empty(self) -> bool {
        self.len == 0
    }

    /// The bytes of `arena`.
    #[inline]
    pub fn of(self, arena: &[u8]) -> &[u8] {
        arena.get(self.start as usize..(self.start + self.len) as usize).unwrap_or_default()
    }
}

/// One header: where its name and value are.
#[derive(Clone, Copy, Debug)]
struct Slot {
    name: Span,
    value: Span,
    id: HeaderId,
}

/// The header block of a message, in order of arrival, names in lower case (as HAProxy forwards them).
///
/// All bytes live in one arena, which also holds the start line of the message that owns the block.
/// Replaced and removed text stays in the arena until [`Headers::clear`], so its size is bounded.
#[derive(Debug, Default)]
pub struct Headers {
    arena: Vec<u8>,
    slots: Vec<Slot>,
}

impl Headers {
    /// Most bytes that one message's head and all its edits may take.
    pub const MAX_ARENA: usize = 1 << 20;

    /// Forgets everything, keeping the memory.
    pub fn clear(&mut self) {
        self.arena.clear();
        self.slots.clear();
    }

    /// Adds bytes to the arena; an empty span once [`Self::MAX_ARENA`] is reached.
    #[inline]
    pub fn store(&mut self, bytes: &[u8]) -> Span {
        if self.arena.len() + bytes.len() > Self::MAX_ARENA {
            return Span::default();
        }
        let start = self.arena.len();
        self.arena.extend_from_slice(bytes);
        Span::new(start, bytes.len())
    }

    /// Bytes of a span of this block's arena.
    #[inline]
    pub fn bytes(&self, span: Span) -> &[u8] {
        span.of(&self.arena)
    }

    /// For the codec: appends a header whose bytes are already in the arena; lower-cases the name in place.
    #[inline]
    pub(crate) fn push_parsed(&mut self, name: Span, value: Span) -> HeaderId {
        let bytes = &mut self.arena[name.start as usize..(name.start + name.len) as usize];
        bytes.make_ascii_lowercase();
        let id = HeaderId::of(bytes);
        self.slots.push(Slot { name, value, id });
        id
    }

    /// For the codec: the value of the header pushed last.
    pub(crate) fn last_value(&self) -> &[u8] {
        self.slots.last().map(|slot| self.bytes(slot.value)).unwrap_or_default()
    }

    /// For the codec: the name of the header pushed last.
    pub(crate) fn last_name(&self) -> &[u8] {
        self.slots.last().map(|slot| self.bytes(slot.name)).unwrap_or_default()
    }

    /// For the codec: takes the header pushed last out again.
    pub(crate) fn pop(&mut self) {
        self.slots.pop();
    }

    /// For the codec: gives the header pushed last another value.
    pub(crate) fn replace_last(&mut self, value: &[u8]) {
        let value = self.store(value);
        if let Some(slot) = self.slots.last_mut() {
            slot.value = value;
        }
    }

    /// Appends a header. The name is stored in lower case.
    pub fn append(&mut self, name: &[u8], value: &[u8]) {
        let span = self.store(name);
        let value = self.store(value);
        if !span.is_empty() {
            self.push_parsed(span, value);
        }
    }

    /// Appends a header whose name is prepared.
    #[inline]
    pub fn append_key(&mut self, key: &HeaderKey, value: &[u8]) {
        let name = self.store(&key.name);
        let value = self.store(value);
        self.slots.push(Slot { name, value, id: key.id });
    }

    /// How many headers there are.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Bytes of all names and values, and 1 for their end: see [`super::Request::counted_size`].
    pub fn counted_size(&self) -> u64 {
        1 + self.slots.iter().map(|slot| (slot.name.len() + slot.value.len()) as u64).sum::<u64>()
    }

    /// True for none.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// All headers in order: lower-case name, value.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&[u8], &[u8])> {
        self.slots.iter().map(|slot| (self.bytes(slot.name), self.bytes(slot.value)))
    }

    /// All headers in order with their ids.
    pub fn iter_ids(&self) -> impl DoubleEndedIterator<Item = (HeaderId, &[u8], &[u8])> {
        self.slots.iter().map(|slot| (slot.id, self.bytes(slot.name), self.bytes(slot.value)))
    }

    #[inline]
    fn matches(&self, slot: &Slot, key: &HeaderKey) -> bool {
        slot.id == key.id && (key.id != HeaderId::Other || self.bytes(slot.name) == &*key.name)
    }

    /// All values of a header, whole lines, in order.
    pub fn values<'a>(&'a self, key: &'a HeaderKey) -> impl DoubleEndedIterator<Item = &'a [u8]> {
        self.slots.iter().filter(move |slot| self.matches(slot, key)).map(|slot| self.bytes(slot.value))
    }

    /// All values of one of lb's own headers, whole lines, in order.
    pub fn values_of(&self, id: HeaderId) -> impl DoubleEndedIterator<Item = &[u8]> {
        self.slots.iter().filter(move |slot| slot.id == id).map(|slot| self.bytes(slot.value))
    }

    /// The first value of one of lb's own headers.
    #[inline]
    pub fn first_of(&self, id: HeaderId) -> Option<&[u8]> {
        self.slots.iter().find(|slot| slot.id == id).map(|slot| self.bytes(slot.value))
    }

    /// The value of the last header with this id.
    pub fn last_of(&self, id: HeaderId) -> Option<&[u8]> {
        self.slots.iter().rfind(|slot| slot.id == id).map(|slot| self.bytes(slot.value))
    }

    /// True when the header is there.
    pub fn contains(&self, key: &HeaderKey) -> bool {
        self.slots.iter().any(|slot| self.matches(slot, key))
    }

    /// Removes every occurrence; true when there was one.
    pub fn remove(&mut self, key: &HeaderKey) -> bool {
        let before = self.slots.len();
        let mut slots = std::mem::take(&mut self.slots);
        slots.retain(|slot| !self.matches(slot, key));
        self.slots = slots;
        self.slots.len() != before
    }

    /// Removes every header of one of lb's own ids.
    pub fn remove_of(&mut self, id: HeaderId) {
        self.slots.retain(|slot| slot.id != id);
    }

    /// Removes headers that `drop` says to, given lower-case name and value.
    pub fn remove_if(&mut self, mut drop: impl FnMut(&[u8], &[u8]) -> bool) {
        let arena = &self.arena;
        self.slots.retain(|slot| !drop(slot.name.of(arena), slot.value.of(arena)));
    }

    /// Removes every occurrence, then appends one.
    pub fn set(&mut self, key: &HeaderKey, value: &[u8]) {
        self.remove(key);
        self.append_key(key, value);
    }

    /// Offers each value of a header to `edit`, which gives the new value or none to leave it.
    pub fn edit_values(&mut self, key: &HeaderKey, mut edit: impl FnMut(&[u8]) -> Option<Vec<u8>>) {
        for index in 0..self.slots.len() {
            let slot = self.slots[index];
            if self.matches(&slot, key)
                && let Some(value) = edit(self.bytes(slot.value))
            {
                self.slots[index].value = self.store(&value);
            }
        }
    }

    /// Writes all headers as HTTP/1 lines, without the final empty line.
    #[inline]
    pub fn write_lines(&self, out: &mut Vec<u8>) {
        for slot in &self.slots {
            out.extend_from_slice(self.bytes(slot.name));
            out.extend_from_slice(b": ");
            out.extend_from_slice(self.bytes(slot.value));
            out.extend_from_slice(b"\r\n");
        }
    }
}

/// Splits a list header's value at commas outside quotes, trimmed, empty elements kept out (RFC 9110 5.6.1).
pub fn list_elements(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(value);
    std::iter::from_fn(move || {
        loop {
            let text = rest?;
            let end = list_element_end(text);
            rest = text.get(end + 1..);
            let element = text[..end].trim_ascii();
            if !element.is_empty() {
                return Some(element);
            }
        }
    })
}

/// Where the first element of a list ends: at a comma outside quotes, or at the end.
fn list_element_end(text: &[u8]) -> usize {
    if memchr(b'"', text).is_none() {
        return memchr(b',', text).unwrap_or(text.len());
    }
    let (mut quoted, mut escaped) = (false, false);
    for (index, byte) in text.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b',' if !quoted => return index,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_keep_order_and_case() {
        let mut headers = Headers::default();
        headers.append(b"Host", b"a");
        headers.append(b"X-One", b"1");
        headers.append(b"x-one", b"2");
        headers.edit_values(&HeaderKey::new(b"X-ONE"), |value| (value == b"1").then(|| b"one".to_vec()));
        headers.set(&HeaderKey::new(b"hOST"), b"b");
        let mut out = Vec::new();
        headers.write_lines(&mut out);
        assert_eq!(out, b"x-one: one\r\nx-one: 2\r\nhost: b\r\n");
    }

    #[test]
    fn lists_respect_quotes() {
        let elements: Vec<_> = list_elements(b"a, \"b,c\" ,, d").collect();
        assert_eq!(elements, [&b"a"[..], b"\"b,c\"", b"d"]);
    }
}
