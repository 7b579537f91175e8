//! Exponential backoff with full jitter.

use super::policy::Backoff;
use std::time::Duration;

impl Backoff {
    /// The wait after `past` other waits, with a jitter from 0 to 1; a jitter that is no number of
    /// that range counts as the nearer end of it, and as 1 where it is no number at all.
    ///
    /// ```
    /// use propus_failures::recovery::Backoff;
    ///
    /// let waits: Vec<_> = (0..8).map(|past| Backoff::default().wait(past, 1.0).as_secs()).collect();
    /// assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
    /// ```
    pub fn wait(&self, past: u32, jitter: f64) -> Duration {
        let factor = 1_u32.checked_shl(past).unwrap_or(u32::MAX);
        let longest = self.first.saturating_mul(factor).min(self.most);
        let jitter = if jitter.is_nan() {
            1.0
        } else {
            jitter.clamp(0.0, 1.0)
        };
        Duration::try_from_secs_f64(longest.as_secs_f64() * jitter)
            .unwrap_or(longest)
            .min(longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_wait_leaves_its_bounds(
            first in 0..u64::MAX,
            most in 0..u64::MAX,
            past: u32,
            jitter in proptest::num::f64::ANY,
        ) {
            let backoff = Backoff { first: Duration::from_millis(first), most: Duration::from_millis(most) };
            prop_assert!(backoff.wait(past, jitter) <= backoff.most);
        }
    }

    #[test]
    fn jitter_is_over_the_whole_wait() {
        let wait = |jitter| Backoff::default().wait(2, jitter);
        assert_eq!(wait(0.0), Duration::ZERO);
        assert_eq!(wait(0.25), Duration::from_secs(1));
        assert_eq!(wait(1.0), Duration::from_secs(4));
        assert_eq!(wait(f64::NAN), Duration::from_secs(4));
        assert_eq!(wait(-3.0), Duration::ZERO);
    }
}
