//! How many repetitions a route can bear: a share of its traffic.

use super::policy::Share;
use std::time::Duration;

/// What one repetition costs: a thousand, so that shares of calls need no fractions.
const ONE: u64 = 1000;

/// A budget of repetitions, one for each route: without it, a service in trouble gets several times
/// the load it could not bear.
///
/// ```
/// use propus_failures::recovery::{Budget, Share};
/// use std::time::Duration;
///
/// let mut budget = Budget::new(Share { of_calls: 0.5, per_second: 1.0, most: 1 });
/// assert!(budget.withdraw());
/// assert!(!budget.withdraw());
/// budget.deposit();
/// budget.deposit();
/// assert!(budget.withdraw());
/// budget.refill(Duration::from_secs(1));
/// assert!(budget.withdraw());
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Budget {
    share: Share,
    /// In thousandths of a repetition.
    saved: u64,
    /// Time that has not made a thousandth yet, in nanoseconds times thousandths a second.
    rest: u128,
}

impl Budget {
    /// A full budget.
    pub fn new(share: Share) -> Self {
        Self {
            share,
            saved: u64::from(share.most) * ONE,
            rest: 0,
        }
    }

    /// A call was made for the first time.
    pub fn deposit(&mut self) {
        self.save(thousandths(self.share.of_calls));
    }

    /// Time has passed since the last refill or the beginning.
    pub fn refill(&mut self, passed: Duration) {
        const SECOND: u128 = 1_000_000_000;
        let rate = u128::from(thousandths(self.share.per_second));
        let earned = passed
            .as_nanos()
            .saturating_mul(rate)
            .saturating_add(self.rest);
        self.rest = earned % SECOND;
        self.save(u64::try_from(earned / SECOND).unwrap_or(u64::MAX));
    }

    /// Whether there is enough for a repetition.
    pub fn allows(&self) -> bool {
        self.saved >= ONE
    }

    /// Pays for a repetition; false where there is not enough, and then it must not be made.
    #[must_use]
    pub fn withdraw(&mut self) -> bool {
        let allowed = self.allows();
        if allowed {
            self.saved -= ONE;
        }
        allowed
    }

    fn save(&mut self, thousandths: u64) {
        let most = u64::from(self.share.most) * ONE;
        self.saved = self.saved.saturating_add(thousandths).min(most);
    }
}

/// A number of repetitions; none where it is no positive number.
fn thousandths(repetitions: f64) -> u64 {
    // The cast takes 0 for what is negative or no number, and the most for what is too much.
    (repetitions * ONE as f64).round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn repetitions_stay_a_share_of_the_calls(
            of_calls in 0.0..1.0_f64,
            most in 0..50_u32,
            steps in proptest::collection::vec(any::<bool>(), 0..500),
        ) {
            let mut budget = Budget::new(Share { of_calls, per_second: 0.0, most });
            let (mut calls, mut repetitions) = (0, 0);
            for call in steps {
                if call {
                    budget.deposit();
                    calls += 1;
                } else {
                    repetitions += u32::from(budget.withdraw());
                }
            }
            // Shares are rounded to thousandths.
            let most = f64::from(most) + f64::from(calls) * (of_calls + 0.0005);
            prop_assert!(f64::from(repetitions) <= most);
        }

        #[test]
        fn time_in_pieces_is_time(pieces in proptest::collection::vec(0..50_000_000_u64, 0..200)) {
            let share = Share { of_calls: 0.0, per_second: 0.7, most: 1000 };
            let empty = || {
                let mut budget = Budget::new(share);
                while budget.withdraw() {}
                budget
            };
            let (mut one, mut many) = (empty(), empty());
            for piece in &pieces {
                many.refill(Duration::from_nanos(*piece));
            }
            one.refill(Duration::from_nanos(pieces.iter().sum()));
            prop_assert_eq!(one, many);
        }
    }

    #[test]
    fn no_more_is_saved_than_the_most() {
        let mut budget = Budget::new(Share::default());
        for _ in 0..1000 {
            budget.deposit();
            budget.refill(Duration::from_secs(60));
        }
        let withdrawn = std::iter::repeat_with(|| budget.withdraw()).take_while(|paid| *paid);
        assert_eq!(withdrawn.count(), 10);
    }

    #[test]
    fn odd_shares_give_nothing() {
        for odd in [f64::NAN, -1.0] {
            let mut budget = Budget::new(Share {
                of_calls: odd,
                per_second: odd,
                most: 0,
            });
            budget.deposit();
            budget.refill(Duration::MAX);
            assert!(!budget.withdraw());
        }
    }
}
