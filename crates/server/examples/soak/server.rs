//! A Propus on a socket of this machine, made of few parts.

use axum::Router;
use propus_engines::scripted::Scripted;
use propus_failures::{Card, Cards};
use propus_server::{
    Load,
    app::{App, Settings},
    gateway::Gateway,
    inject::Injector,
    metrics::Metrics,
    regions::Regions,
    registry::{OwnModel, Registry},
    serve,
};
use std::{sync::Arc, time::Duration};
use tokio::net::TcpListener;

/// What the model says, whatever it is asked.
pub(crate) const ANSWER: &str = "The bridge is old.";

/// A server without keys and quotas.
pub(crate) fn made(
    own: Vec<OwnModel>,
    gateway: Option<Gateway>,
    injector: Option<Injector>,
) -> App {
    let settings = Settings::default();
    let clock = settings.clock.clone();
    let registry = Registry::new(Cards::builtin().clone(), own, false, clock);
    App {
        metrics: Metrics::new(&registry),
        registry,
        settings,
        accounts: None,
        load: Arc::new(Load::default()),
        admin: None,
        regions: Regions::default(),
        quotas: None,
        gateway,
        injector,
    }
}

/// The model `small`, which answers also for those of Google's.
pub(crate) fn small() -> OwnModel {
    let script = format!("[[reply]]\ntext = '{ANSWER}'");
    OwnModel {
        name: "small".into(),
        card: Arc::new(Card::for_local("small", 8192)),
        engine: Arc::new(Scripted::from_toml(&script).unwrap()),
    }
}

/// Serves beside the caller, and gives the address. Port 0 is any that is free.
pub(crate) async fn listening(port: u64, router: Router) -> String {
    let listener = TcpListener::bind(format!("127.0.0.1:{port}"))
        .await
        .unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let never = std::future::pending();
    tokio::spawn(serve::serve(listener, router, never, Duration::ZERO));
    url
}

/// Serves, says where, and never ends.
pub(crate) async fn forever(port: u64, router: Router) {
    println!("ready {}", listening(port, router).await);
    std::future::pending().await
}
