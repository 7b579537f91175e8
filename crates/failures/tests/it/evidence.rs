//! Evidence as people have it: the traps that lead others astray.

use proptest::prelude::*;
use propus_failures::{diagnose, entry::Sure};
use serde_json::{Value, json};

#[track_caller]
fn check(evidence: &str, expected: &[&str]) {
    let causes = diagnose(evidence).causes;
    let names: Vec<_> = causes.iter().map(|cause| cause.failure).collect();
    assert!(names.starts_with(expected), "{names:?} for {evidence}");
}

#[track_caller]
fn facts(evidence: &str, expected: Value) {
    let causes = diagnose(evidence).causes;
    let facts = &causes.first().expect("something is recognised").facts;
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(facts.get(name), Some(value), "{name} of {facts:?}");
    }
}

fn error(code: u16, status: &str, message: &str, details: Value) -> String {
    let mut error = json!({"code": code, "message": message, "status": status});
    if details != json!([]) {
        error["details"] = details;
    }
    json!({ "error": error }).to_string()
}

#[test]
fn an_expired_key_has_the_reason_of_an_invalid_one() {
    let info =
        json!([{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}]);
    check(
        &error(
            400,
            "INVALID_ARGUMENT",
            "API key expired. Please renew the API key.",
            info.clone(),
        ),
        &["expired-api-key"],
    );
    check(
        &error(
            400,
            "INVALID_ARGUMENT",
            "API key not valid. Please pass a valid API key.",
            info,
        ),
        &["invalid-api-key"],
    );
}

fn quota(id: &str, value: Option<&str>, delay: &str, message: &str) -> String {
    let mut violation = json!({"quotaMetric": "generativelanguage.googleapis.com/generate_content_free_tier_requests",
        "quotaId": id, "quotaDimensions": {"location": "global", "model": "gemini-3.5-flash"}});
    if let Some(value) = value {
        violation["quotaValue"] = value.into();
    }
    error(
        429,
        "RESOURCE_EXHAUSTED",
        message,
        json!([
            {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [violation]},
            {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay},
        ]),
    )
}

const EXCEEDED: &str =
    "You exceeded your current quota, please check your plan and billing details.";

#[test]
fn seconds_of_retry_info_do_not_make_a_day_short() {
    let body = quota(
        "GenerateRequestsPerDayPerProjectPerModel-FreeTier",
        Some("250"),
        "21s",
        EXCEEDED,
    );
    check(&body, &["quota-per-day"]);
    let cause = diagnose(&body).causes.remove(0);
    assert!(!cause.retry.retryable);
    assert_eq!(cause.retry.after_seconds, None);
    facts(
        &body,
        json!({"quota_limit": 250, "model": "gemini-3.5-flash", "retry_after_seconds": 21.0}),
    );
}

#[test]
fn a_minute_is_waited_for_as_said() {
    let body = quota(
        "GenerateRequestsPerMinutePerProjectPerModel-FreeTier",
        Some("10"),
        "17.5s",
        EXCEEDED,
    );
    check(&body, &["quota-per-minute"]);
    let advice = diagnose(&body).causes.remove(0).retry;
    assert!(advice.retryable);
    assert_eq!(
        advice.after_seconds.and_then(|seconds| seconds.as_f64()),
        Some(17.5)
    );
}

#[test]
fn a_limit_of_nothing_is_no_quota_to_wait_for() {
    let message = format!(
        "{EXCEEDED}\n* Quota exceeded for metric: generativelanguage.googleapis.com/generate_content_free_tier_requests, limit: 0, model: gemini-3-pro\nPlease retry in 40s."
    );
    check(
        &error(429, "RESOURCE_EXHAUSTED", &message, json!([])),
        &["quota-free-tier-zero"],
    );
    // The value is left out where it is zero.
    check(
        &quota(
            "GenerateRequestsPerDayPerProjectPerModel-FreeTier",
            None,
            "3s",
            EXCEEDED,
        ),
        &["quota-free-tier-zero"],
    );
}

#[test]
fn accounts_say_429_without_details() {
    for (message, expected) in [
        (
            "Your prepayment credits are depleted. Please go to AI Studio.",
            "prepay-depleted",
        ),
        (
            "Your project has exceeded its monthly spending cap.",
            "spend-cap",
        ),
        (
            "You exceeded your spend-based rate limit.",
            "spend-rate-limit",
        ),
        (
            "Resource has been exhausted (e.g. check quota).",
            "quota-unspecified",
        ),
    ] {
        check(
            &error(429, "RESOURCE_EXHAUSTED", message, json!([])),
            &[expected],
        );
    }
}

#[test]
fn a_503_may_be_a_deadline_and_a_500_a_short_one() {
    check(
        &error(
            503,
            "UNAVAILABLE",
            "Deadline expired before operation could complete.",
            json!([]),
        ),
        &["deadline-503"],
    );
    check(
        &error(
            504,
            "DEADLINE_EXCEEDED",
            "Deadline expired before operation could complete.",
            json!([]),
        ),
        &["deadline-504"],
    );
    let causes = diagnose(&error(
        500,
        "INTERNAL",
        "An internal error has occurred. Please retry.",
        json!([]),
    ))
    .causes;
    assert_eq!(
        (causes[0].failure, causes[0].sure),
        ("internal-500", Sure::Likely)
    );
    assert_eq!(
        (causes[1].failure, causes[1].sure),
        ("client-timeout", Sure::Possible)
    );
}

#[test]
fn v1main_is_the_openai_surface() {
    // That surface says `v1main` of every model that it does not have.
    check(
        "[{\"error\":{\"code\":404,\"message\":\"models/gpt-4o is not found for API version v1main, or is not supported for generateContent.\",\"status\":\"NOT_FOUND\"}}]",
        &["model-not-found"],
    );
}

#[test]
fn not_found_has_three_meanings() {
    let say = |model: &str, method: &str| {
        error(
            404,
            "NOT_FOUND",
            &format!(
                "models/{model} is not found for API version v1beta, or is not supported for {method}. Call ListModels to see the list of available models and their supported methods."
            ),
            json!([]),
        )
    };
    check(
        &say("gemini-1.5-flash", "generateContent"),
        &["model-retired"],
    );
    check(&say("gemini-1.5-flash", "GetModel"), &["model-retired"]);
    check(&say("gemini-2.5-flash", "GetModel"), &["model-not-found"]);
    check(
        &say("gemini-embedding-001", "generateContent"),
        &["model-method-mismatch"],
    );
    check(
        &say("gemini-11-ultra", "generateContent"),
        &["model-not-found"],
    );
    facts(
        &say("gemini-2.0-flash", "generateContent"),
        json!({"model": "gemini-2.0-flash", "api_version": "v1beta"}),
    );
}

#[test]
fn what_comes_of_a_cause_stands_behind_it() {
    check(
        "SyntaxError: Unexpected token '<', \"<!DOCTYPE html>\" is not valid JSON\n<title>Error 404 (Not Found)!!1</title> The requested URL <code>/v1beta/v1beta/models</code> was not found on this server.",
        &["base-url-wrong"],
    );
}

#[test]
fn all_errors_of_a_log_are_found_the_last_first() {
    let overloaded = error(
        503,
        "UNAVAILABLE",
        "The model is overloaded. Please try again later.",
        json!([]),
    );
    let filler = "INFO worker: still at it, nothing to see here\n".repeat(20);
    let day = quota(
        "GenerateRequestsPerDayPerProjectPerModel-FreeTier",
        Some("20"),
        "5s",
        EXCEEDED,
    );
    check(
        &format!("try 1: {overloaded}\n{filler}try 2: {overloaded}\n{filler}gave up: {day}"),
        &["quota-per-day", "overloaded-503"],
    );
}

#[test]
fn wrappers_change_nothing() {
    let body = error(
        403,
        "PERMISSION_DENIED",
        "Your API key was reported as leaked. Please use another API key.",
        json!([]),
    );
    let twice = json!({"error": {"message": body, "code": 403, "status": "Forbidden"}}).to_string();
    for evidence in [
        body.clone(),
        format!("[{body}\n]"),
        twice.clone(),
        json!({"log": twice}).to_string(),
        "google.genai.errors.ClientError: 403 PERMISSION_DENIED. {'error': {'code': 403, 'message': 'Your API key was reported as leaked. Please use another API key.', 'status': 'PERMISSION_DENIED'}}".into(),
        "\u{1b}[31m✕ [API Error: Your API key was reported\n as leaked. Please use another API key. (Status: PERMISSION_DENIED)]\u{1b}[0m".into(),
        "Error 403, Message: Your API key was reported as leaked. Please use ano".into(),
        "错误：Your API key was reported as leaked。".into(),
    ] {
        check(&evidence, &["leaked-api-key"]);
    }
}

#[test]
fn keys_in_evidence_are_not_repeated() {
    let evidence =
        "400 API key not valid https://x/v1beta/models?key=AIzaSyA-1234567890abcdefghijklmnopqrstu";
    let json = serde_json::to_string(&diagnose(evidence)).unwrap();
    assert!(!json.contains("1234567890"), "{json}");
}

#[test]
fn replies_without_an_answer_are_read() {
    for (reply, expected) in [
        (
            json!({"candidates": [{"content": {"role": "model"}, "finishReason": "MAX_TOKENS"}], "usageMetadata": {"thoughtsTokenCount": 90}}),
            "max-tokens-empty",
        ),
        (
            json!({"candidates": [{"content": {"parts": [{"text": "hm", "thought": true}]}, "finishReason": "MAX_TOKENS"}]}),
            "max-tokens-empty",
        ),
        (
            json!({"candidates": [{"content": {"parts": [{"text": ""}]}, "finishReason": "STOP"}]}),
            "empty-response",
        ),
        (
            json!({"candidates": [{"finishReason": "RECITATION"}]}),
            "recitation",
        ),
        (
            json!({"promptFeedback": {"blockReason": "SAFETY"}}),
            "blocked-safety-prompt",
        ),
        (
            json!({"candidates": [{"finishReason": "SAFETY"}]}),
            "blocked-safety-output",
        ),
        (
            json!({"candidates": [{"finishReason": "MALFORMED_FUNCTION_CALL", "content": {}}]}),
            "malformed-function-call",
        ),
    ] {
        check(&reply.to_string(), &[expected]);
    }
    let good = json!({"candidates": [{"content": {"parts": [{"text": "Hello"}]}, "finishReason": "STOP"}]});
    assert_eq!(diagnose(&good.to_string()).causes, []);
}

#[test]
fn streams_without_an_end_are_read() {
    let chunk = |text: &str| {
        format!(
            "data: {}\n\n",
            json!({"candidates": [{"content": {"parts": [{"text": text}]}}]})
        )
    };
    check(
        &format!("{}{}", chunk("Once"), chunk(" upon")),
        &["stream-truncated"],
    );
    let error = error(
        503,
        "UNAVAILABLE",
        "The model is overloaded. Please try again later.",
        json!([]),
    );
    check(
        &format!("{}{error}", chunk("Once")),
        &["stream-error-midway", "overloaded-503"],
    );
}

#[test]
fn what_is_no_failure_is_not_one() {
    for evidence in [
        "",
        " ",
        "Hello",
        "The weather is fine.",
        "{}",
        "[]",
        "200 OK",
        "\u{0}\u{ffff}",
    ] {
        assert_eq!(diagnose(evidence).causes, [], "{evidence:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_survived(text in any::<String>()) {
        diagnose(&text);
    }

    #[test]
    fn any_text_of_the_right_letters_is_survived(text in "[a-zA-Z0-9 \\\\\"'{}:,<>&;\\[\\]\u{1b}\n_.$é错]{0,400}") {
        diagnose(&text);
    }

    #[test]
    fn a_cut_error_is_survived(cut in 0usize..900, from in 0usize..900) {
        let body = quota("GenerateRequestsPerDayPerProjectPerModel-FreeTier", Some("20"), "5s", EXCEEDED);
        let (start, end) = (from.min(body.len()), cut.min(body.len()));
        diagnose(body.get(start.min(end)..end).unwrap_or_default());
    }
}
