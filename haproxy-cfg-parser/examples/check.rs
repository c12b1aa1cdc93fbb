//! Checks configuration files and shows what is wrong with them: `check FILE...`; exit status 1 on errors.

use haproxy_cfg_parser::{Severity, SystemWorld, load, parse, render, render_carets};
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    // `--plain`: HAProxy's own form of the messages.
    let plain =
        arguments.iter().position(|word| word == "--plain").map(|index| arguments.remove(index)).is_some();
    let features = ["OPENSSL", "THREAD", "PROMEX"].map(String::from).to_vec();
    let world = SystemWorld { features, resolve: true, ..SystemWorld::default() };
    let sources = match load(&arguments, &world) {
        Ok(sources) => sources,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::FAILURE;
        }
    };
    let (_, diagnostics) = parse(&sources, &world);
    if plain {
        diagnostics.iter().for_each(|diagnostic| eprintln!("{}", render(diagnostic, std::process::id())));
    } else {
        render_carets(&diagnostics, &sources).iter().for_each(|text| eprintln!("{text}\n"));
    }
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Alert).count();
    if errors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
