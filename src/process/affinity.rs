//! Which CPUs a traffic thread runs on (`cpu-map`, manual 3.1).

use haproxy_cfg_parser::model::CpuMap;
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;

/// CPUs that this process may run on: the default of `nbthread`, up to [`lb_core::thread::MAX_THREADS`].
pub(crate) fn usable_cpus() -> usize {
    let count = sched_getaffinity(Pid::from_raw(0))
        .map(|set| (0..CpuSet::count()).filter(|&cpu| set.is_set(cpu).unwrap_or(false)).count())
        .unwrap_or(1);
    count.clamp(1, lb_core::thread::MAX_THREADS)
}

/// The CPUs of one thread, counted from 1. Later lines replace earlier ones.
fn cpus(maps: &[CpuMap], thread: u32) -> Option<&[u32]> {
    let map = maps.iter().rev().find(|map| (map.first..=map.last).contains(&thread))?;
    if map.auto {
        let index = (thread - map.first) as usize;
        map.cpus.get(index..=index)
    } else {
        Some(&map.cpus)
    }
}

/// Binds the calling thread, which is the traffic thread of this number (from 0), to its CPUs.
///
/// # Errors
/// The system's, if none of the CPUs exists.
pub(crate) fn bind(maps: &[CpuMap], thread: usize) -> nix::Result<()> {
    let Some(cpus) = u32::try_from(thread).ok().and_then(|thread| cpus(maps, thread + 1)) else {
        return Ok(());
    };
    let mut set = CpuSet::new();
    for &cpu in cpus {
        let _ = set.set(cpu as usize); // beyond what a set can hold: no such CPU, as for those that are absent
    }
    sched_setaffinity(Pid::from_raw(0), &set)
}

#[cfg(test)]
mod tests {
    use super::*;
    use haproxy_cfg_parser::model::Place;

    fn map(auto: bool, first: u32, last: u32, cpus: &[u32]) -> CpuMap {
        CpuMap { auto, first, last, cpus: cpus.to_vec(), place: Place { file: "f".into(), line: 1 } }
    }

    #[test]
    fn a_set_is_shared_unless_auto() {
        let maps = [map(false, 1, 4, &[0, 1])];
        assert_eq!(cpus(&maps, 3), Some(&[0, 1][..]));
        assert_eq!(cpus(&maps, 5), None);
        let maps = [map(true, 2, 4, &[5, 6])];
        assert_eq!(cpus(&maps, 3), Some(&[6][..]));
        assert_eq!(cpus(&maps, 4), None);
    }

    #[test]
    fn the_last_line_counts() {
        let maps = [map(false, 1, 4, &[0]), map(false, 2, 2, &[7])];
        assert_eq!(cpus(&maps, 2), Some(&[7][..]));
        assert_eq!(cpus(&maps, 1), Some(&[0][..]));
    }
}
