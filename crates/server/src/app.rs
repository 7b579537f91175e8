//! The server as a list: what it is made of, and which layers stand around its routes.

use crate::{
    accounts::Accounts,
    gateway::Gateway,
    inject::Injector,
    layers::{
        admin::{self, AdminToken},
        cors, inject, key, render,
        shed::{self, Load},
    },
    metrics::Metrics,
    quotas::Quotas,
    regions::Regions,
    registry::Registry,
    routes,
};
use axum::{
    Router, middleware,
    response::IntoResponse,
    routing::{get, post},
};
use propus_failures::service::internal_500::Internal500;
use propus_wire::{Surface, Version};
use std::{
    any::Any,
    sync::Arc,
    time::{Duration, SystemTime},
};
use tower_http::{
    catch_panic::CatchPanicLayer,
    compression::{
        CompressionLayer, Predicate,
        predicate::{NotForContentType, SizeAbove},
    },
    decompression::RequestDecompressionLayer,
};

/// Tells the time; tests pass their own.
pub type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// How the server behaves.
#[derive(Clone)]
pub struct Settings {
    /// `v1` knows as few fields as in 2025.
    pub legacy_v1: bool,
    /// The largest request body, in bytes.
    pub body_limit: usize,
    /// The longest that a call may take.
    pub deadline: Duration,
    /// Tells the time.
    pub clock: Clock,
    /// Requests that were answered are logged as those that failed are; else only at the level debug.
    pub log_answers: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            legacy_v1: false,
            body_limit: 100 * 1024 * 1024,
            // What Google's examples give as the default.
            deadline: Duration::from_secs(600),
            clock: Arc::new(SystemTime::now),
            log_answers: false,
        }
    }
}

impl Settings {
    /// Which fields an endpoint accepts.
    pub fn surface(&self, version: Version) -> Surface {
        match version {
            Version::V1 if self.legacy_v1 => Surface::LegacyV1,
            _ => Surface::Modern,
        }
    }
}

/// Everything that a request may need.
pub struct App {
    /// How the server behaves.
    pub settings: Settings,
    /// Which models there are and who answers for them.
    pub registry: Registry,
    /// Keys; `None` lets everybody in (`--no-auth`).
    pub accounts: Option<Accounts>,
    /// How much may go on at once.
    pub load: Arc<Load>,
    /// Who may use the admin API; nobody where it is `None`.
    pub admin: Option<AdminToken>,
    /// From where projects without billing may call.
    pub regions: Regions,
    /// What projects may ask; `None` is as much as they like.
    pub quotas: Option<Quotas>,
    /// Other servers that answer; `None` where all is answered here.
    pub gateway: Option<Gateway>,
    /// Failures on demand; `None` where nobody may ask for them.
    pub injector: Option<Injector>,
    /// Counts of everything that happens.
    pub metrics: Metrics,
}

/// The routes with their layers.
pub fn router(app: Arc<App>) -> Router {
    let state = |app: &Arc<App>| app.clone();
    // Everything below /v1 and /v1beta is one handler: a path such as `models/NAME:METHOD` is
    // beyond the router's patterns, and unknown paths must get the front end's page.
    let api = Router::new().fallback(routes::dispatch);
    let api = match &app.injector {
        Some(_) => api.layer(middleware::from_fn_with_state(state(&app), inject::inject)),
        None => api,
    };
    let api = api.layer(middleware::from_fn_with_state(
        state(&app),
        key::require_key,
    ));
    let ours = Router::new()
        .route("/propus/v1/diagnose", post(routes::ours::diagnosis))
        .route("/propus/v1/check", post(routes::ours::check))
        .layer(middleware::from_fn_with_state(
            state(&app),
            key::require_known_key,
        ));
    let provoking = match &app.injector {
        Some(_) => routes::inject::router(&app),
        None => Router::new(),
    };
    let api = api
        .merge(ours)
        .merge(provoking)
        .nest("/propus/v1", routes::admin::routes(&app))
        // Load is shed outside the quota: what is refused costs nobody a unit.
        .layer(middleware::from_fn_with_state(state(&app), shed::shed))
        .layer(RequestDecompressionLayer::new().pass_through_unaccepted(true));
    let metrics = Router::new()
        .route("/metrics", get(routes::metrics::text))
        .layer(middleware::from_fn_with_state(
            state(&app),
            admin::require_nearness,
        ));
    Router::new()
        .route("/", get(routes::about::index))
        .route("/healthz", get(routes::about::alive))
        .route("/readyz", get(routes::about::ready))
        .merge(metrics)
        .merge(api)
        .with_state(state(&app))
        // From here on outwards: a panic becomes a problem, a problem becomes Google's bytes, and
        // only then are bytes compressed and marked for browsers.
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn_with_state(state(&app), render::render))
        .layer(cors::layer())
        .layer(
            CompressionLayer::new().gzip(true).compress_when(
                SizeAbove::new(256)
                    .and(NotForContentType::SSE)
                    .and(is_whole),
            ),
        )
}

fn panicked(cause: Box<dyn Any + Send>) -> axum::response::Response {
    let text = cause
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| cause.downcast_ref::<&str>().copied())
        .unwrap_or("unknown");
    let cause = Some(format!("panic: {text}"));
    render::Failed(Internal500 { cause }.into()).into_response()
}

/// Streams are not compressed: a chunk must leave at once. Nor is what another server has answered, which
/// stays as it came.
fn is_whole(
    _: http::StatusCode,
    _: http::Version,
    _: &http::HeaderMap,
    extensions: &http::Extensions,
) -> bool {
    extensions.get::<render::Streams>().is_none() && extensions.get::<render::Foreign>().is_none()
}
