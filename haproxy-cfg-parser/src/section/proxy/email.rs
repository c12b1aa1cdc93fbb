//! `email-alert` lines.

use crate::parse::{Args, Cx};
use crate::section::draft::Draft;
use crate::section::log;

/// `email-alert from|to|myhostname|level|mailers WORD`.
pub(crate) fn email_alert(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    let (word, value) = (args.get(1), args.get(2));
    if value.is_empty() {
        cx.wrong(args, 1, format!("missing argument after '{word}'."));
        return;
    }
    if cx.too_many(&args.skip(1), 1) {
        return;
    }
    let alert = &mut draft.proxy.email_alert;
    let text = Some(value.to_owned());
    match word {
        "from" => alert.from = text,
        "to" => alert.to = text,
        "myhostname" => alert.myhostname = text,
        "mailers" => alert.mailers = Some((value.into(), cx.place.clone())),
        _ => match log::level(value) {
            Some(level) => alert.level = Some(level),
            None => cx.wrong(args, 2, format!("unknown log level '{value}' after '{word}'")),
        },
    }
}
