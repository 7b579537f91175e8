//! The project that was named does not exist or is not the caller's.

use crate::Failure;
use crate::entry::{Entry, Guide, Retry, certain, likely};
use propus_wire::status::{Code, Detail, Link, Status};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "project-invalid",
    page: include_str!("project_invalid.md"),
    guide: Some(Guide::PermissionDenied),
    retry: Retry::Never,
    over: &["permission-denied-generic"],
    signs: &[
        certain("denied on resource project"),
        certain("consumerinvalid"),
        likely("invalid project"),
        likely("project ** not found or deleted"),
        likely("googlecloudproject ** set"),
    ],
};

/// The project that was named does not exist or is not the caller's.
///
/// Source of the wording and the details: seen in public error reports, all of Code Assist; it adds
/// the list `errors` of older Google APIs, which is left out here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectInvalid {
    /// As the caller named it.
    pub project: String,
}

impl Failure for ProjectInvalid {
    fn name(&self) -> &'static str {
        "project-invalid"
    }

    fn status(&self) -> Status {
        let project = &self.project;
        let message = format!("Permission denied on resource project {project}.");
        let console = Link {
            description: "Google developers console".into(),
            url: "https://console.developers.google.com".into(),
        };
        Status::new(Code::PermissionDenied, &message)
            .with(Detail::error_info(
                "CONSUMER_INVALID",
                &[
                    ("service", "cloudaicompanion.googleapis.com"),
                    ("containerInfo", project),
                    ("consumer", &format!("projects/{project}")),
                ],
            ))
            .with(Detail::localized(&message))
            .with(Detail::Help {
                links: vec![console],
            })
    }

    fn examples() -> Vec<Self> {
        vec![Self {
            project: "my-default-project".into(),
        }]
    }
}
