//! Configuration files: reading those that `-f` names, folders included.

use crate::World;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// One configuration file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The name that diagnostics show.
    pub name: Arc<str>,
    /// Its content. Not necessarily UTF-8.
    pub bytes: Vec<u8>,
}

impl Source {
    /// A source from a name and its content.
    pub fn new(name: impl Into<Arc<str>>, bytes: impl Into<Vec<u8>>) -> Self {
        Self { name: name.into(), bytes: bytes.into() }
    }
}

/// A file or folder that could not be read.
#[derive(Debug, thiserror::Error)]
#[error("Could not open configuration file {path} : {reason}")]
pub struct LoadError {
    /// The path as given.
    pub path: String,
    /// Why.
    #[source]
    pub reason: io::Error,
}

/// Reads the files that `-f` names, in order. A folder stands for its `*.cfg` files that do not start
/// with a dot, sorted by name as HAProxy does (`management` 3).
pub fn load<P: AsRef<str>>(paths: &[P], world: &dyn World) -> Result<Vec<Source>, LoadError> {
    let mut sources = Vec::new();
    for path in paths {
        let path = path.as_ref();
        let failed = |path: &str| {
            let path = path.to_owned();
            move |reason| LoadError { path, reason }
        };
        if world.is_dir(Path::new(path)) {
            let mut names = world.list_dir(Path::new(path)).map_err(failed(path))?;
            names.retain(|name| name.ends_with(".cfg") && !name.starts_with('.'));
            names.sort();
            for name in names {
                let file = format!("{}/{name}", path.trim_end_matches('/'));
                let bytes = world.read(Path::new(&file)).map_err(failed(&file))?;
                sources.push(Source::new(file, bytes));
            }
        } else {
            let bytes = world.read(Path::new(path)).map_err(failed(path))?;
            sources.push(Source::new(path, bytes));
        }
    }
    Ok(sources)
}
