//! Keys: listed, made, ended, restricted. A key's text is told once, where it is made.

use super::{Answer, Refused, accounts, answer, read, time};
use crate::{accounts::Restrictions, app::App};
use axum::extract::{Path, Request, State};
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;

/// `GET /propus/v1/keys`.
pub async fn list(State(app): State<Arc<App>>) -> Answer {
    answer(&json!({ "keys": accounts(&app)?.keys()? }))
}

/// `GET /propus/v1/keys/KEY`, by its number or last four letters.
pub async fn one(State(app): State<Arc<App>>, Path(key): Path<String>) -> Answer {
    answer(&accounts(&app)?.key(&key)?)
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
struct New {
    project: String,
    name: String,
    expires: Option<String>,
    restrictions: Restrictions,
}

impl Default for New {
    fn default() -> Self {
        Self {
            project: "default".into(),
            name: String::new(),
            expires: None,
            restrictions: Restrictions::default(),
        }
    }
}

/// `POST /propus/v1/keys` with `{"project", "name", "expires", "restrictions"}`, all optional.
pub async fn create(State(app): State<Arc<App>>, request: Request) -> Answer {
    let new: New = read(&app, request).await?;
    let expires = new.expires.map(|text| time("expires", &text)).transpose()?;
    let now = (app.settings.clock)();
    let made =
        accounts(&app)?.create_key(&new.project, &new.name, expires, &new.restrictions, now)?;
    answer(&json!({ "id": made.id, "key": made.key, "project": new.project }))
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
#[derive(Default)]
struct Change {
    revoked: bool,
    leaked: bool,
    expires: Option<String>,
    restrictions: Option<Restrictions>,
}

/// `PATCH /propus/v1/keys/KEY` with what is to be changed: `{"expires", "restrictions"}`, or for good
/// `{"revoked": true}`, `{"leaked": true}`.
pub async fn change(
    State(app): State<Arc<App>>,
    Path(key): Path<String>,
    request: Request,
) -> Answer {
    let change: Change = read(&app, request).await?;
    let expires = change.expires.map(|text| time("expires", &text));
    let expires = expires.transpose()?;
    let (accounts, now) = (accounts(&app)?, (app.settings.clock)());
    // Named once, a key that is about to end keeps its number.
    let key = accounts.key(&key)?.id.to_string();
    let mut changed = None;
    if let Some(restrictions) = &change.restrictions {
        changed = Some(accounts.restrict(&key, restrictions)?);
    }
    if let Some(at) = expires {
        changed = Some(accounts.expire(&key, at)?);
    }
    if change.leaked {
        changed = Some(accounts.leak(&key, now)?);
    }
    if change.revoked {
        changed = Some(accounts.revoke(&key, now)?);
    }
    let nothing = "nothing is to be changed: give expires, restrictions, leaked or revoked";
    answer(&changed.ok_or_else(|| Refused::slip(nothing))?)
}
