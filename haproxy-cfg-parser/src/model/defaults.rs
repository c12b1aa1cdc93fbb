//! Named `defaults` sections, for backends that are made of them while the program runs.

use super::{Mode, Place, Proxy};
use crate::section::draft::{Draft, start_from};
use crate::value;

/// A named `defaults` section (manual 4).
#[derive(Clone, Debug)]
pub struct NamedDefaults {
    /// Its name.
    pub name: String,
    /// Where it starts.
    pub place: Place,
    pub(crate) draft: Box<Draft>,
    /// Frontends start from it.
    pub(crate) frontend: bool,
}

impl NamedDefaults {
    /// The backend that an empty section of that name would be which starts from this one (management guide 9.3 "add backend").
    ///
    /// # Errors
    /// Why no backend may be made of it.
    pub fn backend(&self, name: &str, mode: Option<Mode>) -> Result<Proxy, String> {
        if let Some(c) = value::not_in_name(name) {
            return Err(format!("character '{c}' is not permitted in backend name '{name}'."));
        }
        let base = &self.draft.proxy;
        let only_frontends = !base.tcp_request_connection.is_empty() || !base.tcp_request_session.is_empty();
        if only_frontends || (self.frontend && base.has_rules()) {
            return Err(format!("Defaults section '{}' has rules that are for frontends.", self.name));
        }
        if !(base.request_slots.is_empty() && base.response_slots.is_empty()) {
            return Err(format!("Defaults section '{}' has captures, which are for frontends.", self.name));
        }
        let mut proxy = start_from(&self.draft, super::ProxyKind::Backend, false, self.place.clone()).proxy;
        name.clone_into(&mut proxy.name);
        if let Some(mode) = mode {
            proxy.mode = mode;
        }
        Ok(proxy)
    }
}
