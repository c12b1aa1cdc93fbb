//! Reading an action's words one by one.

use crate::expr::{self, Site};
use crate::model::{ActionArg, Expr, LogFormat};
use crate::parse::{Args, Cx};
use crate::tables::converter;

/// A cursor over the words after an action's name.
pub(crate) struct Reader<'a, 'c, 'w> {
    pub(crate) cx: &'c mut Cx<'w>,
    words: Args<'a>,
    next: usize,
    site: Site,
    /// The text in parentheses of the action's own word.
    pub(crate) paren: Option<&'a str>,
    /// The action as written.
    pub(crate) word: &'a str,
}

/// What an action's parser gives.
pub(crate) type Parsed = Result<Vec<ActionArg>, String>;

impl<'a, 'c, 'w> Reader<'a, 'c, 'w> {
    pub(crate) fn new(
        cx: &'c mut Cx<'w>,
        words: Args<'a>,
        next: usize,
        site: Site,
        paren: Option<&'a str>,
        word: &'a str,
    ) -> Self {
        Self { cx, words, next, site, paren, word }
    }

    /// Index of the first word that was not read.
    pub(crate) fn position(&self) -> usize {
        self.next
    }

    /// The next word without reading it; empty at the end.
    pub(crate) fn peek(&self) -> &'a str {
        self.words.get(self.next)
    }

    /// True at the end or at the condition.
    pub(crate) fn at_end(&self) -> bool {
        !self.words.has(self.next) || matches!(self.peek(), "if" | "unless")
    }

    /// Reads the next word, whatever it is; none at the end of the line.
    pub(crate) fn word(&mut self) -> Option<&'a str> {
        let word = self.words.has(self.next).then(|| self.words.get(self.next))?;
        self.next += 1;
        Some(word)
    }

    /// Reads the next word if it is this one.
    pub(crate) fn eat(&mut self, word: &str) -> bool {
        let found = self.words.has(self.next) && self.peek() == word;
        self.next += usize::from(found);
        found
    }

    /// The next `N` words, or the error if the line or the arguments end before.
    pub(crate) fn exactly<const N: usize>(&mut self, error: &str) -> Result<[&'a str; N], String> {
        let mut words = [""; N];
        for word in &mut words {
            *word = self.word().filter(|word| !word.is_empty()).ok_or_else(|| error.to_owned())?;
        }
        Ok(words)
    }

    pub(crate) fn format_of(&mut self, text: &str) -> Result<LogFormat, String> {
        expr::log_format(self.cx, text, self.site)
    }

    /// Reads an expression, which may go on in the next words as long as they are converters.
    pub(crate) fn expr(&mut self) -> Result<Expr, String> {
        let mut text = self.word().unwrap_or_default().to_owned();
        while self.words.has(self.next) && converter::find(name(self.peek())).is_some() {
            text.push(',');
            text.push_str(self.peek());
            self.next += 1;
        }
        let typed = expr::sample(self.cx, &text).map_err(expr::ExprError::into_text)?;
        if typed.reach & self.site.stages == 0 {
            return Err(format!(
                "fetch method '{}' extracts information from '{}', none of which is available here",
                self.word,
                expr::source_name(typed.reach)
            ));
        }
        Ok(typed.expr)
    }

    /// A word as a regular expression.
    pub(crate) fn regex(text: &str) -> Result<ActionArg, String> {
        match crate::value::regex_problem(text) {
            None => Ok(ActionArg::Regex(text.into())),
            Some((error, at)) => Err(format!("regex '{text}' is invalid (error={error}, erroffset={at})")),
        }
    }

    /// `expr` if it parses, for actions that take a number or an expression.
    pub(crate) fn number_or_expr(&mut self) -> Result<ActionArg, String> {
        match self.peek().parse() {
            Ok(number) => {
                self.next += 1;
                Ok(ActionArg::Int(number))
            }
            Err(_) => self.expr().map(ActionArg::Expr),
        }
    }
}

fn name(text: &str) -> &str {
    text.split(['(', ',']).next().unwrap_or_default()
}
