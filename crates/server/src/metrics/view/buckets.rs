//! What a histogram says between two looks: how many values there were, and what most of them were below.

use super::samples::Samples;

/// The values of a histogram, in buckets by their upper bounds; all its series together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Buckets(Vec<(f64, f64)>);

impl Buckets {
    /// The buckets of a histogram's name, all series added up.
    pub fn of(samples: &Samples, name: &str) -> Self {
        let mut sums: Vec<(f64, f64)> = Vec::new();
        for sample in samples.of(&format!("{name}_bucket")) {
            let Ok(bound) = sample.label("le").parse::<f64>() else {
                continue;
            };
            match sums.iter_mut().find(|(other, _)| *other == bound) {
                Some((_, count)) => *count += sample.value,
                None => sums.push((bound, sample.value)),
            }
        }
        sums.retain(|(bound, _)| !bound.is_nan());
        sums.sort_by(|(one, _), (other, _)| one.total_cmp(other));
        Self(sums)
    }

    /// What came since an earlier look. Where there is less now, the server began anew in between, and
    /// all that is there came since.
    pub fn since(&self, before: &Self) -> Self {
        if self.count() < before.count() {
            return self.clone();
        }
        let then = |bound: f64| {
            let same = before.0.iter().find(|(other, _)| *other == bound);
            same.map_or(0.0, |(_, count)| *count)
        };
        let new = |(bound, count): &(f64, f64)| (*bound, (count - then(*bound)).max(0.0));
        Self(self.0.iter().map(new).collect())
    }

    /// How many values there are.
    pub fn count(&self) -> f64 {
        self.0.last().map_or(0.0, |(_, count)| *count)
    }

    /// What a share of all values, 0 to 1, is below: as if values lay evenly within their bucket. Above the
    /// last bound it is that bound; nothing where there are no values.
    pub fn quantile(&self, share: f64) -> Option<f64> {
        let all = self.count();
        if all <= 0.0 {
            return None;
        }
        let rank = share.clamp(0.0, 1.0) * all;
        let place = self.0.iter().position(|(_, count)| *count >= rank)?;
        let (upper, count) = self.0[place];
        let (lower, below) = match place {
            0 => (0.0, 0.0),
            place => self.0[place - 1],
        };
        if !upper.is_finite() {
            return Some(lower);
        }
        let within = count - below;
        let part = match within > 0.0 {
            true => ((rank - below) / within).clamp(0.0, 1.0),
            false => 1.0,
        };
        Some(lower + (upper - lower) * part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn buckets(counts: &[(f64, f64)]) -> Buckets {
        Buckets(counts.to_vec())
    }

    #[test]
    fn quantiles_lie_within_their_bucket() {
        let all = buckets(&[(1.0, 50.0), (2.0, 90.0), (f64::INFINITY, 100.0)]);
        assert_eq!(all.quantile(0.25), Some(0.5));
        assert_eq!(all.quantile(0.5), Some(1.0));
        assert_eq!(all.quantile(0.7), Some(1.5));
        assert_eq!(all.quantile(0.99), Some(2.0));
        assert_eq!(buckets(&[(1.0, 0.0)]).quantile(0.5), None);
        assert_eq!(Buckets::default().quantile(0.5), None);
    }

    #[test]
    fn series_are_added_up_and_an_earlier_look_taken_away() {
        let look = |text: &str| Buckets::of(&Samples::parse(text).unwrap(), "t");
        let before = look("t_bucket{le=\"1\"} 1\nt_bucket{le=\"+Inf\"} 1\n");
        let after = look(
            "t_bucket{m=\"a\",le=\"1\"} 1\nt_bucket{m=\"a\",le=\"+Inf\"} 2\n\
             t_bucket{m=\"b\",le=\"1\"} 3\nt_bucket{m=\"b\",le=\"+Inf\"} 3\n",
        );
        let new = after.since(&before);
        assert_eq!(new, buckets(&[(1.0, 3.0), (f64::INFINITY, 4.0)]));
        // After a restart there is less than before.
        assert_eq!(before.since(&after), before);
    }

    proptest! {
        #[test]
        fn quantiles_rise_with_the_share(
            steps in prop::collection::vec(0_u32..1000, 1..12),
            one in 0.0..1.0_f64,
            other in 0.0..1.0_f64,
        ) {
            let mut sum = 0.0;
            let counts: Vec<_> = steps.iter().enumerate().map(|(place, step)| {
                sum += f64::from(*step);
                (place as f64 + 1.0, sum)
            }).collect();
            let last = counts.len() as f64;
            let all = buckets(&counts);
            let (low, high) = (one.min(other), one.max(other));
            if let (Some(low), Some(high)) = (all.quantile(low), all.quantile(high)) {
                prop_assert!(0.0 <= low && low <= high && high <= last, "{low} {high}");
            } else {
                prop_assert_eq!(sum, 0.0);
            }
        }
    }
}
