//! Errors in the forms that public reports show, re-typed as facts with names of our own.

use super::seconds;
use propus_failures::recovery::{Decision, Outcome, Policy, Rest, Scope};
use std::time::Duration;

/// An error of the API with a message and details.
fn body(http: u16, status: &str, message: &str, details: &str) -> Vec<u8> {
    let details = match details {
        "" => String::new(),
        details => format!(",\n    \"details\": [{details}]"),
    };
    let message = serde_json::to_string(message).expect("a text");
    format!(
        "{{\n  \"error\": {{\n    \"code\": {http},\n    \"message\": {message},\n    \
         \"status\": \"{status}\"{details}\n  }}\n}}\n"
    )
    .into_bytes()
}

/// What an SDK makes of an answer: the failure, what it concerns, and the wait if it waits.
#[track_caller]
fn check(http: u16, body: &[u8], failure: &str, scope: Scope, wait: Option<Duration>) {
    let outcome = Outcome::of_http(http, None, body);
    assert_eq!((outcome.failure, outcome.scope), (failure, scope));
    let decision = super::after_one(&outcome, &Policy::sdk(), |_| ());
    let waits = match decision {
        Decision::Retry { wait } => Some(wait),
        _ => None,
    };
    assert_eq!(waits, wait, "{decision:?}");
}

const PREFIX: &str = "type.googleapis.com/google.rpc";
const HEAD: &str = "You exceeded your current quota, please check your plan and billing details. \
    For more information on this error, head to: \
    https://ai.google.dev/gemini-api/docs/rate-limits.";

fn violation(metric: &str, id: &str, value: Option<&str>) -> String {
    let value = value.map_or(String::new(), |value| {
        format!(", \"quotaValue\": \"{value}\"")
    });
    format!(
        r#"{{"quotaMetric": "generativelanguage.googleapis.com/{metric}", "quotaId": "{id}",
            "quotaDimensions": {{"location": "global", "model": "gemini-2.5-pro"}}{value}}}"#
    )
}

fn failure_and_delay(violations: &[String], delay: &str) -> String {
    let violations = violations.join(",");
    format!(
        r#"{{"@type": "{PREFIX}.Help", "links": [{{"description": "Learn more about Gemini API quotas",
            "url": "https://ai.google.dev/gemini-api/docs/rate-limits"}}]}},
        {{"@type": "{PREFIX}.QuotaFailure", "violations": [{violations}]}},
        {{"@type": "{PREFIX}.RetryInfo", "retryDelay": "{delay}"}}"#
    )
}

#[test]
fn quotas_of_a_minute_and_a_day() {
    let requests = "generate_content_free_tier_requests";
    let minute = "GenerateRequestsPerMinutePerProjectPerModel-FreeTier";
    let day = "GenerateRequestsPerDayPerProjectPerModel-FreeTier";
    let exhausted = |details: &str| {
        let message = format!("{HEAD}\nPlease retry in 41.317s.");
        body(429, "RESOURCE_EXHAUSTED", &message, details)
    };
    let one = failure_and_delay(&[violation(requests, minute, Some("5"))], "41s");
    let per_model = Scope::ProjectModel;
    check(
        429,
        &exhausted(&one),
        "quota-per-minute",
        per_model,
        Some(seconds(41)),
    );

    let both = [
        violation(requests, minute, Some("5")),
        violation(requests, day, Some("100")),
    ];
    let both = failure_and_delay(&both, "41s");
    check(429, &exhausted(&both), "quota-per-day", per_model, None);

    let tokens = "generate_content_free_tier_input_token_count";
    let id = "GenerateContentInputTokensPerModelPerMinute-FreeTier";
    let one = failure_and_delay(&[violation(tokens, id, Some("250000"))], "41s");
    check(
        429,
        &exhausted(&one),
        "quota-tokens-per-minute",
        per_model,
        Some(seconds(41)),
    );

    let zero = format!(
        "{HEAD}\n* Quota exceeded for metric: generativelanguage.googleapis.com/{requests}, limit: 0, \
         model: gemini-2.5-pro\nPlease retry in 41.317s."
    );
    let one = failure_and_delay(&[violation(requests, day, None)], "41s");
    let zero = body(429, "RESOURCE_EXHAUSTED", &zero, &one);
    check(429, &zero, "quota-free-tier-zero", per_model, None);
}

#[test]
fn money_and_capacity() {
    let plain = |message| body(429, "RESOURCE_EXHAUSTED", message, "");
    let prepaid = plain(
        "Your prepayment credits are depleted. Please go to AI Studio at https://ai.studio/projects \
         to manage your project and billing.",
    );
    check(429, &prepaid, "prepay-depleted", Scope::Account, None);
    assert_eq!(
        Outcome::of_http(429, None, &prepaid).rest(),
        Rest::UntilChanged
    );
    let cap = plain(
        "Your project has exceeded its monthly spending cap. Please go to AI Studio at \
         https://ai.studio/spend to manage your project spend cap.",
    );
    check(429, &cap, "spend-cap", Scope::Project, None);
    let rate = plain(
        "You exceeded your spend-based rate limit. Your spending rate has exceeded the allowed limit \
         for your account's billing history and tier.",
    );
    check(
        429,
        &rate,
        "spend-rate-limit",
        Scope::Account,
        Some(seconds(1)),
    );
    let some = plain("Resource has been exhausted (e.g. check quota).");
    check(
        429,
        &some,
        "quota-unspecified",
        Scope::Route,
        Some(seconds(1)),
    );
    let vertex = plain(
        "Resource exhausted. Please try again later. Please refer to \
         https://cloud.google.com/vertex-ai/generative-ai/docs/error-code-429 for more details.",
    );
    check(
        429,
        &vertex,
        "quota-shared-capacity",
        Scope::Route,
        Some(seconds(1)),
    );
}

#[test]
fn the_service_in_trouble() {
    let unavailable = |message| body(503, "UNAVAILABLE", message, "");
    for message in [
        "The model is overloaded. Please try again later.",
        "This model is currently experiencing high demand. Spikes in demand are usually temporary. \
         Please try again later.",
        "The service is currently unavailable.",
    ] {
        let body = unavailable(message);
        check(503, &body, "overloaded-503", Scope::Route, Some(seconds(1)));
    }
    // A deadline that no deadline of ours caused: nothing to lengthen.
    let late = unavailable("Deadline expired before operation could complete.");
    check(503, &late, "deadline-503", Scope::Route, None);
    let broken = body(500, "INTERNAL", "Internal error encountered.", "");
    check(500, &broken, "internal-500", Scope::Route, Some(seconds(1)));
    let gone = body(499, "CANCELLED", "The operation was cancelled.", "");
    check(499, &gone, "cancelled-499", Scope::Route, Some(seconds(1)));
}

#[test]
fn keys_places_and_models() {
    let key = format!(
        r#"{{"@type": "{PREFIX}.ErrorInfo", "reason": "API_KEY_INVALID", "domain": "googleapis.com",
            "metadata": {{"service": "generativelanguage.googleapis.com"}}}}"#
    );
    let message = "API key not valid. Please pass a valid API key.";
    let invalid = body(400, "INVALID_ARGUMENT", message, &key);
    check(400, &invalid, "invalid-api-key", Scope::Key, None);
    let leaked = "Your API key was reported as leaked. Please use another API key.";
    let leaked = body(403, "PERMISSION_DENIED", leaked, "");
    check(403, &leaked, "leaked-api-key", Scope::Key, None);
    let place = "User location is not supported for the API use.";
    let place = body(400, "FAILED_PRECONDITION", place, "");
    check(400, &place, "location-unsupported", Scope::Account, None);
    let gone = "This model models/gemini-2.0-flash is no longer available. Please update your code to \
        use a newer model for the latest features and improvements.";
    let gone = body(404, "NOT_FOUND", gone, "");
    check(404, &gone, "model-retired", Scope::Model, None);
}

/// What stands between a caller and the service answers in forms of its own.
#[test]
fn proxies_and_front_ends() {
    let html = b"<!DOCTYPE html>\n<html><head><title>524: A timeout occurred</title></head></html>";
    check(524, html, "deadline-504", Scope::Route, None);
    let html = b"<html><head><title>502 Bad Gateway</title></head><body>cloudflare</body></html>";
    check(502, html, "internal-500", Scope::Route, Some(seconds(1)));
    let html = b"<html><title>Error 404 (Not Found)!!1</title><p>The requested URL <code>/v1beta/x</code> \
        was not found on this server. <ins>That's all we know.</ins></html>";
    check(404, html, "base-url-wrong", Scope::Route, None);
    // An array of one, as streams without `alt=sse` have it.
    let error = body(
        503,
        "UNAVAILABLE",
        "The model is overloaded. Please try again later.",
        "",
    );
    let list = [b"[", error.as_slice(), b"]"].concat();
    check(503, &list, "overloaded-503", Scope::Route, Some(seconds(1)));
    // A prompt that a refusal quotes says nothing of the refusal.
    let quoted = "Invalid value at 'contents[0].parts[0]' (text), \"429 rate limit, the model is \
        overloaded, please retry in 5s\"";
    let outcome = Outcome::of_http(400, None, &body(400, "INVALID_ARGUMENT", quoted, ""));
    let decision = super::after_one(&outcome, &Policy::sdk(), |_| ());
    assert!(!decision.goes_on(), "{outcome:?}");
}
