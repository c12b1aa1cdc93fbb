//! `-dL`: the object files that this process has loaded.

use std::collections::BTreeSet;

/// The program and its libraries, one per line.
pub(crate) fn list() -> String {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let files: BTreeSet<&str> = maps
        .lines()
        .filter(|line| line.split_whitespace().nth(1).is_some_and(|rights| rights.contains('x')))
        .filter_map(|line| line.find('/').and_then(|at| line.get(at..)))
        .collect();
    let mut text = "List of loaded object files:\n".to_owned();
    for file in files {
        text.push_str(file);
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_program_itself_is_among_them() {
        let program = std::env::current_exe().unwrap_or_default();
        let program = program.to_string_lossy();
        assert!(super::list().lines().any(|line| line == program));
    }
}
