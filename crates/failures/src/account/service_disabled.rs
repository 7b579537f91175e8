//! The API is not enabled in the key's project.

use crate::Failure;
use crate::entry::{Entry, Guide, Retry, certain, likely};
use propus_wire::status::{Code, Detail, Link, Status};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "service-disabled",
    page: include_str!("service_disabled.md"),
    guide: Some(Guide::PermissionDenied),
    retry: Retry::Never,
    over: &["permission-denied-generic"],
    signs: &[
        likely("activationurl"),
        certain("before or it is disabled"),
        certain("servicedisabled"),
        likely("has not been used in project"),
        likely("api ** is not enabled"),
        likely("enable it by visiting"),
        likely("api has not been enabled"),
        likely("api is disabled"),
    ],
};

/// The API is not enabled in the key's project.
///
/// Source of the wording and the details: seen in public error reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceDisabled {
    /// The project's number.
    pub project: String,
    /// What the API is called.
    pub title: Title,
}

/// What Google calls the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Title {
    /// Until 2025.
    GenerativeLanguage,
    /// Since 2026.
    Gemini,
}

impl Failure for ServiceDisabled {
    fn name(&self) -> &'static str {
        "service-disabled"
    }

    fn status(&self) -> Status {
        let service = "generativelanguage.googleapis.com";
        let title = match self.title {
            Title::GenerativeLanguage => "Generative Language API",
            Title::Gemini => "Gemini API",
        };
        let project = &self.project;
        let url = format!(
            "https://console.developers.google.com/apis/api/{service}/overview?project={project}"
        );
        let message = format!(
            "{title} has not been used in project {project} before or it is disabled. Enable it by \
             visiting {url} then retry. If you enabled this API recently, wait a few minutes for the \
             action to propagate to our systems and retry."
        );
        let info = Detail::error_info(
            "SERVICE_DISABLED",
            &[
                ("service", service),
                ("serviceTitle", title),
                ("consumer", &format!("projects/{project}")),
                ("containerInfo", project),
                ("activationUrl", &url),
            ],
        );
        let activation = Link {
            description: "Google developers console API activation".into(),
            url,
        };
        Status::new(Code::PermissionDenied, &message)
            .with(info)
            .with(Detail::localized(&message))
            .with(Detail::Help {
                links: vec![activation],
            })
    }

    fn examples() -> Vec<Self> {
        [Title::GenerativeLanguage, Title::Gemini]
            .map(|title| Self {
                project: "418273950066".into(),
                title,
            })
            .into()
    }
}
