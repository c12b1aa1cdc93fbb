//! A compiled expression: a fetch and its converters.

use super::converter::{self, Converter};
use super::fetch::{self, Fetch};
use super::{Needs, Place, Sample, Type};
use crate::compile::Context;
use crate::exchange::Exchange;
use haproxy_cfg_parser::model;
use std::fmt;

/// A compiled sample expression.
pub struct Expr {
    fetch: Box<dyn Fetch>,
    converters: Box<[Step]>,
    output: Type,
    text: Box<str>,
}

struct Step {
    input: Type,
    converter: Box<dyn Converter>,
}

impl fmt::Debug for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Expr").field(&self.text).finish()
    }
}

impl Expr {
    /// Compiles an expression for a place; on errors, records them and gives none.
    ///
    /// A fetch that has nothing to read at `place` is an error, as in HAProxy's rules.
    pub fn compile(expr: &model::Expr, context: &mut Context<'_>, place: Place) -> Option<Self> {
        Self::build(expr, context, place, true)
    }

    /// As [`Self::compile`], but a fetch that has nothing to read at `place` only warns and yields nothing,
    /// as in HAProxy's ACLs and log formats.
    pub fn compile_lenient(expr: &model::Expr, context: &mut Context<'_>, place: Place) -> Option<Self> {
        Self::build(expr, context, place, false)
    }

    fn build(expr: &model::Expr, context: &mut Context<'_>, place: Place, strict: bool) -> Option<Self> {
        context.here.clone_from(&expr.place);
        let name = expr.fetch.name;
        let Some(row) = fetch::row(name) else {
            context.error(&expr.place, format!("sample fetch '{name}' is not supported yet"));
            return None;
        };
        let met = row.needs.met_at(place);
        if !met {
            let (text, needs) = (&expr.text, row.needs.describe());
            if strict {
                context.error(
                    &expr.place,
                    format!(
                        "sample fetch <{text}> may not be reliably used here because it needs '{needs}' which is not available here."
                    ),
                );
                return None;
            }
            context.warning(
                &expr.place,
                format!(
                    "sample fetch <{text}> will never match because it needs '{needs}' which is not available in a {}",
                    place.describe()
                ),
            );
        }
        let args = fetch::Args { list: &expr.fetch.args, place };
        let built = (row.build)(&args, context);
        let fetch = match built {
            Ok(fetch) if met && reads_http(row.needs, place, context) => {
                context.reads_http = true;
                fetch::of_http(fetch)
            }
            Ok(fetch) if met => fetch,
            Ok(_) => fetch::never(),
            Err(reason) => {
                context.error(&expr.place, format!("invalid args in fetch method '{name}' : {reason}."));
                return None;
            }
        };
        let mut output = row.output;
        let mut converters = Vec::with_capacity(expr.converters.len());
        for call in &expr.converters {
            let name = call.name;
            let Some(row) = converter::row(name) else {
                context.error(&expr.place, format!("converter '{name}' is not supported yet"));
                return None;
            };
            if !output.casts_to(row.input) {
                context.error(&expr.place, format!("converter '{name}' cannot be applied."));
                return None;
            }
            let args = fetch::Args { list: &call.args, place };
            match (row.build)(&args, context) {
                Ok(converter) => converters.push(Step { input: row.input, converter }),
                Err(reason) => {
                    context.error(&expr.place, format!("invalid args in converter '{name}' : {reason}."));
                    return None;
                }
            }
            output = match row.output {
                converter::Output::Is(kind) => kind,
                converter::Output::Same => output,
            };
        }
        Some(Self { fetch, converters: converters.into(), output, text: expr.text.as_str().into() })
    }

    /// The type of its values, as far as it is known at load.
    pub fn output(&self) -> Type {
        self.output
    }

    /// The text as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The value now. Of a header or cookie that occurs more than once: the one that its fetch documents.
    #[inline]
    pub fn eval<'a>(&'a self, exchange: &'a Exchange) -> Option<Sample<'a>> {
        let sample = self.fetch.eval(exchange)?;
        self.convert(sample, exchange)
    }

    /// Offers every occurrence in turn until `test` holds for one; `None` when there was none to offer.
    #[inline]
    pub fn any(&self, exchange: &Exchange, test: &mut dyn FnMut(Sample<'_>) -> bool) -> Option<bool> {
        if self.converters.is_empty() {
            return self.fetch.any(exchange, test);
        }
        let mut offered = false;
        let found = self.fetch.any(exchange, &mut |sample| {
            let Some(sample) = self.convert(sample, exchange) else { return false };
            offered = true;
            test(sample)
        });
        found.filter(|_| offered)
    }

    /// The groups of the user that the fetch reads (`http_auth_group`); none for any other fetch.
    pub fn groups<'a>(&'a self, exchange: &Exchange) -> &'a [String] {
        self.fetch.groups(exchange)
    }

    #[inline]
    fn convert<'a>(&'a self, mut sample: Sample<'a>, exchange: &'a Exchange) -> Option<Sample<'a>> {
        for step in &self.converters {
            sample = step.converter.apply(sample.cast(step.input)?, exchange)?;
        }
        Some(sample)
    }
}

/// True for what reads an HTTP request in a section where there need not be one.
fn reads_http(needs: Needs, place: Place, context: &Context<'_>) -> bool {
    let request = matches!(needs, Needs::Request | Needs::RequestBody | Needs::Message);
    let tcp = context.proxy.is_some_and(|proxy| proxy.mode == model::Mode::Tcp);
    request && tcp && !place.is_response()
}
