//! `-c`: is the configuration good?

use crate::load::Loaded;
use crate::message::Messages;

/// Tells the verdict on a configuration that loaded; returns the exit code.
pub(crate) fn verdict(loaded: &Loaded, messages: &Messages) -> u8 {
    if messages.warnings() > 0 {
        messages.print("Warnings were found.");
    }
    if !loaded.listens() {
        messages.print("Configuration file has no error but will not start (no listener) => exit(2).");
        return 2;
    }
    messages.print("Configuration file is valid");
    0
}
