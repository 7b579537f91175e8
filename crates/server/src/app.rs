//! The server as a list: what it is made of, and which layers stand around its routes.

use crate::{
    accounts::Accounts,
    front::{self, Front},
    gateway::Gateway,
    inject::Injector,
    layers::{
        admin::{self, AdminToken},
        key,
        shed::{self, Load},
    },
    metrics::Metrics,
    quotas::Quotas,
    regions::Regions,
    registry::Registry,
    routes,
};
use axum::{
    Router,
    extract::{Request, State},
    middleware::{self, Next},
    response::Response,
    routing::{get, post},
};
use propus_wire::{Surface, Version};
use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};
use tower_http::decompression::RequestDecompressionLayer;

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

/// Answers everything: [`Front`] stands around the routes, and the router knows those that are not calls of
/// the API.
pub fn router(app: Arc<App>) -> Router {
    let others = others(&app);
    let front = Front { app, others };
    Router::new()
        .fallback(front::answer)
        .with_state(Arc::new(front))
}

fn others(app: &Arc<App>) -> Router {
    let ours = Router::new()
        .route("/propus/v1/diagnose", post(routes::ours::diagnosis))
        .route("/propus/v1/check", post(routes::ours::check))
        .layer(middleware::from_fn_with_state(app.clone(), known_key));
    let provoking = match &app.injector {
        Some(_) => routes::inject::router(app),
        None => Router::new(),
    };
    let ours = ours
        .merge(provoking)
        .nest("/propus/v1", routes::admin::routes(app))
        .layer(middleware::from_fn_with_state(app.clone(), shed_load));
    let metrics = Router::new()
        .route("/metrics", get(routes::metrics::text))
        .layer(middleware::from_fn_with_state(
            app.clone(),
            admin::require_nearness,
        ));
    // Everything below /v1 and /v1beta is one handler: a path such as `models/NAME:METHOD` is
    // beyond the router's patterns, and unknown paths must get the front end's page.
    Router::new()
        .fallback(front::api)
        .merge(ours)
        .layer(RequestDecompressionLayer::new().pass_through_unaccepted(true))
        .route("/", get(routes::about::index))
        .route("/healthz", get(routes::about::alive))
        .route("/readyz", get(routes::about::ready))
        .merge(metrics)
        .with_state(app.clone())
}

async fn known_key(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    key::require_known_key(&app, request, |request| next.run(request)).await
}

async fn shed_load(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    shed::shed(&app, request, |request| next.run(request)).await
}
