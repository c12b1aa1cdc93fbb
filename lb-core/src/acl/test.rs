//! One ACL: an expression tested against patterns.

use super::matcher::{self, Matcher};
use crate::compile::Context;
use crate::exchange::Exchange;
use crate::sample::{Expr, Place, Sample, Type};
use haproxy_cfg_parser::model::AclTest;

/// A compiled `acl` line or anonymous `{ ... }`.
#[derive(Debug)]
pub struct Acl {
    expr: Expr,
    matcher: Matcher,
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
        let mut patterns: Vec<&str> = test.patterns.iter().map(String::as_str).collect();
        for (_, lines) in &test.files {
            patterns.extend(lines.iter().map(|line| if test.map { key(line) } else { line.as_str() }));
        }
        let options = matcher::Options { ignore_case: test.ignore_case, resolve: !test.no_resolve };
        match Matcher::compile(name, &patterns, options) {
            Ok(matcher) => Some(Self { expr, matcher }),
            Err(reason) => {
                context.error(&test.expr.place, reason);
                None
            }
        }
    }

    /// True when a value matches a pattern.
    #[inline]
    pub fn holds(&self, exchange: &Exchange) -> bool {
        match &self.matcher {
            Matcher::Found => self.expr.any(exchange, &mut |_| true).unwrap_or(false),
            Matcher::Group(_) => self
                .expr
                .groups(exchange)
                .iter()
                .any(|group| self.matcher.matches(Sample::str(group.as_bytes()))),
            matcher => self.expr.any(exchange, &mut |sample| matcher.matches(sample)).unwrap_or(false),
        }
    }
}

/// The key of a map's line.
fn key(line: &str) -> &str {
    line.split_ascii_whitespace().next().unwrap_or_default()
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
