//! Quotas that are used up: their names at Google, and the one error that says all of them.

use crate::{
    Problem,
    quota::{
        quota_free_tier_zero::QuotaFreeTierZero, quota_per_day::QuotaPerDay,
        quota_per_minute::QuotaPerMinute, quota_tokens_per_day::QuotaTokensPerDay,
        quota_tokens_per_minute::QuotaTokensPerMinute, quota_unspecified::QuotaUnspecified,
    },
};
use propus_wire::status::{Code, Detail, Link, QuotaViolation, Status};
use std::{fmt::Write, time::Duration};

/// Whose quota it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tier {
    /// Without billing.
    Free,
    /// The first paid tier.
    Paid,
    /// The second.
    Paid2,
    /// The third.
    Paid3,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    /// Calls of `generateContent` and `streamGenerateContent`.
    Requests,
    /// Tokens of their prompts.
    InputTokens,
    /// Texts to embed; each text of a batch counts.
    Embeds,
    /// The same, for each of the project's users.
    EmbedsOfUser,
}

/// In which time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Window {
    /// A minute.
    Minute,
    /// A day, from midnight to midnight Pacific Time.
    Day,
}

/// One of Google's quotas per project and model.
///
/// Source of the names: seen in public error reports, but for paid embeddings per day and for input
/// tokens of the third paid tier or per paid day. Those follow the form of the others, which is a
/// guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Quota {
    /// Whose.
    pub tier: Tier,
    /// Of what.
    pub unit: Unit,
    /// In which time.
    pub window: Window,
}

impl Quota {
    /// The quota of a tier on a unit in a time.
    pub const fn new(tier: Tier, unit: Unit, window: Window) -> Self {
        Self { tier, unit, window }
    }

    /// What Google counts for it, such as
    /// `generativelanguage.googleapis.com/generate_content_free_tier_requests`.
    pub fn metric(self) -> String {
        let tier = match self.tier {
            Tier::Free => "free_tier",
            Tier::Paid => "paid_tier",
            Tier::Paid2 => "paid_tier_2",
            Tier::Paid3 => "paid_tier_3",
        };
        let metric = match (self.unit, self.tier, self.window) {
            (Unit::Requests, Tier::Free, _) => "generate_content_free_tier_requests".into(),
            // The paid tiers share their metrics of requests.
            (Unit::Requests, _, Window::Minute) => "generate_requests_per_model".into(),
            (Unit::Requests, _, Window::Day) => "generate_requests_per_model_per_day".into(),
            (Unit::InputTokens, ..) => format!("generate_content_{tier}_input_token_count"),
            (Unit::Embeds | Unit::EmbedsOfUser, ..) => format!("embed_content_{tier}_requests"),
        };
        format!("generativelanguage.googleapis.com/{metric}")
    }

    /// The limit on it, such as `GenerateRequestsPerDayPerProjectPerModel-FreeTier`.
    pub fn id(self) -> String {
        let window = match self.window {
            Window::Minute => "PerMinute",
            Window::Day => "PerDay",
        };
        let limit = match (self.unit, self.tier) {
            (Unit::Requests, _) => format!("GenerateRequests{window}PerProjectPerModel"),
            (Unit::InputTokens, Tier::Free) => {
                format!("GenerateContentInputTokensPerModel{window}")
            }
            (Unit::InputTokens, _) => {
                format!("GenerateContentPaidTierInputTokensPerModel{window}")
            }
            (Unit::Embeds, _) => format!("EmbedContentRequests{window}PerProjectPerModel"),
            (Unit::EmbedsOfUser, _) => {
                format!("EmbedContentRequests{window}PerUserPerProjectPerModel")
            }
        };
        let tier = match self.tier {
            Tier::Free => "-FreeTier",
            Tier::Paid => "",
            Tier::Paid2 => "-PaidTier2",
            Tier::Paid3 => "-PaidTier3",
        };
        limit + tier
    }
}

/// A quota that a call ran into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exhausted {
    /// Which.
    pub quota: Quota,
    /// The model that it is for, without `models/`.
    pub model: Option<String>,
    /// The place that it is for, mostly `global`.
    pub location: Option<String>,
    /// The limit; 0 where the tier does not have the model.
    pub value: u64,
}

impl Exhausted {
    /// A quota of a model, everywhere.
    pub fn of_model(quota: Quota, model: &str, value: u64) -> Self {
        Self {
            quota,
            model: Some(model.into()),
            location: Some("global".into()),
            value,
        }
    }

    /// Its line of the message.
    fn line(&self) -> String {
        let (metric, value) = (self.quota.metric(), self.value);
        let mut line = format!("\n* Quota exceeded for metric: {metric}, limit: {value}");
        if let Some(model) = &self.model {
            line += ", model: ";
            line += model;
        }
        line
    }

    fn violation(&self) -> QuotaViolation {
        let dimensions = [("location", &self.location), ("model", &self.model)];
        let known = |(name, value): (&str, &Option<String>)| Some((name.into(), value.clone()?));
        QuotaViolation {
            quota_metric: self.quota.metric(),
            quota_id: self.quota.id(),
            quota_dimensions: dimensions.into_iter().filter_map(known).collect(),
            quota_value: (self.value > 0).then(|| self.value.to_string()),
        }
    }

    fn weight(&self) -> Weight {
        match (self.value, self.quota.window, self.quota.unit) {
            (0, ..) => Weight::Zero,
            (_, Window::Day, Unit::InputTokens) => Weight::TokensOfDay,
            (_, Window::Day, _) => Weight::Day,
            (_, Window::Minute, Unit::InputTokens) => Weight::TokensOfMinute,
            (_, Window::Minute, _) => Weight::Minute,
        }
    }
}

/// How much a used-up quota stands in the way; the last one most.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Weight {
    Minute,
    TokensOfMinute,
    Day,
    TokensOfDay,
    Zero,
}

/// All quotas that one call ran into, as one error in Google's form of 2026.
///
/// ```
/// use propus_failures::exhausted::{Exhausted, Exhaustion, Quota, Tier, Unit, Window};
/// use std::time::Duration;
///
/// let minute = Quota::new(Tier::Free, Unit::Requests, Window::Minute);
/// let day = Quota::new(Tier::Free, Unit::Requests, Window::Day);
/// let limits = vec![
///     Exhausted::of_model(minute, "gemini-3.5-flash", 5),
///     Exhausted::of_model(day, "gemini-3.5-flash", 20),
/// ];
/// let retry_after = Duration::from_millis(33_250);
/// let problem = Exhaustion { limits, retry_after }.problem();
/// assert_eq!(problem.name(), "quota-per-day");
/// assert!(problem.status().message.ends_with("\nPlease retry in 33.25s."));
/// ```
///
/// Source of the wording and the details: seen in public error reports, message and details in the
/// order of late 2025 on. There the delay has all its decimals in the message and whole seconds in
/// `RetryInfo`. It comes with quotas per day as well, where it mostly names some seconds that do not
/// help, and in reports of 2026 also the true hours; which one is up to who raises it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exhaustion {
    /// In the order of the message; Google sorts none.
    pub limits: Vec<Exhausted>,
    /// How long to wait, as Google would say.
    pub retry_after: Duration,
}

const HEAD: &str = "You exceeded your current quota, please check your plan and billing details. \
    For more information on this error, head to: \
    https://ai.google.dev/gemini-api/docs/rate-limits. To monitor your current usage, head to: \
    https://ai.dev/rate-limit. ";

impl Exhaustion {
    /// One quota, and how long to wait.
    pub fn of(limit: Exhausted, retry_after: Duration) -> Self {
        Self {
            limits: vec![limit],
            retry_after,
        }
    }

    /// The failure, named by the gravest quota: one that is 0, then a day, then a minute; tokens
    /// before requests.
    pub fn problem(self) -> Problem {
        match self.limits.iter().map(Exhausted::weight).max() {
            Some(Weight::Zero) => QuotaFreeTierZero(self).into(),
            Some(Weight::TokensOfDay) => QuotaTokensPerDay(self).into(),
            Some(Weight::Day) => QuotaPerDay(self).into(),
            Some(Weight::TokensOfMinute) => QuotaTokensPerMinute(self).into(),
            Some(Weight::Minute) => QuotaPerMinute(self).into(),
            None => QuotaUnspecified.into(),
        }
    }

    /// How Google says it.
    pub fn status(&self) -> Status {
        let lines: String = self.limits.iter().map(Exhausted::line).collect();
        let delay = clock_text(self.retry_after);
        let message = format!("{HEAD}{lines}\nPlease retry in {delay}.");
        let help = Link {
            description: "Learn more about Gemini API quotas".into(),
            url: "https://ai.google.dev/gemini-api/docs/rate-limits".into(),
        };
        Status::new(Code::ResourceExhausted, message)
            .with(Detail::Help { links: vec![help] })
            .with(Detail::QuotaFailure {
                violations: self.limits.iter().map(Exhausted::violation).collect(),
            })
            .with(Detail::RetryInfo {
                retry_delay: Duration::from_secs(self.retry_after.as_secs()),
            })
    }
}

/// A duration as Google's messages write it: `17h24m15.31s`, `33.051937462s`, `250ms`.
pub(crate) fn clock_text(duration: Duration) -> String {
    let nanos = duration.subsec_nanos();
    if duration < Duration::from_secs(1) && nanos > 0 {
        return match nanos {
            0..1_000 => format!("{nanos}ns"),
            1_000..1_000_000 => format!("{}µs", decimal(nanos / 1_000, nanos % 1_000, 3)),
            _ => format!("{}ms", decimal(nanos / 1_000_000, nanos % 1_000_000, 6)),
        };
    }
    let (hours, rest) = (duration.as_secs() / 3600, duration.as_secs() % 3600);
    let mut text = String::new();
    if hours > 0 {
        let _ = write!(text, "{hours}h");
    }
    if duration.as_secs() >= 60 {
        let _ = write!(text, "{}m", rest / 60);
    }
    text + &decimal(rest % 60, nanos, 9) + "s"
}

/// A number with as many of its decimals as say anything.
fn decimal(whole: impl std::fmt::Display, fraction: u32, digits: usize) -> String {
    let text = format!("{whole}.{fraction:0digits$}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_are_written_as_google_writes_them() {
        #[track_caller]
        fn check(seconds: u64, nanos: u32, expected: &str) {
            assert_eq!(clock_text(Duration::new(seconds, nanos)), expected);
        }
        check(0, 0, "0s");
        check(0, 250_000_000, "250ms");
        check(0, 1_500_000, "1.5ms");
        check(0, 2_500, "2.5µs");
        check(0, 7, "7ns");
        check(10, 0, "10s");
        check(33, 51_937_462, "33.051937462s");
        check(310, 0, "5m10s");
        check(3600, 0, "1h0m0s");
        check(3683, 951_924_311, "1h1m23.951924311s");
        check(62_655, 310_000_000, "17h24m15.31s");
    }

    #[test]
    fn quotas_have_googles_names() {
        use {Tier::*, Unit::*, Window::*};
        #[track_caller]
        fn check(tier: Tier, unit: Unit, window: Window, metric: &str, id: &str) {
            let quota = Quota::new(tier, unit, window);
            let metric = format!("generativelanguage.googleapis.com/{metric}");
            assert_eq!((quota.metric(), quota.id()), (metric, id.to_owned()));
        }
        check(
            Free,
            Requests,
            Day,
            "generate_content_free_tier_requests",
            "GenerateRequestsPerDayPerProjectPerModel-FreeTier",
        );
        check(
            Free,
            Requests,
            Minute,
            "generate_content_free_tier_requests",
            "GenerateRequestsPerMinutePerProjectPerModel-FreeTier",
        );
        check(
            Free,
            InputTokens,
            Minute,
            "generate_content_free_tier_input_token_count",
            "GenerateContentInputTokensPerModelPerMinute-FreeTier",
        );
        check(
            Free,
            InputTokens,
            Day,
            "generate_content_free_tier_input_token_count",
            "GenerateContentInputTokensPerModelPerDay-FreeTier",
        );
        check(
            Paid,
            InputTokens,
            Minute,
            "generate_content_paid_tier_input_token_count",
            "GenerateContentPaidTierInputTokensPerModelPerMinute",
        );
        check(
            Paid2,
            InputTokens,
            Minute,
            "generate_content_paid_tier_2_input_token_count",
            "GenerateContentPaidTierInputTokensPerModelPerMinute-PaidTier2",
        );
        check(
            Paid,
            Requests,
            Day,
            "generate_requests_per_model_per_day",
            "GenerateRequestsPerDayPerProjectPerModel",
        );
        check(
            Paid3,
            Requests,
            Minute,
            "generate_requests_per_model",
            "GenerateRequestsPerMinutePerProjectPerModel-PaidTier3",
        );
        check(
            Paid2,
            Embeds,
            Minute,
            "embed_content_paid_tier_2_requests",
            "EmbedContentRequestsPerMinutePerProjectPerModel-PaidTier2",
        );
        check(
            Free,
            EmbedsOfUser,
            Day,
            "embed_content_free_tier_requests",
            "EmbedContentRequestsPerDayPerUserPerProjectPerModel-FreeTier",
        );
    }

    #[test]
    fn the_gravest_quota_gives_the_name() {
        #[track_caller]
        fn check(limits: &[(Unit, Window, u64)], expected: &str) {
            let limits = limits.iter().map(|(unit, window, value)| {
                let quota = Quota::new(Tier::Free, *unit, *window);
                Exhausted::of_model(quota, "gemini-2.5-flash", *value)
            });
            let exhaustion = Exhaustion {
                limits: limits.collect(),
                retry_after: Duration::from_secs(9),
            };
            let problem = exhaustion.problem();
            assert_eq!(problem.name(), expected);
            let causes = crate::diagnose(&problem.status().to_pretty()).causes;
            assert_eq!(causes[0].failure, expected, "{causes:#?}");
        }
        use {Unit::*, Window::*};
        check(&[(Requests, Minute, 5)], "quota-per-minute");
        check(
            &[(InputTokens, Minute, 250_000), (Requests, Minute, 5)],
            "quota-tokens-per-minute",
        );
        check(
            &[(Requests, Day, 20), (InputTokens, Minute, 250_000)],
            "quota-per-day",
        );
        check(
            &[(InputTokens, Minute, 250_000), (Requests, Day, 20)],
            "quota-per-day",
        );
        check(
            &[(InputTokens, Day, 1_000_000), (Requests, Day, 20)],
            "quota-tokens-per-day",
        );
        check(
            &[(Requests, Day, 20), (Requests, Minute, 0)],
            "quota-free-tier-zero",
        );
        check(&[], "quota-unspecified");
    }
}
