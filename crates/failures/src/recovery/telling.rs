//! Which of several failures tells most.

use super::{course::Course, outcome::Outcome};

/// The outcome to return to the caller after several attempts failed: a definite cause counts more
/// than one that passes by itself, what the caller can mend more than what only the operator can,
/// and of equals the later one. None of none.
///
/// ```
/// use propus_failures::recovery::{Outcome, most_telling};
///
/// let outcomes = ["quota-per-day", "overloaded-503", "network-error"].map(Outcome::named);
/// let outcomes: Vec<_> = outcomes.into_iter().flatten().collect();
/// assert_eq!(most_telling(&outcomes).map(|one| one.failure), Some("quota-per-day"));
/// ```
pub fn most_telling(outcomes: &[Outcome]) -> Option<&Outcome> {
    outcomes.iter().max_by_key(|outcome| outcome.weight())
}

impl Outcome {
    fn weight(&self) -> u8 {
        match self.course() {
            Course::Request | Course::TooLong | Course::Final | Course::Again => 4,
            Course::Day | Course::Spent | Course::Refused => 3,
            Course::Minute => 2,
            Course::Busy | Course::Late => 1,
            Course::Broken => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(failures: &[&str], expected: usize) {
        let outcomes: Vec<_> = failures
            .iter()
            .map(|failure| Outcome::named(failure).unwrap())
            .collect();
        let told = most_telling(&outcomes).unwrap();
        assert!(std::ptr::eq(told, &outcomes[expected]), "{told:?}");
    }

    #[test]
    fn definite_causes_count_most_and_of_equals_the_later() {
        check(&["overloaded-503"], 0);
        check(&["quota-per-day", "overloaded-503"], 0);
        check(&["overloaded-503", "unknown-field", "internal-500"], 1);
        check(&["quota-per-minute", "overloaded-503"], 0);
        check(&["overloaded-503", "quota-shared-capacity"], 1);
        check(&["quota-shared-capacity", "overloaded-503"], 1);
        check(&["overloaded-503", "network-error"], 0);
        check(&["quota-per-day", "invalid-api-key"], 1);
        check(&["unknown-field", "invalid-api-key"], 0);
        check(&["quota-per-day", "quota-per-minute"], 0);
        check(&["deadline-504", "client-timeout"], 1);
        assert_eq!(most_telling(&[]), None);
    }
}
