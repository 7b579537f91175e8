//! The admin API below `/propus/v1`: projects, keys, limits and requests for more.
//!
//! It does what `propus projects|keys|quota` do, over HTTP and with a token of its own. Its errors have
//! the form of Google's, `{"error": {"code", "message", "status"}}`.

mod keys;
mod projects;
mod quota;

use crate::{
    accounts::{Accounts, AccountsError},
    app::App,
    layers::admin::require_token,
    routes,
};
use axum::{
    Json, Router,
    extract::Request,
    middleware,
    response::{IntoResponse, Response},
    routing::{get, post, put},
};
use http::{StatusCode, header};
use propus_wire::status::{Code, Status};
use serde::{Serialize, de::DeserializeOwned};
use std::sync::Arc;

/// The routes, behind the administrator's token.
pub fn routes(app: &Arc<App>) -> Router<Arc<App>> {
    Router::new()
        .route("/projects", get(projects::list).post(projects::create))
        .route(
            "/projects/{project}",
            get(projects::one).patch(projects::change),
        )
        .route("/keys", get(keys::list).post(keys::create))
        .route("/keys/{key}", get(keys::one).patch(keys::change))
        .route("/quota", get(quota::usage))
        .route("/quota/limits", put(quota::set))
        .route("/quota/requests", get(quota::requests).post(quota::request))
        .route("/quota/requests/{id}/approve", post(quota::approve))
        .route("/quota/requests/{id}/deny", post(quota::deny))
        .layer(middleware::from_fn_with_state(app.clone(), require_token))
}

/// Why the admin API did not do it.
#[derive(Debug)]
pub struct Refused(Status);

impl Refused {
    /// A refusal with a sentence for people.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self(Status::new(code, message))
    }

    fn slip(message: impl Into<String>) -> Self {
        Self::new(Code::InvalidArgument, message)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let code = StatusCode::from_u16(self.0.code.http());
        let kind = [(header::CONTENT_TYPE, "application/json; charset=UTF-8")];
        let code = code.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (code, kind, self.0.to_pretty()).into_response()
    }
}

impl From<AccountsError> for Refused {
    fn from(error: AccountsError) -> Self {
        let code = match error {
            AccountsError::NoSuchKey(_)
            | AccountsError::NoSuchProject(_)
            | AccountsError::NoSuchIncrease(_) => Code::NotFound,
            AccountsError::ProjectExists(_) => Code::AlreadyExists,
            AccountsError::Decided(..) => Code::FailedPrecondition,
            AccountsError::Open { .. }
            | AccountsError::Newer { .. }
            | AccountsError::Database(_) => {
                tracing::warn!("the admin API failed: {error}");
                return Self::new(Code::Internal, "the database refused; the log says why");
            }
            _ => Code::InvalidArgument,
        };
        Self::new(code, error.to_string())
    }
}

type Answer = Result<Response, Refused>;

fn answer(reply: &impl Serialize) -> Answer {
    Ok(Json(
        serde_json::to_value(reply)
            .map_err(|error| Refused::new(Code::Internal, error.to_string()))?,
    )
    .into_response())
}

fn accounts(app: &App) -> Result<&Accounts, Refused> {
    let none = || Refused::new(Code::NotFound, "this server runs without accounts");
    app.accounts.as_ref().ok_or_else(none)
}

/// Reads a JSON body; an empty one is `{}`.
async fn read<T: DeserializeOwned>(app: &App, request: Request) -> Result<T, Refused> {
    let body = routes::body(app, request).await;
    let body = body.map_err(|problem| Refused(problem.status()))?;
    let text = match body.is_empty() {
        true => b"{}",
        false => body.as_ref(),
    };
    let mut json = serde_json::Deserializer::from_slice(text);
    let read = serde_path_to_error::deserialize(&mut json);
    let read = read.map_err(|error| Refused::slip(format!("the body: {error}")))?;
    json.end()
        .map_err(|error| Refused::slip(format!("the body: {error}")))?;
    Ok(read)
}

/// A time in RFC 3339, such as `2027-01-31T12:00:00Z`.
fn time(field: &str, text: &str) -> Result<std::time::SystemTime, Refused> {
    let read: Result<jiff::Timestamp, _> = text.parse();
    read.map(Into::into).map_err(|_| {
        Refused::slip(format!(
            "`{field}` is `{text}`, which is no time such as 2027-01-31T12:00:00Z"
        ))
    })
}
