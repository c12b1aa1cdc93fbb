//! `log-profile` sections (manual 3.11).

use super::modifier::Modifier;
use super::other::expects;
use crate::expr::{self, Site};
use crate::model::{LogProfile, LogStep};
use crate::parse::{Args, Cx};
use crate::suggest;

/// Moments at which something is logged, and the one for all others.
const STEPS: [&str; 8] = ["accept", "any", "close", "connect", "error", "quic-init", "request", "response"];

pub(crate) fn open(cx: &mut Cx<'_>, name: &str) {
    let place = cx.place.clone();
    cx.config.log_profiles.push(LogProfile { name: name.to_owned(), place, ..LogProfile::default() });
}

/// `log-tag TEXT`.
pub(crate) fn tag(cx: &mut Cx<'_>, _: &mut Modifier, args: &Args<'_>) {
    if expects(cx, args, "'log-tag' expects a tag for use in syslog.") && !cx.too_many(args, 1) {
        let tag = args.get(1).to_owned();
        if let Some(profile) = cx.config.log_profiles.last_mut() {
            profile.log_tag = Some(tag);
        }
    }
}

/// `on STEP [drop] [format FORMAT] [sd FORMAT]`.
pub(crate) fn on(cx: &mut Cx<'_>, _: &mut Modifier, args: &Args<'_>) {
    let word = args.get(1);
    let Some(step) = STEPS.into_iter().find(|step| *step == word) else {
        let text = format!("'on' expects a step, one of {}; not '{word}'.", STEPS.join(", "));
        cx.wrong(args, 1, text);
        if let Some(best) = suggest::closest(word, STEPS) {
            cx.help(format!("did you mean `{best}`?"));
        }
        return;
    };
    let mut line = LogStep { step, drop: false, format: None, sd: None, place: cx.place.clone() };
    let mut index = 2;
    while args.has(index) {
        let (word, text) = (args.get(index), args.get(index + 1));
        let slot = match word {
            "drop" => {
                line.drop = true;
                index += 1;
                continue;
            }
            "format" => &mut line.format,
            "sd" => &mut line.sd,
            _ => {
                cx.wrong(
                    args,
                    index,
                    format!("'on {step}' : unknown word '{word}', 'drop', 'format' and 'sd' may stand here."),
                );
                return;
            }
        };
        if !args.has(index + 1) {
            cx.wrong(args, index, format!("'on {step}' : '{word}' expects a log format as argument."));
            return;
        }
        match expr::log_format(cx, text, Site::new(u32::MAX)) {
            Ok(format) => *slot = Some(format),
            Err(reason) => {
                cx.wrong(args, index + 1, format!("'on {step}' : {reason}."));
                return;
            }
        }
        index += 2;
    }
    if let Some(profile) = cx.config.log_profiles.last_mut() {
        profile.steps.push(line);
    }
}
