//! `lb`, a HAProxy-compatible load balancer: command line, process life and wiring. The proxy is `lb-core`.

mod check;
mod cli;
mod cluster;
mod condition;
mod keywords;
mod load;
mod message;
mod modernise;
mod objects;
mod process;
mod sys;
mod trace;
mod version;

use cli::{Action, Options, Refusal};
use load::{Failure, Surroundings};
use message::Messages;
use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use trace::Trace;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    lb_core::clock::start();
    let words: Vec<_> = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    if let [first, rest @ ..] = words.as_slice()
        && first == "cluster"
    {
        return ExitCode::from(cluster_command(rest));
    }
    let code = match cli::parse(words) {
        Ok(options) => act(&Arc::new(options)),
        Err(Refusal::Usage) => show_usage(),
        Err(Refusal::Wrong(text)) => {
            Messages::default().alert(&text);
            1
        }
    };
    ExitCode::from(code)
}

/// What has to do with a cluster and with no file of configuration.
fn cluster_command(words: &[String]) -> u8 {
    match cluster::keygen::command(words) {
        Ok(text) => {
            show(&text);
            0
        }
        Err(text) => {
            Messages::default().alert(&text);
            1
        }
    }
}

fn act(options: &Arc<Options>) -> u8 {
    let messages = Arc::new(Messages::new(options.is_quiet(), options.diagnostic));
    match &options.action {
        Action::Version(form) => show(&version::text(*form)),
        Action::MemoryHelp => show(
            "-dM and the words behind it steer the memory pools of HAProxy. lb has no such pools: it accepts\n\
             them, and nothing changes.\n",
        ),
        Action::Condition(text) => return condition::evaluate(text, &Surroundings::new(options), &messages),
        Action::Modernise => return modernise::print(options, &messages),
        Action::Check | Action::Run => return load_and_go(options, &messages),
    }
    0
}

fn load_and_go(options: &Arc<Options>, messages: &Arc<Messages>) -> u8 {
    let all = (options.debug || options.verbose).then_some(Trace::ALL);
    if let Some(trace) = options.trace.or(all) {
        trace.start();
    }
    let loaded = match load::load(options, messages) {
        Ok(loaded) => loaded,
        Err(Failure::NoFiles) => return show_usage(),
        Err(Failure::Fatal(text)) => {
            messages.alert(&text);
            return 1;
        }
    };
    if let Some(classes) = &options.keywords {
        show(&keywords::list(classes));
    }
    if options.list_objects {
        show(&objects::list());
    }
    match options.action {
        Action::Check => {
            let code = check::verdict(&loaded, messages);
            // The process ends: to give a large plan back piece by piece would be a good part of its time.
            std::mem::forget(loaded);
            code
        }
        _ => process::run(options, loaded, messages),
    }
}

fn show_usage() -> u8 {
    show(&version::text(cli::VersionForm::Plain));
    let name = std::env::args().next().unwrap_or_else(|| "lb".to_owned());
    let _ = std::io::stderr().lock().write_all(cli::usage(&name).as_bytes()); // nobody to tell if it is closed
    1
}

fn show(text: &str) {
    let _ = std::io::stdout().lock().write_all(text.as_bytes()); // nobody to tell if it is closed
}
