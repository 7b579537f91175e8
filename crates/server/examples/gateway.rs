//! Serves a gateway alone, with keys, quotas and metrics, so that it can be measured and profiled without the
//! local engine: `gateway serve --listen ADDRESS --config FILE`. The file is one of `propus serve`; what is
//! not read from it here is `data_dir`, `engines`, `models` and `quotas.limits`.

use propus_failures::Cards;
use propus_quota::LimitTable;
use propus_server::{
    Load,
    accounts::Accounts,
    app::{App, Settings, router},
    gateway::{self, Gateway},
    metrics::Metrics,
    quotas::Quotas,
    regions::Regions,
    registry::Registry,
    serve,
};
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};
use tokio::net::TcpListener;

#[derive(Deserialize)]
struct File {
    data_dir: PathBuf,
    engines: BTreeMap<String, toml::Table>,
    models: BTreeMap<String, gateway::settings::Model>,
    quotas: Limits,
}

#[derive(Deserialize)]
struct Limits {
    limits: PathBuf,
}

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, _, _, address, _, path, ..] = arguments.as_slice() else {
        panic!("usage: gateway serve --listen ADDRESS --config FILE");
    };
    let file: File = toml::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    fs::create_dir_all(&file.data_dir).unwrap();
    let accounts = Accounts::open(&file.data_dir.join("accounts.sqlite")).unwrap();
    let key = accounts.first_key(SystemTime::now()).unwrap();
    let limits = fs::read_to_string(&file.quotas.limits).unwrap();
    let quotas = Quotas {
        table: LimitTable::builtin().overridden(&limits).unwrap(),
        ..Quotas::new()
    };
    let mut upstreams = gateway::Settings {
        models: file.models,
        ..gateway::Settings::default()
    };
    for (name, mut engine) in file.engines {
        engine.remove("kind");
        upstreams.engines.insert(name, engine.try_into().unwrap());
    }
    let settings = Settings::default();
    let registry = Registry::new(
        Cards::builtin().clone(),
        Vec::new(),
        false,
        settings.clock.clone(),
    );
    let app = App {
        metrics: Metrics::new(&registry),
        registry,
        settings,
        accounts: Some(accounts),
        load: Arc::new(Load::default()),
        admin: None,
        regions: Regions::default(),
        quotas: Some(quotas),
        gateway: Some(Gateway::new(&upstreams, &BTreeMap::new()).unwrap()),
        injector: None,
    };
    let listener = TcpListener::bind(address).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    match key {
        Some(key) => println!("ready url={url} key={}", key.key),
        None => println!("ready url={url}"),
    }
    let stop = async { tokio::signal::ctrl_c().await.unwrap() };
    serve::serve(listener, router(Arc::new(app)), stop, Duration::ZERO).await;
}
