//! What a project may ask and has asked; limits of its own, and requests for them.

use super::{Answer, Refused, accounts, answer, read};
use crate::app::App;
use axum::extract::{Path, Request, State};
use propus_quota::{Limits, Usage, limits::LimitChange};
use propus_wire::status::Code;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Arc;

fn usual() -> String {
    "default".into()
}

#[derive(Serialize)]
struct Of {
    model: String,
    limits: Limits,
    used: Usage,
}

/// `GET /propus/v1/quota?project=NAME&model=NAME`: limits, usage and spending; without a model of all
/// that were used today. Of counts that several servers share, the usage is not told.
pub async fn usage(State(app): State<Arc<App>>, request: Request) -> Answer {
    let (project, model) = asked(request.uri().query().unwrap_or_default())?;
    let project = accounts(&app)?.project(&project)?;
    let Some(quotas) = &app.quotas else {
        let message = "this server counts nothing: start it with --quotas";
        return Err(Refused::new(Code::FailedPrecondition, message));
    };
    let now = (app.settings.clock)();
    let models = match model {
        Some(model) => vec![model],
        None => quotas.models_of(&project),
    };
    let of = |model: String| Of {
        limits: quotas.limits(&project, &model),
        used: quotas.used(now, &project, &model),
        model,
    };
    let models: Vec<Of> = models.into_iter().map(of).collect();
    answer(&json!({
        "project": project.name,
        "tier": project.plan.tier,
        "models": models,
        "spendLimits": quotas.spend_limits(&project),
        "spent": quotas.spending(now, &project),
    }))
}

fn asked(query: &str) -> Result<(String, Option<String>), Refused> {
    let (mut project, mut model) = (usual(), None);
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match name.as_ref() {
            "project" => project = value.into_owned(),
            "model" => model = Some(value.into_owned()),
            other => {
                let message = format!("there is no parameter `{other}`: project, model");
                return Err(Refused::slip(message));
            }
        }
    }
    Ok((project, model))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    #[serde(default = "usual")]
    project: String,
    model: String,
    limits: LimitChange,
    #[serde(default)]
    reason: String,
}

/// `PUT /propus/v1/quota/limits` with `{"project", "model", "limits": {"rpm", "tpm", "rpd", "tpd"}}`:
/// numbers or `"unlimited"`; `{}` takes a project's own limits away.
pub async fn set(State(app): State<Arc<App>>, request: Request) -> Answer {
    let new: New = read(&app, request).await?;
    let accounts = accounts(&app)?;
    accounts.set_limits(&new.project, &new.model, &new.limits)?;
    answer(&accounts.project(&new.project)?)
}

/// `GET /propus/v1/quota/requests`.
pub async fn requests(State(app): State<Arc<App>>) -> Answer {
    answer(&json!({ "requests": accounts(&app)?.increases()? }))
}

/// `POST /propus/v1/quota/requests` with the body of [`set`] and a `reason`.
pub async fn request(State(app): State<Arc<App>>, request: Request) -> Answer {
    let new: New = read(&app, request).await?;
    let now = (app.settings.clock)();
    answer(&accounts(&app)?.request_increase(
        &new.project,
        &new.model,
        &new.limits,
        &new.reason,
        now,
    )?)
}

/// `POST /propus/v1/quota/requests/ID/approve`.
pub async fn approve(State(app): State<Arc<App>>, Path(id): Path<String>) -> Answer {
    decide(&app, &id, true)
}

/// `POST /propus/v1/quota/requests/ID/deny`.
pub async fn deny(State(app): State<Arc<App>>, Path(id): Path<String>) -> Answer {
    decide(&app, &id, false)
}

fn decide(app: &App, id: &str, approved: bool) -> Answer {
    let number = id.parse();
    let id = number.map_err(|_| Refused::slip(format!("`{id}` is no quota request's number")))?;
    let now = (app.settings.clock)();
    answer(&accounts(app)?.decide_increase(id, approved, now)?)
}
