//! A small caller of the router.

use axum::{Router, body::Body};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::BodyExt;
use propus_engines::scripted::Scripted;
use propus_failures::{Card, Cards, cards::Profile};
use propus_server::{
    AdminToken,
    accounts::Accounts,
    app::{App, Settings, router},
    inject::Injector,
    metrics::Metrics,
    quotas::Quotas,
    regions::Regions,
    registry::{OwnModel, Registry},
};
use serde_json::Value;
use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tower::ServiceExt;

/// Noon of 24 November 2026.
pub(crate) fn today() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_795_521_600)
}

/// The administrator's token.
pub(crate) const ADMIN: &str = "propus-admin-test";

const SCRIPT: &str = r#"
[[reply]]
when = "block me"
response = '{"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{"promptTokenCount":2,"totalTokenCount":2}}'

[[reply]]
when = "call a tool"
response = '{"candidates":[{"content":{"role":"model","parts":[{"functionCall":{"name":"f","args":{"a":1}}}]},"finishReason":"STOP"}]}'

[[reply]]
text = "The bridge is old."
"#;

/// A server with one model, `small`, and one key.
pub(crate) struct Server {
    app: Arc<App>,
    router: Router,
    pub(crate) key: String,
}

/// What came back.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::with(Settings::default(), false)
    }

    pub(crate) fn with(settings: Settings, strict: bool) -> Self {
        Self::made(settings, strict, Profile::Current, |_| ())
    }

    /// A server with something changed.
    pub(crate) fn changed(change: impl FnOnce(&mut App)) -> Self {
        Self::made(Settings::default(), false, Profile::Current, change)
    }

    /// A server where nobody may ask for failures.
    pub(crate) fn without_faults() -> Self {
        Self::changed(|app| app.injector = None)
    }

    /// A server that counts.
    pub(crate) fn counting(quotas: Quotas) -> Self {
        Self::changed(|app| app.quotas = Some(quotas))
    }

    pub(crate) fn made(
        settings: Settings,
        strict: bool,
        profile: Profile,
        change: impl FnOnce(&mut App),
    ) -> Self {
        let settings = Settings {
            clock: Arc::new(today),
            ..settings
        };
        let mut card = Card::for_local("small", 8192);
        card.methods.push("embedContent".into());
        let own = OwnModel {
            name: "small".into(),
            card: Arc::new(card),
            engine: Arc::new(Scripted::from_toml(SCRIPT).unwrap()),
        };
        let accounts = Accounts::in_memory().unwrap();
        let key = accounts.first_key(today()).unwrap().unwrap().key;
        let clock = settings.clock.clone();
        let registry = Registry::new(
            Cards::builtin().clone().under(profile),
            vec![own],
            strict,
            clock,
        );
        let metrics = Metrics::new(&registry);
        let mut app = App {
            settings,
            registry,
            accounts: Some(accounts),
            load: Arc::default(),
            admin: Some(AdminToken::new(ADMIN)),
            regions: Regions::default(),
            quotas: None,
            gateway: None,
            injector: Some(Injector::default()),
            metrics,
        };
        change(&mut app);
        let app = Arc::new(app);
        Self {
            router: router(app.clone()),
            app,
            key,
        }
    }

    pub(crate) fn app(&self) -> &App {
        &self.app
    }

    pub(crate) fn accounts(&self) -> &Accounts {
        self.app.accounts.as_ref().unwrap()
    }

    /// The router itself.
    pub(crate) fn router(&self) -> Router {
        self.router.clone()
    }

    /// A reply whose body was not read yet.
    pub(crate) async fn open(&self, request: Request<Body>) -> Response<Body> {
        self.router().oneshot(request).await.unwrap()
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Reply {
        let response = self.open(request).await;
        let (head, body) = response.into_parts();
        Reply {
            status: head.status,
            headers: head.headers,
            bytes: body.collect().await.unwrap().to_bytes().to_vec(),
        }
    }

    /// A call with the key.
    pub(crate) async fn post(&self, path: &str, body: &str) -> Reply {
        let request = Request::post(path).header("x-goog-api-key", &self.key);
        self.send(request.body(Body::from(body.to_owned())).unwrap())
            .await
    }

    /// What the administrator does.
    pub(crate) async fn admin(&self, method: &str, path: &str, body: &str) -> Reply {
        let request = Request::builder().method(method).uri(path);
        let request = request.header("authorization", format!("Bearer {ADMIN}"));
        self.send(request.body(Body::from(body.to_owned())).unwrap())
            .await
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        let request = Request::get(path).header("x-goog-api-key", &self.key);
        self.send(request.body(Body::empty()).unwrap()).await
    }
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|_| panic!("not JSON: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.bytes.clone()).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}
