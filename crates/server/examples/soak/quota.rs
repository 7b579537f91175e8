//! More calls than the upstream's quota allows: 1,000 of them come at twice the rate of a real quota of 600 a
//! minute, each with two minutes of time.

use crate::{
    gateway::in_front,
    server::{listening, made, small},
};
use axum::{
    Router,
    body::Body,
    extract::Request,
    middleware::{Next, from_fn},
};
use http::StatusCode;
use propus_quota::LimitTable;
use propus_server::{
    accounts::Accounts,
    app::{App, router},
    quotas::Quotas,
};
use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant, SystemTime},
};
use tower::ServiceExt;

const CALLS: u32 = 1_000;
const EVERY: Duration = Duration::from_millis(50);

/// Sends them, and says what came of them.
pub(crate) async fn bound() {
    let refused: Arc<Mutex<Vec<Duration>>> = Arc::default();
    let began = Instant::now();
    let (upstream, key) = limited(began, refused.clone());
    let router = in_front(&listening(0, upstream).await, &key);
    let mut calls = tokio::task::JoinSet::new();
    for at in 0..CALLS {
        let router = router.clone();
        calls.spawn(async move {
            tokio::time::sleep(EVERY * at).await;
            send(router).await
        });
    }
    let statuses = calls.join_all().await;
    let served = statuses.iter().filter(|status| status.is_success()).count();
    println!(
        "{served} of {CALLS} served in {:?}; 80 s is the least",
        began.elapsed()
    );
    let refused = refused.lock().unwrap();
    let late = refused.iter().filter(|at| **at > Duration::from_secs(60));
    println!(
        "upstream 429s: {}, of these after the first minute: {}",
        refused.len(),
        late.count()
    );
}

/// An upstream that counts, its key, and where it notes when it refused.
fn limited(began: Instant, refused: Arc<Mutex<Vec<Duration>>>) -> (Router, String) {
    let limits = "[current.free]\nsmall = { rpm = 600, tpm = 'unlimited', rpd = 'unlimited' }";
    let accounts = Accounts::in_memory().unwrap();
    let key = accounts.first_key(SystemTime::now()).unwrap().unwrap().key;
    let quotas = Quotas {
        table: LimitTable::builtin().overridden(limits).unwrap(),
        ..Quotas::new()
    };
    let app = App {
        accounts: Some(accounts),
        quotas: Some(quotas),
        ..made(vec![small()], None, None)
    };
    let noting = move |request: Request, next: Next| {
        let refused = refused.clone();
        async move {
            let response = next.run(request).await;
            if response.status() == StatusCode::TOO_MANY_REQUESTS {
                refused.lock().unwrap().push(began.elapsed());
            }
            response
        }
    };
    (router(Arc::new(app)).layer(from_fn(noting)), key)
}

async fn send(router: Router) -> StatusCode {
    let request = Request::post("/v1beta/models/small:generateContent");
    let request = request.header("x-server-timeout", "120");
    let body = r#"{"contents":[{"parts":[{"text":"hi"}]}]}"#;
    let request = request.body(Body::from(body)).unwrap();
    router.oneshot(request).await.unwrap().status()
}
