//! Projects: listed, made, changed.

use super::{Answer, accounts, answer, read};
use crate::{accounts::ProjectChange, app::App};
use axum::extract::{Path, Request, State};
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;

/// `GET /propus/v1/projects`.
pub async fn list(State(app): State<Arc<App>>) -> Answer {
    answer(&json!({ "projects": accounts(&app)?.projects()? }))
}

/// `GET /propus/v1/projects/NAME`, or by its number.
pub async fn one(State(app): State<Arc<App>>, Path(project): Path<String>) -> Answer {
    answer(&accounts(&app)?.project(&project)?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    name: String,
}

/// `POST /propus/v1/projects` with `{"name"}`: a project of the free tier.
pub async fn create(State(app): State<Arc<App>>, request: Request) -> Answer {
    let new: New = read(&app, request).await?;
    let now = (app.settings.clock)();
    answer(&accounts(&app)?.create_project(&new.name, now)?)
}

/// `PATCH /propus/v1/projects/NAME` with what is to be changed: `{"tier", "billing", "suspended",
/// "apiDisabled"}`.
pub async fn change(
    State(app): State<Arc<App>>,
    Path(project): Path<String>,
    request: Request,
) -> Answer {
    let change: ProjectChange = read(&app, request).await?;
    answer(&accounts(&app)?.change_project(&project, &change)?)
}
