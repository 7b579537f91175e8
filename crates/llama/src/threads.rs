//! How many threads computing should take.

use std::collections::HashSet;
use std::num::NonZero;

/// The physical cores that this process may use: two threads on one core only hinder each other.
pub(crate) fn physical_cores() -> usize {
    let allowed = std::thread::available_parallelism().map_or(1, NonZero::get);
    physical()
        .filter(|cores| *cores > 0)
        .map_or(allowed, |cores| cores.min(allowed))
}

#[cfg(target_os = "linux")]
fn physical() -> Option<usize> {
    let cpus = std::fs::read_dir("/sys/devices/system/cpu").ok()?;
    let siblings = cpus.flatten().filter_map(|cpu| {
        std::fs::read_to_string(cpu.path().join("topology/thread_siblings_list")).ok()
    });
    Some(siblings.collect::<HashSet<_>>().len())
}

#[cfg(not(target_os = "linux"))]
fn physical() -> Option<usize> {
    None
}
