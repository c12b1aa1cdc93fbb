//! What parsing carries from line to line: the world, the environment, the findings, the result.

use super::Args;
use crate::check::Turn;
use crate::check::references::Reference;
use crate::diagnostic::{Diagnostic, Severity};
use crate::environment::Environment;
use crate::expr::Acls;
use crate::model::{Class, Config, Place, ProxyKind, Word};
use crate::modernise::{self, Edit};
use crate::section::defaults::Heirs;
use crate::{Source, World, value};
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::time::Duration;

/// The state of one run of [`crate::parse`].
pub(crate) struct Cx<'w> {
    pub(crate) world: &'w dyn World,
    pub(crate) env: Environment,
    pub(crate) config: Config,
    /// The line being read.
    pub(crate) place: Place,
    /// The kind of the section being read, e.g. `frontend`.
    pub(crate) section: &'static str,
    /// Folder that relative file names start from (`default-path`); empty for the current one.
    pub(crate) folder: String,
    /// A Lua file was named: `lua.*` may stand for what it registers.
    pub(crate) lua: bool,
    /// Kinds and names of sections other than proxies and userlists.
    pub(crate) named: HashSet<(&'static str, String)>,
    /// Every proxy so far, by name.
    pub(crate) proxies: HashMap<String, Vec<(ProxyKind, Place)>>,
    /// Findings about a proxy, by its number, that come after all lines were read.
    pub(crate) late: Vec<(usize, Turn, Diagnostic)>,
    /// What expressions of the line belong to; see [`crate::check::references::setting`].
    pub(crate) setting: &'static str,
    /// The proxy being read; empty in other sections and in defaults.
    pub(crate) proxy: String,
    /// The defaults section being read, if it has a name.
    pub(crate) defaults: String,
    /// Who starts from defaults sections, by their names; after the last line.
    pub(crate) heirs: HashMap<String, Heirs>,
    /// Where they were named first.
    pub(crate) named_at: HashMap<(&'static str, String), Place>,
    /// The name of the section being read, where it is no proxy.
    pub(crate) part: String,
    /// Its ACLs, where it has some.
    pub(crate) acls: Acls,
    /// Where sections start that have a wrong line: what is missing from them is no finding of its own.
    pub(crate) broken: HashSet<Place>,
    /// Proxies with a `bind` line that was wrong.
    pub(crate) unbound: HashSet<String>,
    /// What expressions name.
    pub(crate) references: Vec<Reference>,
    /// How many processes `nbproc` asks for: threads stand for them.
    pub(crate) processes: u32,
    /// `ssl-server-verify none` was said.
    pub(crate) server_verify_off: bool,
    /// The words of each line, where they are asked for.
    pub(crate) words: Option<Vec<(Place, String)>>,
    /// Lines that are written otherwise today.
    pub(crate) edits: Vec<(Place, Edit)>,
    diagnostics: Vec<Diagnostic>,
    /// How many of them are errors.
    errors: usize,
}

impl<'w> Cx<'w> {
    pub(crate) fn new(sources: &[Source], world: &'w dyn World) -> Self {
        let mut env = Environment::new(world.env());
        let names: Vec<&str> = sources.iter().map(|source| source.name.as_ref()).collect();
        env.set("HAPROXY_CFGFILES", &names.join(";"));
        for (name, format) in crate::tables::format::DEFAULTS {
            env.set(name, format);
        }
        let version = world.version();
        let mut numbers = version.split(['.', '-']);
        let branch = [numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default()].join(".");
        env.set("HAPROXY_BRANCH", &branch);
        Self {
            world,
            env,
            config: Config::default(),
            place: Place { file: "".into(), line: 0 },
            section: "",
            folder: String::new(),
            lua: false,
            named: HashSet::new(),
            proxies: HashMap::new(),
            late: Vec::new(),
            setting: "",
            proxy: String::new(),
            defaults: String::new(),
            heirs: HashMap::new(),
            named_at: HashMap::new(),
            part: String::new(),
            acls: Acls::default(),
            broken: HashSet::new(),
            unbound: HashSet::new(),
            references: Vec::new(),
            processes: 1,
            server_verify_off: false,
            words: None,
            edits: Vec::new(),
            diagnostics: Vec::new(),
            errors: 0,
        }
    }

    pub(crate) fn finish(mut self) -> (Config, Vec<Diagnostic>) {
        self.config.environment = self.env.into_pairs();
        (self.config, self.diagnostics)
    }

    /// Ends a source that had so many errors before it.
    pub(crate) fn end_of_source(&mut self, source: &Source, errors_before: usize) {
        if self.errors > errors_before {
            self.config.wrong_files.push((source.name.clone(), self.diagnostics.len()));
        }
    }

    /// How many findings there are so far.
    pub(crate) fn findings(&self) -> usize {
        self.diagnostics.len()
    }

    /// Puts the findings from number `from` on before number `to`.
    pub(crate) fn bring_forward(&mut self, from: usize, to: usize) {
        let count = self.diagnostics.len().saturating_sub(from);
        if let Some(findings) = self.diagnostics.get_mut(to..) {
            findings.rotate_right(count);
        }
    }

    /// How many errors there are so far.
    pub(crate) fn errors(&self) -> usize {
        self.errors
    }

    /// `expose-experimental-directives` was said.
    pub(crate) fn experimental(&self) -> bool {
        self.config.uses.first(|word| word.name == "expose-experimental-directives").is_some()
    }

    /// `parsing [file:line]`, the start of most messages.
    pub(crate) fn here(&self) -> String {
        format!("parsing [{}]", self.place)
    }

    pub(crate) fn report(&mut self, severity: Severity, span: Option<(u32, u32)>, message: String) {
        let place = Some(self.place.clone());
        self.push(Diagnostic { severity, place, span, message, help: None });
    }

    pub(crate) fn push(&mut self, diagnostic: Diagnostic) {
        self.errors += usize::from(diagnostic.severity == Severity::Alert);
        self.diagnostics.push(diagnostic);
    }

    /// An error with its full text.
    pub(crate) fn alert(&mut self, message: String) {
        self.report(Severity::Alert, None, message);
    }

    pub(crate) fn alert_span(&mut self, span: (u32, u32), message: String) {
        self.report(Severity::Alert, Some(span), message);
    }

    /// An error about one word, with its full text.
    pub(crate) fn alert_word(&mut self, args: &Args<'_>, index: usize, message: String) {
        self.report(Severity::Alert, args.span(index), message);
    }

    /// An error about a word: `parsing [file:line] : TEXT`.
    pub(crate) fn wrong(&mut self, args: &Args<'_>, index: usize, text: impl AsRef<str>) {
        let message = format!("{} : {}", self.here(), text.as_ref());
        self.report(Severity::Alert, args.span(index).or_else(|| args.span(0)), message);
    }

    /// A warning about a word: `parsing [file:line] : TEXT`.
    pub(crate) fn warn(&mut self, args: &Args<'_>, index: usize, text: impl AsRef<str>) {
        let message = format!("{} : {}", self.here(), text.as_ref());
        self.report(Severity::Warning, args.span(index), message);
    }

    /// A warning about a removed keyword: its first `count` words are written as `head` today, the others stay.
    pub(crate) fn outdated(&mut self, args: &Args<'_>, count: usize, text: impl AsRef<str>, head: &str) {
        let tail = modernise::line(args.rest(count));
        self.outdated_line(args, text, format!("{head} {tail}").trim_end());
        let last = count.checked_sub(1).and_then(|last| args.span(last));
        if let Some(((start, _), (_, end))) = args.span(0).zip(last) {
            self.edits.push((self.place.clone(), Edit::Replace((start, end), head.to_owned())));
        }
    }

    /// A warning about what is written otherwise today: `modern`.
    pub(crate) fn outdated_line(&mut self, args: &Args<'_>, text: impl AsRef<str>, modern: &str) {
        let message = format!("{} : {}; please write '{modern}' instead.", self.here(), text.as_ref());
        self.push(Diagnostic {
            severity: Severity::Warning,
            place: Some(self.place.clone()),
            span: args.span(0),
            message,
            help: Some(format!("write `{modern}`")),
        });
    }

    /// Notes that the line acts no more.
    pub(crate) fn obsolete(&mut self) {
        self.edits.push((self.place.clone(), Edit::Comment));
    }

    /// Attaches advice to the latest finding.
    pub(crate) fn help(&mut self, help: String) {
        if let Some(last) = self.diagnostics.last_mut() {
            last.help = Some(help);
        }
    }

    /// Where a name of a kind stood first; none, and it is noted, if that is here.
    pub(crate) fn named_before(&mut self, kind: &'static str, name: &str) -> Option<Place> {
        match self.named_at.entry((kind, name.to_owned())) {
            Entry::Occupied(first) => Some(first.get().clone()),
            Entry::Vacant(new) => {
                new.insert(self.place.clone());
                None
            }
        }
    }

    /// Notes that a keyword of a table is used here.
    pub(crate) fn uses(&mut self, class: Class, name: &'static str) {
        self.config.uses.add(Word { class, name, section: self.section }, &self.place);
    }

    /// True, and an error, if there are words after number `last`.
    pub(crate) fn too_many(&mut self, args: &Args<'_>, last: usize) -> bool {
        self.too_many_for(args, 1, last)
    }

    /// The same; the error names the first `named` words.
    pub(crate) fn too_many_for(&mut self, args: &Args<'_>, named: usize, last: usize) -> bool {
        if !args.has(last + 1) {
            return false;
        }
        let words: Vec<&str> = (0..named).map(|index| args.get(index)).collect();
        let (name, word) = (words.join(" "), args.get(last + 1));
        self.wrong(args, last + 1, format!("'{name}' cannot handle unexpected argument '{word}'."));
        true
    }

    /// Warns about what follows a time's unit.
    pub(crate) fn trailing(&mut self, args: &Args<'_>, index: usize, rest: Option<char>) {
        if let Some(c) = rest {
            let text = args.get(index);
            let message = format!(
                "unexpected character '{c}' after the timer value '{text}', only (us=microseconds,ms=milliseconds,s=seconds,m=minutes,h=hours,d=days) are supported. This will be reported as an error in next versions."
            );
            self.report(Severity::Warning, args.span(index), message);
        }
    }

    /// Reads a time, with errors that name `what`.
    pub(crate) fn time(&mut self, args: &Args<'_>, index: usize, unit: &str, what: &str) -> Option<Duration> {
        let text = args.get(index);
        match value::time_and_rest(text, unit) {
            Ok((time, rest)) => {
                self.trailing(args, index, rest);
                Some(time)
            }
            Err(value::TimeError::Unexpected(c)) => {
                self.wrong(args, index, format!("unexpected character '{c}' in {what}"));
                None
            }
            Err(value::TimeError::Overflow) => {
                self.wrong(args, index, format!("timer overflow in argument <{text}> to {what}"));
                None
            }
        }
    }

    /// True if a host name may have an address: what no name can look like has none, the world knows the rest.
    pub(crate) fn resolves(&self, host: &str) -> bool {
        if host.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
            return value::network(host).is_some();
        }
        let letter = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
        host.chars().all(letter) && !host.contains("..") && self.world.resolves(host)
    }

    /// Reads a file that the configuration names.
    pub(crate) fn read(&self, path: &str) -> std::io::Result<Vec<u8>> {
        if self.folder.is_empty() || path.starts_with('/') {
            return self.world.read(Path::new(path));
        }
        self.world.read(&Path::new(&self.folder).join(path))
    }
}
