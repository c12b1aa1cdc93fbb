//! Medians, ratios, tables and verdicts.

use std::fmt::{self, Write as _};

use crate::scenario::{Goal, Scenario, TOLERANCE};
use crate::wrk::Load;

/// One proxy under load for one round.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Round {
    /// CPU seconds per request.
    pub(crate) cpu: f64,
    /// The part of them in user mode.
    pub(crate) user: f64,
    /// CPU seconds per second of load: near 1 when the proxy was the bottleneck.
    pub(crate) busy: f64,
    /// What the load saw.
    pub(crate) load: Load,
}

/// How lb did against a goal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Verdict {
    /// The figure, at or below the goal.
    Met(f64),
    /// The figure, beyond the goal but within [`TOLERANCE`] of it.
    Missed(f64),
    /// The figure, beyond that.
    FarBeyond(f64),
    /// There was no rival to compare with.
    NoRival,
    /// It couldn't be measured.
    Failed,
}

impl Verdict {
    fn of(figure: f64, goal: f64) -> Verdict {
        match figure {
            met if met <= goal => Verdict::Met(figure),
            near if near <= goal * TOLERANCE => Verdict::Missed(figure),
            _ => Verdict::FarBeyond(figure),
        }
    }

    /// Whether the run may pass with it.
    pub(crate) fn acceptable(self) -> bool {
        !matches!(self, Verdict::FarBeyond(_) | Verdict::Failed)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Verdict::Met(_) => "met",
            Verdict::Missed(_) => "missed",
            Verdict::FarBeyond(_) => "FAR BEYOND",
            Verdict::NoRival => "no rival",
            Verdict::Failed => "FAILED",
        })
    }
}

/// Prints a table of CPU figures. `rounds` holds one value per proxy, in the order of `names`; the first name is
/// lb's and the second the one that ratios refer to.
pub(crate) fn print_cpu(names: &[&str], rounds: &[Vec<Round>], goal: f64) -> Verdict {
    println!(
        "  {:8} {:>10} {:>7} {:>11} {:>6} {:>9} {:>9} {:>6} {:>6}   ratio of each round",
        "", "us/request", "user", "requests/s", "busy", "p50 ms", "p99 ms", "ratio", "best"
    );
    let mut verdict = Verdict::NoRival;
    for (index, name) in names.iter().enumerate() {
        let own = || rounds.iter().filter_map(move |round| round.get(index));
        let of = |value: fn(&Round) -> f64| median(own().map(value).collect());
        // Each round's ratio is to the rival's run of the same round, so a machine that changes its pace cancels out.
        let rival = || rounds.iter().filter_map(|round| round.get(1));
        let ratios: Vec<f64> = own().zip(rival()).map(|(own, rival)| own.cpu / rival.cpu).collect();
        let ratio = (!ratios.is_empty()).then(|| median(ratios.clone()));
        let cheapest = |cpu: &mut dyn Iterator<Item = f64>| cpu.fold(f64::INFINITY, f64::min);
        let best =
            cheapest(&mut own().map(|round| round.cpu)) / cheapest(&mut rival().map(|round| round.cpu));
        println!(
            "  {:8} {:10.2} {:7.2} {:11.0} {:6.2} {:9.2} {:9.2} {:>6} {:>6}   {}",
            name,
            of(|round| round.cpu) * 1e6,
            of(|round| round.user) * 1e6,
            of(|round| round.load.per_second),
            of(|round| round.busy),
            of(|round| round.load.p50.as_secs_f64()) * 1e3,
            of(|round| round.load.p99.as_secs_f64()) * 1e3,
            ratio.map_or("-".into(), |ratio| format!("{ratio:.3}")),
            ratio.map_or("-".into(), |_| format!("{best:.3}")),
            if index == 1 { String::new() } else { listed(&ratios) },
        );
        if let (0, Some(ratio)) = (index, ratio) {
            verdict = Verdict::of(ratio, goal);
        }
    }
    verdict
}

/// Prints a table of bytes per idle connection; shaped as for [`print_cpu`].
pub(crate) fn print_idle(names: &[&str], rounds: &[Vec<f64>], goal: f64) -> Verdict {
    println!("  {:8} {:>16}   of each round", "", "bytes/connection");
    let mut verdict = Verdict::NoRival;
    for (index, name) in names.iter().enumerate() {
        let own: Vec<f64> = rounds.iter().filter_map(|round| round.get(index).copied()).collect();
        let middle = median(own.clone());
        let each: Vec<String> = own.iter().map(|bytes| format!("{bytes:.0}")).collect();
        println!("  {name:8} {middle:16.0}   {}", each.join(" "));
        if index == 0 {
            verdict = Verdict::of(middle, goal);
        }
    }
    verdict
}

/// The closing table: every scenario's figure beside its goal.
pub(crate) fn summary(verdicts: &[(&Scenario, Verdict)]) -> String {
    let mut table = format!("{:12} {:>8} {:>8}   verdict\n", "scenario", "figure", "goal");
    for (scenario, verdict) in verdicts {
        let show = |value: f64| match scenario.goal {
            Goal::CpuRatio(_) => format!("{value:.3}"),
            Goal::IdleBytes(_) => format!("{value:.0} B"),
        };
        let (Goal::CpuRatio(goal) | Goal::IdleBytes(goal)) = scenario.goal;
        let figure = match verdict {
            Verdict::Met(figure) | Verdict::Missed(figure) | Verdict::FarBeyond(figure) => show(*figure),
            Verdict::NoRival | Verdict::Failed => "-".into(),
        };
        let _ = writeln!(table, "{:12} {:>8} {:>8}   {verdict}", scenario.name, figure, show(goal));
    }
    table
}

/// The middle value; of an even count the mean of the two middle ones. NaN of none.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match (values.len() % 2, values.get(middle.wrapping_sub(1)), values.get(middle)) {
        (1, _, Some(value)) => *value,
        (0, Some(lower), Some(upper)) => (lower + upper) / 2.0,
        _ => f64::NAN,
    }
}

fn listed(ratios: &[f64]) -> String {
    let each: Vec<String> = ratios.iter().map(|ratio| format!("{ratio:.2}")).collect();
    each.join(" ")
}
