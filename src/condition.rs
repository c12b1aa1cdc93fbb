//! `-cc`: does a condition of the configuration language hold?

use crate::message::Messages;
use haproxy_cfg_parser::{World, evaluate_condition};

/// The exit code: 0 if the condition holds, 1 if not, 2 if it cannot be evaluated.
pub(crate) fn evaluate(condition: &str, world: &dyn World, messages: &Messages) -> u8 {
    match evaluate_condition(condition, world) {
        Ok(true) => 0,
        Ok(false) => 1,
        Err(error) => {
            messages.alert(&format!("config : Failed to evaluate condition: {error}"));
            2
        }
    }
}
