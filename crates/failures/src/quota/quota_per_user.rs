//! The user's own share of the plan is used up.

use crate::Failure;
use crate::entry::{Entry, Guide, Retry, certain, likely};
use crate::exhausted::clock_text;
use indexmap::IndexMap;
use propus_wire::status::{Code, Detail, Status};
use std::time::Duration;

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "quota-per-user",
    page: include_str!("quota_per_user.md"),
    guide: Some(Guide::ResourceExhausted),
    retry: Retry::Day,
    over: &["quota-per-day", "quota-unspecified"],
    signs: &[
        certain("individual quota"),
        likely("~perday peruser~"),
        likely("per user quota"),
        likely("administrator to enable overages"),
        certain("per day per user"),
        certain("per user per tier"),
    ],
};

/// The user's own share of the plan is used up.
///
/// Source of the wordings and the details: seen in public error reports, all of Code Assist; it adds
/// the list `errors` of older Google APIs, which is left out here. The Gemini API itself has no quota
/// per person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QuotaPerUser {
    /// The form of 2026, in a company's plan.
    Company,
    /// The form of 2026, in a person's own plan.
    Person {
        /// Until it is filled again.
        resets_in: Duration,
    },
    /// The form of 2025.
    PerDay {
        /// The metric's title, such as `Gemini 2.5 Pro Requests`.
        title: String,
        /// The metric, without its service, such as `gemini_2_5_pro_requests`.
        metric: String,
        /// The limit, such as `Gemini25ProRequestsPerDay`.
        limit: String,
        /// The number of the project that the client itself belongs to.
        project: String,
    },
}

const SERVICE: &str = "cloudcode-pa.googleapis.com";

impl Failure for QuotaPerUser {
    fn name(&self) -> &'static str {
        "quota-per-user"
    }

    fn status(&self) -> Status {
        match self {
            Self::Company => {
                let message = "Individual quota reached. Contact your administrator to enable \
                    overages.";
                Status::new(Code::ResourceExhausted, message)
            }
            Self::Person { resets_in } => {
                let message = format!(
                    "Individual quota reached. Please upgrade your subscription to increase your \
                     limits. Resets in {}.",
                    clock_text(*resets_in)
                );
                let delay = format!("{}s", resets_in.as_secs());
                Status::new(Code::ResourceExhausted, message).with(Detail::ErrorInfo {
                    reason: "QUOTA_EXHAUSTED".into(),
                    domain: SERVICE.into(),
                    metadata: IndexMap::from([("quotaResetDelay".into(), delay)]),
                })
            }
            Self::PerDay {
                title,
                metric,
                limit,
                project,
            } => {
                let message = format!(
                    "Quota exceeded for quota metric '{title}' and limit '{title} per day per user \
                     per tier' of service '{SERVICE}' for consumer 'project_number:{project}'."
                );
                let metric = format!("{SERVICE}/{metric}");
                Status::new(Code::ResourceExhausted, message).with(Detail::error_info(
                    "RATE_LIMIT_EXCEEDED",
                    &[("quota_metric", &metric), ("quota_limit", limit)],
                ))
            }
        }
    }

    fn examples() -> Vec<Self> {
        let pro = Self::PerDay {
            title: "Gemini 2.5 Pro Requests".into(),
            metric: "gemini_2_5_pro_requests".into(),
            limit: "Gemini25ProRequestsPerDay".into(),
            project: "264418073359".into(),
        };
        let resets_in = Duration::from_secs(172_514);
        vec![Self::Company, Self::Person { resets_in }, pro]
    }
}
