//! Quotas as a caller meets them.

use crate::client::Server;
use propus_quota::{Ledger, LimitTable, PriceTable, Snapshot, Tier};
use propus_server::{
    accounts::ProjectChange,
    quotas::{self, Counts, Quotas},
};
use std::sync::Arc;

const PATH: &str = "/v1beta/models/small:generateContent";
const BODY: &str = r#"{"contents":[{"parts":[{"text":"hi"}]}]}"#;

fn server(row: &str) -> Server {
    let limits = format!("[current.free]\nsmall = {row}\n[current.tier1]\nsmall = {{ rpm = 5 }}");
    Server::counting(Quotas {
        table: LimitTable::builtin().overridden(&limits).unwrap(),
        ..Quotas::new()
    })
}

#[tokio::test]
async fn what_goes_beyond_a_limit_is_refused_as_google_does() {
    let server = server(r#"{ rpm = 2, tpm = "unlimited", rpd = 2 }"#);
    for _ in 0..2 {
        assert_eq!(server.post(PATH, BODY).await.status, 200);
    }
    let reply = server.post(PATH, BODY).await;
    assert_eq!(reply.status, 429);
    // The day is the gravest of both.
    assert_eq!(reply.header("x-propus-failure"), "quota-per-day");
    let error = &reply.json()["error"];
    assert_eq!(error["status"], "RESOURCE_EXHAUSTED");
    let detail = |kind: &str| {
        let details = error["details"].as_array().unwrap().iter();
        let is = |detail: &&serde_json::Value| detail["@type"].as_str().unwrap().ends_with(kind);
        details.clone().find(is).unwrap().clone()
    };
    let violations = detail("QuotaFailure")["violations"].clone();
    assert_eq!(violations.as_array().unwrap().len(), 2, "{violations}");
    assert_eq!(
        violations[0]["quotaId"],
        "GenerateRequestsPerMinutePerProjectPerModel-FreeTier"
    );
    assert_eq!(
        violations[1]["quotaId"],
        "GenerateRequestsPerDayPerProjectPerModel-FreeTier"
    );
    assert_eq!(violations[0]["quotaValue"], "2");
    assert_eq!(violations[0]["quotaDimensions"]["model"], "small");
    // From noon to midnight Pacific Time, which is at 8 in the morning.
    assert_eq!(detail("RetryInfo")["retryDelay"], "72000s");
    // Counting costs nothing, and another tier has other limits.
    let count = server.post("/v1beta/models/small:countTokens", BODY).await;
    assert_eq!(count.status, 200);
    let change = ProjectChange {
        tier: Some(Tier::Tier1),
        ..ProjectChange::default()
    };
    server
        .accounts()
        .change_project("default", &change)
        .unwrap();
    assert_eq!(server.post(PATH, BODY).await.status, 200);
}

#[tokio::test]
async fn refused_calls_do_not_count() {
    let server = server("{ rpm = 1 }");
    for _ in 0..3 {
        let bad = server.post(PATH, r#"{"contents":[]}"#).await;
        assert_eq!(bad.status, 400);
    }
    assert_eq!(server.post(PATH, BODY).await.status, 200);
    let reply = server.post(PATH, BODY).await;
    assert_eq!(reply.header("x-propus-failure"), "quota-per-minute");
}

#[tokio::test]
async fn a_model_that_a_tier_lacks_has_the_limit_0() {
    let server = server("{ rpm = 0, rpd = 0 }");
    let reply = server.post(PATH, BODY).await;
    assert_eq!(reply.header("x-propus-failure"), "quota-free-tier-zero");
    let text = reply.text();
    assert!(text.contains("limit: 0, model: small"), "{text}");
    assert!(!text.contains("quotaValue"), "{text}");
}

#[tokio::test]
async fn tokens_are_counted_and_each_text_of_a_batch() {
    let server = server("{ rpm = 10, tpm = 3 }");
    let long = r#"{"contents":[{"parts":[{"text":"one two three four five six"}]}]}"#;
    let reply = server.post(PATH, long).await;
    assert_eq!(reply.header("x-propus-failure"), "quota-tokens-per-minute");
    let server = self::server("{ rpm = 3 }");
    let one = r#"{"model":"models/small","content":{"parts":[{"text":"a"}]}}"#;
    let batch = |count: usize| format!(r#"{{"requests":[{}]}}"#, vec![one; count].join(","));
    let path = "/v1beta/models/small:batchEmbedContents";
    let reply = server.post(path, &batch(4)).await;
    assert_eq!(reply.status, 429, "{}", reply.text());
    assert!(reply.text().contains("embed_content_free_tier_requests"));
    // All or none: the four count nowhere.
    assert_eq!(server.post(path, &batch(3)).await.status, 200);
    assert_eq!(server.post(path, &batch(1)).await.status, 429);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_at_once_never_go_beyond() {
    let server = Arc::new(server(
        r#"{ rpm = 60, tpm = "unlimited", rpd = "unlimited" }"#,
    ));
    let calls = (0..64).map(|_| {
        let server = server.clone();
        tokio::spawn(async move {
            let mut admitted = 0;
            for _ in 0..4 {
                admitted += u32::from(server.post(PATH, BODY).await.status == 200);
            }
            admitted
        })
    });
    let mut admitted = 0;
    for call in calls.collect::<Vec<_>>() {
        admitted += call.await.unwrap();
    }
    assert_eq!(admitted, 60);
}

fn counts(server: &Server) -> Snapshot {
    match &server.app().quotas.as_ref().unwrap().counts {
        Counts::Own(ledger) => ledger.snapshot(),
        Counts::Shared(_) => panic!("it counts by itself"),
    }
}

#[tokio::test]
async fn what_was_used_outlives_a_restart() {
    let server = server("{ rpm = 2 }");
    assert_eq!(server.post(PATH, BODY).await.status, 200);
    quotas::save_now(server.app());
    let snapshot = server.accounts().counters().unwrap().unwrap();
    let again = Server::counting(Quotas {
        counts: Counts::Own(Ledger::restore(&snapshot)),
        table: server.app().quotas.as_ref().unwrap().table.clone(),
        ..Quotas::new()
    });
    // It is another database with another project; the counts are what was carried over.
    assert_eq!(counts(&again), snapshot);
    assert_eq!(snapshot, counts(&server));
}

const PRICED: &str = "/v1beta/models/gemini-2.5-pro:generateContent";

fn billed(quotas: Quotas, change: ProjectChange) -> Server {
    let server = Server::counting(quotas);
    let change = ProjectChange {
        tier: Some(Tier::Tier1),
        ..change
    };
    server
        .accounts()
        .change_project("default", &change)
        .unwrap();
    server
}

/// 60,000 tokens of the answer are estimated at 60 cents.
const DEAR: &str =
    r#"{"contents":[{"parts":[{"text":"hi"}]}],"generationConfig":{"maxOutputTokens":60000}}"#;

#[tokio::test]
async fn what_is_spent_ends_at_credit_caps_and_ten_minutes() {
    let dollars = |text: &str| Some(Some(text.parse().unwrap()));
    for (change, prices, failure) in [
        (
            ProjectChange {
                credit: dollars("0.5"),
                ..ProjectChange::default()
            },
            "",
            "prepay-depleted",
        ),
        (
            ProjectChange {
                spend_cap: dollars("0.5"),
                ..ProjectChange::default()
            },
            "",
            "spend-cap",
        ),
        (
            ProjectChange::default(),
            "[tiers.tier1]\nmonth = '0.5'",
            "spend-cap",
        ),
        (
            ProjectChange::default(),
            "[tiers.tier1]\nten_minutes = '0.5'",
            "spend-rate-limit",
        ),
    ] {
        let quotas = Quotas {
            prices: PriceTable::builtin().overridden(prices).unwrap(),
            ..Quotas::new()
        };
        let server = billed(quotas, change);
        let refused = server.post(PRICED, DEAR).await;
        assert_eq!(refused.status, 429, "{}", refused.text());
        assert_eq!(refused.header("x-propus-failure"), failure);
        // Cheap ones are settled by what they cost, so that many fit.
        for _ in 0..20 {
            assert_eq!(server.post(PRICED, BODY).await.status, 200, "{failure}");
        }
    }
}

#[tokio::test]
async fn the_free_tier_costs_nothing() {
    let server = Server::counting(Quotas::new());
    assert_eq!(server.post(PRICED, DEAR).await.status, 200);
    let quotas = server.app().quotas.as_ref().unwrap();
    let project = server.accounts().project("default").unwrap();
    let spent = quotas.spending(crate::client::today(), &project);
    assert_eq!(spent, Default::default());
}

#[tokio::test]
async fn what_was_spent_outlives_a_restart() {
    let server = billed(Quotas::new(), ProjectChange::default());
    assert_eq!(server.post(PRICED, BODY).await.status, 200);
    quotas::save_now(server.app());
    let stored = server.accounts().spent().unwrap().unwrap();
    let month = stored.projects[0].month;
    // One word of the prompt, four of the answer.
    assert_eq!(month.to_string(), "0.00004125");
}
