//! `models.list` and `models.get`.

use crate::{
    app::App,
    routes::{
        invalid, json,
        query::{self, Query},
    },
};
use axum::response::Response;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use propus_failures::Problem;
use propus_wire::{Version, models::ListModelsResponse};

const DEFAULT_PAGE: usize = 50;
const LARGEST_PAGE: usize = 1000;

/// `GET /{version}/models`
pub fn list(app: &App, version: Version, query: &str) -> Result<Response, Problem> {
    let query = Query::read(query)?;
    let size = page_size(&query)?;
    let start = page_start(&query)?;
    let models = app.registry.list(version);
    let end = models.len().min(start.saturating_add(size));
    let page = ListModelsResponse {
        models: models.get(start..end).unwrap_or_default().to_vec(),
        next_page_token: (end < models.len()).then(|| token(end)),
    };
    Ok(json(&page, &query))
}

/// `GET /{version}/models/{name}`
pub fn get(app: &App, version: Version, name: &str, query: &str) -> Result<Response, Problem> {
    let query = Query::read(query)?;
    let model = app.registry.get(version, name)?;
    Ok(json(&model, &query))
}

fn page_size(query: &Query) -> Result<usize, Problem> {
    let Some(text) = query.page_size.as_deref().filter(|text| !text.is_empty()) else {
        return Ok(DEFAULT_PAGE);
    };
    match text.parse::<i32>() {
        Ok(0) => Ok(DEFAULT_PAGE),
        Ok(size) if size > 0 => Ok(LARGEST_PAGE.min(size as usize)),
        Ok(_) => Err(invalid("`pageSize` is negative".into())),
        Err(_) => Err(query::wrong_type("page_size", "TYPE_INT32", text)),
    }
}

/// A page token is the place of the next model, in a form that nobody is tempted to compute.
fn token(place: usize) -> String {
    URL_SAFE_NO_PAD.encode(format!("models:{place}"))
}

fn page_start(query: &Query) -> Result<usize, Problem> {
    let Some(text) = query.page_token.as_deref().filter(|text| !text.is_empty()) else {
        return Ok(0);
    };
    let place = URL_SAFE_NO_PAD
        .decode(text)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .and_then(|text| text.strip_prefix("models:")?.parse().ok());
    place.ok_or_else(|| invalid("`pageToken` is not one of ours".into()))
}
