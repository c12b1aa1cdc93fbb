//! `cookie NAME ...` of a backend.

use crate::model::{Cookie, CookieMode};
use crate::parse::{Args, Cx};
use crate::section::draft::Draft;
use crate::value::{self, TimeError};

pub(crate) fn cookie(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    let name = args.get(1);
    if name.is_empty() {
        cx.wrong(args, 0, "'cookie' expects <cookie_name> as argument.");
        return;
    }
    let mut cookie = Cookie {
        name: name.into(),
        mode: None,
        indirect: false,
        nocache: false,
        postonly: false,
        preserve: false,
        httponly: false,
        secure: false,
        domains: Vec::new(),
        maxidle: None,
        maxlife: None,
        dynamic: false,
        attrs: Vec::new(),
        place: cx.place.clone(),
    };
    let here = cx.here();
    let mut modes = 0;
    let mut index = 2;
    while args.has(index) {
        let word = args.get(index);
        let mut mode = |cookie: &mut Cookie, mode| {
            modes += 1;
            cookie.mode = Some(mode);
        };
        match word {
            "rewrite" => mode(&mut cookie, CookieMode::Rewrite),
            "insert" => mode(&mut cookie, CookieMode::Insert),
            "prefix" => mode(&mut cookie, CookieMode::Prefix),
            "indirect" => cookie.indirect = true,
            "nocache" => cookie.nocache = true,
            "postonly" => cookie.postonly = true,
            "preserve" => cookie.preserve = true,
            "httponly" => cookie.httponly = true,
            "secure" => cookie.secure = true,
            "dynamic" => cookie.dynamic = true,
            "domain" | "attr" => {
                let value = args.get(index + 1);
                if value.is_empty() {
                    let what = if word == "attr" { "value" } else { "domain" };
                    cx.alert_word(args, index, format!("{here}: '{word}' expects <{what}> as argument."));
                    return;
                }
                if word == "attr" { &mut cookie.attrs } else { &mut cookie.domains }.push(value.into());
                index += 1;
            }
            "maxidle" | "maxlife" => {
                let text = args.get(index + 1);
                let what = if word == "maxidle" { "idletime" } else { "lifetime" };
                if text.is_empty() {
                    cx.alert_word(
                        args,
                        index,
                        format!("{here}: '{word}' expects <{what}> in seconds as argument."),
                    );
                    return;
                }
                let seconds = match value::time(text, "s") {
                    Ok(time) => time.as_secs(),
                    Err(TimeError::Unexpected(c)) => {
                        cx.alert_word(
                            args,
                            index + 1,
                            format!("{here}: unexpected character '{c}' in argument to <{word}>."),
                        );
                        return;
                    }
                    Err(TimeError::Overflow) => {
                        cx.alert_word(
                            args,
                            index + 1,
                            format!("{here}: timer overflow in argument <{text}> to <{word}> of cookie."),
                        );
                        return;
                    }
                };
                if word == "maxidle" {
                    cookie.maxidle = Some(seconds)
                } else {
                    cookie.maxlife = Some(seconds)
                }
                index += 1;
            }
            _ => {
                cx.wrong(args, index, "'cookie' supports 'rewrite', 'insert', 'prefix', 'indirect', 'nocache', 'postonly', 'domain', 'maxidle', 'dynamic', 'maxlife' and 'attr' options.");
                return;
            }
        }
        index += 1;
    }
    if modes > 1 {
        cx.wrong(args, 0, "cookie 'rewrite', 'insert' and 'prefix' modes are incompatible.");
        return;
    }
    let passive = matches!(cookie.mode, Some(CookieMode::Rewrite | CookieMode::Prefix));
    if cookie.preserve && passive {
        cx.wrong(args, 0, "cookie 'preserve' requires at least 'insert' or 'indirect'.");
        return;
    }
    draft.proxy.cookie = Some(cookie);
}
