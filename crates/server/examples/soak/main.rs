//! Sends many calls to an upstream that fails a part of all first attempts, and says what came of them.
//!
//! ```sh
//! cargo run --release -p propus-server --example soak -- [CALLS] [CONCURRENCY]
//! ... soak -- client [CALLS] [CONCURRENCY]
//! ... soak -- quota
//! ... soak -- upstream [PORT]
//! ... soak -- gateway FILE [PORT]
//! ... soak -- plans [CALLS]
//! ```
//!
//! Without a word the calls go through the gateway, with `client` through `propus-client` alone. Both exit
//! with 1 where less comes of them than the bar in `tally.rs` asks for. With `quota` more calls come to the
//! gateway than the upstream's quota allows.
//!
//! The others let programs in other languages do the same: `upstream` serves, `gateway` serves by the tables
//! of a file, and `plans` prints the calls that the first two make, one JSON object a line. A call carries
//! its plan in its prompt, so whoever sends the prompt gets the failure. `benches/faults.py` is one such.

mod client;
mod gateway;
mod plan;
mod quota;
mod server;
mod tally;
mod upstream;

use futures::StreamExt;
use plan::{Plan, plans};
use std::{
    process::ExitCode,
    sync::{Arc, Mutex},
    time::Instant,
};
use tally::{Came, Tally};
use upstream::Seen;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["quota"] => quota::bound().await,
        ["upstream", rest @ ..] => server::forever(number(rest, 0, 0), upstream::router()).await,
        ["gateway", file, rest @ ..] => {
            let settings = std::fs::read_to_string(file).expect("a file of settings");
            server::forever(number(rest, 0, 0), gateway::by_settings(&settings)).await;
        }
        ["plans", rest @ ..] => {
            plans(number(rest, 0, 2_000)).for_each(|plan| println!("{}", plan.json()))
        }
        ["client", rest @ ..] => {
            let (seen, url) = failing_upstream().await;
            let client = client::patient(&url);
            return soak(rest, &seen, async |plan| client::send(&client, &plan).await).await;
        }
        rest => {
            let (seen, url) = failing_upstream().await;
            let router = gateway::in_front(&url, "soak");
            return soak(rest, &seen, async |plan| {
                gateway::send(router.clone(), &plan).await
            })
            .await;
        }
    }
    ExitCode::SUCCESS
}

/// The number at a place.
///
/// # Panics
///
/// If something else is there.
fn number(words: &[&str], at: usize, otherwise: u64) -> u64 {
    let word = words.get(at);
    word.map_or(otherwise, |word| word.parse().expect("a number"))
}

async fn failing_upstream() -> (Arc<Seen>, String) {
    let seen = Arc::new(Seen::default());
    let url = server::listening(0, upstream::router_of(seen.clone())).await;
    (seen, url)
}

/// Sends the calls, and says what came of them.
async fn soak(words: &[&str], seen: &Seen, send: impl AsyncFn(Plan) -> Came) -> ExitCode {
    let (calls, concurrency) = (number(words, 0, 2_000), number(words, 1, 64));
    let began = Instant::now();
    let tally = Mutex::new(Tally::default());
    futures::stream::iter(plans(calls))
        .for_each_concurrent(concurrency as usize, async |plan| {
            let came = send(plan.clone()).await;
            tally.lock().unwrap().note(&plan, came);
        })
        .await;
    println!(
        "{calls} calls in {:?}, {concurrency} at once",
        began.elapsed()
    );
    let tally = tally.into_inner().unwrap();
    match tally.tell(&seen.report()) {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}
