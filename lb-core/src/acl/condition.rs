//! A condition after `if` or `unless`.

use super::predefined;
use super::test::Acl;
use crate::compile::Context;
use crate::exchange::Exchange;
use crate::sample::Place;
use haproxy_cfg_parser::model;
use std::sync::Arc;

/// A compiled condition.
#[derive(Debug)]
pub struct Condition {
    /// The result when one of the alternatives holds: false for `unless`.
    wanted: bool,
    /// Alternatives, each a list of terms that must all hold.
    any_of: Box<[Box<[Term]>]>,
}

/// A named ACL's lines are alternatives.
#[derive(Debug)]
struct Term {
    negated: bool,
    any_of: Box<[Arc<Acl>]>,
}

impl Condition {
    /// Compiles a condition for a place; on errors, records them and gives none.
    pub fn compile(condition: &model::Condition, context: &mut Context<'_>, place: Place) -> Option<Self> {
        let mut any_of = Vec::with_capacity(condition.any_of.len());
        for terms in &condition.any_of {
            let terms: Option<Box<[Term]>> =
                terms.iter().map(|term| Term::compile(term, condition, context, place)).collect();
            any_of.push(terms?);
        }
        Some(Self { wanted: !condition.unless, any_of: any_of.into() })
    }

    /// True when the rule that it guards applies.
    #[inline]
    pub fn holds(&self, exchange: &Exchange) -> bool {
        self.any_of.iter().any(|terms| terms.iter().all(|term| term.holds(exchange))) == self.wanted
    }
}

/// What is known of a condition while more bytes may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// It does not hold.
    Fails,
    /// More bytes may decide.
    Open,
    /// It holds.
    Holds,
}

impl Outcome {
    fn negated(self, negate: bool) -> Self {
        match self {
            Self::Holds if negate => Self::Fails,
            Self::Fails if negate => Self::Holds,
            outcome => outcome,
        }
    }
}

impl Condition {
    /// As [`Self::holds`] on bytes of which more may come: what they decide stays open until they are there.
    pub fn test(&self, exchange: &Exchange) -> Outcome {
        let all = |terms: &[Term]| {
            let mut least = Outcome::Holds;
            for term in terms {
                least = least.min(term.test(exchange));
                if least == Outcome::Fails {
                    break;
                }
            }
            least
        };
        let mut best = Outcome::Fails;
        for terms in &self.any_of {
            best = best.max(all(terms));
            if best == Outcome::Holds {
                break;
            }
        }
        best.negated(!self.wanted)
    }
}

impl Term {
    fn test(&self, exchange: &Exchange) -> Outcome {
        let mut best = Outcome::Fails;
        for acl in &self.any_of {
            let holds = acl.holds(exchange);
            let open = exchange.peeked.as_ref().is_some_and(|peeked| peeked.take_unsettled());
            best = best.max(match (holds, open) {
                (true, _) => Outcome::Holds,
                (false, true) => Outcome::Open,
                (false, false) => Outcome::Fails,
            });
            if best == Outcome::Holds {
                break;
            }
        }
        best.negated(self.negated)
    }

    fn compile(
        term: &model::Term,
        condition: &model::Condition,
        context: &mut Context<'_>,
        place: Place,
    ) -> Option<Self> {
        let any_of = match &term.test {
            model::Test::Anonymous(test) => vec![Arc::new(Acl::compile(test, context, place)?)],
            model::Test::Named(name) => named(name, condition, context, place)?,
        };
        Some(Self { negated: term.negated, any_of: any_of.into() })
    }

    #[inline]
    fn holds(&self, exchange: &Exchange) -> bool {
        self.any_of.iter().any(|acl| acl.holds(exchange)) != self.negated
    }
}

/// The lines of an ACL of the section, else a predefined one. A name that is used again is not compiled again.
fn named(
    name: &str,
    condition: &model::Condition,
    context: &mut Context<'_>,
    place: Place,
) -> Option<Vec<Arc<Acl>>> {
    if let Some(known) = context.compiled_acls.get(&(name.to_owned(), place)) {
        return Some(known.clone());
    }
    let compiled: Vec<Arc<Acl>> = match context.acls.get(name).cloned() {
        Some(lines) => {
            let lines: Option<Vec<_>> =
                lines.iter().map(|acl| Acl::compile(&acl.test, context, place).map(Arc::new)).collect();
            lines?
        }
        None => match predefined::acl(name, &condition.place) {
            Some(test) => vec![Arc::new(Acl::compile(&test, context, place)?)],
            None => {
                context.error(
                    &condition.place,
                    format!("error detected while parsing a condition : no such ACL : '{name}'."),
                );
                return None;
            }
        },
    };
    context.compiled_acls.insert((name.to_owned(), place), compiled.clone());
    Some(compiled)
}
