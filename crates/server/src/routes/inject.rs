//! `/propus/v1/inject`: the rules by which requests fail.

use crate::{
    app::App,
    inject::{HEADER, Injector, Rule, Slip, names},
    layers::{
        admin::require_token,
        render::{Failed, Foreign},
    },
    routes,
};
use axum::{
    Json, Router,
    extract::{Path, Request, State},
    middleware,
    response::{Html, IntoResponse, Response},
    routing::{delete, get},
};
use http::StatusCode;
use serde_json::json;
use std::sync::Arc;

/// Where a provoked `login-redirect` leads to.
pub const LOGIN: &str = "/propus/login";

/// The routes, for servers that provoke failures. Rules concern everybody, so the administrator makes
/// them, or anybody where there are no accounts; the login page is for everybody.
pub fn router(app: &Arc<App>) -> Router<Arc<App>> {
    let rules = match &app.accounts {
        Some(_) => rules().layer(middleware::from_fn_with_state(app.clone(), require_token)),
        None => rules(),
    };
    rules.route(LOGIN, get(login))
}

fn rules() -> Router<Arc<App>> {
    Router::new()
        .route("/propus/v1/inject", get(list).post(put).delete(remove_all))
        .route("/propus/v1/inject/{id}", delete(remove))
}

/// `GET /propus/v1/inject`: the rules with what they did, and all names that there are.
pub async fn list(State(app): State<Arc<App>>) -> Response {
    let own = names::OWN.map(|(name, what)| json!({ "name": name, "what": what }));
    let not = names::NOT_PROVOKABLE.map(|(name, why)| json!({ "name": name, "why": why }));
    let rules = app.injector.as_ref().map(Injector::rules);
    Json(json!({
        "rules": rules.unwrap_or_default(),
        "header": format!(
            "{HEADER}: NAME[*N][,NAME[*N]]...[;after=N][;times=N][;probability=P][;seed=N]\
             [;seconds=S][;chunk=N][;every=S][;id=TOKEN]"
        ),
        "names": names::all().collect::<Vec<_>>(),
        "own": own,
        "notProvokable": not,
    }))
    .into_response()
}

/// `POST /propus/v1/inject`: adds the rule of the body, or replaces the one with its id.
pub async fn put(State(app): State<Arc<App>>, request: Request) -> Response {
    let body = match routes::body(&app, request).await {
        Ok(body) => body,
        Err(problem) => return Failed(problem).into_response(),
    };
    let rule = serde_json::from_slice::<Rule>(&body);
    let put = rule.map_err(|error| format!("the body is no rule: {error}"));
    let put = put.and_then(|rule| match &app.injector {
        Some(injector) => injector.put(rule).map_err(|error| error.to_string()),
        None => Err("this server provokes no failures; start it with --inject".into()),
    });
    match put {
        Ok(listed) => Json(listed).into_response(),
        Err(cause) => Failed(Slip(cause).into()).into_response(),
    }
}

/// `DELETE /propus/v1/inject`: removes all rules.
pub async fn remove_all(State(app): State<Arc<App>>) -> Response {
    let removed = app.injector.as_ref().map_or(0, Injector::clear);
    Json(json!({ "removed": removed })).into_response()
}

/// `DELETE /propus/v1/inject/ID`: removes a rule; 404 where there is none of this id.
pub async fn remove(State(app): State<Arc<App>>, Path(id): Path<String>) -> Response {
    let injector = app.injector.as_ref();
    if injector.is_some_and(|injector| injector.remove(&id)) {
        return Json(json!({ "removed": 1 })).into_response();
    }
    let message = format!("there is no rule `{id}`; GET /propus/v1/inject lists them");
    let error = json!({ "error": { "code": 404, "message": message, "status": "NOT_FOUND" } });
    (StatusCode::NOT_FOUND, Json(error)).into_response()
}

/// The page to which a provoked `login-redirect` leads.
async fn login() -> Response {
    let page = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>\n\
                <h1>Welcome to this network</h1>\n<p>Please sign in to go on.</p>\n</body></html>\n";
    let mut response = Html(page).into_response();
    response.extensions_mut().insert(Foreign);
    response
}
