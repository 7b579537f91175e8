//! Answers: quotas, blocks, emptiness, streams that break.

use crate::{
    api::{Api, chunk, error},
    patient::Patient,
};
use propus_doctor::State;
use serde_json::json;

fn quota(id: &str) -> String {
    json!({"error": {
        "code": 429,
        "message": "You exceeded your current quota, please check your plan and billing details.",
        "status": "RESOURCE_EXHAUSTED",
        "details": [{
            "@type": "type.googleapis.com/google.rpc.QuotaFailure",
            "violations": [{
                "quotaMetric": "generativelanguage.googleapis.com/generate_content_free_tier_requests",
                "quotaId": id,
                "quotaDimensions": {"location": "global", "model": "gemini-3.6-flash"},
                "quotaValue": "20"
            }]
        }]
    }})
    .to_string()
}

#[tokio::test]
async fn a_quota_tells_the_tier() {
    let day = "GenerateRequestsPerDayPerProjectPerModel-FreeTier";
    let minute = "GenerateRequestsPerMinutePerProjectPerModel-PaidTier3";
    for (id, failure, tier) in [
        (day, "quota-per-day", "free tier"),
        (minute, "quota-per-minute", "paid tier 3"),
    ] {
        let api = Api::instead(":generateContent", 429, quota(id));
        let seen = Patient::at(api.url().await).examine().await;
        seen.has("generate", State::Fail, "429 RESOURCE_EXHAUSTED", failure);
        seen.has("tier", State::Ok, tier, "")
            .are_skipped(&["stream"]);
    }
    let api = Api::instead(":streamGenerateContent", 429, quota(day));
    let seen = Patient::at(api.url().await).examine().await;
    seen.has("stream", State::Fail, "429", "quota-per-day")
        .has("tier", State::Ok, "free tier", "");
    let seen = Patient::at(Api::default().url().await).examine().await;
    seen.has("tier", State::Ok, "not told by the API", "");
}

#[tokio::test]
async fn errors_of_the_service_are_diagnosed() {
    for (status, name, message, failure) in [
        (
            503,
            "UNAVAILABLE",
            "The model is overloaded. Please try again later.",
            "overloaded-503",
        ),
        (
            400,
            "FAILED_PRECONDITION",
            "User location is not supported for the API use.",
            "location-unsupported",
        ),
        (
            403,
            "PERMISSION_DENIED",
            "Your API key was reported as leaked. Please use another API key.",
            "leaked-api-key",
        ),
    ] {
        let api = Api::instead(":generateContent", status, error(status, name, message));
        let seen = Patient::at(api.url().await).examine().await;
        seen.has("generate", State::Fail, message, failure);
    }
}

#[tokio::test]
async fn answers_without_text_have_their_reasons() {
    let mut thinking = chunk("", true);
    thinking["candidates"][0] = json!({"content": {"role": "model"}, "finishReason": "MAX_TOKENS"});
    let api = Api::instead(":generateContent", 200, thinking.to_string());
    let seen = Patient::at(api.url().await).examine().await;
    seen.has("generate", State::Ok, "thinking took the few tokens", "");
    let blocked = r#"{"promptFeedback":{"blockReason":"SAFETY"}}"#;
    let api = Api::instead(":generateContent", 200, blocked);
    let seen = Patient::at(api.url().await).examine().await;
    seen.has("generate", State::Fail, "", "blocked-safety-prompt");
    let api = Api::instead_as(":generateContent", 200, "text/html", "<html>login</html>");
    let seen = Patient::at(api.url().await).examine().await;
    seen.has("generate", State::Fail, "a web page", "base-url-wrong");
}

#[tokio::test]
async fn streams_that_break_or_are_called_otherwise_are_told() {
    let api = Api {
        ends: false,
        ..Api::default()
    };
    let seen = Patient::at(api.url().await).examine().await;
    seen.has(
        "stream",
        State::Fail,
        "ended without a finishReason after 5 events",
        "stream-truncated",
    );
    let api = Api {
        stream_type: "application/octet-stream",
        ..Api::default()
    };
    let seen = Patient::at(api.url().await).examine().await;
    seen.has(
        "stream",
        State::Warn,
        "its Content-Type is application/octet-stream",
        "",
    );
    let whole: String = (0..4)
        .map(|at| format!("data: {}\r\n\r\n", chunk("1", at == 3)))
        .collect();
    let api = Api::instead_as(":streamGenerateContent", 200, "text/event-stream", whole);
    let seen = Patient::at(api.url().await).examine().await;
    seen.has(
        "stream",
        State::Warn,
        "length was known before its first byte",
        "",
    );
    let events = format!(
        "data: {}\r\n\r\n{}\r\n\r\n",
        chunk("1", false),
        error(503, "UNAVAILABLE", "The model is overloaded.")
    );
    let api = Api::instead_as(":streamGenerateContent", 200, "text/event-stream", events);
    let seen = Patient::at(api.url().await).examine().await;
    assert_eq!(seen.probe("stream").state, State::Fail);
}
