//! Who calls: the API key of a request, and what it is worth.

use crate::{
    accounts::{Accounts, Caller, Verdict},
    app::App,
    gateway,
    layers::{
        origin::{self, Peer},
        render::Failed,
    },
    metrics::Record,
    routes::not_found,
};
use axum::{
    extract::Request,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, Uri, header};
use propus_failures::{
    Problem,
    keys::{
        expired_api_key::ExpiredApiKey, invalid_api_key::InvalidApiKey,
        leaked_api_key::LeakedApiKey, missing_auth::MissingAuth,
        wrong_auth_scheme::WrongAuthScheme,
    },
    service::internal_500::Internal500,
};
use propus_wire::path::{self, Path};
use std::borrow::Cow;

/// The layer around the API. A path that the API does not have needs no key to be refused.
pub async fn require_key<F>(
    app: &App,
    request: Request,
    next: impl FnOnce(Request) -> F,
) -> Response
where
    F: Future<Output = Response>,
{
    let path = request.uri().path();
    if Path::parse(path).is_none() && !gateway::takes(app, path) {
        return not_found::page(request.uri().path());
    }
    require_known_key(app, request, next).await
}

/// The layer around paths that exist.
pub async fn require_known_key<F>(
    app: &App,
    mut request: Request,
    next: impl FnOnce(Request) -> F,
) -> Response
where
    F: Future<Output = Response>,
{
    if let Some(accounts) = &app.accounts {
        let peer = request.extensions().get::<Peer>().copied();
        match admitted(app, accounts, &request, peer) {
            Ok(caller) => {
                Record::of(&request).called_by(&caller);
                request.extensions_mut().insert(caller)
            }
            Err(problem) => return Failed(problem).into_response(),
        };
    }
    next(request).await
}

fn admitted(
    app: &App,
    accounts: &Accounts,
    request: &Request,
    peer: Option<Peer>,
) -> Result<Caller, Problem> {
    let headers = request.headers();
    let caller = caller(app, accounts, request.uri(), headers)?;
    let origin = origin::of(app, headers, peer);
    origin::admit(&caller, &origin, request.uri())?;
    origin::located(app, &caller, headers, peer)?;
    Ok(caller)
}

fn caller(
    app: &App,
    accounts: &Accounts,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<Caller, Problem> {
    let key = key_of(uri, headers)?;
    let verdict = accounts
        .verify(&key, (app.settings.clock)())
        .map_err(|error| Internal500 {
            cause: Some(error.to_string()),
        })?;
    match verdict {
        Verdict::Valid(caller) => Ok(caller),
        Verdict::Unknown => Err(InvalidApiKey.into()),
        Verdict::Expired => Err(ExpiredApiKey.into()),
        Verdict::Leaked => Err(LeakedApiKey.into()),
    }
}

/// Finds the key where Google looks for it: the header, then the query; `Authorization` only on the
/// OpenAI paths. An `AIza` key sent as a bearer token elsewhere is refused as a bad token (401).
pub fn key_of<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> Result<Cow<'a, str>, Problem> {
    if let Some(key) = text(headers, "x-goog-api-key").filter(|key| !key.is_empty()) {
        return Ok(key.into());
    }
    let mut query = path::query(uri.query().unwrap_or_default());
    if let Some((_, key)) = query.find(|(name, value)| name == "key" && !value.is_empty()) {
        return Ok(key);
    }
    let authorization = text(headers, header::AUTHORIZATION.as_str());
    let is_openai = uri.path().contains("/openai/");
    match authorization {
        Some(value) if is_openai => Ok(bearer(value).unwrap_or(value).into()),
        Some(_) => Err(WrongAuthScheme.into()),
        None => Err(MissingAuth.into()),
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
