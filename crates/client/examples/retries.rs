//! What went wrong, what is tried again, and what is left to say.
//!
//! `GEMINI_API_KEY=... cargo run -p propus-client --example retries`

use propus_client::{Backoff, Client, Policy, Retries};
use std::time::Duration;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let patient = Policy {
        attempts: 8,
        backoff: Backoff {
            first: Duration::from_secs(2),
            most: Duration::from_secs(30),
        },
        ..Policy::sdk()
    };
    let retries = Retries::custom(patient)?.within(Duration::from_secs(120));
    let model = Client::from_env()?
        .model("gemini-flash-latest")
        .retries(retries)
        // What Google would refuse is found before it is sent.
        .check(true);
    let error = match model.generate("Why is the sky blue?").await {
        Ok(reply) => {
            println!("{}", reply.text()?);
            return Ok(());
        }
        Err(error) => error,
    };
    eprintln!("{error}");
    eprintln!("after {} attempts", error.attempts());
    if let Some(quota) = error.quota() {
        eprintln!("quota: {} is {:?}", quota.quota_id, quota.quota_value);
    }
    for violation in error.field_violations() {
        eprintln!("field {:?}: {}", violation.field, violation.description);
    }
    for cause in &error.diagnosis().causes {
        eprintln!("\n{}: {}", cause.failure, cause.summary);
        for fix in &cause.fix {
            eprintln!("- {fix}");
        }
    }
    Ok(())
}
