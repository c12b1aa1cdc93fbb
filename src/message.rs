//! What the program tells its user on stderr, in HAProxy's form: `[ALERT]    (pid) : text`.

use crate::version;
use haproxy_cfg_parser::{Diagnostic, Severity, raw};
use std::io::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Writes messages, and remembers what was written.
///
/// The first warning or alert is preceded by two lines that name the version and the program, until
/// [`Messages::started`] says that the program runs.
#[derive(Debug, Default)]
pub(crate) struct Messages {
    quiet: AtomicBool,
    show_diag: bool,
    introduced: AtomicBool,
    warnings: AtomicUsize,
    /// What was told since [`Messages::record`], if it is kept.
    record: Mutex<Option<String>>,
}

impl Messages {
    /// `quiet`: writes nothing. `show_diag`: writes the lowest severity too (`-dD`).
    pub(crate) fn new(quiet: bool, show_diag: bool) -> Self {
        Self { quiet: AtomicBool::new(quiet), show_diag, ..Self::default() }
    }

    /// What keeps the program from doing what it was asked.
    pub(crate) fn alert(&self, text: &str) {
        self.tell(Severity::Alert, text);
    }

    /// What the user should look at.
    pub(crate) fn warning(&self, text: &str) {
        self.tell(Severity::Warning, text);
    }

    /// What happened.
    pub(crate) fn notice(&self, text: &str) {
        self.tell(Severity::Notice, text);
    }

    /// A finding about the configuration.
    pub(crate) fn diagnostic(&self, diagnostic: &Diagnostic) {
        let text = raw::shown(&diagnostic.message);
        let text = text.strip_prefix("config : ").unwrap_or(&text);
        self.tell(diagnostic.severity, &format!("config : {text}"));
    }

    /// Any of these.
    pub(crate) fn tell(&self, severity: Severity, text: &str) {
        if severity == Severity::Diag && !self.show_diag {
            return;
        }
        if severity == Severity::Warning {
            self.warnings.fetch_add(1, Ordering::Relaxed);
        }
        let told = line(severity, text);
        if let Ok(mut record) = self.record.lock()
            && let Some(record) = &mut *record
            && record.len() < LONGEST_RECORD
        {
            record.push_str(&told);
        }
        if self.is_quiet() {
            return;
        }
        if severity >= Severity::Warning && !self.introduced.swap(true, Ordering::Relaxed) {
            write(&line(Severity::Notice, &format!("haproxy version is {}", version::VERSION)));
            let path = std::env::current_exe().unwrap_or_default();
            write(&line(Severity::Notice, &format!("path to executable is {}", path.display())));
        }
        write(&told);
    }

    /// Does something and gives back what it had told, shown or not, as far as there was not too much of it.
    pub(crate) fn record<T>(&self, act: impl FnOnce() -> T) -> (T, String) {
        let set =
            |value| self.record.lock().ok().and_then(|mut record| std::mem::replace(&mut *record, value));
        set(Some(String::new()));
        let result = act();
        (result, set(None).unwrap_or_default())
    }

    /// Counts warnings from 0 again: another configuration is read.
    pub(crate) fn forget_warnings(&self) {
        self.warnings.store(0, Ordering::Relaxed);
    }

    /// Lines for stdout (`-c`); not shown when quiet.
    pub(crate) fn print(&self, text: &str) {
        if !self.is_quiet() {
            let _ = writeln!(std::io::stdout().lock(), "{text}"); // nobody to tell if stdout is closed
        }
    }

    /// The program runs: from here on messages come without an introduction.
    pub(crate) fn started(&self) {
        self.introduced.store(true, Ordering::Relaxed);
    }

    /// From here on nothing is written, if `quiet` (the file's keyword of that name).
    pub(crate) fn hush(&self, quiet: bool) {
        self.quiet.fetch_or(quiet, Ordering::Relaxed);
    }

    fn is_quiet(&self) -> bool {
        self.quiet.load(Ordering::Relaxed)
    }

    /// How many warnings there were, shown or not.
    pub(crate) fn warnings(&self) -> usize {
        self.warnings.load(Ordering::Relaxed)
    }
}

/// Most bytes that [`Messages::record`] keeps.
const LONGEST_RECORD: usize = 64 * 1024;

fn line(severity: Severity, text: &str) -> String {
    let label = match severity {
        Severity::Diag => "[DIAG]",
        Severity::Notice => "[NOTICE]",
        Severity::Warning => "[WARNING]",
        Severity::Alert => "[ALERT]",
    };
    format!("{label:<10} ({}) : {text}\n", std::process::id())
}

/// One write, so that lines of several processes do not mix.
fn write(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes()); // nobody to tell if stderr is closed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_padded_to_ten() {
        let pid = std::process::id();
        assert_eq!(line(Severity::Alert, "x"), format!("[ALERT]    ({pid}) : x\n"));
        assert_eq!(line(Severity::Warning, "x"), format!("[WARNING]  ({pid}) : x\n"));
    }

    #[test]
    fn a_quiet_warning_still_counts() {
        let messages = Messages::new(true, false);
        messages.warning("x");
        messages.notice("y");
        assert_eq!(messages.warnings(), 1);
    }
}
