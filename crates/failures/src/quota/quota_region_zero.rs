//! The project's quota for a region is zero.

use crate::Failure;
use crate::entry::{Entry, Guide, Retry, certain, likely, possible};
use propus_wire::status::{Code, Detail, Link, Status};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "quota-region-zero",
    page: include_str!("quota_region_zero.md"),
    guide: Some(Guide::ResourceExhausted),
    retry: Retry::Never,
    over: &["quota-per-minute", "quota-unspecified"],
    signs: &[
        certain("per minute for a region"),
        certain("~perminuteperprojectperregion"),
        likely("limit ** for a region"),
        likely("quotalimitvalue 0"),
        possible("quotalimitvalue value 0"),
    ],
};

/// The project's quota for a region is zero.
///
/// Source of the wording and the details: seen in public error reports, in the form that quotas had
/// before 2025.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotaRegionZero {
    /// What is counted.
    pub counted: Counted,
    /// The project's number.
    pub project: String,
    /// Where the call was served, such as `europe-west4`.
    pub location: String,
}

/// What a region's quota counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// Calls of `generateContent`.
    GenerateContent,
    /// Calls of any method, `models.list` included.
    Any,
}

impl Counted {
    /// The metric's title and the limit's, as the message says them; both names, as the details do.
    fn names(self) -> [&'static str; 4] {
        match self {
            Self::GenerateContent => [
                "Generate Content API requests per minute",
                "GenerateContent request limit per minute for a region",
                "generativelanguage.googleapis.com/generate_content_requests",
                "GenerateContentRequestsPerMinutePerProjectPerRegion",
            ],
            Self::Any => [
                "API requests",
                "Request limit per minute for a region",
                "generativelanguage.googleapis.com/api_requests",
                "ApiRequestsPerMinutePerProjectPerRegion",
            ],
        }
    }
}

impl Failure for QuotaRegionZero {
    fn name(&self) -> &'static str {
        "quota-region-zero"
    }

    fn status(&self) -> Status {
        let service = "generativelanguage.googleapis.com";
        let (project, [title, limit, metric, id]) = (&self.project, self.counted.names());
        let message = format!(
            "Quota exceeded for quota metric '{title}' and limit '{limit}' of service '{service}' \
             for consumer 'project_number:{project}'."
        );
        let help = Link {
            description: "Request a higher quota limit.".into(),
            url: "https://cloud.google.com/docs/quota#requesting_higher_quota".into(),
        };
        Status::new(Code::ResourceExhausted, message)
            .with(Detail::error_info(
                "RATE_LIMIT_EXCEEDED",
                &[
                    ("service", service),
                    ("consumer", &format!("projects/{project}")),
                    ("quota_metric", metric),
                    ("quota_limit", id),
                    ("quota_limit_value", "0"),
                    ("quota_location", &self.location),
                    ("quota_unit", "1/min/{project}/{region}"),
                ],
            ))
            .with(Detail::Help { links: vec![help] })
    }

    fn examples() -> Vec<Self> {
        [Counted::GenerateContent, Counted::Any]
            .map(|counted| Self {
                counted,
                project: "264418073359".into(),
                location: "europe-west4".into(),
            })
            .into()
    }
}
