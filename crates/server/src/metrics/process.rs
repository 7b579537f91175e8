//! What the system says of this process.

use std::fs;

/// The bytes of memory that the process takes; nothing where the system does not say.
pub fn resident_bytes() -> Option<u64> {
    of_status(&fs::read_to_string("/proc/self/status").ok()?)
}

fn of_status(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_says_it() {
        assert_eq!(
            of_status("Name:\tx\nVmRSS:\t   12 kB\nVmSwap: 0 kB\n"),
            Some(12_288)
        );
        assert_eq!(of_status("Name:\tx\n"), None);
        assert_eq!(of_status("VmRSS:\tmuch\n"), None);
    }
}
