//! Addresses across a reload: which stay, which are new, which are gone.

use crate::compile::{BindSpec, Plan};
use crate::proxy::Listener;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// What a reload makes of the addresses that there are.
#[derive(Debug, Default)]
struct Successions<'a> {
    /// Those that stay: what accepted there, and what does now.
    kept: Vec<(&'a Arc<Listener>, &'a BindSpec)>,
    /// Those to be given up.
    gone: Vec<&'a Arc<Listener>>,
}

impl<'a> Successions<'a> {
    /// Compares two plans. An address that is listed several times is paired in order.
    fn between(running: &'a Plan, plan: &'a Plan) -> Self {
        let mut before: HashMap<String, Vec<&Arc<Listener>>> = HashMap::new();
        for spec in running.binds.iter().rev() {
            before.entry(key(spec)).or_default().push(&spec.listener);
        }
        let mut all = Self::default();
        for spec in &plan.binds {
            if let Some(listener) = before.get_mut(&key(spec)).and_then(Vec::pop) {
                all.kept.push((listener, spec));
            }
        }
        all.gone = before.into_values().flatten().collect();
        all
    }
}

/// The addresses of a plan, as [`super::bind_new`] compares them.
pub fn addresses(plan: &Plan) -> Vec<String> {
    plan.binds.iter().map(key).collect()
}

/// The addresses of a plan that are not among those known.
pub(super) fn new<'a>(known: &[String], plan: &'a Plan) -> Vec<&'a BindSpec> {
    let mut before: HashMap<&str, usize> = HashMap::new();
    for address in known {
        *before.entry(address).or_default() += 1;
    }
    let mut is_new = |spec: &&BindSpec| match before.get_mut(&*key(spec)) {
        Some(count) if *count > 0 => {
            *count -= 1;
            false
        }
        _ => true,
    };
    plan.binds.iter().filter(|spec| is_new(spec)).collect()
}

/// What makes two `bind` lines ask for the same socket. A stats socket is none of a frontend's.
fn key(spec: &BindSpec) -> String {
    let options = &spec.options;
    let family = (options.v6only, options.v4v6);
    format!("{:?} {:?} {family:?} {}", spec.address, options.interface, spec.listener.level.is_some())
}

/// Lets the listeners of the new plan take over from those of the running one.
pub fn hand_over(running: &Plan, plan: &Plan) {
    let all = Successions::between(running, plan);
    for (before, spec) in all.kept {
        before.successor.store(Some(Arc::clone(&spec.listener)));
        // Connections move on when they find no frontend here.
        before.frontend.store(None);
    }
    for gone in all.gone {
        gone.retired.store(true, Ordering::Release);
    }
}
