//! How much memory is left: of the control group that the process is in, or of the machine.

use crate::app::App;
use std::{fs, sync::Arc, time::Duration};

/// How often one looks.
const LOOKED: Duration = Duration::from_millis(500);
/// Below this share of all memory new requests are refused; above twice as much they are taken again.
const SHORT: u64 = 40;
/// And below so many bytes in any case.
const LEAST: u64 = 64 << 20;

/// Looks again and again. Where the system does not say, memory is never short.
pub async fn watch(app: Arc<App>) {
    let mut tick = tokio::time::interval(LOOKED);
    let mut short = false;
    loop {
        tick.tick().await;
        let Some((left, all)) = left() else { return };
        let bound = (all / SHORT).max(LEAST);
        short = left < bound || short && left < 2 * bound;
        app.load.set_short_of_memory(short);
    }
}

/// The bytes that are left, and all that there are.
fn left() -> Option<(u64, u64)> {
    let machine = of_machine(&fs::read_to_string("/proc/meminfo").ok()?)?;
    Some(match of_group() {
        Some(group) if group.0 < machine.0 => group,
        _ => machine,
    })
}

fn of_machine(text: &str) -> Option<(u64, u64)> {
    let of = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(kib * 1024)
    };
    Some((of("MemAvailable:")?, of("MemTotal:")?))
}

/// Of a control group, version 2, with a limit; what its files hold in memory can be given up.
fn of_group() -> Option<(u64, u64)> {
    let own = fs::read_to_string("/proc/self/cgroup").ok()?;
    let path = own.lines().find_map(|line| line.strip_prefix("0::"))?;
    let folder = format!("/sys/fs/cgroup{path}");
    let read = |name: &str| fs::read_to_string(format!("{folder}/{name}")).ok();
    let limit: u64 = read("memory.max")?.trim().parse().ok()?;
    let used: u64 = read("memory.current")?.trim().parse().ok()?;
    let stat = read("memory.stat")?;
    let files = stat
        .lines()
        .find_map(|line| line.strip_prefix("inactive_file "));
    let files: u64 = files.and_then(|files| files.parse().ok()).unwrap_or(0);
    Some((limit.saturating_sub(used.saturating_sub(files)), limit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_says_what_is_left() {
        let text = "MemTotal:       1000 kB\nMemFree: 1 kB\nMemAvailable:    250 kB\n";
        assert_eq!(of_machine(text), Some((256_000, 1_024_000)));
        assert_eq!(of_machine("MemTotal: x"), None);
    }
}
