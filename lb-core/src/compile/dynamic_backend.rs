//! Backends that commands make of named `defaults` sections, and delete (management guide 9.3 "add backend", "del backend").

use super::dynamic::{Obstacle, reason};
use super::{Context, Options, Plan, backend, frontend, guid, registry};
use crate::proxy::Backend;
use haproxy_cfg_parser::model::Mode;
use haproxy_cfg_parser::{Severity, SystemWorld};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

/// Adds a backend as an empty section would be that starts from `defaults`: without servers, and not published.
///
/// # Errors
/// What is wrong.
pub(crate) fn add_backend(
    plan: &Plan,
    name: &str,
    defaults: &str,
    mode: Option<Mode>,
    guid: Option<&str>,
) -> Result<(), String> {
    let used = |kind: &str| {
        format!("Error during backend creation : name is already used by other proxy '{kind} {name}'.")
    };
    let in_file = plan.config.proxies.iter().find(|proxy| proxy.name == name);
    if let Some(kind) = in_file.map(|proxy| proxy.kind.name()) {
        return Err(used(kind));
    }
    if plan.backends.find(name).is_some() {
        return Err(used("backend"));
    }
    let known = plan.config.defaults.iter().rfind(|known| known.name == defaults);
    let mut proxy =
        known.ok_or_else(|| format!("No such defaults section '{defaults}'."))?.backend(name, mode)?;
    if matches!(proxy.mode, Mode::Other(_)) {
        return Err("Only TCP and HTTP backends can be added.".into());
    }
    if let Some(guid) = guid {
        guid::is_free(plan, guid)?;
        guid::set(&mut proxy, guid);
    }
    let world = SystemWorld::default();
    let options = Options {
        threads: plan.threads,
        maxconn: u64::from(plan.maxconn),
        world: &world,
        previous: None,
        held: &[],
    };
    let mut context = Context::new(&plan.config, Some(&proxy));
    context.directory = Arc::clone(&plan.directory);
    context.resolvers.clone_from(&plan.resolvers);
    context.rings.clone_from(&plan.rings);
    let made = backend::backend(&proxy, 0, &options, &mut context);
    let logger = frontend::logger(&proxy, &mut context);
    if let Some(error) = context.diagnostics.iter().find(|finding| finding.severity == Severity::Alert) {
        return Err(reason(error));
    }
    // Commands find lists by their numbers, which a plan gives once.
    if !context.references.finish().is_empty() {
        return Err(format!(
            "Defaults section '{defaults}' has patterns or maps, which added backends cannot have."
        ));
    }
    let mut made = made.ok_or("The backend cannot be made.")?;
    made.logger = logger;
    made.published.store(false, Relaxed);
    made.section = Some(Arc::new(proxy.clone()));
    registry::configure_backend(&made);
    plan.backends.edit(|all| {
        if all.iter().any(|known| known.name == name) {
            return Err(used("backend"));
        }
        let taken = plan.frontends.iter().map(|one| one.id).chain(all.iter().map(|one| one.id));
        made.id = taken.max().unwrap_or(0) + 1;
        all.push(Arc::new(made));
        Ok(())
    })?;
    plan.revised.send_replace(());
    Ok(())
}

/// Whether a backend may be deleted now.
///
/// # Errors
/// Why not.
pub(crate) fn backend_removable(plan: &Plan, backend: &Backend) -> Result<(), Obstacle> {
    if plan.named.contains(&backend.name) {
        return Err(Obstacle::Lasting(
            "This backend cannot be removed at runtime due to other configuration elements pointing to it.",
        ));
    }
    if backend.is_published() {
        return Err(Obstacle::Lasting("Backend must be unpublished prior to its deletion."));
    }
    if !backend.servers.load().is_empty() {
        return Err(Obstacle::Lasting("Only a backend without server can be deleted."));
    }
    if backend.stats.current.load(Relaxed) > 0 {
        return Err(Obstacle::Passing("Backend still has streams attached to it, cannot remove it."));
    }
    Ok(())
}

/// Deletes a backend that is not published, has no servers, and that nothing refers to.
///
/// # Errors
/// Why it stays.
pub(crate) fn delete_backend(plan: &Plan, name: &str) -> Result<(), String> {
    plan.backends.edit(|all| {
        let at = all.iter().position(|known| known.name == name).ok_or("No such backend.")?;
        let backend = all.get(at).ok_or("No such backend.")?;
        backend_removable(plan, backend).map_err(Obstacle::why)?;
        all.remove(at);
        Ok(())
    })?;
    plan.revised.send_replace(());
    Ok(())
}
