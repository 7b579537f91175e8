//! Whether a call is little beside what is left, so that it need not be counted exactly before it goes.

use super::{Counts, Needed, Quotas, is_billed};
use crate::accounts::Project;
use propus_quota::Money;
use std::time::SystemTime;

impl Quotas {
    /// Whether calls of a project to this model cost money.
    pub fn bills(&self, project: &Project, model: &str) -> bool {
        is_billed(project) && self.prices.price(model).is_some()
    }

    /// Whether, with this call, less than half would be used of each limit of tokens and money. Then nobody
    /// is refused for an estimate that is too high, unless calls that need it all come at once.
    ///
    /// Never where several servers count together: what the others have admitted is not known here.
    pub fn has_ample_room(
        &self,
        now: SystemTime,
        project: &Project,
        model: &str,
        needed: Needed,
    ) -> bool {
        if matches!(self.counts, Counts::Shared(_)) {
            return false;
        }
        let (limits, used) = (self.limits(project, model), self.used(now, project, model));
        let tokens = [
            (limits.tpm, used.minute.tokens),
            (limits.tpd, used.day.tokens),
        ];
        let fits = |(limit, used)| is_ample(limit, used, needed.input);
        tokens.into_iter().all(fits) && self.has_ample_money(now, project, model, needed)
    }

    fn has_ample_money(
        &self,
        now: SystemTime,
        project: &Project,
        model: &str,
        needed: Needed,
    ) -> bool {
        let price = self.prices.price(model).filter(|_| is_billed(project));
        let Some(price) = price else {
            return true;
        };
        let most = price.estimate(needed.input, needed.output).nanos();
        let (limits, spent) = (self.spend_limits(project), self.spending(now, project));
        let sums = [
            (limits.credit, spent.of_credit),
            (limits.project_month, spent.month),
            (limits.account_month, spent.month),
            (limits.ten_minutes, spent.ten_minutes),
        ];
        let fits = |(limit, spent): (Option<Money>, Money)| {
            is_ample(limit.map(Money::nanos), spent.nanos(), most)
        };
        sums.into_iter().all(fits)
    }
}

fn is_ample(limit: Option<u64>, used: u64, more: u64) -> bool {
    limit.is_none_or(|limit| used.saturating_add(more) < limit / 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quotas::Work;
    use propus_quota::LimitTable;
    use std::time::Duration;

    const NOW: SystemTime = SystemTime::UNIX_EPOCH;
    const MODEL: &str = "gemini-2.5-flash";

    fn quotas(row: &str) -> Quotas {
        let limits = format!("[current.free]\n'{MODEL}' = {row}");
        Quotas {
            table: LimitTable::builtin().overridden(&limits).unwrap(),
            ..Quotas::new()
        }
    }

    fn tokens(input: u64) -> Needed {
        Needed {
            input,
            output: Some(0),
        }
    }

    #[tokio::test]
    async fn less_than_half_of_a_limit_is_little() {
        let quotas = quotas("{ tpm = 100, tpd = 1_000 }");
        let project = Project::default();
        let ample = |now, input| quotas.has_ample_room(now, &project, MODEL, tokens(input));
        assert!(ample(NOW, 49) && !ample(NOW, 50));
        let twenty = [tokens(20)];
        let used = quotas.reserve(NOW, &project, MODEL, Work::Generate, &twenty);
        drop(used.await.unwrap());
        assert!(ample(NOW, 29) && !ample(NOW, 30));
        let later = NOW + Duration::from_secs(120);
        assert!(ample(later, 49) && !ample(later, 50));
    }

    #[test]
    fn money_is_a_limit_where_calls_cost_some() {
        let quotas = quotas("{ tpm = 'unlimited', tpd = 'unlimited' }");
        let ample = |credit, input| {
            let project = Project {
                credit,
                ..Project::default()
            };
            quotas.has_ample_room(NOW, &project, MODEL, tokens(input))
        };
        // At 0.30 dollars for a million.
        let dollar = Some(Money::dollars(1));
        assert!(ample(dollar, 1_600_000) && !ample(dollar, 1_700_000));
        assert!(ample(None, 1_700_000));
    }
}
