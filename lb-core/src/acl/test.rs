//! One ACL: an expression tested against patterns.

use super::matcher::{self, Matcher};
use super::{AclView, Reference};
use crate::compile::Context;
use crate::exchange::Exchange;
use crate::sample::{Expr, Place, Sample, Type};
use haproxy_cfg_parser::model::AclTest;
use std::sync::Arc;

/// A compiled `acl` line or anonymous `{ ... }`.
#[derive(Debug)]
pub struct Acl {
    expr: Expr,
    patterns: Patterns,
}

#[derive(Debug)]
enum Patterns {
    /// None, or some that no command changes.
    Fixed(Matcher),
    /// Those of lists.
    Listed(Arc<AclView>),
}

impl Acl {
    /// Compiles a test for a place; on errors, records them and gives none.
    pub fn compile(test: &AclTest, context: &mut Context<'_>, place: Place) -> Option<Self> {
        let expr = Expr::compile_lenient(&test.expr, context, place)?;
        let name = match test.matcher {
            Some(name) => name,
            None => match default_matcher(expr.output()) {
                Some(name) => name,
                None => {
                    context.error(
                        &test.expr.place,
                        format!(
                            "matching method must be specified first (using '-m') when using a sample fetch of this type ('{}').",
                            test.expr.fetch.name
                        ),
                    );
                    return None;
                }
            },
        };
        let options = matcher::Options { ignore_case: test.ignore_case, resolve: !test.no_resolve };
        let patterns = if test.patterns.is_empty() && test.files.is_empty() {
            Matcher::compile(name, &[], options).map(Patterns::Fixed)
        } else {
            lists(test, context).and_then(|lists| AclView::new(lists, name, options)).map(Patterns::Listed)
        };
        match patterns {
            Ok(patterns) => Some(Self { expr, patterns }),
            Err(reason) => {
                context.error(&test.expr.place, reason);
                None
            }
        }
    }

    /// True when a value matches a pattern.
    #[inline]
    pub fn holds(&self, exchange: &Exchange) -> bool {
        match &self.patterns {
            Patterns::Fixed(matcher) => self.matches(matcher, exchange),
            Patterns::Listed(view) => self.matches(&view.patterns(), exchange),
        }
    }

    #[inline]
    fn matches(&self, matcher: &Matcher, exchange: &Exchange) -> bool {
        match matcher {
            Matcher::Found => self.expr.any(exchange, &mut |_| true).unwrap_or(false),
            Matcher::Group(_) => {
                self.expr.groups(exchange).iter().any(|group| matcher.matches(Sample::str(group.as_bytes())))
            }
            matcher => self.expr.any(exchange, &mut |sample| matcher.matches(sample)).unwrap_or(false),
        }
    }
}

/// The lists of a test's patterns: its files, and its line.
fn lists(test: &AclTest, context: &Context<'_>) -> Result<Vec<Arc<Reference>>, String> {
    let mut lists = Vec::with_capacity(test.files.len() + 1);
    for (file, lines) in &test.files {
        lists.push(context.references.file(file, &test.expr.place, || {
            Ok(lines.iter().map(|line| if test.map { entry(line) } else { (line.clone(), None) }).collect())
        })?);
    }
    // The line's own list is there even when it is empty: a command may fill it.
    lists.push(context.references.line(&test.expr.text, &test.expr.place, &test.patterns));
    Ok(lists)
}

/// Key and value of a map's line.
fn entry(line: &str) -> (String, Option<String>) {
    let line = line.trim_ascii();
    let (key, value) = line.split_at(line.find(|c: char| c.is_ascii_whitespace()).unwrap_or(line.len()));
    (key.to_owned(), Some(value.trim_ascii().to_owned()))
}

/// The matcher that a type implies without `-m`.
fn default_matcher(output: Type) -> Option<&'static str> {
    Some(match output {
        Type::Any => return None,
        Type::Bool => "bool",
        Type::Int => "int",
        Type::Ip => "ip",
        Type::Str => "str",
        Type::Bin => "bin",
        Type::Method => "method",
    })
}
