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

const HELP: &str = "wait <delay>                                : wait so long (in milliseconds without a unit)\n\
                    wait <delay> be-removable <bk>              : wait until the backend may be deleted, at most so long\n\
                    wait <delay> srv-removable <bk>/<srv>       : wait until the server may be deleted, at most so long\n";

/// How often a condition is looked at.
const PAUSE: Duration = Duration::from_millis(10);

fn wait(call: &Call<'_>) -> Result<Outcome, String> {
    if matches!(call.arg(0), "-h" | "help") {
        return Ok(Outcome::Dump(HELP.into()));
    }
    let delay = delay_in(call.arg(0), 1).ok_or("Expects a duration in milliseconds.")?;
    match call.arg(1) {
        "" => Ok(Outcome::Later(Box::pin(async move {
            tokio::time::sleep(delay).await;
            Ok(String::new())
        }))),
        "srv-removable" => {
            // Its names stand behind the condition.
            let args = call.args.get(2..).unwrap_or_default();
            let (_, _, server) = named(&Call { args, ..*call })?;
            let plan = call.context.stage.plan();
            Ok(until(delay, move || removable(&plan, &server)))
        }
        "be-removable" => {
            let backend = backend(call.plan, call.arg(2))?;
            let plan = call.context.stage.plan();
            Ok(until(delay, move || backend_removable(&plan, &backend)))
        }
        other => Err(format!("Unknown condition '{other}', 'wait -h' lists them.")),
    }
}

/// Waits until nothing is in the way that goes away by itself, at most so long.
fn until(delay: Duration, look: impl Fn() -> Result<(), Obstacle> + Send + 'static) -> Outcome {
    Outcome::Later(Box::pin(async move {
        let end = tokio::time::Instant::now() + delay;
        loop {
            match look() {
                Ok(()) => return Ok("Done.\n".into()),
                Err(Obstacle::Lasting(why)) => return Err(why.into()),
                Err(Obstacle::Passing(_)) if tokio::time::Instant::now() < end => {
                    tokio::time::sleep(PAUSE).await;
                }
                Err(Obstacle::Passing(_)) => return Err("Wait delay expired.".into()),
            }
        }
    }))
}
