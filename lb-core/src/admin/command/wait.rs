//! `wait`: for a time, or until a server or a backend may be deleted.

use super::server::named;
use super::session::delay_in;
use super::{Call, Command, Level, Outcome};
use crate::admin::change::backend;
use crate::compile::{Obstacle, backend_removable, removable};
use std::time::Duration;

pub(super) const WAIT: Command = Command {
    words: &["wait"],
    usage: "wait {-h|<delay_ms>} cond [args...]",
    doc: "wait the specified delay or condition (-h to see list)",
    level: Level::User,
    run: |call| wait(call).into(),
};

const HELP: &str = "Usage: wait {-h|<duration>} [condition [args...]]\n\
                    A number without a unit is milliseconds; units are us, ms, s, m, h and d. Conditions:\n\
                    \x20 (none)                  : just wait so long\n\
                    \x20 be-removable <bk>       : until the backend may be deleted, at most so long\n\
                    \x20 srv-removable <bk>/<srv> : until the server may be deleted, at most so long";

/// How often a condition is looked at.
const PAUSE: Duration = Duration::from_millis(10);

fn wait(call: &Call<'_>) -> Result<Outcome, String> {
    if call.arg(0).is_empty() {
        return Err("Expects a duration in milliseconds.".into());
    }
    if [call.arg(0), call.arg(1)].contains(&"-h") {
        return Ok(Outcome::Info(HELP.into()));
    }
    let delay = delay_in(call.arg(0), 1).ok_or("Invalid duration.")?;
    match call.arg(1) {
        "" => Ok(Outcome::SaidLater(Box::pin(async move {
            tokio::time::sleep(delay).await;
            Ok(DONE.into())
        }))),
        "srv-removable" => {
            if call.arg(2).is_empty() {
                return Err("Missing server name (<backend>/<server>).".into());
            }
            // Its names stand behind the condition.
            let args = call.args.get(2..).unwrap_or_default();
            let server = match named(&Call { args, ..*call }) {
                Ok((_, _, server)) => server,
                Err(why) if call.arg(2).contains('/') => return Err(failed(&why)),
                Err(why) => return Err(why),
            };
            let plan = call.context.stage.plan();
            Ok(until(delay, move || removable(&plan, &server)))
        }
        "be-removable" => {
            let backend = backend(call.plan, call.arg(2)).map_err(|why| failed(&why))?;
            let plan = call.context.stage.plan();
            Ok(until(delay, move || backend_removable(&plan, &backend)))
        }
        _ => Err(HELP.into()),
    }
}

const DONE: &str = "Done.";

fn failed(why: &str) -> String {
    format!("Failed. {why}")
}

/// Waits until nothing is in the way that goes away by itself, at most so long.
fn until(delay: Duration, look: impl Fn() -> Result<(), Obstacle> + Send + 'static) -> Outcome {
    Outcome::SaidLater(Box::pin(async move {
        let end = tokio::time::Instant::now() + delay;
        loop {
            match look() {
                Ok(()) => return Ok(DONE.into()),
                Err(Obstacle::Lasting(why)) => return Err(failed(why)),
                Err(Obstacle::Passing(_)) if tokio::time::Instant::now() < end => {
                    tokio::time::sleep(PAUSE).await;
                }
                Err(Obstacle::Passing(why)) => return Err(format!("Wait delay expired. {why}")),
            }
        }
    }))
}
