//! What the end of the page's address asks for: `;csv;norefresh;up;scope=web`.

/// In which form the numbers are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Form {
    #[default]
    Html,
    Csv,
    Typed,
    Json,
}

/// What is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct View {
    pub(super) form: Form,
    /// Servers that are down are left out.
    pub(super) up: bool,
    /// Servers in maintenance are left out.
    pub(super) no_maint: bool,
    /// The page does not load again by itself.
    pub(super) norefresh: bool,
    /// Proxies whose names contain this are shown; empty: all.
    pub(super) scope: String,
    /// What became of a form that was sent; empty: none was.
    pub(super) status: String,
}

/// As much of a scope as counts.
const LONGEST_SCOPE: usize = 20;

impl View {
    /// From what follows `stats uri` in the target. What is not known is passed over, as by HAProxy.
    pub(super) fn parse(rest: &str) -> Self {
        let mut view = Self::default();
        for part in rest.split([';', '?', '&']) {
            match part.split_once('=') {
                Some(("scope", text)) => {
                    view.scope = text.chars().filter(|c| is_name(*c)).take(LONGEST_SCOPE).collect();
                }
                Some(("st", text)) => view.status = text.chars().take(4).collect(),
                Some(_) => {}
                None => match part {
                    "csv" => view.form = Form::Csv,
                    "typed" => view.form = Form::Typed,
                    "json" => view.form = Form::Json,
                    "up" => view.up = true,
                    "no-maint" => view.no_maint = true,
                    "norefresh" => view.norefresh = true,
                    _ => {}
                },
            }
        }
        view
    }

    /// The same view as the end of an address, but for its form and its status.
    pub(super) fn suffix(&self) -> String {
        let mut text = String::new();
        for (is_set, word) in [(self.up, "up"), (self.no_maint, "no-maint"), (self.norefresh, "norefresh")] {
            if is_set {
                text.push(';');
                text.push_str(word);
            }
        }
        if !self.scope.is_empty() {
            text.push_str(";scope=");
            text.push_str(&self.scope);
        }
        text
    }

    /// The name contains the scope, in whatever case.
    pub(super) fn is_in_scope(&self, name: &str) -> bool {
        self.scope.is_empty() || name.to_ascii_lowercase().contains(&self.scope.to_ascii_lowercase())
    }
}

/// Characters of names of proxies.
fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':')
}
